"""What a harness expects of its client: that it called so often, and what it must never have called."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from notigateway.sandbox.refusals import InvalidError

if TYPE_CHECKING:
    from notigateway.sandbox.journal import Journal, Search, Tally


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
    bounds: Bounds
    tally: Tally

    @property
    def found(self) -> int:
        """Return how often it was found."""
        return self.tally.found

    @property
    def is_met(self) -> bool:
        """Tell whether it holds as things are now."""
        return self.bounds.hold(self.found)

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it; `since` stands where what came before was dropped."""
        found = self.found
        since = {} if self.tally.since is None else {"since": self.tally.since}
        return {
            "id": self.identifier,
            **self.said,
            "found": found,
            "met": self.bounds.hold(found),
            **since,
        }


@dataclass(slots=True)
class Expectations:
    """The expectations of a world; each counts what the journal has and whatever it gets later."""

    journal: Journal
    _kept: list[Expectation] = field(default_factory=list)
    _last: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, said: dict[str, Any], wanted: Search, bounds: Bounds) -> Expectation:
        """Keep one. Raises: `InvalidError` for an upper bound where what would count may be dropped."""
        with self._lock:
            tally = self.journal.tally(wanted)
            if tally.since is not None and bounds.at_most is not None:
                self.journal.end(tally)
                raise InvalidError(
                    f"whether it came so seldom cannot be told: the journal begins with {tally.since}, what "
                    "was before is dropped; expect it before anything comes, or empty the journal first"
                )
            self._last += 1
            one = Expectation(self._last, said, bounds, tally)
            self._kept.append(one)
            return one

    def all(self) -> list[Expectation]:
        """Return all of them."""
        return list(self._kept)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            for one in self._kept:
                self.journal.end(one.tally)
            self._kept.clear()
