"""How often a caller may ask in a minute: counted in the database for all workers, taken in blocks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from notigateway.errors import RateLimitedError
from notigateway.repository.engine import writing
from notigateway.repository.rates import count_request

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

# A worker takes a hundredth of the limit at a time: one statement and one commit for so many requests.
_BLOCKS: Final = 100
_REMEMBERED_CALLERS: Final = 10_000


class CallerLimit:
    """Bounds the requests of each caller in a minute; safe between threads; 0 is no limit.

    No caller ever gets more than the limit. It may get less by what other workers have taken of it and not
    used, a block each at most; a limit below 200 is taken one by one, so exactly.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._block = max(1, per_minute // _BLOCKS)
        # What is left of the blocks of a minute.
        self._left: OrderedDict[str, tuple[datetime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, engine: Engine, caller: str, now: datetime) -> None:
        """Count one request. Raises: `RateLimitedError`; then its count is rolled back."""
        if not self._per_minute:
            return
        minute = now.replace(second=0, microsecond=0)
        if self._add(caller, minute, -1):
            return
        with writing(engine) as session:
            counted = count_request(session, caller, now, times=self._block)
            granted = self._block - max(0, counted - self._per_minute)
            if granted < 1:
                raise RateLimitedError(
                    f"more than {self._per_minute} a minute", retry_after_seconds=60 - now.second
                )
        self._add(caller, minute, granted - 1)

    def _add(self, caller: str, minute: datetime, count: int) -> bool:
        """Add to what is left in this minute, or take of it; False where there is nothing to take."""
        with self._lock:
            taken_in, left = self._left.pop(caller, (minute, 0))
            left = count + (left if taken_in == minute else 0)
            if left > 0:
                self._left[caller] = (minute, left)
            while len(self._left) > _REMEMBERED_CALLERS:
                self._left.popitem(last=False)
        return left >= 0
