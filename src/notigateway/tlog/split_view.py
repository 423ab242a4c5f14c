"""A split view: two heads that cannot both be of one log, told with what others need to see it.

Both notes are sealed, so whoever pins the seal sees alone that two views were signed; nothing of the log, and
nobody's word, is needed for it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.tlog.checkpoint import Checkpoint

_NAME_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Seen:
    """A head whose seal was verified, and where it came from."""

    head: Checkpoint
    note: bytes
    where: str


class SplitViewError(Exception):
    """Two heads that cannot both be of one log; `evidence` is for others, `name` the same each time."""

    def __init__(self, said: str, evidence: dict[str, object], name: str) -> None:
        super().__init__(said)
        self.evidence = evidence
        self.name = name


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
