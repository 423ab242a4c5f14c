"""What else happens in a world: time passes, something lapses, the service cannot be reached."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.clock.lapsing import Sweeping
from notigateway.clock.outages import close_outage, declare_outage, recompute_deadlines
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID
from notigateway.repository.engine import writing
from notigateway.sandbox import moving
from notigateway.sandbox.given import instant_of
from notigateway.sandbox.holders import ISSUER
from notigateway.sandbox.moving import after_deadline, later, move
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.verbs.verb import verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.repository.outages import OutageRow
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKLY: Final = re.compile(rf"({'|'.join(_DAYS)}) ([01]\d|2[0-3]):([0-5]\d)")
_REASON: Final = "Interrupción de pruebas"


@verb(
    "advance",
    {
        "by": "a duration, as `P11D` or `PT5M`",
        "until": "the next such time in Madrid, as `wednesday 10:00`, or an instant",
    },
)
def advance(world: World, wanted: Given) -> dict[str, Any]:
    """Let time pass: what is due meanwhile is done, in order."""
    by, until = wanted.duration("by"), wanted.text("until")
    if (by is None) is (until is None) or (by is not None and by < timedelta(0)):
        raise InvalidError("by: a duration ahead expected, or until")
    ahead = by or timedelta(0)
    return _moved(world, lambda now: later(now, ahead) if until is None else next_time(until, now))


@verb(
    "lapse",
    {
        "notification": "its id",
        "evidence": "false: stop a second after the deadline, before anything attests that it has passed",
    },
)
def lapse(world: World, wanted: Given) -> dict[str, Any]:
    """Let time pass until a notification has lapsed, with its receipt."""
    identifier, is_attested = wanted.need("notification"), wanted.flag("evidence", default=True)
    before = timedelta(seconds=0 if is_attested else world.settings.lapse_evidence_delay_seconds)
    at = after_deadline(world, identifier) - before
    return _moved(world, lambda now: max(now, at))


def _moved(world: World, target: Callable[[datetime], datetime]) -> dict[str, Any]:
    ran = move(world, target)
    return world.clock.line | ran


def next_time(text: str, now: datetime) -> datetime:
    """Return the next time of a week, or an instant. Raises: `InvalidError`."""
    found = _WEEKLY.fullmatch(text)
    if found is None:
        return instant_of(text, "until")
    here = now.astimezone(MADRID)
    ahead = (_DAYS.index(found[1]) - here.weekday()) % 7
    at = datetime.combine(here.date() + timedelta(days=ahead), time(int(found[2]), int(found[3])), MADRID)
    return at if at > here else at + timedelta(days=7)


@verb("freeze", {"at": "at this instant, not before now; by default now"})
def freeze(world: World, wanted: Given) -> dict[str, Any]:
    """Let the clock stand."""
    at = wanted.moment("at", world.clock())
    if at is not None:
        ran = move(world, at, freezes=True)
        return world.clock.line | ran
    moving.freeze(world)
    return world.clock.line


@verb("thaw", {})
def thaw(world: World, wanted: Given) -> dict[str, Any]:  # noqa: ARG001
    """Let the clock go on."""
    moving.thaw(world)
    return world.clock.line


@verb(
    "outage",
    {
        "from": "since when: an instant, or how far from now (`-PT13H`); by default now",
        "to": "until when; by default it lasts",
        "reason": "why",
    },
)
def outage(world: World, wanted: Given) -> dict[str, Any]:
    """Declare that the service could not be reached, as the operator; deadlines move as they must."""
    now = world.clock()
    starts, ends = wanted.moment("from", now) or now, wanted.moment("to", now)
    reason = wanted.text("reason") or _REASON
    with world.using(takes_long=True) as office:
        with writing(office.engine) as session:
            row = declare_outage(
                session,
                started_at=starts,
                ended_at=ends,
                reason=reason,
                declared_by=ISSUER[0],
                now=now,
                hours_add_up=office.outage_hours_add_up,
            )
            said = _outage(row)
        return said | {"moved": recompute_deadlines(office.engine, now=now, sweeping=_sweeping(world))}


@verb("close-outage", {"outage": "its id", "at": "when it ended; by default now"})
def close(world: World, wanted: Given) -> dict[str, Any]:
    """Tell when an outage ended; deadlines move as they must."""
    now, identifier = world.clock(), wanted.need_uuid("outage")
    at = wanted.moment("at", now) or now
    with world.using(takes_long=True) as office:
        adds_up = office.outage_hours_add_up
        with writing(office.engine) as session:
            said = _outage(close_outage(session, identifier, ended_at=at, now=now, hours_add_up=adds_up))
        return said | {"moved": recompute_deadlines(office.engine, now=now, sweeping=_sweeping(world))}


def _sweeping(world: World) -> Sweeping:
    return Sweeping.by(world.settings)


def _outage(row: OutageRow) -> dict[str, Any]:
    ends = None if row.ended_at is None else instant_text(row.ended_at)
    return {"id": str(row.id), "started_at": instant_text(row.started_at), "ended_at": ends}
