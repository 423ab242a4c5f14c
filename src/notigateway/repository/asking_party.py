"""Who asks and when, as parameters of a statement: one that is made once asks for everybody."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeAlias

from sqlalchemy import BindParameter, String, bindparam

from notigateway.law.deadlines import OUTAGE_MORE_THAN
from notigateway.repository.columns import UtcDateTime

if TYPE_CHECKING:
    from collections.abc import Mapping

Party: TypeAlias = "str | BindParameter[str]"
Instant: TypeAlias = "datetime | BindParameter[datetime]"

PARTY: Final[BindParameter[str]] = bindparam("party", type_=String)
NOW: Final[BindParameter[datetime]] = bindparam("now", type_=UtcDateTime())
_LONG_BEFORE: Final[BindParameter[datetime]] = bindparam("long_before", type_=UtcDateTime())


def asked_by(party: str, now: datetime) -> Mapping[str, object]:
    """Return the values of all of them."""
    return {"party": party, "now": now, "long_before": now - OUTAGE_MORE_THAN}


def long_before(now: Instant) -> Instant:
    """Return the instant before which an outage has begun that lasts and moves deadlines, at `now`.

    The databases subtract in ways of their own: so it is a value of its own.
    """
    return now - OUTAGE_MORE_THAN if isinstance(now, datetime) else _LONG_BEFORE
