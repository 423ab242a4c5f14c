"""What is for those who work under a RED authorisation: walks along what `red_inbox.py` keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Integer, bindparam, func, select

from notigateway.law.representation import Role
from notigateway.repository.changes import Change, moves_something
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.dialects import fenced
from notigateway.repository.model import Event, Notification
from notigateway.repository.prepared import Prepared
from notigateway.repository.red_inbox import RedChange, RedItem
from notigateway.repository.sources import AFTER, EVERYTHING, IS_AT_ONCE, MOST, UNTIL, Narrowed, Places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select, SQLColumnExpression

    from notigateway.repository.session import Session
    from notigateway.repository.sources import Source
    from notigateway.repository.users import Narrowing


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
        return wanted.narrow(query.where(*wanted.of_body(RedItem.issuing_body_id)), RedItem.code)

    def narrowed(self, narrowing: Narrowing) -> Source:  # noqa: ARG002
        """Refuse: of a box, what is in somebody's scope is looked for by addressee."""
        raise TypeError("a box is not narrowed")

    def facts(self) -> Select[*tuple[object, ...]]:
        """Select what a count asks of what is at disposal."""
        query = self.codes().join(Notification, Notification.code == RedItem.code)
        return query.add_columns(RedItem.state, Notification.deadline, RedItem.issuing_body_id)

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
        query = self._changes(func.min(Change.position), (self.now, until)).where(*IS_AT_ONCE)
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
            RedItem.code > AFTER,
            fenced(RedItem.available_at <= bindparam("now", type_=UtcDateTime())),
            *shown,
        )
        .order_by(RedItem.code)
        .limit(MOST)
    )


def _first_places(shown: tuple[ColumnElement[bool], ...]) -> Prepared:
    """Return the statement that most polls of a RED person begin with."""
    return Prepared(
        select(RedChange.position)
        .join(RedItem, (RedItem.box_id == RedChange.box_id) & (RedItem.code == RedChange.code))
        .where(
            RedChange.box_id == bindparam("box", type_=Integer),
            RedChange.position > AFTER,
            RedChange.position <= UNTIL,
            fenced(RedItem.available_at <= bindparam("now", type_=UtcDateTime())),
            *shown,
        )
        .order_by(RedChange.position)
        .limit(MOST)
    )


_FIRST_CODES: Final = {is_all: _first_codes(shown) for is_all, shown in _SHOWN.items()}
_FIRST_PLACES: Final = {is_all: _first_places(shown) for is_all, shown in _SHOWN.items()}
