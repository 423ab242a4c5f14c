"""What a harness expects of its client: that it called so often, and what it must never have called."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notigateway.sandbox.exchange import Exchange
    from notigateway.sandbox.journal import Journal, Search


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How often: at least and at most; None is no bound."""

    at_least: int | None = None
    at_most: int | None = None

    def hold(self, found: int) -> bool:
        """Tell whether a number lies within."""
        return (self.at_least or 0) <= found and (self.at_most is None or found <= self.at_most)


@dataclass(slots=True)
class Expectation:
    """What is expected, in the words in which it was said, and how often it was found so far."""

    identifier: int
    said: dict[str, Any]
    wanted: Search
    bounds: Bounds
    found: int = 0

    @property
    def is_met(self) -> bool:
        """Tell whether it holds as things are now."""
        return self.bounds.hold(self.found)

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        return {"id": self.identifier, **self.said, "found": self.found, "met": self.is_met}


@dataclass(slots=True)
class Expectations:
    """The expectations of a world; each counts what the journal has and whatever it gets later."""

    journal: Journal
    _kept: list[Expectation] = field(default_factory=list)
    _last: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Hear of every exchange."""
        self.journal.listen(self._count)

    def add(self, said: dict[str, Any], wanted: Search, bounds: Bounds) -> Expectation:
        """Keep one."""
        with self._lock:
            self._last += 1
            one = Expectation(self._last, said, wanted, bounds)
            one.found = len(self.journal.search(wanted))
            self._kept.append(one)
            return one

    def all(self) -> list[Expectation]:
        """Return all of them."""
        return list(self._kept)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._kept.clear()

    def _count(self, exchange: Exchange) -> None:
        for one in self._kept:
            one.found += one.wanted.finds(exchange)
