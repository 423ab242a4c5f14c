"""When something was last done to a notification by a right that is about to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, select

from notigateway.repository.model import Event
from notigateway.uuids import first_uuid7

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.repository.session import Session


def last_done(session: Session, by: ColumnElement[bool], *, since: datetime) -> datetime | None:
    """Return the instant of the last event of that kind since then; None where there is none.

    The right must be locked. A request that came later than the one that ends it may have been faster: what
    it did was done in the time of that right.
    """
    return session.scalar(select(func.max(Event.at)).where(Event.id >= first_uuid7(since), by))
