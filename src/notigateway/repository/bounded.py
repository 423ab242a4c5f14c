"""Connections to PostgreSQL that wait no longer than they may, whatever the server does.

The server's own bounds (`statement_timeout` and the like) hold while it and the way to it work. A proxy that
is paused, or a server whose disk stands still, keeps the connection alive and answers nothing: then nobody
but the waiting one can end the wait. What it costs is a look at the clock for each wait, and no thread.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from sqlalchemy import event

from notigateway.time_left import at_most

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy import Engine

Answer = TypeVar("Answer")

# Of what the server allows itself: as long as it can speak, its own word is heard.
_TIMES_SERVER: Final = 1.5
# For what ends a transaction, also when the request's time is over.
_AT_LEAST_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.1
# libpq takes no less, in whole seconds.
_CONNECT_AT_LEAST_SECONDS: Final = 2


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when an answer does not come in time."""

    longest_seconds: float = math.inf

    def wait(
        self,
        gen: Generator[Any, Any, Answer],
        interval: float = _LOOK_SECONDS,
        timeout: float | None = None,
    ) -> Answer:
        """Wait for an answer, at most until the request must be answered.

        Every statement, commit and rollback of the driver waits here.

        Raises: `psycopg.OperationalError`; then the connection is closed: nobody knows what comes on it.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            wanted = next(gen)
        except StopIteration as answered:  # a mode that is set, say: there is nothing to wait for
            return answered.value  # type: ignore[no-any-return]
        return super().wait(self._until(gen, wanted), interval)

    def _until(self, gen: Generator[Any, Any, Answer], wanted: Any) -> Generator[Any, Any, Answer]:  # noqa: ANN401
        """Hand on what the driver wants to wait for, and look at the clock whenever it has waited.

        A request's time ends it in any case; without one, a silence of the own bound: batches take longer.
        """
        now = time.monotonic()
        last = now + max(at_most(math.inf), _AT_LEAST_SECONDS)
        end = min(last, now + self.longest_seconds)
        try:
            while True:
                ready = yield wanted
                now = time.monotonic()
                if ready:
                    end = min(last, now + self.longest_seconds)
                if now >= end:
                    break
                wanted = gen.send(ready)
        except StopIteration as answered:
            return answered.value  # type: ignore[no-any-return]
        self.close()
        raise psycopg.OperationalError("no answer came in time")


def bound_waits(engine: Engine, timeout_seconds: int) -> None:
    """Have the engine make connections that wait no longer than that by themselves, and a request's time."""

    def connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> object:
        left = max(int(at_most(timeout_seconds)), _CONNECT_AT_LEAST_SECONDS)
        made = BoundedConnection.connect(*arguments, **{**named, "connect_timeout": left})
        made.longest_seconds = timeout_seconds * _TIMES_SERVER
        return made

    event.listen(engine, "do_connect", connect)
