"""How the clock of a world is moved: ahead with everything that is due, back where nothing has happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from notigateway.logger import Logger
from notigateway.pki.keys import load_certificates
from notigateway.repository.engine import reading
from notigateway.repository.overview import find_standing
from notigateway.sandbox.advancing import advance
from notigateway.sandbox.clock import Setting, machine_time
from notigateway.sandbox.refusals import (
    ClockRangeError,
    InvalidError,
    NotFreshError,
    NotHereError,
    UnknownError,
)
from notigateway.sandbox.remaking import reset

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.sandbox.world import World
    from notigateway.sandbox.worlds import Worlds

_log = Logger("notigateway.sandbox")
_AFTER: Final = timedelta(seconds=1)


def move(
    world: World, target: datetime | Callable[[datetime], datetime], *, freezes: bool = False
) -> dict[str, Any]:
    """Move the clock ahead, to an instant or to one that follows from what time it is; return what was done.

    Who moves it at the same time comes before or after. `freezes` has it stand there.

    Raises: `ClockRangeError`, `InvalidError`, `NotHereError`, `OccupiedError`.
    """
    check_own_clock(world)
    with world.turn, world.using(takes_long=True):
        settings, now = world.settings, world.clock()
        instant = target if isinstance(target, datetime) else target(now)
        check_reach(world, instant)
        if instant < now:
            raise InvalidError("that is in the past of this world")
        if freezes:
            world.clock.freeze()
        ran = advance(
            world.clock,
            instant,
            works=world.works,
            engine=world.jobs_engine,
            digest_hour=settings.notices_digest_hour,
            stamps=bool(settings.timestamp_authority_url),
        )
    return {"ran": ran.runs, "lapsed": ran.lapsed}


def freeze(world: World) -> None:
    """Let the clock stand. Raises: `NotHereError`, `OccupiedError`."""
    check_own_clock(world)
    with world.turn, world.looking():
        world.clock.freeze()


def thaw(world: World) -> None:
    """Let the clock go on from where it stands. Raises: `NotHereError`, `OccupiedError`."""
    check_own_clock(world)
    with world.turn, world.looking():
        world.clock.thaw()


def later(instant: datetime, ahead: timedelta) -> datetime:
    """Return the instant so much later. Raises: `ClockRangeError` beyond the calendar."""
    try:
        return instant + ahead
    except OverflowError as error:
        raise ClockRangeError("that is beyond the calendar") from error


def after_deadline(world: World, notification: str) -> datetime:
    """Return the instant at which a notification has lapsed and has its receipt.

    Raises: `UnknownError`, `InvalidError`.
    """
    try:
        identifier = UUID(notification)
    except ValueError as error:
        raise InvalidError("notification: its id expected") from error
    with world.looking() as office, reading(office.engine) as session:
        found = find_standing(session, identifier)
    if found is None:
        raise UnknownError("there is no notification of that id in this world")
    if found.deadline is None:
        raise InvalidError("notification: it has no deadline")
    return max(world.clock(), attested_by(world, found.deadline))


def attested_by(world: World, deadline: datetime) -> datetime:
    """Return when what lapses at a deadline has its receipt too, which waits for what may move deadlines."""
    return deadline + timedelta(seconds=world.settings.lapse_evidence_delay_seconds) + _AFTER


def set_back(worlds: Worlds, world: World, instant: datetime, *, reason: str | None) -> None:
    """Make a world in which nothing has happened anew at an earlier instant.

    Raises: `NotFreshError`, and what a reset raises.
    """
    check_own_clock(world)
    check_reach(world, instant)
    if not reason or not reason.strip():
        raise NotFreshError("a clock goes back for a reason only: say it")

    def check() -> None:
        if not world.is_fresh:
            raise NotFreshError("something has happened in this world: reset it first, or make another one")

    check()
    setting = world.clock.setting
    back = Setting(frozen_at=instant) if setting.frozen_at else Setting(instant - machine_time())
    reset(worlds, world, world.plan, setting=back, check=check)
    _log.info("clock_set_back", world=world.name, reason=" ".join(reason.split())[:200])


def check_own_clock(world: World) -> None:
    """Refuse where the time is told by somebody else. Raises: `NotHereError`."""
    if world.is_of_a_server:
        raise NotHereError("the database of this world has a clock of its own, by which all must go")


def check_reach(world: World, instant: datetime) -> None:
    """Refuse where no certificate of the sandbox is valid: nothing could be asked or answered there."""
    (root,) = load_certificates(world.pki.certificate("root"))
    if not root.not_valid_before_utc <= instant < root.not_valid_after_utc:
        raise ClockRangeError(
            f"the sandbox's certificates are valid from {root.not_valid_before_utc:%Y-%m-%d} to "
            f"{root.not_valid_after_utc:%Y-%m-%d}"
        )
