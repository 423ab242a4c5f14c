"""The changes: every event of every notification, in the order of its commit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Insert, Integer, and_, insert, or_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.lifecycle import MOVING_NOTHING
from notigateway.repository.columns import Row
from notigateway.repository.model import Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session

# Any number, the same for ever.
_CHANGES_LOCK = 43_2016
# Well below the number of parameters that a statement may have on either database.
_PLACED_AT_ONCE = 5_000


class Change(Row):
    """One event's place among the changes."""

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), unique=True)
    notification_code: Mapped[int] = mapped_column(ForeignKey("notifications.code"), index=True)


def moves_something() -> ColumnElement[bool]:
    """Return the condition of an event that is a change to anybody; the history tells of the others too."""
    # One by one: a statement that is compiled once has no list whose length may change.
    return or_(Event.nature.is_(None), and_(*(Event.nature != nature for nature in sorted(MOVING_NOTHING))))


def place_events(session: Session, ids: Sequence[UUID]) -> None:
    """Give new events their places: the last thing before the commit of the transaction that inserted them.

    A sequence alone gives places in the order of insertion, and rows appear in the order of commit:
    a reader that has passed place 7 would never see place 6 when it commits later. Holding a lock
    from before the first place is taken until after the commit is visible makes both orders the same;
    taken last, it serialises little but the commit itself. SQLite has one writer anyway.
    """
    # All other locks are taken by now (the foreign keys of the places lie on rows that this very
    # transaction has inserted or locked), so whoever waits here holds up nobody it waits for.
    if not ids:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHANGES_LOCK})
    for start in range(0, len(ids), _PLACED_AT_ONCE):
        session.execute(_places(ids[start : start + _PLACED_AT_ONCE]))


def _places(ids: Sequence[UUID]) -> Insert:
    """Return the statement that places those of the events that exist: a savepoint may have taken some back.

    Events of one notification come in their own order; the sequence is asked row by row in that order.
    """
    existing = (
        select(Event.id, Event.notification_code)
        .where(Event.id.in_(ids))
        .order_by(Event.notification_code, Event.position)
    )
    return insert(Change).from_select(["event_id", "notification_code"], existing)
