"""Named queries of those who follow: changes in the order of their commit, counts, and history."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import String, bindparam, func, select, type_coerce

from notigateway.repository.changes import Change
from notigateway.repository.dialects import one_of
from notigateway.repository.model import Event, Notification
from notigateway.repository.outages import DeadlineChange
from notigateway.repository.prepared import Prepared, UuidText
from notigateway.repository.row_texts import text_columns, with_texts
from notigateway.repository.sources import first_of_all

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.law.representation import RightsPolicy, Role
    from notigateway.repository.reached import Reach
    from notigateway.repository.session import Session
    from notigateway.repository.sources import Places


def find_head(session: Session) -> int:
    """Return the last place that was taken; every place before it is taken for good."""
    return session.scalar(select(func.max(Change.position))) or 0


def find_hold(session: Session, reach: Reach, *, until: datetime, rights: RightsPolicy) -> int | None:
    """Return the first place of what was put at disposal at once, but by a clock that is ahead.

    Only clocks that differ by a little are meant: `until` is the latest instant looked at.
    """
    found = (source.find_ahead(session, until) for source in reach.sources(rights))
    return min((place for place in found if place is not None), default=None)


def list_changes_after(
    session: Session, reach: Reach, places: Places, *, limit: int, rights: RightsPolicy
) -> Sequence[Any]:
    """Return the first changes of those places, of what the party may know of."""
    sources = reach.sources(rights)
    found = first_of_all(sources, lambda one: one.first_places(session, places, most=limit), limit)
    return _rows_at(session, found)


def list_changes_arrived(
    session: Session,
    reach: Reach,
    places: Places,
    *,
    between: tuple[datetime, datetime],
    limit: int,
    rights: RightsPolicy,
) -> Sequence[Any]:
    """Return the same of what came to be at disposal after one instant and until another."""
    if places.after >= places.until or between[0] >= between[1]:
        return ()
    sources = reach.sources(rights)
    found = first_of_all(sources, lambda one: one.first_arrived(session, places, between, most=limit), limit)
    return _rows_at(session, found)


def _rows_at(session: Session, found: dict[int, Role]) -> Sequence[Any]:
    """Return the changes at those places in their order, each with the list row of its notification."""
    rows: list[Any] = []
    roles = set(found.values())
    for role in roles:
        of_role = [place for place, one in found.items() if one is role]
        rows += _ROWS.rows(session, places=of_role, role=str(role))
    return with_texts(session, sorted(rows, key=attrgetter("position")))


# In no order: for one, SQLite would walk the whole table.
_ROWS: Final = Prepared(
    text_columns(bindparam("role", type_=String))
    .add_columns(
        Change.position,
        type_coerce(Event.id, UuidText()).label("event_id"),
        Event.state.label("event_state"),
        Event.at,
        Event.channel,
        Event.reported_at,
        Event.nature,
    )
    .join(Change, Change.notification_code == Notification.code)
    .join(Event, Event.id == Change.event_id)
    .where(one_of(Change.position, "places")),
    in_binary=True,
)


def list_deadline_changes(session: Session, notification: Notification) -> Sequence[DeadlineChange]:
    """Return every change of a notification's deadline, oldest first."""
    query = select(DeadlineChange).where(DeadlineChange.notification_code == notification.code)
    return session.scalars(query.order_by(DeadlineChange.position)).all()
