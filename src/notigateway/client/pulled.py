"""What a `pull` tells: each step while it goes on, and what became of everything in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Step(StrEnum):
    """What `progress` is told of, with a count."""

    LISTED = "listed"
    ALREADY_STORED = "already stored"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    STORED = "stored"
    NOT_VERIFIED = "not verified"


@dataclass(frozen=True, slots=True)
class Left:
    """A notification that was not stored, and why."""

    code: int
    id: str
    reason: str
    text: str
    deadline: datetime | None = None


@dataclass(slots=True)
class PullReport:
    """What one `pull` did; `refused` and `not_verified` name what it left.

    `listed` counts what matched, whether it came from the list or from the changes.
    """

    walked_list: bool = False
    changes: int = 0
    listed: int = 0
    already_stored: int = 0
    accepted: int = 0
    stored: int = 0
    documents: int = 0
    document_bytes: int = 0
    receipts_verified: int = 0
    # Of those, of a seal out of use without a time-stamp from before, or of an authority that is not pinned.
    undated: int = 0
    # Receipts stored by earlier pulls that have got their time-stamp by now; and those of the folder without.
    time_stamped: int = 0
    waiting: int = 0
    refused: list[Left] = field(default_factory=list)
    not_verified: list[Left] = field(default_factory=list)
    # How many entries the service's log has, which goes on from the head seen before; None: it shows none.
    log_size: int | None = None
    # Where a new name of the log was accepted by this run: what it goes on from, and why.
    log_follows: str = ""
