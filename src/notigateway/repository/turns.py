"""Turns: who writes to SQLite, thread after thread in the order of their coming.

SQLite has one writer and no queue: who finds it busy sleeps, up to a tenth of a second, and looks again.
Among many threads somebody is always awake earlier, so that one who waits long is overtaken without end.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.time_left import at_most

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """A lock of one process that is handed to the waiting in the order of their coming."""

    def __init__(self, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self._lock = Lock()
        self._is_taken = False
        self._waiting: deque[Lock] = deque()

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Wait for one's turn and keep it for the length of the context; give the seconds that are left.

        They are for the file's own lock, which another process may hold: both are one wait for who writes.

        Raises: `TemporarilyUnavailableError` when it does not come in time.
        """
        end = time.monotonic() + at_most(self.timeout_seconds)
        if not self._take():
            raise TemporarilyUnavailableError("the turn to write did not come in time", part=Part.DATABASE)
        try:
            yield max(0.0, end - time.monotonic())
        finally:
            self._hand_over()

    def _take(self) -> bool:
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            if mine.acquire(timeout=at_most(self.timeout_seconds)):
                return True
        except BaseException:
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                else:
                    self._give()  # it was handed over at the last moment, to nobody
            raise
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # it was handed over at the last moment

    def _hand_over(self) -> None:
        with self._lock:
            self._give()

    def _give(self) -> None:
        """Hand the turn to who has waited longest; the lock is held."""
        if self._waiting:
            self._waiting.popleft().release()
        else:
            self._is_taken = False
