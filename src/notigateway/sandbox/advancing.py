"""Moves the clock of a world ahead: what an operator's timers would have done meanwhile is done, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import GatewayError
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from notigateway.clock.runs import Done
    from notigateway.sandbox.clock import WorldClock
    from notigateway.sandbox.jobs import Work, Works

# Beyond so many days a sweep a week will do: when its receipt is written moves no deadline.
_DAILY_FOR: Final = timedelta(days=400)
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
    days = timedelta(days=1 if end - start <= _DAILY_FOR else 7)
    day = start.astimezone(MADRID).date()
    while True:
        for hour in sorted({0, digest_hour}):
            at = datetime.combine(day, time(hour, second=1), MADRID).astimezone(UTC)
            if at >= end:
                yield end
                return
            if at > start:
                yield at
        day += days


def advance(
    clock: WorldClock, end: datetime, *, works: Works, engine: Engine, digest_hour: int, stamps: bool
) -> Ran:
    """Move the clock to an instant ahead, step by step; return what was done.

    Whatever a job cannot do is told of its run, as in the log of an operator; the clock arrives all the same.
    """
    ran = Ran()
    for at in steps(clock(), end, digest_hour=digest_hour):
        clock.move_to(at, is_on_the_way=at < end)
        for name, work in (("sweep", works.sweep), ("notices", works.notices), ("push", works.push)):
            _run(name, work, engine, at, ran=ran)
    last = [("refresh", works.refresh), ("checkpoint", works.checkpoint)]
    for name, work in [*last[:1], *([("stamp", works.stamp)] if stamps else []), *last[1:]]:
        _run(name, work, engine, end, ran=ran)
    return ran


def _run(name: str, work: Work, engine: Engine, at: datetime, *, ran: Ran) -> None:
    for _ in range(_ROUNDS_AT_MOST):
        try:
            done = work(engine, at)
        except GatewayError as error:
            left = [f"{error.code}: {error.detail}"]
            ran.runs.append({"job": name, "at": instant_text(at), "said": {}, "left": left})
            return
        ran.add(name, at, done)
        if not done.is_more:
            return
