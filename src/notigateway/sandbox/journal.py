"""The journal of a world: every exchange, as received and as sent; searched, counted and waited for."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Journal:
    """Keeps exchanges; where there are too many the oldest goes, and is counted. Safe between threads."""

    def __init__(self, *, entries_max: int = ENTRIES_MAX, held_max_bytes: int = HELD_MAX_BYTES) -> None:
        self._entries_max = entries_max
        self._held_max_bytes = held_max_bytes
        self._kept: deque[Exchange] = deque()
        self._held = 0
        self._last = 0
        self._dropped = 0
        self._condition = threading.Condition()
        self._listeners: list[Callable[[Exchange], None]] = []

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

    def listen(self, listener: Callable[[Exchange], None]) -> None:
        """Tell somebody of each that is entered."""
        self._listeners.append(listener)

    def enter(self, exchange: Exchange) -> None:
        """Keep one that is over."""
        with self._condition:
            self._last += 1
            exchange.number = self._last
            self._kept.append(exchange)
            self._held += exchange.weight
            while len(self._kept) > self._entries_max or (
                self._held > self._held_max_bytes and len(self._kept) > 1
            ):
                self._held -= self._kept.popleft().weight
                self._dropped += 1
            for listener in self._listeners:
                listener(exchange)
            self._condition.notify_all()

    def search(self, wanted: Search, *, limit: int | None = None) -> list[Exchange]:
        """Return what is meant, the oldest first."""
        with self._condition:
            found = [one for one in self._kept if wanted.finds(one)]
        return found if limit is None else found[:limit]

    def find(self, number: int) -> Exchange | None:
        """Return one; None where it is not kept."""
        with self._condition:
            return next((one for one in self._kept if one.number == number), None)

    def wait(self, wanted: Search, *, count: int, seconds: float) -> list[Exchange]:
        """Return what is meant as soon as there are so many, or when the time is over."""
        end = time.monotonic() + seconds
        with self._condition:
            while True:
                found = [one for one in self._kept if wanted.finds(one)]
                left = end - time.monotonic()
                if len(found) >= count or left <= 0:
                    return found
                self._condition.wait(left)

    def clear(self) -> None:
        """Forget what is kept; numbers go on."""
        with self._condition:
            self._kept.clear()
            self._held = self._dropped = 0
