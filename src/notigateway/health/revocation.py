"""How it stands with what is known of revoked certificates: is it fresh enough to let callers in?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from notigateway.health.finding import Finding, State
from notigateway.pki.revocation import RevocationSource
from notigateway.repository.engine import reading
from notigateway.repository.trust import list_current_freshness

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.settings import Settings

REVOCATION: Final = "revocation"
REFRESH: Final = "run `notigateway refresh-trust`, and read what it says of each source"


@dataclass(frozen=True, slots=True)
class RevocationWanted:
    """What the settings want: nothing, or lists; how long reading goes on; whether callers teach it."""

    is_off: bool
    grace: timedelta
    learns_from_callers: bool

    @classmethod
    def by(cls, settings: Settings) -> Self:
        """Read it from the settings."""
        return cls(
            is_off=settings.revocation == "unsafe_off",
            grace=timedelta(seconds=settings.revocation_grace_seconds),
            learns_from_callers=bool(settings.revocation_hosts),
        )


def look_at_revocation(engine: Engine, wanted: RevocationWanted, now: datetime) -> Finding:
    """Find how fresh the lists are, answers where there are no lists.

    Answers are asked for one certificate at a time, and nobody asks on for one that calls no more: one that
    is out of date beside lists tells nothing.

    Raises: `TemporarilyUnavailableError`.
    """
    if wanted.is_off:
        return Finding(REVOCATION, State.WARNING, "switched off", 'set revocation to "required"')
    with reading(engine) as session:
        known = list_current_freshness(session)
    lists = [until for source, until in known if source is RevocationSource.CRL]
    ends = lists or [until for _, until in known]
    if not ends:
        return _nothing(wanted)
    values = {
        "lists": len(lists),
        "out_of_date": sum(until < now for until in ends),
        "seconds_left": round((max(ends) - now).total_seconds(), 3),
        "first_seconds_left": round((min(ends) - now).total_seconds(), 3),
    }
    if now > max(ends) + wanted.grace:
        said = "all of it is out of date, and nobody is let in"
        return Finding(REVOCATION, State.FAILED, said, REFRESH, values)
    if now > max(ends):
        said = "all of it is out of date: nobody decides, and soon nobody reads"
        return Finding(REVOCATION, State.WARNING, said, REFRESH, values)
    if now > min(ends):
        said = f"{values['out_of_date']} of {len(ends)} are out of date"
        return Finding(REVOCATION, State.WARNING, said, REFRESH, values)
    said = f"{len(ends)} current, the first until {min(ends):%Y-%m-%d %H:%M} UTC"
    return Finding(REVOCATION, State.OK, said, values=values)


def _nothing(wanted: RevocationWanted) -> Finding:
    if wanted.learns_from_callers:
        said = "nothing is known yet: it is asked for what first calls"
        return Finding(REVOCATION, State.WARNING, said, REFRESH)
    return Finding(REVOCATION, State.FAILED, "nothing is known, and nobody is let in", REFRESH)
