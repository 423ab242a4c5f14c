"""Whether two heads of a log are of one log: the consistency proof, which the tiles of the newer one give.

Where they are not, that very proof is the evidence: it leads from the root that the newer head's own tree has
at the older one's size to the newer head's root. Both notes are sealed, so whoever pins the seal sees alone
that two views were signed; nothing of the log, and nobody's word, is needed for it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from notigateway.monitor.source import UnreachableError, WrongError
from notigateway.tlog.merkle import consistency_proof, is_consistent, root_of
from notigateway.tlog.split_view import Seen, smaller, split
from notigateway.tlog.tiles import Tile, subtree_in_tiles

if TYPE_CHECKING:
    from notigateway.monitor.source import Source


class ReadTiles:
    """Tiles of a tree of one size, each read once."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._size = size
        self._read: dict[Tile, bytes] = {}

    def __call__(self, tile: Tile) -> bytes:
        """Return a tile's hashes. Raises: `UnreachableError`, `WrongError`."""
        if tile not in self._read:
            self._read[tile] = self._source.tile(tile, self._size)
        return self._read[tile]


def compare(known: Seen, other: Seen, source: Source) -> None:
    """Check that two heads are of one log, by the tiles that it serves.

    Raises: `SplitViewError`; `WrongError` where its tiles do not lead to the newer head, `UnreachableError`
    where they are not there.
    """
    older, newer = sorted((known, other), key=lambda seen: seen.head.size)
    if older.head.size == newer.head.size:
        if older.head.root != newer.head.root:
            raise split("two heads of one size with different roots", known, other)
        return
    root, proof = proven_root(newer, older.head.size, source)
    if root != older.head.root:
        raise split("the newer head does not begin with the older one", known, other, root=root, proof=proof)


def proven_root(newer: Seen, size: int, source: Source) -> tuple[bytes, list[bytes]]:
    """Return the root that a head's tree had at a smaller size, and the proof of it, by the log's tiles.

    Raises: `WrongError` where its tiles do not lead to the head, `UnreachableError` where they are not there.
    """
    sizes = size, newer.head.size
    subtree = partial(subtree_in_tiles, tile=ReadTiles(source, sizes[1]))
    try:
        root, proof = root_of(size, subtree), consistency_proof(*sizes, subtree)
    except LookupError as error:
        raise WrongError(str(error)) from error
    if not is_consistent(*sizes, older_root=root, newer_root=newer.head.root, proof=proof):
        raise WrongError(f"no consistency from {sizes[0]} to {sizes[1]} entries is shown by the log's tiles")
    return root, list(proof)


def compare_smaller(served: Seen, known: Seen, source: Source) -> None:
    """Check a head that is smaller than one that is known: an old copy of it, or a log that went back.

    Raises: `SplitViewError` where it is not shown to be an old copy.
    """
    if served.head.at > known.head.at:  # an old copy is not of a later instant
        raise smaller(known, served)
    try:
        compare(known, served, source)
    except (WrongError, UnreachableError) as error:
        raise smaller(known, served, because=str(error)) from error
