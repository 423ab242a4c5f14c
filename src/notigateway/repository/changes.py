"""The feed of changes: every event of every notification, in the order of its commit."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Insert, Integer, event, insert, select, text
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, mapped_column, object_session

from notigateway.repository.columns import Row
from notigateway.repository.model import Event

# Any number, the same for ever.
_FEED_LOCK = 43_2016
_NEW_EVENTS = "new_events"
# Well below the number of parameters that a statement may have on either database.
_PLACED_AT_ONCE = 5_000


class Change(Row):
    """One event's place in the feed."""

    __tablename__ = "changes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    position: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    event_id: Mapped[UUID] = mapped_column(ForeignKey("events.id"), unique=True)
    notification_code: Mapped[int] = mapped_column(ForeignKey("notifications.code"), index=True)


@event.listens_for(Event, "after_insert")
def _remember_new_event(_mapper: object, _connection: object, target: Event) -> None:
    """Remember every new event of a session, so that no writer can forget its place in the feed."""
    session = object_session(target)
    if session is not None:
        remember_new_events(session, [target.id])


def remember_new_events(session: Session, ids: list[UUID]) -> None:
    """Remember events that this transaction has inserted: `place_new_events` gives them their places."""
    session.info.setdefault(_NEW_EVENTS, []).extend(ids)


@event.listens_for(Session, "do_orm_execute")
def _refuse_events_past_the_session(state: ORMExecuteState) -> None:
    """Refuse to insert events in bulk: nothing would remember them, and the feed would miss them.

    Raises: `TypeError`; it is a defect of the writer.
    """
    if state.is_insert and state.bind_mapper is not None and state.bind_mapper.class_ is Event:
        raise TypeError("events are added to a session, never inserted past it")


def place_new_events(session: Session) -> None:
    """Give the session's new events their places in the feed: the last thing before its commit.

    A sequence alone gives places in the order of insertion, and rows appear in the order of commit:
    a reader that has passed place 7 would never see place 6 when it commits later. Holding a lock
    from before the first place is taken until after the commit is visible makes both orders the same;
    taken last, it serialises little but the commit itself. SQLite has one writer anyway.
    """
    # All other locks are taken by now (the foreign keys of the places lie on rows that this very
    # transaction has inserted or locked), so whoever waits here holds up nobody it waits for.
    session.flush()
    remembered: list[UUID] = session.info.pop(_NEW_EVENTS, [])
    if not remembered:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _FEED_LOCK})
    for start in range(0, len(remembered), _PLACED_AT_ONCE):
        session.execute(_places(remembered[start : start + _PLACED_AT_ONCE]))


def _places(ids: list[UUID]) -> Insert:
    """Return the statement that places those of the events that exist: a savepoint may have taken some back.

    Events of one notification come in their own order; the sequence is asked row by row in that order.
    """
    existing = (
        select(Event.id, Event.notification_code)
        .where(Event.id.in_(ids))
        .order_by(Event.notification_code, Event.position)
    )
    return insert(Change).from_select(["event_id", "notification_code"], existing)
