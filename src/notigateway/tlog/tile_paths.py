"""Where the tiles and the entries of a log are read (C2SP tlog-tiles): paths behind the log's address."""

from __future__ import annotations

import re
from typing import Final

from notigateway.tlog.tiles import Tile

TILE_WIDTH: Final = 256
CHECKPOINT_PATH: Final = "/checkpoint"
# A place of at most 18 digits: no log has more entries, and no integer of a database is longer.
_PATH: Final = re.compile(
    r"/tile/(?:entries|(?P<level>0|[1-9][0-9]?))/(?P<place>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_LEVELS: Final = 64


def tile_path(tile: Tile, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of so many hashes."""
    return f"/tile/{tile.level}/{_place(tile.place, width)}"


def entries_path(place: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of so many entries."""
    return f"/tile/entries/{_place(place, width)}"


def read_path(path: str) -> tuple[int | None, int, int] | None:
    """Return level (None for entries), place and width of a path in its one spelling; None for another."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = None if found["level"] is None else int(found["level"])
    place = int(found["place"].replace("x", "").replace("/", ""))
    width = int(found["width"] or TILE_WIDTH)
    if (level or 0) >= _LEVELS or (found["width"] is not None and width >= TILE_WIDTH):
        return None
    # No zeros before a number but those that fill its last three digits.
    written = entries_path(place, width) if level is None else tile_path(Tile(level, place), width)
    return (level, place, width) if written == path else None


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
