"""Sweeps in a thread of a sandbox's worker, so that what lapses there gets its receipt by itself."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import structlog

from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.seals import load_seal
from notigateway.expiry import Sweeping, sweep
from notigateway.repository.engine import create_database

if TYPE_CHECKING:
    from notigateway.settings import Settings

_STOP_SECONDS: Final = 15.0

_log = structlog.get_logger("notigateway.sweep")


class Sweeper:
    """Sweeps every so many seconds until it is stopped; made in the worker, after the fork.

    Each worker may have one: sweeps share the work, and one that is cut off leaves nothing half.
    """

    def __init__(self, settings: Settings, *, every_seconds: float) -> None:
        self._seal = load_seal(settings)
        self._engine = create_database(
            settings.database_url, pool_size=1, timeout_seconds=settings.database_timeout_seconds
        )
        self._sweeping = Sweeping.by(settings)
        self._every_seconds = every_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin with a sweep."""
        self._thread.start()

    def stop(self) -> None:
        """Let a sweep that runs end, for some seconds; then close the database."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)
        self._engine.dispose()

    def _run(self) -> None:
        """Sweep and wait; trouble of the database is for the next time."""
        while True:
            try:
                swept = sweep(self._engine, seal=self._seal, now=datetime.now(UTC), sweeping=self._sweeping)
                if any(asdict(swept).values()):
                    _log.info("swept", **asdict(swept))
            except TemporarilyUnavailableError as error:
                _log.warning("sweep_failed", code=error.code, detail=error.detail)
            if self._stopping.wait(self._every_seconds):
                return
