"""What is addressed to a party, or to those whose place or power it has."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import bindparam, func, select

from notigateway.repository.asking_party import NOW
from notigateway.repository.changes import Change, moves_something
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.dialects import fenced
from notigateway.repository.model import Act, Event, Notification
from notigateway.repository.red_inbox import OwnChange
from notigateway.repository.sources import AFTER, EVERYTHING, IS_AT_ONCE, MOST, UNTIL, Narrowed, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

    from notigateway.law.representation import Role
    from notigateway.repository.session import Session

Whose: TypeAlias = "Callable[[SQLColumnExpression[int]], Sequence[ColumnElement[bool]]]"

_FROM_INSTANT = bindparam("from_instant", type_=UtcDateTime())
_TO_INSTANT = bindparam("to_instant", type_=UtcDateTime())
_LAST_CODE = select(func.max(Notification.code))
# Of keys that are looked through for a page of so many: at first, and how much more each time.
_FIRST_STRETCH: Final = 16
_LONGER: Final = 4


@dataclass(frozen=True)
class Addressed:
    """What is addressed to the party, or to others that it stands for.

    `whose` gives the conditions for a column that holds the addressee, always the same function for the same
    conditions: statements are made once for it. They are said of `asking_party.PARTY` and `NOW`, whose values
    stand in `asked`; the query joins Notification and Act. `is_of_some` says that they are of several
    addressees, maybe of thousands.
    """

    role: Role
    whose: Whose
    asked: Mapping[str, object]
    is_of_some: bool = True

    def codes(self, wanted: Narrowed = EVERYTHING) -> Select[int]:
        """Select the codes of what is at disposal."""
        if wanted.is_everything:
            return _codes(self.whose)
        return _codes(self.whose).where(*wanted.conditions, *wanted.of_body(Act.issuing_body_id))

    def facts(self) -> Select[*tuple[object, ...]]:
        """Select what a count asks of what is at disposal."""
        return self.codes().add_columns(
            Notification.kind, Notification.state, Notification.deadline, Act.issuing_body_id
        )

    def first_codes(self, session: Session, wanted: Narrowed, *, after: int, most: int) -> Sequence[int]:
        """Return the first codes that follow one."""
        query = _first_addressed(self.whose) if wanted.is_everything else _in_order(self.codes(wanted))
        last = session.connection().scalar(_LAST_CODE) or 0
        return self._along(session, query, Places(after, last), most)

    def _along(self, session: Session, query: Select[int], places: Places, most: int) -> Sequence[int]:
        """Return the first keys of what is addressed to some, in stretches of the keys of all, ever longer.

        Each stretch costs a look for each of them. In one piece it would be all that they have, sorted, for
        every page.
        """
        found: list[int] = []
        after, length = places.after, _FIRST_STRETCH * most if self.is_of_some else places.until
        while after < places.until and len(found) < most:
            until = min(after + length, places.until)
            given = {**self.asked, "after": after, "until": until, "most": most - len(found)}
            found += session.connection().scalars(query, given)
            after, length = until, _LONGER * length
        return found

    def first_places(self, session: Session, places: Places, *, most: int) -> Sequence[int]:
        """Return the first places of changes of what is at disposal."""
        return self._along(session, _addressed_places(self.whose), places, most)

    def first_arrived(
        self, session: Session, places: Places, between: tuple[datetime, datetime], *, most: int
    ) -> Sequence[int]:
        """Return the same of what came to be at disposal after one instant and until another."""
        given = {"after": places.after, "until": places.until, "most": most, **_instants(between)}
        return session.connection().scalars(_arrived(self.whose), {**self.asked, **given}).all()

    def find_ahead(self, session: Session, until: datetime) -> int | None:
        """Return the first place of what was put at disposal at once, by a clock that is ahead."""
        given = {**self.asked, "from_instant": self.asked["now"], "to_instant": until}
        return session.connection().scalar(_ahead(self.whose), given)


def _in_order(codes: Select[int]) -> Select[int]:
    """Select the first of those codes."""
    return (
        codes.where(Notification.code > AFTER, Notification.code <= UNTIL)
        .order_by(Notification.code)
        .limit(MOST)
    )


@lru_cache(maxsize=64)
def _codes(whose: Whose) -> Select[int]:
    """Select the codes of what is at disposal; two powers may give it."""
    return (
        select(Notification.code)
        .distinct()
        .join(Act, Notification.act_id == Act.id)
        .where(*whose(Notification.addressee_id), fenced(Notification.available_at <= NOW))
    )


@lru_cache(maxsize=64)
def _first_addressed(whose: Whose) -> Select[int]:
    """Select the first of them."""
    return _in_order(_codes(whose))


@lru_cache(maxsize=64)
def _addressed_places(whose: Whose) -> Select[int]:
    """Select the first places of their changes."""
    return (
        select(OwnChange.position)
        .distinct()
        .join(Change, Change.position == OwnChange.position)
        .join(Event, Event.id == Change.event_id)
        .join(Notification, Notification.code == Change.notification_code)
        .join(Act, Notification.act_id == Act.id)
        .where(*whose(OwnChange.addressee_id), fenced(Notification.available_at <= NOW))
        .where(moves_something(), OwnChange.position > AFTER, OwnChange.position <= UNTIL)
        .order_by(OwnChange.position)
        .limit(MOST)
    )


@lru_cache(maxsize=64)
def _arrived(whose: Whose) -> Select[int]:
    """Select the first places of changes of what came to be at disposal meanwhile."""
    query = _coming(Change.position, whose).where(
        moves_something(), Change.position > AFTER, Change.position <= UNTIL
    )
    return query.distinct().order_by(Change.position).limit(MOST)


@lru_cache(maxsize=64)
def _ahead(whose: Whose) -> Select[int]:
    """Select the first place of what was put at disposal at once, later than now."""
    return _coming(func.min(Change.position), whose).where(*IS_AT_ONCE)


def _coming(column: SQLColumnExpression[int], whose: Whose) -> Select[int]:
    """Select changes of what comes to be at disposal in a time."""
    between = (Notification.available_at > _FROM_INSTANT, Notification.available_at <= _TO_INSTANT)
    return (
        select(column)
        .select_from(Notification)
        .join(Act, Notification.act_id == Act.id)
        .join(Change, Change.notification_code == Notification.code)
        .join(Event, Event.id == Change.event_id)
        .where(*whose(Notification.addressee_id), *between)
    )


def _instants(between: tuple[datetime, datetime]) -> Mapping[str, object]:
    return {"from_instant": between[0], "to_instant": between[1]}
