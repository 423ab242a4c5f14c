"""Forgets used-up messages as fast as they come: a little, beside the requests of a process.

What is forgotten can no longer be accepted, so nothing depends on when that happens but the size of a
table: the rate of messages times the time for which each is remembered, ten minutes longer than it is fresh.
Those without a Timestamp are looked at by the hour, and forgotten a day after the last certificate of their
key has ended.

What is old by a clock that has jumped ahead may be fresh again when it is set back. So after a jump, and
after the service has begun and cannot know of one, nothing is forgotten for as long as a message can be
fresh: by then everything that there was is old by any clock. Whatever is stored tells nothing of it: a
client's clock may have jumped with ours.
"""

from __future__ import annotations

import math
import mmap
import struct
import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from notigateway.repository.engine import writing
from notigateway.repository.replay import forget_expired
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


_STATE: Final = struct.Struct("dd")
_shared: list[mmap.mmap] = []


def share() -> None:
    """Have all processes that are forked from now on know of each other's jumps.

    A worker of a busy service lives for less time than it would have to wait by itself.
    """
    page = mmap.mmap(-1, mmap.PAGESIZE)
    _STATE.pack_into(page, 0, math.nan, math.nan)
    _shared[:] = [page]


class Steadiness:
    """Tells whether a clock has gone with the one that nobody sets for so long that what is old is old."""

    def __init__(self, waiting: timedelta) -> None:
        self._waiting = waiting.total_seconds()
        self._state: mmap.mmap | bytearray = bytearray(_STATE.size)
        if _shared:
            self._state = _shared[0]
        else:
            _STATE.pack_into(self._state, 0, math.nan, math.nan)

    def is_steady(self, now: datetime, monotonic: float) -> bool:
        """Look at both clocks; at the first look nobody knows whether there was a jump before it."""
        ahead = now.timestamp() - monotonic
        known: float
        since: float
        known, since = _STATE.unpack_from(self._state)
        if math.isnan(known) or ahead > known + _JUMP_SECONDS:
            since = monotonic
            _STATE.pack_into(self._state, 0, ahead, since)
        elif ahead < known:  # a little at a time counts together
            _STATE.pack_into(self._state, 0, ahead, since)
        return monotonic >= since + self._waiting


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
        if not self._steadiness.is_steady(now, begun):
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
