"""Signs checkpoints in a thread of a sandbox's worker, so that its log has a head that is never old."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import structlog

from notigateway.errors import TemporarilyUnavailableError
from notigateway.evidence.seals import load_seal
from notigateway.ledger import advance
from notigateway.repository.engine import create_database

if TYPE_CHECKING:
    from notigateway.settings import Settings

_STOP_SECONDS: Final = 15.0

_log = structlog.get_logger("notigateway.checkpoint")


class Checkpointer:
    """Advances the log every so many seconds until it is stopped; made in the worker, after the fork.

    Each worker may have one: whoever comes second finds nothing to do.
    """

    def __init__(self, settings: Settings, *, every_seconds: float) -> None:
        self._seal = load_seal(settings)
        self._engine = create_database(
            settings.database_url, pool_size=1, timeout_seconds=settings.database_timeout_seconds
        )
        self._origin = settings.log_origin
        self._every_seconds = every_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="checkpointer", daemon=True)

    def start(self) -> None:
        """Begin; the first checkpoint comes after the first interval."""
        self._thread.start()

    def stop(self) -> None:
        """Let what runs end, for some seconds; then close the database."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)
        self._engine.dispose()

    def _run(self) -> None:
        """Wait and advance; trouble of the database is for the next time."""
        while not self._stopping.wait(self._every_seconds):
            try:
                advance(self._engine, seal=self._seal, origin=self._origin, now=datetime.now(UTC))
            except TemporarilyUnavailableError as error:
                _log.warning("checkpoint_failed", code=error.code, detail=error.detail)
