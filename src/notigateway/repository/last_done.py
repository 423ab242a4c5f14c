"""When a right ends that is to end while it is being used: after what was done by it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import ColumnElement, func, select

from notigateway.repository.model import Event
from notigateway.repository.power_certificates import IssuedPowerCertificate
from notigateway.time_left import LONGEST_SECONDS
from notigateway.uuids import first_uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from notigateway.repository.session import Session

_NEXT: Final = timedelta(milliseconds=1)
# So far ahead of a request that ends a right may lie what others did by it while that request waited: no
# request is answered later. What lies further ahead was done before the clock was set back: it moves no end,
# or who ends a right would wait as long as the clock went back.
_UNDER_WAY: Final = timedelta(seconds=LONGEST_SECONDS)


def last_done(session: Session, by: ColumnElement[bool], *, since: datetime) -> datetime | None:
    """Return the instant of the last event of that kind since then; None where there is none.

    The right must be locked. A request that came later than the one that ends it may have been faster: what
    it did was done in the time of that right. What was done before the clock was set back is left out.
    """
    is_under_way = Event.at.between(since, since + _UNDER_WAY)
    return session.scalar(select(func.max(Event.at)).where(Event.id >= first_uuid7(since), is_under_way, by))


def last_certified(session: Session, power_id: UUID, *, since: datetime) -> datetime | None:
    """Return when a power was last certified since then, bounded like that: it stood as was said of it."""
    row = IssuedPowerCertificate
    is_under_way = row.issued_at.between(since, since + _UNDER_WAY)
    query = select(func.max(row.issued_at)).where(row.power_id == power_id, is_under_way)
    return session.scalar(query)


def end_after(done: Iterable[datetime | None], at: datetime) -> datetime:
    """Return when a right ends that is to end at that instant: after what was done while that waited."""
    meanwhile = [one for one in done if one is not None and at <= one <= at + _UNDER_WAY]
    return max(meanwhile) + _NEXT if meanwhile else at
