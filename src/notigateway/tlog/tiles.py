"""The tree of the log as it is kept: tiles of 256 hashes, for proofs of few reads and growth of few writes.

The tile (level, place) holds the hashes of complete subtrees of 256**level leaves, side by side: 256 of
them once it is full, and then it never changes. What lies between two levels of tiles is computed from
the lower one. Pure, like `merkle`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from notigateway.tlog.merkle import HASH_BYTES, SHA256, Subtree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from notigateway.tlog.merkle import Hashing

_HEIGHT: Final = 8
TILE_BYTES: Final = HASH_BYTES << _HEIGHT
_MASK: Final = (1 << _HEIGHT) - 1


class Tile(NamedTuple):
    """Where a tile stands."""

    level: int
    place: int


def subtree_in_tiles(one: Subtree, tile: Callable[[Tile], bytes], *, hashing: Hashing = SHA256) -> bytes:
    """Return the hash of a complete subtree from the tile that it lies in."""
    level, height = divmod(one.level, _HEIGHT)
    first = one.place << height
    start = (first & _MASK) * hashing.size
    hashes = tile(Tile(level, first >> _HEIGHT))[start : start + (hashing.size << height)]
    if len(hashes) != hashing.size << height:
        raise LookupError(f"the tile has no complete subtree {one}")
    return _fold(hashes, hashing)


def grow(
    size: int, leaves: Sequence[bytes], tile: Callable[[Tile], bytes], *, hashing: Hashing = SHA256
) -> dict[Tile, bytes]:
    """Return the tiles that change when leaf hashes are appended to a tree of `size` leaves.

    It asks for at most one tile of each level, however large the tree is.
    """
    changed: dict[Tile, bytes] = {}
    level, first, hashes = 0, size, list(leaves)
    whole = hashing.size << _HEIGHT
    while hashes:
        place, beside = first >> _HEIGHT, first & _MASK
        known = tile(Tile(level, place))[: beside * hashing.size] if beside else b""
        data = known + b"".join(hashes)
        hashes = []
        for number, start in enumerate(range(0, len(data), whole)):
            content = data[start : start + whole]
            changed[Tile(level, place + number)] = content
            if len(content) == whole:
                hashes.append(_fold(content, hashing))
        level, first = level + 1, place
    return changed


def _fold(hashes: bytes, hashing: Hashing) -> bytes:
    """Return the root over a power of two of hashes that stand side by side."""
    row = [hashes[start : start + hashing.size] for start in range(0, len(hashes), hashing.size)]
    while len(row) > 1:
        row = [hashing.node(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]
