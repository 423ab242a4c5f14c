"""From when on a change of rights has effect: after everything that is at disposal by then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import func, or_, select

from notigateway.instants import to_milliseconds
from notigateway.law.lifecycle import State
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.model import Notification

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.repository.model import Addressee
    from notigateway.repository.session import Session

_NEXT: Final = timedelta(milliseconds=1)


def instant_of_effect(session: Session, addressee: Addressee, now: datetime) -> datetime:
    """Return from when on a change asked for at `now` has effect: then, but after what is at disposal.

    Nobody publishes from here to the end of the transaction, so that nothing comes to be at disposal
    in between. What is scheduled for later does not count: it has the rights of when it arrives.
    """
    wait_for_turn_to_publish(session)
    query = select(func.max(Notification.available_at)).where(
        Notification.addressee_id == addressee.id,
        or_(Notification.state != State.SCHEDULED, Notification.available_at <= now),
    )
    last = session.scalar(query)
    asked = to_milliseconds(now)
    return asked if last is None else max(asked, last + _NEXT)
