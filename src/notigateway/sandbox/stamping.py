"""Time-stamps receipts in a thread of a sandbox's worker, with the sandbox's own authority beside it."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import structlog

from notigateway.errors import TemporarilyUnavailableError
from notigateway.repository.engine import create_database
from notigateway.stamping import Authority, stamp

if TYPE_CHECKING:
    from notigateway.settings import Settings

_STOP_SECONDS: Final = 15.0
# Then the stop is looked at again.
_AT_MOST: Final = 200

_log = structlog.get_logger("notigateway.timestamp")


class Stamper:
    """Asks for time-stamps every so many seconds until it is stopped; made in the worker, after the fork."""

    def __init__(self, settings: Settings, authority: Authority, *, every_seconds: float) -> None:
        self._authority = authority
        self._batch_size = settings.timestamp_batch_size
        self._engine = create_database(
            settings.database_url, pool_size=1, timeout_seconds=settings.database_timeout_seconds
        )
        self._every_seconds = every_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="stamper", daemon=True)

    def start(self) -> None:
        """Begin, after the first wait."""
        self._thread.start()

    def stop(self) -> None:
        """Let a batch that runs end, for some seconds; then close the database."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)
        self._engine.dispose()

    def _run(self) -> None:
        """Wait and ask; trouble is for the next time."""
        while not self._stopping.wait(self._every_seconds):
            try:
                done = stamp(
                    self._engine,
                    authority=self._authority,
                    now=datetime.now(UTC),
                    batch_size=self._batch_size,
                    most=_AT_MOST,
                )
                if done.stamped or done.checkpoints or done.failed:
                    _log.info(
                        "stamped",
                        stamped=done.stamped,
                        checkpoints=done.checkpoints,
                        failed=done.failed,
                        waiting=done.waiting,
                    )
            except TemporarilyUnavailableError as error:
                _log.warning("stamping_failed", code=error.code, detail=error.detail)
