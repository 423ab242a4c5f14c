"""How long a request may still wait for others: one deadline for everything that it waits for.

Whoever answers a request says at its beginning until when (`bounded`). Whatever then waits for something
that others hold (the document store, the turn to write, a connection of the pool) asks `at_most` how long:
its own bound, or less where less is left. So three hanging things cost a caller one deadline, not three:

    if not lock.acquire(timeout=at_most(30)):
        raise TemporarilyUnavailableError("…", part=Part.DATABASE)

0 says not to wait at all. Outside of a request, in a command or a job, the own bound counts alone. A thread
that works for a request does not inherit this: it is handed the number of seconds. The law's deadlines are
another thing, in `law/deadlines.py`.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# When the request must be answered, by the clock that nobody sets.
_end: ContextVar[float | None] = ContextVar("notigateway_time_left", default=None)


@contextmanager
def bounded(seconds: float, *, since: float | None = None) -> Iterator[None]:
    """Let everything within wait until so long after `since`, an instant of `time.monotonic`; now if None.

    A bound within another one never prolongs it.
    """
    end = (time.monotonic() if since is None else since) + seconds
    outer = _end.get()
    token = _end.set(end if outer is None else min(end, outer))
    try:
        yield
    finally:
        _end.reset(token)


def at_most(seconds: float) -> float:
    """Return how long may be waited now: that long, or what is left of the request; never below 0."""
    end = _end.get()
    return seconds if end is None else max(0.0, min(seconds, end - time.monotonic()))
