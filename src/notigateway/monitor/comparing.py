"""Whether two heads of a log are of one log: the consistency proof, which the tiles of the newer one give.

Where they are not, that very proof is the evidence: it leads from the root that the newer head's own tree has
at the older one's size to the newer head's root. Both notes are sealed, so whoever pins the seal sees alone
that two views were signed; nothing of the log, and nobody's word, is needed for it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from notigateway.monitor.source import UnreachableError, WrongError
from notigateway.tlog.merkle import consistency_proof, is_consistent, root_of
from notigateway.tlog.tiles import Tile, subtree_in_tiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.monitor.source import Source
    from notigateway.tlog.checkpoint import Checkpoint


_NAME_DIGITS: Final = 16


class SplitViewError(Exception):
    """Two heads that cannot both be of one log; `evidence` is for others, `name` the same each time."""

    def __init__(self, said: str, evidence: dict[str, object], name: str) -> None:
        super().__init__(said)
        self.evidence = evidence
        self.name = name


@dataclass(frozen=True, slots=True)
class Seen:
    """A head whose seal was verified, and where it came from."""

    head: Checkpoint
    note: bytes
    where: str


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


def compare(one: Seen, other: Seen, source: Source) -> None:
    """Check that two heads are of one log, by the tiles that it serves.

    Raises: `SplitViewError`; `WrongError` where its tiles do not lead to the newer head, `UnreachableError`
    where they are not there.
    """
    older, newer = sorted((one, other), key=lambda seen: seen.head.size)
    sizes = older.head.size, newer.head.size
    if sizes[0] == sizes[1]:
        if older.head.root != newer.head.root:
            raise split("two heads of one size with different roots", older, newer)
        return
    subtree = partial(subtree_in_tiles, tile=ReadTiles(source, sizes[1]))
    try:
        root, proof = root_of(sizes[0], subtree), consistency_proof(*sizes, subtree)
    except LookupError as error:
        raise WrongError(str(error)) from error
    if not is_consistent(*sizes, older_root=root, newer_root=newer.head.root, proof=proof):
        raise WrongError(f"no consistency from {sizes[0]} to {sizes[1]} entries is shown by the log's tiles")
    if root != older.head.root:
        raise split("the newer head does not begin with the older one", older, newer, root=root, proof=proof)


def compare_smaller(served: Seen, known: Seen, source: Source) -> None:
    """Check a head that is smaller than one that is known: an old copy of it, or a log that went back.

    Raises: `SplitViewError` where it is not shown to be an old copy.
    """
    try:
        compare(served, known, source)
    except (WrongError, UnreachableError) as error:
        raise split(
            f"the log has gone back, and is not shown to have only grown ({error})", served, known
        ) from error


def split(
    said: str, older: Seen, newer: Seen, *, root: bytes | None = None, proof: Sequence[bytes] = ()
) -> SplitViewError:
    """Return what tells a split view, with all that others need to see it.

    `root` is the one that the newer head's tree has at the older one's size, by `proof`.
    """
    evidence: dict[str, object] = {
        "what": said,
        "log": newer.head.origin,
        "older": {"where": older.where, "note": older.note.decode()},
        "newer": {"where": newer.where, "note": newer.note.decode()},
    }
    if root is not None:
        evidence["consistency"] = {
            "from_size": older.head.size,
            "from_root": base64.b64encode(root).decode(),
            "to_size": newer.head.size,
            "proof": [base64.b64encode(one).decode() for one in proof],
        }
    texts = older.head.to_bytes() + newer.head.to_bytes()
    name = sha256(texts).hexdigest()[:_NAME_DIGITS]
    return SplitViewError(f"SPLIT VIEW of {newer.head.origin}: {said}", evidence, name)
