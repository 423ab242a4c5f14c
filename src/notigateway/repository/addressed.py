"""What is addressed to a party, or to those whose place or power it has: along what `own_inbox.py` keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, bindparam, func, select

from notigateway.repository.asking_party import NOW
from notigateway.repository.changes import Change, moves_something
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.model import Act, Event, Notification
from notigateway.repository.own_inbox import OwnChange, OwnItem
from notigateway.repository.prepared import Prepared
from notigateway.repository.sources import AFTER, EVERYTHING, IS_AT_ONCE, MOST, UNTIL, Narrowed, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

    from notigateway.law.representation import Role
    from notigateway.repository.session import Session
    from notigateway.repository.sources import Source
    from notigateway.repository.users import Narrowing

    Keys = Callable[[Mapping[str, object]], Sequence[int]]

_FROM_INSTANT = bindparam("from_instant", type_=UtcDateTime())
_TO_INSTANT = bindparam("to_instant", type_=UtcDateTime())
_LAST_CODE: Final = Prepared(select(func.max(Notification.code).label("code")))
# Of keys that are looked through for a page of so many, and at least: a stretch costs a look for each grantor
# whatever is found in it.
_FIRST_STRETCH: Final = 16
_AT_LEAST: Final = 4_096
# How much more at a time than before, at most; and than what was found so far lets expect.
_LONGER: Final = 16
_MARGIN: Final = 1.25


@dataclass(frozen=True)
class Whose:
    """Of whom: `of` gives the conditions for a column that holds the addressee, of itself the first.

    They are said of `asking_party.PARTY` and `NOW` and of OwnItem; where `asks_rows`, of Notification and
    Act. `is_of_some` says that they are of several addressees, maybe of thousands, or give one item twice.
    Statements are made once for each.
    """

    of: Callable[[SQLColumnExpression[int]], Sequence[ColumnElement[bool]]]
    is_of_some: bool = True
    asks_rows: bool = False


@dataclass(frozen=True)
class Addressed:
    """What is addressed to the party, or to others that it stands for.

    `asked` holds the values of the parameters of `whose`.
    """

    role: Role
    whose: Whose
    asked: Mapping[str, object]

    def codes(self, wanted: Narrowed = EVERYTHING) -> Select[int]:
        """Select the codes of what is at disposal."""
        query = wanted.narrow(_codes(self.whose), OwnItem.code, has_rows=self.whose.asks_rows)
        if wanted.stored:
            query = query.where(OwnItem.state.in_(wanted.stored))
        return query.where(*wanted.of_body(OwnItem.issuing_body_id))

    def narrowed(self, narrowing: Narrowing) -> Source:
        """Return the same, of what is in somebody's scope."""
        return replace(self, whose=_narrowed(self.whose, narrowing))

    def facts(self) -> Select[*tuple[object, ...]]:
        """Select what a count asks of what is at disposal."""
        return self.codes().add_columns(OwnItem.state, OwnItem.deadline, OwnItem.issuing_body_id)

    def first_codes(self, session: Session, wanted: Narrowed, *, after: int, most: int) -> Sequence[int]:
        """Return the first codes that follow one."""
        query = None if wanted.is_everything else _in_order(self.codes(wanted))

        def keys(given: Mapping[str, object]) -> Sequence[int]:
            if query is None:
                return [row.code for row in _first_addressed(self.whose).rows(session, **given)]
            return session.connection().scalars(query, given).all()

        last = _LAST_CODE.rows(session)[0].code or 0
        return self._along(keys, Places(after, last), most)

    def first_places(self, session: Session, places: Places, *, most: int) -> Sequence[int]:
        """Return the first places of changes of what is at disposal."""
        statement = _addressed_places(self.whose)
        return self._along(
            lambda given: [row.position for row in statement.rows(session, **given)], places, most
        )

    def _along(self, keys: Keys, places: Places, most: int) -> Sequence[int]:
        """Return the first keys of what is addressed to some, in stretches of the keys of all.

        Each stretch costs a look for each of them, and is as long as those before let expect. In one piece it
        would be all that they have, sorted, for every page.
        """
        found: list[int] = []
        after = places.after
        length = max(_FIRST_STRETCH * most, _AT_LEAST) if self.whose.is_of_some else places.until
        while after < places.until and len(found) < most:
            until = min(after + length, places.until)
            given = {**self.asked, "after": after, "until": until, "most": most - len(found)}
            found += keys(given)
            after, length = until, _next_stretch(length, until - places.after, len(found), most)
        return found

    def first_arrived(
        self, session: Session, places: Places, between: tuple[datetime, datetime], *, most: int
    ) -> Sequence[int]:
        """Return the same of what came to be at disposal after one instant and until another."""
        given = {"after": places.after, "until": places.until, "most": most, **_instants(between)}
        return [row.position for row in _arrived(self.whose).rows(session, **self.asked, **given)]

    def find_ahead(self, session: Session, until: datetime) -> int | None:
        """Return the first place of what was put at disposal at once, by a clock that is ahead."""
        given = {**self.asked, "from_instant": self.asked["now"], "to_instant": until}
        (row,) = _ahead(self.whose).rows(session, **given)
        place: int | None = row.position
        return place


