"""Refreshes trust in a thread of a sandbox's worker: a list dropped in its folder counts within seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING, Final

import structlog

from notigateway.errors import GatewayError
from notigateway.issuers import load_trust
from notigateway.refreshing import Sources, refresh
from notigateway.repository.engine import create_database

if TYPE_CHECKING:
    from notigateway.settings import Settings

EVERY_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 15.0

_log = structlog.get_logger("notigateway.trust")


def refresh_once(settings: Settings, now: datetime) -> None:
    """Take in what is there, before the first request asks for it."""
    engine = create_database(
        settings.database_url, pool_size=1, timeout_seconds=settings.database_timeout_seconds
    )
    try:
        refresh(
            engine, load_trust(settings, engine, now=now, for_refreshing=True), Sources.by(settings), now=now
        )
    finally:
        engine.dispose()


class Refresher:
    """Refreshes every so many seconds until it is stopped; made in the worker, after the fork."""

    def __init__(self, settings: Settings, *, every_seconds: float = EVERY_SECONDS) -> None:
        self._settings = settings
        self._every_seconds = every_seconds
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="refresher", daemon=True)

    def start(self) -> None:
        """Begin; the first refresh comes after the first wait, since `refresh_once` went before."""
        self._thread.start()

    def stop(self) -> None:
        """Let a refresh that runs end, for some seconds."""
        self._stopping.set()
        self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        """Wait and refresh; trouble is for the next time."""
        while not self._stopping.wait(self._every_seconds):
            try:
                refresh_once(self._settings, datetime.now(UTC))
            except GatewayError as error:
                _log.warning("refresh_failed", code=error.code, detail=error.detail)
