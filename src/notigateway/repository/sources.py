"""From where a party sees what: what is its own or its predecessors', by powers, and by RED authorisations.

Reach first, keys first, rows late: each source gives the first keys that follow a page (codes in their order,
places among the changes in theirs), and the page is what comes first of them all. So a page costs what it
holds and what the sources hold, never what the tables hold. The rules are those of `rights.py`,
`successions.py` and `windows.py`; what is named one by one is asked of `rights.role_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from sqlalchemy import Integer, bindparam, func, select

from notigateway.law.lifecycle import State
from notigateway.law.representation import Role
from notigateway.repository.changes import Change, moves_something
from notigateway.repository.columns import CODE, UtcDateTime
from notigateway.repository.dialects import fenced
from notigateway.repository.model import Act, Event, IssuingBody, Notification
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_inbox import OwnChange, RedChange, RedItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Narrowed:
    """What of a source is wanted: all of it, where nothing is said.

    `stored` are the states that what is wanted may be stored in; `conditions` say the rest of Notification.
    """

    stored: tuple[State, ...] = ()
    conditions: tuple[ColumnElement[bool], ...] = ()
    issuer: str | None = None

    @property
    def is_everything(self) -> bool:
        """Tell whether nothing is left out."""
        return not (self.stored or self.conditions or self.issuer)

    def of_body(self, column: SQLColumnExpression[int]) -> list[ColumnElement[bool]]:
        """Return the condition of the issuing body, for a column that holds its key."""
        if self.issuer is None:
            return []
        return [column == select(IssuingBody.id).where(IssuingBody.dir3 == self.issuer).scalar_subquery()]


EVERYTHING: Final = Narrowed()

_AFTER, _UNTIL = bindparam("after", type_=CODE), bindparam("until", type_=CODE)
_MOST = bindparam("most", type_=Integer)
# Of keys that are looked through for a page of so many: at first, and how much more each time.
_FIRST_STRETCH, _LONGER = 16, 4


@dataclass(frozen=True)
class Places:
    """Places among the changes: after one, and until another."""

    after: int
    until: int

    def hold(self, column: SQLColumnExpression[int]) -> list[ColumnElement[bool]]:
        """Return the conditions for a column that holds a place."""
        return [column > self.after, column <= self.until]


class Source(Protocol):
    """Where a party sees notifications in one capacity; all that is returned is in order, each once."""

    @property
    def role(self) -> Role:
        """The capacity."""

    def codes(self, wanted: Narrowed = EVERYTHING) -> Select[int]:
        """Select the codes of what is at disposal, in no order."""

    def first_codes(self, session: Session, wanted: Narrowed, *, after: int, most: int) -> Sequence[int]:
        """Return the first codes that follow one."""

    def first_places(self, session: Session, places: Places, *, most: int) -> Sequence[int]:
        """Return the first places of changes of what is at disposal."""

    def first_arrived(
        self, session: Session, places: Places, between: tuple[datetime, datetime], *, most: int
    ) -> Sequence[int]:
        """Return the same of what came to be at disposal after one instant and until another."""

    def find_ahead(self, session: Session, until: datetime) -> int | None:
        """Return the first place of what was put at disposal at once, by a clock that is ahead."""


@dataclass(frozen=True)
class Addressed:
    """What is addressed to the party, or to others that it stands for.

    `whose` gives the conditions for a column that holds the addressee; the query joins Notification and Act.
    `is_of_some` says that they are of several addressees, maybe of thousands.
    """

    role: Role
    now: datetime
    whose: Callable[[SQLColumnExpression[int]], Sequence[ColumnElement[bool]]]
    is_of_some: bool = False

    def codes(self, wanted: Narrowed = EVERYTHING) -> Select[int]:
        """Select the codes of what is at disposal."""
        return (
            select(Notification.code)
            .distinct()  # two powers may give it
            .join(Act, Notification.act_id == Act.id)
            .where(*self.whose(Notification.addressee_id), fenced(Notification.available_at <= self.now))
            .where(*wanted.conditions, *wanted.of_body(Act.issuing_body_id))
        )

    def facts(self) -> Select[*tuple[object, ...]]:
        """Select what a count asks of what is at disposal."""
        return self.codes().add_columns(
            Notification.kind, Notification.state, Notification.deadline, Act.issuing_body_id
        )

    def first_codes(self, session: Session, wanted: Narrowed, *, after: int, most: int) -> Sequence[int]:
        """Return the first codes that follow one."""
        query = self.codes(wanted).where(Notification.code > _AFTER, Notification.code <= _UNTIL)
        query = query.order_by(Notification.code).limit(_MOST)
        last = session.connection().scalar(select(func.max(Notification.code))) or 0
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
            given = {"after": after, "until": until, "most": most - len(found)}
            found += session.connection().scalars(query, given)
            after, length = until, _LONGER * length
        return found

    def first_places(self, session: Session, places: Places, *, most: int) -> Sequence[int]:
        """Return the first places of changes of what is at disposal."""
        query = (
            select(OwnChange.position)
            .distinct()
            .join(Change, Change.position == OwnChange.position)
            .join(Event, Event.id == Change.event_id)
            .join(Notification, Notification.code == Change.notification_code)
            .join(Act, Notification.act_id == Act.id)
            .where(*self.whose(OwnChange.addressee_id), fenced(Notification.available_at <= self.now))
            .where(moves_something(), OwnChange.position > _AFTER, OwnChange.position <= _UNTIL)
            .order_by(OwnChange.position)
            .limit(_MOST)
        )
        return self._along(session, query, places, most)

    def first_arrived(
        self, session: Session, places: Places, between: tuple[datetime, datetime], *, most: int
    ) -> Sequence[int]:
        """Return the same of what came to be at disposal after one instant and until another."""
        query = self._changes(Change.position, between).where(
            moves_something(), *places.hold(Change.position)
        )
        query = query.distinct().order_by(Change.position)
        return session.connection().scalars(query.limit(most)).all()

    def find_ahead(self, session: Session, until: datetime) -> int | None:
        """Return the first place of what was put at disposal at once, by a clock that is ahead."""
        query = self._changes(func.min(Change.position), (self.now, until)).where(*_IS_AT_ONCE)
        return session.connection().scalar(query)

    def _changes(self, column: SQLColumnExpression[int], between: tuple[datetime, datetime]) -> Select[int]:
        """Select changes of what comes to be at disposal in that time."""
        return (
            select(column)
            .select_from(Notification)
            .join(Act, Notification.act_id == Act.id)
            .join(Change, Change.notification_code == Notification.code)
            .join(Event, Event.id == Change.event_id)
            .where(*self.whose(Notification.addressee_id), *_is_in(Notification.available_at, between))
        )


@dataclass(frozen=True)
class Boxed:
    """What is for those who work under a RED authorisation, as `red_inbox.py` keeps it.

    `is_all` says that data of a special category are shown too.
    """

    box: int
    now: datetime
    is_all: bool
    role: Role = Role.RED

    @property
    def shown(self) -> list[ColumnElement[bool]]:
        """The conditions of what of a box is at disposal and shown."""
        return [fenced(RedItem.available_at <= self.now), *_SHOWN[self.is_all]]

    def codes(self, wanted: Narrowed = EVERYTHING) -> Select[int]:
        """Select the codes of what is at disposal."""
        query = select(RedItem.code).where(RedItem.box_id == self.box, *self.shown)
        query = query.where(*wanted.of_body(RedItem.issuing_body_id))
        if wanted.conditions:
            query = query.join(Notification, Notification.code == RedItem.code).where(*wanted.conditions)
        return query

    def first_codes(self, session: Session, wanted: Narrowed, *, after: int, most: int) -> Sequence[int]:
        """Return the first codes that follow one; state by state, so that each is a walk along an index."""
        if wanted.is_everything:
            given = {"box": self.box, "now": self.now, "after": after, "most": most}
            return [row.code for row in _FIRST_CODES[self.is_all].rows(session, **given)]
        query = self.codes(wanted).where(RedItem.code > after).order_by(RedItem.code).limit(most)
        queries = [query.where(RedItem.state == state) for state in wanted.stored] or [query]
        connection = session.connection()
        return sorted(code for one in queries for code in connection.scalars(one))[:most]

    def first_places(self, session: Session, places: Places, *, most: int) -> Sequence[int]:
        """Return the first places of changes of what is at disposal."""
        given = {"box": self.box, "now": self.now, "after": places.after, "until": places.until, "most": most}
        return [row.position for row in _FIRST_PLACES[self.is_all].rows(session, **given)]

    def first_arrived(
        self, session: Session, places: Places, between: tuple[datetime, datetime], *, most: int
    ) -> Sequence[int]:
        """Return the same of what came to be at disposal after one instant and until another."""
        query = self._changes(Change.position, between).where(
            moves_something(), *places.hold(Change.position)
        )
        return session.connection().scalars(query.order_by(Change.position).limit(most)).all()

    def find_ahead(self, session: Session, until: datetime) -> int | None:
        """Return the first place of what was put at disposal at once, by a clock that is ahead."""
        query = self._changes(func.min(Change.position), (self.now, until)).where(*_IS_AT_ONCE)
        return session.connection().scalar(query)

    def _changes(self, column: SQLColumnExpression[int], between: tuple[datetime, datetime]) -> Select[int]:
        """Select changes of what comes to be at disposal in that time."""
        return (
            select(column)
            .select_from(RedItem)
            .join(Change, Change.notification_code == RedItem.code)
            .join(Event, Event.id == Change.event_id)
            .where(RedItem.box_id == self.box, *_is_in(RedItem.available_at, between))
            .where(*_SHOWN[self.is_all])
        )


_IS_AT_ONCE: Final = (Event.state == State.AVAILABLE, Event.nature.is_(None))
_SHOWN: Final[Mapping[bool, tuple[ColumnElement[bool], ...]]] = {
    True: (),
    False: (~RedItem.special_category,),
}


def _is_in(
    column: SQLColumnExpression[datetime], between: tuple[datetime, datetime]
) -> list[ColumnElement[bool]]:
    return [column > between[0], column <= between[1]]


def _first_codes(shown: tuple[ColumnElement[bool], ...]) -> Prepared:
    """Return the statement that most pages of a RED person begin with."""
    return Prepared(
        select(RedItem.code)
        .where(
            RedItem.box_id == bindparam("box", type_=Integer),
            RedItem.code > _AFTER,
            fenced(RedItem.available_at <= bindparam("now", type_=UtcDateTime())),
            *shown,
        )
        .order_by(RedItem.code)
        .limit(_MOST)
    )


def _first_places(shown: tuple[ColumnElement[bool], ...]) -> Prepared:
    """Return the statement that most polls of a RED person begin with."""
    return Prepared(
        select(RedChange.position)
        .join(RedItem, (RedItem.box_id == RedChange.box_id) & (RedItem.code == RedChange.code))
        .join(Change, Change.position == RedChange.position)
        .join(Event, Event.id == Change.event_id)
        .where(
            RedChange.box_id == bindparam("box", type_=Integer),
            RedChange.position > _AFTER,
            RedChange.position <= _UNTIL,
            fenced(RedItem.available_at <= bindparam("now", type_=UtcDateTime())),
            moves_something(),
            *shown,
        )
        .order_by(RedChange.position)
        .limit(_MOST)
    )


_FIRST_CODES: Final = {is_all: _first_codes(shown) for is_all, shown in _SHOWN.items()}
_FIRST_PLACES: Final = {is_all: _first_places(shown) for is_all, shown in _SHOWN.items()}


def first_of_all(
    sources: Sequence[Source], keys: Callable[[Source], Sequence[int]], most: int
) -> dict[int, Role]:
    """Return the first keys of all sources in their order, each with the strongest capacity that gives it.

    What comes first of all is among the first of each source that gives it; sources are given the strongest
    first.
    """
    found: dict[int, Role] = {}
    for source in sources:
        for key in keys(source):
            found.setdefault(key, source.role)
    return {key: found[key] for key in sorted(found)[:most]}
