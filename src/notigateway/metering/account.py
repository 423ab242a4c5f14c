"""What one request takes: its stages in seconds, its bytes and rows, and what came of it.

A thread that answers a request has one account; whatever happens in that thread meanwhile adds to it, and
outside of a request nothing is added.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self

from notigateway.metering.meters import meters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

OK: Final = "OK"
# Before the operation is known; and of what names an operation that is none of ours.
NO_OPERATION: Final = "none"
UNKNOWN_OPERATION: Final = "unknown"


class Stage(StrEnum):
    """A part of the way of a request; `database` and `store` lie within `execute`."""

    WAIT = "wait"
    VERIFY = "verify"
    EXECUTE = "execute"
    DATABASE = "database"
    STORE = "store"
    SIGN = "sign"


class Account:
    """What is added up of one request."""

    def __init__(self, contract: str, waits_since: float | None) -> None:
        """Begin to count: from when the whole request was there, where the server tells."""
        self.contract = contract
        self.operation = NO_OPERATION
        self.code = OK
        self.rows = 0
        self.refused: dict[str, int] = {}
        self.request_bytes = 0
        self.answer_bytes = 0
        self.stages: dict[Stage, float] = {}
        now = time.monotonic()
        self.began = now if waits_since is None else waits_since
        if waits_since is not None:
            self.add(Stage.WAIT, waits_since, now)

    def add(self, stage: Stage, began: float, ended: float) -> None:
        """Add to a stage, which a request may enter several times."""
        self.stages[stage] = self.stages.get(stage, 0.0) + ended - began

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return time.monotonic() - self.began

    def line(self) -> dict[str, Any]:
        """Return what the log says of it: whole bytes and rows, milliseconds in tenths."""
        stages = {f"{stage.value}_ms": _milliseconds(taken) for stage, taken in self.stages.items()}
        return {
            "operation": self.operation,
            "outcome": self.code,
            "duration_ms": _milliseconds(self.seconds),
            **stages,
            "request_bytes": self.request_bytes,
            "answer_bytes": self.answer_bytes,
            "rows": self.rows,
        }

    def count(self) -> None:
        """Add it to the meters, once, at its end."""
        shared, named = meters(), (self.contract, self.operation)
        duration, request_bytes, answer_bytes = shared.of_operation(*named)
        shared.of_outcome(*named, self.code).inc()
        duration.observe(self.seconds)
        for stage, taken in self.stages.items():
            shared.of_stage(stage.value).observe(taken)
        request_bytes.inc(self.request_bytes)
        answer_bytes.inc(self.answer_bytes)
        if self.rows:
            shared.rows.labels(*named).inc(self.rows)
        for code, items in self.refused.items():
            shared.refused_items.labels(*named, code).inc(items)

    def end(self) -> None:
        """Close it, when the answer is made."""
        with suppress(OSError):  # no room for numbers is no reason to keep back an answer
            self.count()


@contextmanager
def accounting(account: Account) -> Iterator[None]:
    """Have what happens in this thread added to the account of the request that it answers."""
    token = _current.set(account)
    try:
        yield
    finally:
        _current.reset(token)


class timed:  # noqa: N801  (it reads as a word in a `with`)
    """Adds the time within to a stage of this thread's request; written out, since it is on every way."""

    __slots__ = ("_account", "_began", "_stage")

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __enter__(self) -> Self:
        """Begin."""
        self._account = _current.get()
        if self._account is not None:
            self._began = time.monotonic()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End, in whatever way."""
        if self._account is not None:
            self._account.add(self._stage, self._began, time.monotonic())


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)


_current: ContextVar[Account | None] = ContextVar("notigateway_account", default=None)
