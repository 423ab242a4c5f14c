"""Faults that a harness orders: of which kind, for which requests, how often.

A fault that strikes does so at one of three places: before the gateway sees the request, on its way
(`arriving`), or at the bytes of its answer (`falsifying`).
"""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notigateway.sandbox.journal import is_of

# Nobody means more, and a thread of the sandbox waits that long.
DELAY_MAX_SECONDS: Final = 300.0

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from notigateway.sandbox.exchange import Exchange


class Kind(StrEnum):
    """What a fault does."""

    STATUS = "status"
    FAULT = "fault"
    DELAY = "delay"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    TRUNCATE = "truncate"
    WRONG_SIGNATURE = "wrong_signature"
    NO_SIGNATURE = "no_signature"
    FOREIGN_CERTIFICATE = "foreign_certificate"
    EXPIRED_CERTIFICATE = "expired_certificate"
    CLOCK_SKEW = "clock_skew"
    DUPLICATE = "duplicate"
    DRIBBLE = "dribble"
    LOSE_PART = "lose_part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A fault as it was ordered; a request must match every selector that is not None.

    `status`, `retry_after` and `body` belong to `status`; `code`, of `docs/errors.md`, to `fault`;
    `seconds`, or `median` and `sigma` of a log-normal distribution, to `delay`; `bytes` to `truncate`;
    `by` seconds to `clock_skew`; `answer`, the first or the second, to `duplicate`; `bytes_per_second` to
    `dribble`.
    """

    kind: Kind
    operation: str | None = None
    caller: str | None = None
    nth: int | None = None
    times: int | None = None
    probability: float | None = None
    status: int = 503
    retry_after: int | None = None
    body: str = ""
    code: str = ""
    seconds: float | None = None
    median: float | None = None
    sigma: float = 0.5
    bytes: int | None = None
    by: float = 0.0
    answer: str = "first"
    bytes_per_second: int = 100

    @property
    def strikes_at_most(self) -> int | None:
        """Return how often it strikes; None: without end."""
        return 1 if self.nth is not None and self.times is None else self.times

    def line(self) -> dict[str, Any]:
        """Return what was ordered, without what is as always."""
        ordinary = asdict(Order(kind=self.kind))
        return {
            name: value for name, value in asdict(self).items() if name == "kind" or value != ordinary[name]
        }


@dataclass(slots=True)
class Fault:
    """An order under its identifier, and how often it matched and struck."""

    identifier: int
    order: Order
    # Drawn by itself, whatever else is ordered: whether it strikes, and how long a delay is.
    _luck: random.Random
    _lengths: random.Random
    matched: int = 0
    struck: int = 0

    def is_lucky(self) -> bool:
        """Draw whether it strikes this time."""
        return self.order.probability is None or self._luck.random() < self.order.probability

    def delay(self) -> float:
        """Draw how many seconds a request is delayed."""
        order, seconds = self.order, self.order.seconds
        if order.median is not None:
            seconds = self._lengths.lognormvariate(0, order.sigma) * order.median
        return min(seconds or 0.0, DELAY_MAX_SECONDS)

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        return {
            "id": self.identifier,
            **self.order.line(),
            "matched": self.matched,
            "struck": self.struck,
        }


@dataclass(slots=True)
class Faults:
    """The faults of a world, in the order in which they were ordered; safe between threads.

    What chance decides follows from the seed and from which of them it is.
    """

    seed: str
    _kept: dict[int, Fault] = field(default_factory=dict)
    _last: int = 0
    _hurries: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def order(self, order: Order) -> Fault:
        """Keep an order."""
        with self._changed:
            self._last += 1
            luck, lengths = (random.Random(f"{self.seed}:{self._last}:{of}") for of in ("luck", "lengths"))  # noqa: S311
            self._kept[self._last] = fault = Fault(self._last, order, luck, lengths)
            return fault

    def withdraw(self, identifier: int) -> bool:
        """Forget one, and let go whom it delays; False where there is none."""
        with self._changed:
            self._changed.notify_all()
            return self._kept.pop(identifier, None) is not None

    def clear(self) -> None:
        """Forget all, and let go whom they delay."""
        with self._changed:
            self._kept.clear()
            self._changed.notify_all()

    def wait(self, fault: Fault, seconds: float) -> bool:
        """Wait so long for a fault; False where it was withdrawn before, or somebody is in a hurry."""
        with self._changed:
            return not self._changed.wait_for(
                lambda: self._hurries or self._kept.get(fault.identifier) is not fault, seconds
            )

    @contextmanager
    def hurried(self) -> Iterator[None]:
        """Let go whom they delay, and delay nobody meanwhile; they stay as they are ordered."""
        with self._changed:
            self._hurries += 1
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._hurries -= 1

    def all(self) -> list[Fault]:
        """Return all of them."""
        with self._changed:
            return list(self._kept.values())

    def draw(self, exchange: Exchange) -> list[Fault]:
        """Return those that are to strike a request; each is counted as if it had."""
        with self._changed:
            return [one for one in self._kept.values() if _matches(one, exchange) and self._strikes(one)]

    def miss(self, faults: Iterable[Fault]) -> None:
        """Take back the count of those that found nothing to strike: they are still to come."""
        with self._changed:
            for one in faults:
                one.struck -= 1

    def _strikes(self, fault: Fault) -> bool:
        order, most = fault.order, fault.order.strikes_at_most
        fault.matched += 1
        if fault.matched < (order.nth or 1) or (most is not None and fault.struck >= most):
            return False
        if not fault.is_lucky():
            return False
        fault.struck += 1
        return True


def _matches(fault: Fault, exchange: Exchange) -> bool:
    order = fault.order
    return order.operation in {None, exchange.operation} and (
        order.caller is None or is_of(exchange, order.caller)
    )


# What each kind does, and with which members it is ordered.
MEANINGS: Final[dict[Kind, tuple[str, str]]] = {
    Kind.STATUS: (
        "a bare HTTP status is answered, as a proxy does",
        "`status`, `retry_after`, `body`",
    ),
    Kind.FAULT: (
        "the gateway answers that error, and does nothing",
        "`code`, of [errors.md](errors.md)",
    ),
    Kind.DELAY: (
        "the request waits before anybody looks at it",
        "`seconds`, or `median`, `sigma` (log-normal)",
    ),
    Kind.DROP_BEFORE: ("the connection ends, and nothing was done", ""),
    Kind.DROP_AFTER: ("the connection ends when all was done: the commit happened, the answer is lost", ""),
    Kind.TRUNCATE: ("the answer ends before the length it announces", "`bytes`; its half by default"),
    Kind.WRONG_SIGNATURE: ("the signature value of the answer is nobody's", ""),
    Kind.NO_SIGNATURE: ("the answer has no Security header", ""),
    Kind.FOREIGN_CERTIFICATE: (
        "a certificate of the same name that nobody trusts signs the answer",
        "",
    ),
    Kind.EXPIRED_CERTIFICATE: (
        "a certificate of the service that has ended signs the answer",
        "",
    ),
    Kind.CLOCK_SKEW: ("the Timestamp of the answer is wrong", "`by`, a duration"),
    Kind.DUPLICATE: ("the request is delivered twice", "`answer`: which of the two comes back"),
    Kind.DRIBBLE: ("the answer comes slowly, in small pieces", "`bytes_per_second`"),
    Kind.LOSE_PART: ("the last part of an answer in parts (MTOM) is missing", ""),
}