@lru_cache(maxsize=64)
def _narrowed(whose: Whose, narrowing: Narrowing) -> Whose:
    """Return what of that is in somebody's scope."""

    def of(addressee: SQLColumnExpression[int]) -> Sequence[ColumnElement[bool]]:
        of_whom, *shown = whose.of(addressee)
        within = and_(of_whom, *narrowing.gives_clients(addressee))
        return [within, *shown, *narrowing.gives_matters(OwnItem.matter)]

    return replace(whose, of=of)


def _next_stretch(length: int, looked_through: int, found: int, most: int) -> int:
    """Return how long the next stretch of keys is, after one of that length and so much in all."""
    expected = int(_MARGIN * looked_through * (most - found) / found) if found else length * _LONGER
    return max(_AT_LEAST, min(expected, length * _LONGER))


def _in_order(codes: Select[int]) -> Select[int]:
    """Select the first of those codes."""
    return codes.where(OwnItem.code > AFTER, OwnItem.code <= UNTIL).order_by(OwnItem.code).limit(MOST)


@lru_cache(maxsize=64)
def _codes(whose: Whose) -> Select[int]:
    """Select the codes of what is at disposal."""
    query = select(OwnItem.code).where(*whose.of(OwnItem.addressee_id), OwnItem.available_at <= NOW)
    return _with_rows(query.distinct() if whose.is_of_some else query, whose)


def _with_rows(query: Select[Any], whose: Whose) -> Select[Any]:
    """Join what the conditions ask beyond what is kept."""
    if not whose.asks_rows:
        return query
    return query.join(Notification, Notification.code == OwnItem.code).join(
        Act, Notification.act_id == Act.id
    )


@lru_cache(maxsize=64)
def _first_addressed(whose: Whose) -> Prepared:
    """Select the first of them."""
    return Prepared(_in_order(_codes(whose)))


@lru_cache(maxsize=64)
def _addressed_places(whose: Whose) -> Prepared:
    """Select the first places of their changes."""
    told = select(Change.notification_code).where(Change.position == OwnChange.position)
    code = func.coalesce(OwnChange.code, told.correlate(OwnChange).scalar_subquery())
    of_it = and_(OwnItem.addressee_id == OwnChange.addressee_id, OwnItem.code == code)
    of_whom, *shown = whose.of(OwnChange.addressee_id)
    query = (
        select(OwnChange.position)
        .where(of_whom, OwnChange.position > AFTER, OwnChange.position <= UNTIL)
        .order_by(OwnChange.position)
        .limit(MOST)
    )
    seen = [*shown, OwnItem.available_at <= NOW]
    if not (whose.is_of_some or whose.asks_rows):
        # Asked of each in their order: joined, PostgreSQL would put together all that it has for the first.
        item = select(OwnItem.code).where(of_it, *seen).correlate(OwnChange).scalar_subquery()
        return Prepared(query.where(item.is_not(None)))
    query = query.join(OwnItem, of_it).where(*seen)
    return Prepared(_with_rows(query.distinct() if whose.is_of_some else query, whose))


@lru_cache(maxsize=64)
def _arrived(whose: Whose) -> Prepared:
    """Select the first places of changes of what came to be at disposal meanwhile."""
    query = _coming(Change.position, whose).where(
        moves_something(), Change.position > AFTER, Change.position <= UNTIL
    )
    return Prepared(query.distinct().order_by(Change.position).limit(MOST))


@lru_cache(maxsize=64)
def _ahead(whose: Whose) -> Prepared:
    """Select the first place of what was put at disposal at once, later than now."""
    return Prepared(_coming(func.min(Change.position).label("position"), whose).where(*IS_AT_ONCE))


def _coming(column: SQLColumnExpression[int], whose: Whose) -> Select[int]:
    """Select changes of what comes to be at disposal in a time."""
    of_it = and_(OwnItem.addressee_id == Notification.addressee_id, OwnItem.code == Notification.code)
    query = (
        select(column)
        .select_from(Notification)
        .join(OwnItem, of_it)
        .join(Change, Change.notification_code == Notification.code)
        .join(Event, Event.id == Change.event_id)
        .where(Notification.available_at > _FROM_INSTANT, Notification.available_at <= _TO_INSTANT)
        .where(*whose.of(Notification.addressee_id))
    )
    return query.join(Act, Notification.act_id == Act.id) if whose.asks_rows else query


def _instants(between: tuple[datetime, datetime]) -> Mapping[str, object]:
    return {"from_instant": between[0], "to_instant": between[1]}
