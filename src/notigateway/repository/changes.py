"""The changes: every event of every notification, in the order of its commit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Insert,
    Integer,
    Uuid,
    and_,
    delete,
    insert,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.lifecycle import MOVING_NOTHING
from notigateway.repository.columns import Row
from notigateway.repository.model import Event
from notigateway.repository.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session

# Any number, the same for ever.
_CHANGES_LOCK = 43_2016
# Well below the number of parameters that a statement may have on either database.
PLACED_AT_ONCE = 5_000


class Change(Row):
    """One event's place among the changes."""

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), unique=True)
    notification_code: Mapped[int] = mapped_column(ForeignKey("notifications.code"), index=True)


class UnplacedChange(Row):
    """An event that has no place yet: on PostgreSQL, until somebody has placed it after its commit.

    `turn` is taken in the order of insertion, the last thing before the commit.
    """

    __tablename__ = "unplaced_changes"

    turn: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    # Without a foreign key: it is inserted beside its event, and events are never deleted.
    event_id: Mapped[UUID] = mapped_column(Uuid)


def moves_something() -> ColumnElement[bool]:
    """Return the condition of an event that is a change to anybody; the history tells of the others too."""
    # One by one: a statement that is compiled once has no list whose length may change.
    return or_(Event.nature.is_(None), and_(*(Event.nature != nature for nature in sorted(MOVING_NOTHING))))


def write_changes(session: Session) -> None:
    """Write that there are new events: the last thing before the commit of whoever has inserted them.

    On SQLite, which has one writer, they get their places. On PostgreSQL a sequence gives places in the order
    of insertion, and rows appear in the order of commit: a reader that has passed place 7 would never see
    place 6 when it commits later. A lock until the commit is visible would make both orders the same, and
    one commit the ceiling of all machines together; so there they get their places when they are committed.
    """
    is_placed = session.get_bind().dialect.name != "postgresql"
    ids, of_held = session.events, session.events_of_held
    if not ids:  # as nearly always: then their order is known, and that none of them was taken back
        _WRITE[is_placed].write(session, of_held)
        return
    ids = [*ids, *(one["event_id"] for one in of_held)]
    table: type[Row] = Change if is_placed else UnplacedChange
    columns = ["event_id", "notification_code"] if is_placed else ["event_id"]
    for start in range(0, len(ids), PLACED_AT_ONCE):
        session.execute(_existing(table, columns, ids[start : start + PLACED_AT_ONCE]))


# By whether they get their places at once.
_WRITE = {
    True: Prepared(
        insert(Row.metadata.tables[Change.__tablename__]).inline(), columns=("event_id", "notification_code")
    ),
    False: Prepared(
        insert(Row.metadata.tables[UnplacedChange.__tablename__]).inline(), columns=("event_id",)
    ),
}


def _existing(table: type[Row], columns: list[str], ids: Sequence[UUID]) -> Insert:
    """Return what inserts those of the events that exist: a savepoint may have taken some back.

    Events of one notification come in their own order; the sequence is asked row by row in that order.
    """
    named = {"event_id": Event.id, "notification_code": Event.notification_code}
    existing = (
        select(*(named[one] for one in columns))
        .where(Event.id.in_(ids))
        .order_by(Event.notification_code, Event.position)
    )
    return insert(table).from_select(columns, existing)


def is_any_unplaced(session: Session) -> bool:
    """Tell whether a committed event waits for its place; on SQLite none ever does."""
    return session.get_bind().dialect.name == "postgresql" and bool(_IS_ANY.rows(session))


_IS_ANY = Prepared(select(literal(1).label("one")).select_from(UnplacedChange).limit(1))


def place_unplaced(session: Session) -> int:
    """Give places to events that are committed, in the order of their turns; return how many there were.

    One at a time on PostgreSQL, under a lock until the end of the transaction. What it sees was committed
    before, and what is committed later comes after it: so no place ever appears before one that was seen.
    An event that had to wait for another's commit (two of one notification, say) has taken its turn after it.
    """
    wait_for_turn_to_place(session)
    return _PLACE.write(session, [{}])


def wait_for_turn_to_place(session: Session) -> None:
    """Let nobody place an event until the end of the transaction. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return
    if session.ahead is None or not session.ahead.holds_turn_to_place:
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHANGES_LOCK})
    if session.ahead is not None:
        session.ahead.holds_turn_to_place = True


def _place() -> Insert:
    """Return the statement that moves the first turns to their places."""
    first = select(UnplacedChange.turn).order_by(UnplacedChange.turn).limit(PLACED_AT_ONCE)
    taken = (
        delete(UnplacedChange)
        .where(UnplacedChange.turn.in_(first))
        .returning(UnplacedChange.turn, UnplacedChange.event_id)
        .cte("taken")
    )
    placed = (
        select(Event.id, Event.notification_code)
        .join(taken, taken.c.event_id == Event.id)
        .order_by(taken.c.turn)
    )
    return insert(Change).from_select(["event_id", "notification_code"], placed)


_PLACE = Prepared(_place())


def events_with_place(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the events that have a place among the changes, or wait for it."""
    return {
        one
        for table in (Change, UnplacedChange)
        for one in session.scalars(select(table.event_id).where(table.event_id.in_(ids)))
    }
