"""Where the tiles and the entries of a log are read (C2SP tlog-tiles): paths behind the log's address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.tlog.tiles import Tile

TILE_WIDTH: Final = 256
CHECKPOINT_PATH: Final = "/checkpoint"


def tile_path(tile: Tile, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of so many hashes."""
    return f"/tile/{tile.level}/{_place(tile.place, width)}"


def entries_path(place: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of so many entries."""
    return f"/tile/entries/{_place(place, width)}"


def _place(place: int, width: int) -> str:
    """Return 1234067 as `x001/x234/067`, and what is partial with its width."""
    digits = str(place)
    digits = digits.zfill(len(digits) + -len(digits) % 3)
    parts = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def width_of(tile: Tile, size: int) -> int:
    """Return how many hashes a tile has in a tree of that size: 0 to 256."""
    return min(TILE_WIDTH, max(0, (size >> 8 * tile.level) - tile.place * TILE_WIDTH))
