"""What an operator's timers do elsewhere, in threads of a sandbox's worker; by the clock of each world.

Made in the worker, after the fork. Each worker may have one of each: they share the work, and one that is
cut off leaves nothing half.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final, Self

from notigateway.clock.runs import INCOMPLETE, Done
from notigateway.errors import GatewayError
from notigateway.jobs import (
    Sealing,
    Standing,
    checkpointing,
    noticing,
    pushing,
    refreshing,
    stamping,
    sweeping,
)
from notigateway.logger import Logger
from notigateway.repository.engine import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.settings import Settings

    Work = Callable[[Engine, datetime], Done]

REFRESH_SECONDS: Final = 30.0
NOTICES_SECONDS: Final = 5.0
PUSH_SECONDS: Final = 2.0
_STOP_SECONDS: Final = 15.0
# How long a job waits for its turn before it looks whether it is to end.
_LOOK_SECONDS: Final = 0.1

_log = Logger("notigateway.job")


@dataclass(frozen=True, slots=True)
class Every:
    """How often each worker does what an operator's timers do elsewhere; 0: never."""

    sweep_seconds: int = 0
    timestamp_seconds: int = 0
    checkpoint_seconds: float = 0


def _nothing(_engine: Engine, _now: datetime) -> Done:
    """Do what is due where nothing ever is."""
    return Done({})


@dataclass(frozen=True, slots=True)
class Works:
    """What is done from time to time in one world, each by an instant that it is given."""

    refresh: Work
    sweep: Work
    notices: Work
    push: Work
    stamp: Work
    checkpoint: Work

    @classmethod
    def by(cls, settings: Settings) -> Self:
        """Prepare them. Raises: `ConfigurationError`."""
        sealing = Sealing(lambda: settings)
        return cls(
            refresh=refreshing(settings),
            sweep=sweeping(settings, sealing),
            notices=noticing(settings),
            push=pushing(settings) if settings.pushes else _nothing,
            stamp=stamping(settings),
            checkpoint=checkpointing(settings, sealing),
        )


class Job:
    """Does its work every so many seconds, at once where it says that there is more, until it is stopped.

    `turn` is held meanwhile: whoever moves the clock does the work of all jobs, and none is done twice.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        engine: Engine,
        clock: Callable[[], datetime],
        *,
        turn: Lock,
        every_seconds: float,
        first_after: float | None = None,
        says: str = "",
    ) -> None:
        self._standing = Standing(name)
        self._says = says
        self._engine = engine
        self._clock = clock
        self._turn = turn
        self._work = work
        self._every_seconds = every_seconds
        self._first_after = every_seconds if first_after is None else first_after
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, with the first wait."""
        self._thread.start()

    def stop(self) -> None:
        """Let what runs end, for some seconds."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _takes_turn(self) -> bool:
        """Wait for the turn; who has it may be stopping the job, and waits for its end."""
        while not self._stopping.is_set():
            if self._turn.acquire(timeout=_LOOK_SECONDS):
                return True
        return False

    def _run(self) -> None:
        """Wait and work; trouble is for the next time."""
        pause = self._first_after
        while not self._stopping.wait(pause):
            pause = self._every_seconds
            if not self._takes_turn():
                return
            try:
                done = self._work(self._engine, self._clock())
            except GatewayError as error:
                self._standing.tell(**error.line)
                continue
            finally:
                self._turn.release()
            if done.left:
                self._standing.tell(code=INCOMPLETE, detail=done.words)
            else:
                self._standing.end()
            if self._says and any(count for name, count in done.said.items() if name != "waiting"):
                _log.info(self._says, **done.said)
            if done.is_more:
                pause = 0


def jobs_of(
    works: Works, engine: Engine, clock: Callable[[], datetime], *, every: Every, turn: Lock, is_first: bool
) -> list[Job]:
    """Return the jobs of a world. Of several workers the first one pushes, so that nothing comes twice."""

    def job(name: str, work: Work, seconds: float, *, first: float | None = None, says: str = "") -> Job:
        return Job(name, work, engine, clock, turn=turn, every_seconds=seconds, first_after=first, says=says)

    wanted = [
        job("refresher", works.refresh, REFRESH_SECONDS),
        job("noticer", works.notices, NOTICES_SECONDS),
    ]
    if every.timestamp_seconds:
        wanted.append(job("stamper", works.stamp, every.timestamp_seconds, says="stamped"))
    if every.sweep_seconds:
        wanted.append(job("sweeper", works.sweep, every.sweep_seconds, first=0, says="swept"))
    if every.checkpoint_seconds:
        wanted.append(job("checkpointer", works.checkpoint, every.checkpoint_seconds))
    if is_first:
        wanted.append(job("pusher", works.push, PUSH_SECONDS))
    return wanted


def refresh_once(settings: Settings, now: datetime) -> None:
    """Take in what is there, before the first request asks for it."""
    with connected(settings) as engine:
        refreshing(settings)(engine, now)
