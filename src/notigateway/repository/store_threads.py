"""Threads that ask the document store, so that nobody else waits for it longer than he wants.

A call into a file system that hangs cannot be ended: the thread that made it is gone until the system comes
back. So a request never makes it itself. It waits for as long as it has, then leaves the thread behind;
while all of them are left behind, whoever comes next is told so at once.
"""

from __future__ import annotations

from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.time_left import is_due

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

# As many as `notigateway publish` stores at once, and twice the threads of a worker.
THREADS: Final = 8


class StoreThreads:
    """A few threads, started as they are needed; the process ends without waiting for them."""

    def __init__(self, count: int = THREADS) -> None:
        self._count = count
        self._lock = Lock()
        self._calls: SimpleQueue[_Call[Any]] = SimpleQueue()
        self._started = 0
        # Calls that are waited for, calls that nobody waits for any more and that have not come back.
        self._wanted = 0
        self._left_behind = 0

    def run(self, work: Callable[[], Result], *, seconds: float) -> Result:
        """Return what the work returns; in no time nothing is asked.

        Raises: what it raises; `TemporarilyUnavailableError`.
        """
        if seconds <= 0:
            raise too_late("no answer in time")
        call = _Call(work)
        try:
            self._begin(call)
            if not call.is_over.acquire(timeout=seconds) and self._leave(call):
                raise too_late("no answer in time")
            return call.result()
        finally:
            del call  # an error that it raised would hold it, and it the error

    def _begin(self, call: _Call[Result]) -> None:
        with self._lock:
            if self._left_behind >= self._count:
                raise TemporarilyUnavailableError("document store: nothing it is asked ends", part=Part.STORE)
            self._wanted += 1
            if self._started < min(self._count, self._wanted + self._left_behind):
                self._started += 1
                Thread(target=self._serve, name="document-store", daemon=True).start()
        self._calls.put(call)

    def _leave(self, call: _Call[Result]) -> bool:
        """Wait for a call no longer; False where it ended at the last moment."""
        with self._lock:
            if call.has_ended:
                return False
            self._wanted -= 1
            call.is_left = True
            self._left_behind += call.has_begun
            return True

    def _serve(self) -> None:
        while True:
            call = self._calls.get()
            with self._lock:
                if call.is_left:
                    continue
                call.has_begun = True
            call.make()
            with self._lock:
                self._end(call)
            call.is_over.release()
            del call  # what it returned may be large

    def _end(self, call: _Call[Any]) -> None:
        call.has_ended = True
        if call.is_left:
            self._left_behind -= 1
        else:
            self._wanted -= 1


def too_late(detail: str) -> TemporarilyUnavailableError:
    """Return what is said when the time is over: the store's fault only where it has had some of it."""
    if is_due(Part.STORE):
        return TemporarilyUnavailableError(f"document store: {detail}", part=Part.STORE)
    return TemporarilyUnavailableError("document store: others had used up the request's time")


class _Call(Generic[Result]):
    """One piece of work, and what came of it."""

    def __init__(self, work: Callable[[], Result]) -> None:
        self._work = work
        self._result: list[Result] = []
        self._error: BaseException | None = None
        self.is_over = Lock()
        self.is_over.acquire()
        self.has_begun = self.has_ended = self.is_left = False

    def make(self) -> None:
        """Do the work."""
        try:
            self._result.append(self._work())
        except BaseException as error:  # noqa: BLE001  (raised again where it is waited for)
            self._error = error

    def result(self) -> Result:
        """Return what came of it. Raises: what the work has raised."""
        if self._error is not None:
            raise self._error
        return self._result[0]
