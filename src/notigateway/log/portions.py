"""What the check looks at, in portions of which each can be looked at apart from the others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from notigateway.log.existing import Lacking
    from notigateway.log.rules import Finding
    from notigateway.tlog.checkpoint import Checkpoint

Found = TypeVar("Found")


class Sort(StrEnum):
    """What is looked at, in this order."""

    NOTIFICATIONS = "notifications"
    OWN_INBOX = "own_inbox"
    OWN_CHANGES = "own_changes"
    RED_INBOX = "red_inbox"
    RED_CHANGES = "red_changes"
    # Before the receipts: heads prove them.
    CHECKPOINTS = "checkpoints"
    RENEWALS = "renewals"
    RECEIPTS = "receipts"
    FORMS = "forms"
    POWERS = "powers"
    REQUESTS = "requests"
    DOCUMENTS = "documents"


# Before each of a sort, by what they are read.
FIRST: Final[dict[Sort, Any]] = {
    Sort.NOTIFICATIONS: 0,
    Sort.OWN_INBOX: (0, 0),
    Sort.OWN_CHANGES: (0, 0),
    Sort.RED_INBOX: (0, 0),
    Sort.RED_CHANGES: (0, 0),
    Sort.CHECKPOINTS: 0,
    Sort.RENEWALS: 0,
    Sort.RECEIPTS: UUID(int=0),
    Sort.FORMS: UUID(int=0),
    Sort.POWERS: UUID(int=0),
    Sort.REQUESTS: "",
    Sort.DOCUMENTS: "",
}


@dataclass(frozen=True, slots=True)
class Portion:
    """What is stored of a sort after a key, up to and with another; without that, all the rest."""

    sort: Sort
    after: Any
    until: Any = None

    @property
    def is_first(self) -> bool:
        """Tell whether nothing of its sort comes before it."""
        return bool(self.after == FIRST[self.sort])

    def ends_with(self, key: Any) -> bool:  # noqa: ANN401  (a key of any sort)
        """Tell whether nothing of it comes after a key."""
        return self.until is not None and key >= self.until

    def cut(self, rows: Sequence[Found], key_of: Callable[[Found], Any]) -> list[Found]:
        """Return those of the rows that are of it."""
        return [row for row in rows if self.until is None or key_of(row) <= self.until]


@dataclass(frozen=True, slots=True)
class Head:
    """A checkpoint: what it says, or what is wrong with it, and the last record that it covers.

    `since` is when its time-stamp proves it, where there is anything to prove (`existing`).
    """

    size: int
    says: Checkpoint | None
    wrong: str
    record: UUID | None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a portion; heads are judged one after the other, whoever has read them.

    `renewed` are renewed heads: how many leaves they have, and since when they are proven. `lacking` is what
    only a head can prove, `void` how many certificates of powers nothing proves.
    """

    count: int
    findings: tuple[Finding, ...] = ()
    heads: tuple[Head, ...] = ()
    renewed: tuple[tuple[int, datetime], ...] = ()
    lacking: tuple[Lacking, ...] = ()
    void: int = 0
