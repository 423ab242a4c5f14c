"""Forgets used-up messages as fast as they come: a little, beside the requests of a process.

What is forgotten can no longer be accepted, so nothing depends on when that happens but the size of a
table: the rate of messages times the time for which each is remembered, ten minutes longer than it is fresh.
Those without a Timestamp are looked at by the hour, and forgotten a day after the last certificate of their
key has ended.

What is old by a clock that has jumped ahead may be fresh again when it is set back. So after a jump nothing
is forgotten for as long as a message can be fresh: by then everything that there was is old by any clock.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from notigateway.repository.engine import reading, writing
from notigateway.repository.replay import forget_expired, newest_before
from notigateway.repository.undated import forget_undated

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

# Often and a little: at a thousand messages a second a run finds a thousand rows, and no request waits
# for more than one portion beyond the bound.
_EVERY: Final = timedelta(seconds=1)
_PORTION: Final = 1_000
_RUN_SECONDS: Final = 0.1
# Not at the instant until which it was fresh: a registered client's window may have the largest skew a little
# later (300 s), and another machine's clock be five minutes behind.
_LATER: Final = timedelta(seconds=300) + timedelta(minutes=5)
_UNDATED_EVERY: Final = timedelta(hours=1)
# Nobody prolongs a period that is over, whatever the clocks of other machines say.
_UNDATED_LATER: Final = timedelta(days=1)


# More than a clock that is kept right is moved at once, by little and little or in a leap second.
_JUMP_SECONDS: Final = 2.0


class Steadiness:
    """Tells whether a clock has gone with the one that nobody sets for so long that what is old is old."""

    def __init__(self, waiting: timedelta) -> None:
        self._waiting = waiting.total_seconds()
        self._ahead: float | None = None
        self._steady_from: float | None = None

    def is_steady(self, now: datetime, monotonic: float, *, agrees: Callable[[], bool]) -> bool:
        """Look at both clocks; `agrees` tells, at the first look, whether what is stored is of this time."""
        ahead = now.timestamp() - monotonic
        if self._ahead is None:
            self._steady_from = monotonic if agrees() else monotonic + self._waiting
        elif ahead > self._ahead + _JUMP_SECONDS:
            self._steady_from = monotonic + self._waiting
        elif ahead >= self._ahead:
            ahead = self._ahead  # a little at a time counts together
        self._ahead = ahead
        return self._steady_from is not None and monotonic >= self._steady_from


class Forgetting:
    """Runs in whatever request comes when it is due; one thread of a process at a time."""

    def __init__(
        self,
        engine: Engine,
        *,
        fresh_for: timedelta = timedelta(0),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Forget in that database; `fresh_for` is how long a message can be fresh after it was let in."""
        self._engine = engine
        self._monotonic = monotonic
        self._fresh_for = fresh_for
        self._steadiness = Steadiness(fresh_for)
        self._due: datetime | None = None
        self._undated_due: datetime | None = None
        self._lock = threading.Lock()

    def run(self, now: datetime) -> int:
        """Forget what has expired, portion by portion, each in a transaction of its own; return how much.

        It ends when nothing is left or its time is over: what is left then is the next run's, a second later.

        Raises: `TemporarilyUnavailableError`.
        """
        # Who finds another thread at it goes on with its request.
        if (self._due is not None and self._due - _EVERY <= now < self._due) or not self._lock.acquire(
            blocking=False
        ):
            return 0
        try:
            self._due = now + _EVERY
            return self._forget(now)
        finally:
            self._lock.release()

    def _forget(self, now: datetime) -> int:
        begun = self._monotonic()
        if not self._steadiness.is_steady(now, begun, agrees=lambda: self._is_of_this_time(now)):
            return 0
        end = begun + _RUN_SECONDS
        forgotten, found = 0, _PORTION
        while found == _PORTION:
            with writing(self._engine) as session:
                found = forget_expired(session, now=now - _LATER, limit=_PORTION)
            forgotten += found
            if self._monotonic() >= end:
                return forgotten
        if self._undated_due is None or now >= self._undated_due:
            forgotten += self._forget_undated(now, end)
        return forgotten

    def _is_of_this_time(self, now: datetime) -> bool:
        """Tell whether a message was let in not long ago by this clock, or none is remembered at all.

        Where all are old there was a pause, or this process began with a clock that is ahead.
        """
        with reading(self._engine) as session:
            newest = newest_before(session, now + self._fresh_for)
        return newest is None or newest >= now - _LATER

    def _forget_undated(self, now: datetime, end: float) -> int:
        """Forget what is over, period by period; what is left when the time is over is the next run's."""
        forgotten = 0
        while True:
            with writing(self._engine) as session:
                found = forget_undated(session, before=now - _UNDATED_LATER, now=now, limit=_PORTION)
            if found is None:
                self._undated_due = now + _UNDATED_EVERY
                return forgotten
            forgotten += found
            if self._monotonic() >= end:
                return forgotten
