"""A split view: two heads that cannot both be of one log, told with what others need to see it.

Both notes are sealed, so whoever pins the seal sees alone that two views were signed; nothing of the log, and
nobody's word, is needed for it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.tlog.checkpoint import Checkpoint

_NAME_DIGITS: Final = 16
_GONE_BACK: Final = "the log has gone back: it signs fewer entries than before"
_OLDER: Final = (
    "the log has gone back to an older head, and is not shown to have grown from it to the one that was seen "
    "(each of the two may be honest by itself: so a backup looks that was restored and has signed nothing "
    "yet)"
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A head whose seal was verified, and where it came from."""

    head: Checkpoint
    note: bytes
    where: str


class SplitViewError(Exception):
    """Two heads that cannot both be of one log; `evidence` is for others, `name` names its file."""

    def __init__(self, said: str, evidence: dict[str, object], name: str) -> None:
        super().__init__(said)
        self.evidence = evidence
        self.name = name


def split(
    said: str,
    known: Seen,
    other: Seen,
    *,
    root: bytes | None = None,
    proof: Sequence[bytes] = (),
    because: str = "",
) -> SplitViewError:
    """Return what tells a split view, with all that others need to see it.

    `known` is the head that was there first. `root` is the one that the larger head's tree has at the smaller
    one's size, by `proof`; `because` is what came of asking for one, for the evidence alone. Of one head and
    one thing that is `said` the evidence has one name, however often it is met.
    """
    older, newer = sorted((known, other), key=lambda seen: seen.head.size)
    evidence: dict[str, object] = {
        "what": said,
        "log": newer.head.origin,
        "older": {"where": older.where, "note": older.note.decode()},
        "newer": {"where": newer.where, "note": newer.note.decode()},
    }
    if because:
        evidence["because"] = because
    if root is not None:
        evidence["consistency"] = {
            "from_size": older.head.size,
            "from_root": base64.b64encode(root).decode(),
            "to_size": newer.head.size,
            "proof": [base64.b64encode(one).decode() for one in proof],
        }
    name = sha256(known.head.to_bytes() + said.encode()).hexdigest()[:_NAME_DIGITS]
    sizes = " and ".join(
        f"{seen.head.size} entries on {instant_text(seen.head.at)} ({seen.where})" for seen in (known, other)
    )
    return SplitViewError(f"SPLIT VIEW of {other.head.origin}: {said}: {sizes}", evidence, name)


def smaller(known: Seen, served: Seen, because: str = "") -> SplitViewError:
    """Return what tells that a log serves a smaller head than one that is known, and does not explain it."""
    is_later = served.head.at > known.head.at
    return split(_GONE_BACK if is_later else _OLDER, known, served, because=because)
