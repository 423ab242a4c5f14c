"""The journal of a world: every exchange, as received and as sent; searched, counted and waited for."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.sandbox.exchange import Exchange

ENTRIES_MAX: Final = 5_000
HELD_MAX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which exchanges are meant; what is None does not matter. A caller is a holder's name or a NIF.

    Those of the sandbox itself are no client's calls, and only meant where all are.
    """

    operation: str | None = None
    caller: str | None = None
    code: str | None = None
    status: int | None = None
    after: int = 0
    all: bool = False

    def finds(self, exchange: Exchange) -> bool:
        """Tell whether an exchange is meant."""
        return (
            exchange.number > self.after
            and (self.all or exchange.own is None)
            and self.operation in {None, exchange.operation}
            and (self.code in {None, exchange.code} or self.code in exchange.refused_items)
            and self.status in {None, exchange.status}
            and (self.caller is None or is_of(exchange, self.caller))
        )


def is_of(exchange: Exchange, caller: str) -> bool:
    """Tell whether an exchange is of a caller: who is proven counts, before that whose certificate it has."""
    holder = exchange.holder
    named = {holder.name, holder.party} if holder else set()
    return caller in named | {exchange.caller}


@dataclass(slots=True, eq=False)
class Tally:
    """How many came that are meant: of those that were kept when it began, and all since, kept or not."""

    wanted: Search
    # The first that it could count, where others that may have been meant were dropped before it began.
    since: int | None
    found: int = 0
    # How many somebody waits for, and whether they came.
    awaited: int | None = None
    came: threading.Event = field(default_factory=threading.Event)

    def count(self, exchange: Exchange) -> None:
        """Count one, if it is meant."""
        self.found += self.wanted.finds(exchange)
        if self.awaited is not None and self.found >= self.awaited:
            self.came.set()


class Journal:
    """Keeps exchanges; where there are too many the oldest goes, and is counted. Safe between threads."""

    def __init__(self, *, entries_max: int = ENTRIES_MAX, held_max_bytes: int = HELD_MAX_BYTES) -> None:
        self._entries_max = entries_max
        self._held_max_bytes = held_max_bytes
        # Each with what it weighed when it came.
        self._kept: deque[tuple[Exchange, int]] = deque()
        self._held = 0
        self._last = 0
        self._dropped = 0
        self._last_dropped = 0
        self._lock = threading.Lock()
        self._tallies: list[Tally] = []

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._kept)

    @property
    def dropped(self) -> int:
        """How many had to go."""
        return self._dropped

    @property
    def last(self) -> int:
        """The number of the last one."""
        return self._last

    def enter(self, exchange: Exchange) -> None:
        """Keep one that is over."""
        with self._lock:
            self._last += 1
            exchange.number = self._last
            weight = exchange.weight
            self._kept.append((exchange, weight))
            self._held += weight
            while len(self._kept) > self._entries_max or (
                self._held > self._held_max_bytes and len(self._kept) > 1
            ):
                oldest, weight = self._kept.popleft()
                self._held -= weight
                self._dropped += 1
                self._last_dropped = oldest.number
            for one in self._tallies:
                one.count(exchange)

    def search(self, wanted: Search, *, limit: int | None = None) -> list[Exchange]:
        """Return what is meant, the oldest first."""
        with self._lock:
            found = self._found(wanted)
        return found if limit is None else found[:limit]

    def find(self, number: int) -> Exchange | None:
        """Return one; None where it is not kept."""
        with self._lock:
            return next((one for one, _ in self._kept if one.number == number), None)

    def tally(self, wanted: Search) -> Tally:
        """Count what is meant from now on, and what is kept of it, until told to `end` it."""
        with self._lock:
            return self._begin(wanted)

    def end(self, tally: Tally) -> None:
        """Count no further."""
        with self._lock:
            self._tallies.remove(tally)

    def wait(self, wanted: Search, *, count: int, seconds: float) -> tuple[Tally, list[Exchange]]:
        """Wait until so many came, or the time is over; return their count, and those that are kept."""
        with self._lock:
            tally = self._begin(wanted, awaited=count)
        try:
            tally.came.wait(seconds)
        finally:
            self.end(tally)
        return tally, self.search(wanted)

    def clear(self) -> None:
        """Forget what is kept; numbers go on, and who waits begins anew to count."""
        with self._lock:
            self._kept.clear()
            self._held = self._dropped = self._last_dropped = 0
            for one in self._tallies:
                if one.awaited is not None:
                    one.found, one.since = 0, None

    def _found(self, wanted: Search) -> list[Exchange]:
        return [one for one, _ in self._kept if wanted.finds(one)]

    def _begin(self, wanted: Search, *, awaited: int | None = None) -> Tally:
        since = self._last_dropped + 1 if self._last_dropped > wanted.after else None
        tally = Tally(wanted, since, len(self._found(wanted)), awaited)
        if awaited is not None and tally.found >= awaited:
            tally.came.set()
        self._tallies.append(tally)
        return tally
