"""Until when a notification was pending, as it was known then: its events say it, whatever is told later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, or_, select

from notigateway.law.lifecycle import UNDECIDED
from notigateway.repository.changes import moves_something
from notigateway.repository.model import Event

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from notigateway.repository.model import Notification
    from notigateway.repository.own_inbox import OwnItem


def closed_on_record(row: type[Notification | OwnItem]) -> ColumnElement[datetime]:
    """Say `representation.closed_on_record` in SQL, of what is decided; never before its `decided_at`.

    It looks the events up, so ask it last.
    """
    known_at = func.coalesce(Event.reported_at, Event.at)
    was_pending = or_(row.deadline.is_(None), known_at <= row.deadline, Event.at >= row.deadline)
    first = (
        select(case((was_pending, known_at), else_=row.deadline))
        .where(
            Event.notification_code == row.code,
            # One by one: a statement that is compiled once has no list whose length may change.
            *(Event.state != state for state in sorted(UNDECIDED)),
            moves_something(),
        )
        .order_by(known_at, Event.position)
        .limit(1)
    )
    # The row may stand several queries further out.
    return first.correlate(row).scalar_subquery()
