"""Moves the clock of a world ahead: what an operator's timers would have done meanwhile is done, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import GatewayError
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID
from notigateway.repository.engine import reading
from notigateway.repository.overview import look_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from notigateway.clock.runs import Done
    from notigateway.repository.overview import Awaited
    from notigateway.sandbox.clock import WorldClock
    from notigateway.sandbox.jobs import Work, Works

_ROUNDS_AT_MOST: Final = 1_000


@dataclass(slots=True)
class Ran:
    """What was done on the way, run by run; runs that found nothing are left out."""

    runs: list[dict[str, Any]] = field(default_factory=list)
    lapsed: int = 0

    def add(self, job: str, at: datetime, done: Done) -> None:
        """Note a run."""
        if job == "sweep":
            self.lapsed += int(str(done.said.get("lapsed", 0)))
        if any(done.said.values()) or done.left:
            said = {"job": job, "at": instant_text(at), "said": done.said}
            self.runs.append(said | ({"left": list(done.left)} if done.left else {}))


def steps(start: datetime, end: datetime, *, digest_hour: int) -> Iterator[datetime]:
    """Yield when something may be due: past each midnight in Madrid, at the hour of digests, at the end."""
    day = start.astimezone(MADRID).date()
    while True:
        for hour in sorted({0, digest_hour}):
            at = datetime.combine(day, time(hour, second=1), MADRID).astimezone(UTC)
            if at >= end:
                yield end
                return
            if at > start:
                yield at
        day += timedelta(days=1)


def advance(
    clock: WorldClock, end: datetime, *, works: Works, engine: Engine, digest_hour: int, stamps: bool
) -> Ran:
    """Move the clock to an instant ahead, step by step; return what was done.

    What waits to be told is told before; afterwards where a sweep has found something, at the hour of
    digests, and at the end. Whatever a job cannot do is told of its run, as in the log of an operator; the
    clock arrives all the same.
    """
    ran, start = Ran(), clock()
    awaited = _tell(works, engine, start, ran=ran)
    for at in steps(start, end, digest_hour=digest_hour):
        if at < end and awaited.is_nothing_until(at):
            continue
        clock.move_to(at)
        awaited = _look(engine, at)
        has_news = awaited.is_due and _run("sweep", works.sweep, engine, at, ran=ran)
        if has_news or at == end or at.astimezone(MADRID).hour == digest_hour:
            awaited = _tell(works, engine, at, ran=ran)
    stamping = [("stamp", works.stamp)] if stamps else []
    for name, work in [("refresh", works.refresh), *stamping, ("checkpoint", works.checkpoint)]:
        _run(name, work, engine, end, ran=ran)
    return ran


def _look(engine: Engine, at: datetime) -> Awaited:
    with reading(engine) as session:
        return look_ahead(session, at)


def _tell(works: Works, engine: Engine, at: datetime, *, ran: Ran) -> Awaited:
    """Send notices and pushes, where anybody is to get some; return what is awaited."""
    awaited = _look(engine, at)
    if awaited.has_contacts:
        _run("notices", works.notices, engine, at, ran=ran)
    if awaited.has_subscriptions:
        _run("push", works.push, engine, at, ran=ran)
    return awaited


def _run(name: str, work: Work, engine: Engine, at: datetime, *, ran: Ran) -> bool:
    """Do a work until there is no more of it; tell whether it has done anything."""
    before = len(ran.runs)
    for _ in range(_ROUNDS_AT_MOST):
        try:
            done = work(engine, at)
        except GatewayError as error:
            left = [f"{error.code}: {error.detail}"]
            ran.runs.append({"job": name, "at": instant_text(at), "said": {}, "left": left})
            break
        ran.add(name, at, done)
        if not done.is_more:
            break
    return len(ran.runs) > before
