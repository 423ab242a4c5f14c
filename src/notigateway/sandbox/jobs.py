"""What an operator's timers do elsewhere, in threads of a sandbox's worker.

Made in the worker, after the fork. Each worker may have one of each: they share the work, and one that is
cut off leaves nothing half.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import structlog

from notigateway.errors import GatewayError
from notigateway.jobs import checkpointing, refreshing, stamping, sweeping
from notigateway.repository.engine import connected, create_database

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from notigateway.jobs import Done
    from notigateway.receipts.stamping import Authority
    from notigateway.settings import Settings

_REFRESH_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0

_log = structlog.get_logger("notigateway.job")


class Job:
    """Does its work every so many seconds, at once where it says that there is more, until it is stopped."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        work: Callable[[Engine], bool],
        *,
        every_seconds: float,
        first_after: float | None = None,
    ) -> None:
        self._name = name
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
                if self._work(self._engine):
                    pause = 0
            except GatewayError as error:
                _log.warning("job_failed", job=self._name, **error.line)


def sweeper(settings: Settings, *, every_seconds: float) -> Job:
    """Write the receipts of what lapses; begins with a sweep."""
    sweep = sweeping(settings, datetime.now(UTC))

    def work(engine: Engine) -> bool:
        swept = sweep(engine, datetime.now(UTC)).said
        if any(swept.values()):
            _log.info("swept", **swept)
        return False

    return Job("sweeper", settings, work, every_seconds=every_seconds, first_after=0)


def stamper(settings: Settings, authority: Authority, *, every_seconds: float) -> Job:
    """Ask the authority for the time-stamps that are due."""
    stamp = stamping(settings, authority)

    def work(engine: Engine) -> bool:
        done = stamp(engine, datetime.now(UTC))
        if done.said["stamped"] or done.said["checkpoints"] or done.said["failed"]:
            _log.info("stamped", **done.said)
        return done.is_more

    return Job("stamper", settings, work, every_seconds=every_seconds)


def checkpointer(settings: Settings, *, every_seconds: float) -> Job:
    """Sign checkpoints, so that the log has a head that is never old."""
    work = _plain(checkpointing(settings, datetime.now(UTC)))
    return Job("checkpointer", settings, work, every_seconds=every_seconds)


def refresher(settings: Settings) -> Job:
    """Refresh trust: a list dropped in its folder counts within seconds. `refresh_once` goes before."""
    return Job("refresher", settings, _plain(refreshing(settings)), every_seconds=_REFRESH_SECONDS)


def _plain(what: Callable[[Engine, datetime], Done]) -> Callable[[Engine], bool]:
    """Return work of which nothing is told."""

    def work(engine: Engine) -> bool:
        return what(engine, datetime.now(UTC)).is_more

    return work


def refresh_once(settings: Settings, now: datetime) -> None:
    """Take in what is there, before the first request asks for it."""
    with connected(settings) as engine:
        refreshing(settings)(engine, now)
