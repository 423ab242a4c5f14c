"""What an operator's timers do elsewhere, in threads of a sandbox's worker.

Made in the worker, after the fork. Each worker may have one of each: they share the work, and one that is
cut off leaves nothing half.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

from notigateway.clock.runs import INCOMPLETE
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
from notigateway.repository.engine import connected, create_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from notigateway.clock.runs import Done
    from notigateway.settings import Settings

_REFRESH_SECONDS: Final = 30.0
_NOTICES_SECONDS: Final = 5.0
_STOP_SECONDS: Final = 15.0
_PUSH_SECONDS: Final = 2.0

_log = Logger("notigateway.job")


class Job:
    """Does its work every so many seconds, at once where it says that there is more, until it is stopped."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        work: Callable[[Engine, datetime], Done],
        *,
        every_seconds: float,
        first_after: float | None = None,
        says: str = "",
    ) -> None:
        self._standing = Standing(name)
        self._says = says
        self._engine = create_database(
            settings.database_url, pool_size=1, timeout_seconds=settings.database_timeout_seconds
        )
        self._work = work
        self._every_seconds = every_seconds
        self._first_after = every_seconds if first_after is None else first_after
        self._stopping = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin, with the first wait."""
        self._thread.start()

    def stop(self) -> None:
        """Let what runs end, for some seconds; then close the database."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)
        self._engine.dispose()

    def _run(self) -> None:
        """Wait and work; trouble is for the next time."""
        pause = self._first_after
        while not self._stopping.wait(pause):
            pause = self._every_seconds
            try:
                done = self._work(self._engine, datetime.now(UTC))
            except GatewayError as error:
                self._standing.tell(**error.line)
                continue
            if done.left:
                self._standing.tell(code=INCOMPLETE, detail=done.words)
            else:
                self._standing.end()
            if self._says and any(count for name, count in done.said.items() if name != "waiting"):
                _log.info(self._says, **done.said)
            if done.is_more:
                pause = 0


def sweeper(settings: Settings, *, every_seconds: float) -> Job:
    """Write the receipts of what lapses; begins with a sweep."""
    work = sweeping(settings, Sealing(lambda: settings))
    return Job("sweeper", settings, work, every_seconds=every_seconds, first_after=0, says="swept")


def stamper(settings: Settings, *, every_seconds: float) -> Job:
    """Ask the authority for the time-stamps that are due."""
    return Job("stamper", settings, stamping(settings), every_seconds=every_seconds, says="stamped")


def noticer(settings: Settings) -> Job:
    """Write the notices that are due into their folder."""
    return Job("noticer", settings, noticing(settings), every_seconds=_NOTICES_SECONDS)


def pusher(settings: Settings) -> Job:
    """Push what has changed; of one worker, so that nothing comes twice where nothing fails."""
    return Job("pusher", settings, pushing(settings), every_seconds=_PUSH_SECONDS)


def checkpointer(settings: Settings, *, every_seconds: float) -> Job:
    """Sign checkpoints, so that the log has a head that is never old."""
    work = checkpointing(settings, Sealing(lambda: settings))
    return Job("checkpointer", settings, work, every_seconds=every_seconds)


def refresher(settings: Settings) -> Job:
    """Refresh trust: a list dropped in its folder counts within seconds. `refresh_once` goes before."""
    return Job("refresher", settings, refreshing(settings), every_seconds=_REFRESH_SECONDS)


def refresh_once(settings: Settings, now: datetime) -> None:
    """Take in what is there, before the first request asks for it."""
    with connected(settings) as engine:
        refreshing(settings)(engine, now)
