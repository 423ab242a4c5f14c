"""How long a request may still wait for others: one deadline for everything that it waits for.

Whoever answers a request says at its beginning until when (`bounded`). Whatever then waits for something
that others hold (the document store, the turn to write, a connection of the pool) asks `at_most` how long:
its own bound, or less where less is left. So three hanging things cost a caller one deadline, not three:

    if not lock.acquire(timeout=at_most(30)):
        raise TemporarilyUnavailableError("…", part=Part.DATABASE)

0 says not to wait at all. Whoever is waited for within `waiting` has its part of the time counted, and
`is_due` tells whether that was enough to blame it where no time is left: others may have used it up.

Outside of a request, in a command or a job, the own bound counts alone. A thread that works for a request
does not inherit this: it is handed the number of seconds. The law's deadlines are another thing, in
`law/deadlines.py`.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# No request may have longer, whatever the operator sets.
LONGEST_SECONDS = 300
# What an answer takes at most where all is well; of a request that has little time, half of it.
_FAIR_SECONDS = 1.0


@dataclass(slots=True)
class _Span:
    """Since when it is counted, and when the request must be answered, by the clock that nobody sets.

    `waits` has what each was waited for; where somebody is waited for now, the beginning is taken off.
    """

    begin: float
    end: float
    waits: dict[str, float] = field(default_factory=dict)


_span: ContextVar[_Span | None] = ContextVar("notigateway_time_left", default=None)


@contextmanager
def bounded(seconds: float, *, since: float | None = None) -> Iterator[None]:
    """Let everything within wait until so long after `since`, an instant of `time.monotonic`; now if None.

    A bound within another one never prolongs it.
    """
    begin = time.monotonic() if since is None else since
    outer = _span.get()
    end = begin + seconds
    token = _span.set(_Span(begin, end if outer is None else min(end, outer.end)))
    try:
        yield
    finally:
        _span.reset(token)


def at_most(seconds: float, *, share: float = 1.0) -> float:
    """Return how long may be waited now: that long, or what is left of the request; never below 0.

    `share` is for who is not the last to wait: of the whole time it leaves the rest to what must follow.
    """
    span = _span.get()
    if span is None:
        return seconds
    return max(0.0, min(seconds, span.begin + share * (span.end - span.begin) - time.monotonic()))


def is_bounded() -> bool:
    """Tell whether somebody waits for an answer: within a request, not in a command or a job."""
    return _span.get() is not None


@contextmanager
def waiting(whom: str) -> Iterator[None]:
    """Count what passes within as time that was waited for somebody; not to be nested."""
    span = _span.get()
    if span is None:
        yield
        return
    span.waits[whom] = span.waits.get(whom, 0.0) - time.monotonic()
    try:
        yield
    finally:
        span.waits[whom] += time.monotonic()


def is_due(whom: str) -> bool:
    """Tell, within `waiting`, whether somebody has had a fair part of the time, all waits together.

    Where it had less and no time is left, it was not slow: it was hardly asked.
    """
    span = _span.get()
    if span is None:
        return True
    fair = min(_FAIR_SECONDS, (span.end - span.begin) / 2)
    return span.waits.get(whom, 0.0) + time.monotonic() >= fair
