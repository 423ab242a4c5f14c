"""Counts of what there is by addressee, for who represents thousands: page by page, in their own order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notigateway.cursors import read_place, write_place
from notigateway.law.lifecycle import UNDECIDED, Kind, Standing, effective_state
from notigateway.repository.counting import count_by_addressee
from notigateway.repository.reached import find_reach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.law.representation import RightsPolicy, Role
    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session


@dataclass(slots=True)
class AddresseeCount:
    """How many notifications are for an addressee, how many of them undecided, and their first deadline."""

    identifier: str
    name: str
    total: int = 0
    undecided: int = 0
    nearest: datetime | None = None

    def add(self, row: Any, now: datetime) -> None:  # noqa: ANN401  (a row of many columns)
        """Count a group that has state and deadline in common, or has ended, and neither."""
        self.total += row.count_
        if row.state is None:
            return
        # All of them are at disposal: the query has left out the others.
        standing = Standing(Kind.NOTIFICATION, row.state, now, row.deadline, row.outage_since)
        if effective_state(standing, now) in UNDECIDED:
            self.undecided += row.count_
            if row.deadline is not None:
                self.nearest = row.deadline if self.nearest is None else min(self.nearest, row.deadline)


@dataclass(frozen=True)
class AddresseesPage:
    """A page of counts in the order of the identifiers; `next_cursor` is None on the last one."""

    counts: Sequence[AddresseeCount]
    next_cursor: str | None


def count_addressees(
    session: Session,
    asking: Asking,
    *,
    rights: RightsPolicy,
    role: Role | None,
    cursor: str | None,
    page_size: int,
) -> AddresseesPage:
    """Count what the caller may see by addressee, in one capacity or in all. No legal effect.

    Raises: `InvalidCursorError`.
    """
    belongs_to = ("addressees", asking.party, str(role))
    after = -1 if cursor is None else read_place(cursor, count=1, belongs_to=belongs_to)[0]
    reach = find_reach(session, asking.party, asking.now)
    found: dict[str, AddresseeCount] = {}
    for row in count_by_addressee(session, reach, role=role, rights=asking.rights(rights)):
        if _number(row.identifier) > after:
            found.setdefault(row.identifier, AddresseeCount(row.identifier, row.name)).add(row, asking.now)
    in_order = [found[identifier] for identifier in sorted(found)]
    shown = in_order[:page_size]
    if len(in_order) == len(shown):
        return AddresseesPage(shown, None)
    return AddresseesPage(shown, write_place([_number(shown[-1].identifier)], belongs_to=belongs_to))


def _number(identifier: str) -> int:
    """Return a number that sorts as the identifier does, of nine digits and capital letters."""
    return int(identifier, 36)
