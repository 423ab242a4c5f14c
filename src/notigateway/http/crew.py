"""The threads of a worker: who has one, who waits for one, and whether a newcomer would.

While all of them have a request, newcomers stay in the system's queue, where another worker takes them: a
thread that waits for what hangs holds up nobody but its own caller. A worker that is only busy ends requests
all the time, and lets one newcomer in for each, so whoever keeps a connection does not shut the others out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.logger import Logger

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable
    from concurrent.futures import Executor
    from concurrent.futures import Future as Job

Made = TypeVar("Made")

_log = Logger("notigateway.http")

# Whoever has a connection already waits that long while no request ends: then none will soon.
STALL_SECONDS: Final = 10.0
# And in all, where the application does not say how long a request may wait.
WAIT_SECONDS: Final = 25.0


class Crew:
    """Hands whole requests to threads, in the order of their coming."""

    def __init__(
        self,
        threads: Executor,
        count: int,
        *,
        stall_seconds: float = STALL_SECONDS,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._threads = threads
        self._count = count
        self._stall_seconds = stall_seconds
        self._wait_seconds = wait_seconds
        # Requests that have a thread or wait for one.
        self._wanted = 0
        # Newcomers that may come in although all threads are busy.
        self._due = 0
        self._came_free = 0.0
        self._when_free: list[Callable[[], None]] = []

    @property
    def has_room(self) -> bool:
        """Tell whether a newcomer would be answered soon."""
        return self._wanted < self._count or self._due > 0

    def enter(self) -> None:
        """Note that a newcomer has come in."""
        self._due = max(0, self._due - 1)

    def when_free(self, tell: Callable[[], None]) -> None:
        """Tell it when a thread has come free, once."""
        self._when_free.append(tell)

    def run(self, call: Callable[[], Made]) -> Future[Made]:
        """Have a thread make an answer, or a piece of one; cancelled where none came free in time."""
        loop = asyncio.get_running_loop()
        job = self._threads.submit(call)
        made = asyncio.wrap_future(job, loop=loop)
        self._wanted += 1
        made.add_done_callback(self._end)
        if self._wanted > self._count:
            self._look_later(made, job, loop.time(), min(self._stall_seconds, self._wait_seconds))
        return made

    def _look_later(self, made: Future[Any], job: Job[Any], began: float, seconds: float) -> None:
        """Look after a request then, unless it is done before: the timer would hold its answer."""
        timer = asyncio.get_running_loop().call_later(seconds, self._look_after, made, job, began)
        made.add_done_callback(lambda _: timer.cancel())

    def _end(self, made: Future[Any]) -> None:
        self._wanted -= 1
        if not made.cancelled():
            self._came_free = asyncio.get_running_loop().time()
            self._due += 1
        self._due = min(self._due, self._count) if self._wanted >= self._count else 0
        waiting, self._when_free = self._when_free, []
        for tell in waiting:
            tell()

    def _look_after(self, made: Future[Any], job: Job[Any], began: float) -> None:
        """Let go of a request that has waited too long for a thread."""
        if job.running() or job.done():
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        left = min(
            self._stall_seconds - (now - max(began, self._came_free)), self._wait_seconds - (now - began)
        )
        if left > 0:
            self._look_later(made, job, began, left)
        elif job.cancel():
            refusal = TemporarilyUnavailableError("no thread came free in time", part=Part.THREADS)
            _log.warning("request_refused", **refusal.line)
