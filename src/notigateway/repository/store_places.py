"""Places at the document store: as many requests as may wait for it at the same moment, fewer than threads.

A store that hangs or is slow for ever would have all threads of a worker wait for it, and who wants no
document would hear nothing either. So each question of a request takes a place. Whoever finds none waits a
moment for it, in all of its questions together: a store that answers gives places back all the time. Where
none came in that moment, the next is refused without waiting, until one does.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, Final

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.store_threads import too_late
from notigateway.time_left import at_most, is_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

# One thread of the four that conf/gunicorn.conf.py gives to a worker is left to who needs no document; a
# worker with another number says so (`DocumentStore.leave_a_thread`).
PLACES: Final = 3
_WAIT_SECONDS: Final = 2.0
_NO_PLACE: Final = "too many wait for it"


class Visit:
    """What one request asks of the store: how long it may still wait for a place."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


_visit: ContextVar[Visit | None] = ContextVar("notigateway_store_visit", default=None)


class StorePlaces:
    """A few places, given in the order of asking; outside of a request nobody needs one."""

    def __init__(self, count: int = PLACES, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._free = count
        self._wait_seconds = wait_seconds
        self._lock = Lock()
        self._waiting: deque[Lock] = deque()
        # Who waited last got none, and none has come free since.
        self._is_stuck = False

    @contextmanager
    def visit(self) -> Iterator[Visit]:
        """Let everything within wait once for places; a visit within another one is that one."""
        outer = _visit.get()
        if outer is not None:
            yield outer
            return
        visit = Visit(self._wait_seconds)
        token = _visit.set(visit)
        try:
            yield visit
        finally:
            _visit.reset(token)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Have a place meanwhile. Raises: `TemporarilyUnavailableError` where none comes free in time."""
        if not is_bounded():
            yield
            return
        with self.visit() as visit:
            self._take(visit)
        try:
            yield
        finally:
            self._give_back()

    def _take(self, visit: Visit) -> None:
        with self._lock:
            if self._free > 0:
                self._free -= 1
                return
            if self._is_stuck or visit.seconds <= 0:
                raise _no_place()
            given = Lock()
            given.acquire()
            self._waiting.append(given)
        began = time.monotonic()
        if given.acquire(timeout=at_most(visit.seconds)):
            visit.seconds -= time.monotonic() - began
            return
        with self._lock:
            if given in self._waiting:  # else it was given at the last moment
                self._waiting.remove(given)
                self._is_stuck = time.monotonic() - began >= self._wait_seconds / 2
                visit.seconds = 0
                raise too_late(_NO_PLACE)

    def _give_back(self) -> None:
        """Give the place to who has waited longest, or keep it for the next."""
        with self._lock:
            self._is_stuck = False
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1


def _no_place() -> TemporarilyUnavailableError:
    return TemporarilyUnavailableError(f"document store: {_NO_PLACE}", part=Part.STORE)
