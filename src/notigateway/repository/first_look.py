"""The first look at the database: whether it is there, and at a schema that this version can work with.

A process may begin to serve before its database does. Until the look has succeeded, every request is
refused as one that may be repeated; then it costs nothing any more, unless an error casts doubt on it.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.logger import Logger
from notigateway.repository.troubles import is_of_another_schema

if TYPE_CHECKING:
    from collections.abc import Callable

_log = Logger("notigateway.database")
# Service is back that soon after the database, and whoever asks meanwhile costs it nothing.
_AGAIN_SECONDS: Final = 1.0


class FirstLook:
    """Looks until it has seen; safe between threads, of which one at a time looks."""

    def __init__(self, look: Callable[[], None], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`look` raises `ConfigurationError` or `TemporarilyUnavailableError` for what it misses."""
        self._look = look
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._missed: str | None = None
        self._looked_at = 0.0
        self.has_succeeded = False

    def insist(self) -> None:
        """Look now, and fail as the look does.

        Raises: `ConfigurationError`, `TemporarilyUnavailableError`.
        """
        self._look()
        self.has_succeeded = True

    def check(self) -> None:
        """Check that the database was seen; look for it where it was not, at most every second.

        An old schema is waited for like a database that is away: `notigateway migrate` brings it.

        Raises: `TemporarilyUnavailableError`.
        """
        if self.has_succeeded:
            return
        if self._lock.acquire(blocking=False):
            try:
                self._look_again()
            finally:
                self._lock.release()
        if not self.has_succeeded:
            detail = self._missed or "the database is looked for"
            raise TemporarilyUnavailableError(detail, part=Part.DATABASE)

    def doubt(self, error: Exception) -> TemporarilyUnavailableError | None:
        """Look again after an error that an older schema brings, as one that was restored from a backup.

        Returns what is refused from then on; None where it is something else.
        """
        if not is_of_another_schema(error):
            return None
        try:
            self._look()
        except (ConfigurationError, TemporarilyUnavailableError) as missed:
            self._missed, self._looked_at = missed.detail, self._monotonic()
            self.has_succeeded = False
            _log.warning("database_not_ready", **missed.line)
            return TemporarilyUnavailableError(missed.detail, part=Part.DATABASE)
        return None

    def _look_again(self) -> None:
        now = self._monotonic()
        if self.has_succeeded or (self._missed is not None and now - self._looked_at < _AGAIN_SECONDS):
            return
        try:
            self.insist()
        except (ConfigurationError, TemporarilyUnavailableError) as error:
            if error.detail != self._missed:
                _log.warning("database_not_ready", **error.line)
            self._missed = error.detail
        else:
            if self._missed is not None:
                _log.info("database_ready")
        self._looked_at = self._monotonic()
