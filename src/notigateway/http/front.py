"""What the connections of a worker share: threads, bounds, and who must go when there are too many."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from notigateway.http.calling import Answer, call

if TYPE_CHECKING:
    from asyncio import Future
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from notigateway.http.connection import Connection
    from notigateway.http.crew import Crew
    from notigateway.http.incoming import Bounds


# However many want to come in, each is waited for that long: an honest request is there by then.
_LEAST_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller is waited for, in seconds: all of a request, all of its answer, the next request."""

    message_seconds: float
    answer_seconds: float
    idle_seconds: float


class Front:
    """Lets connections in and hands whole requests to threads.

    Where a connection or a byte is too many, the one goes that has waited longest for its caller: an honest
    one waits for milliseconds, so whoever wants to keep it out must bring as many connections in that time.
    Where nobody waits because all are being answered, a newcomer is not let in yet, and each answer ends its
    connection, whatever its caller has sent behind the request.
    """

    def __init__(
        self,
        application: WSGIApplication,
        crew: Crew,
        *,
        bounds: Bounds,
        patience: Patience,
        connections_max: int,
        held_max_bytes: int,
        done: Callable[[], None],
        report: Callable[[BaseException], None],
    ) -> None:
        """Serve the application; `done` hears of each operation carried out, `report` of each defect."""
        self.bounds = bounds
        self.message_seconds = patience.message_seconds
        self.answer_seconds = patience.answer_seconds
        self.idle_seconds = patience.idle_seconds
        self.report = report
        self.is_stopping = False
        self.connections: set[Connection] = set()
        self._application = application
        self.crew = crew
        self._connections_max = connections_max
        self._held_max_bytes = held_max_bytes
        self._held = 0
        self._done = done
        # Since when, in the order in which they began to wait.
        self._waiting: dict[Connection, float] = {}

    @property
    def is_full(self) -> bool:
        """Tell whether one more would be too many."""
        return len(self.connections) >= self._connections_max

    @property
    def held_bytes(self) -> int:
        """How many bytes of requests and answers are held."""
        return self._held

    def has_room(self) -> bool:
        """Make room for a newcomer: the one that has waited longest goes. False: nobody has waited enough."""
        if not self.is_full:
            return True
        oldest, since = next(iter(self._waiting.items()), (None, 0.0))
        if oldest is None or asyncio.get_running_loop().time() - since < _LEAST_SECONDS:
            return False
        self._drop(oldest)
        return True

    def enter(self, connection: Connection) -> None:
        """Let a connection in, for which there is room."""
        self.crew.enter()
        self.connections.add(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is over."""
        self._held -= connection.weight
        connection.weight = 0
        self.connections.discard(connection)

    def wait(self, connection: Connection) -> None:
        """Note that a connection waits for its caller from now on."""
        self._waiting[connection] = asyncio.get_running_loop().time()

    def stop_waiting(self, connection: Connection) -> None:
        """Note that its caller has done what was waited for."""
        self._waiting.pop(connection, None)

    def weigh(self, connection: Connection, weight: int) -> bool:
        """Note what a connection holds in memory; False where that is too much and nobody else can go."""
        self._held += weight - connection.weight
        connection.weight = weight
        while self._held > self._held_max_bytes:
            oldest = next((one for one in self._waiting if one.weight and one is not connection), None)
            if oldest is None:
                return not weight
            self._drop(oldest)
        return True

    def work(self, environ: WSGIEnvironment) -> Future[Answer]:
        """Have a thread make the answer; cancelled where none came free in time."""
        made = self.crew.run(partial(call, self._application, environ))
        if environ["REQUEST_METHOD"] == "POST":
            made.add_done_callback(self._count)
        return made

    def make(self, piece: Callable[[], bytes | None]) -> Future[bytes | None]:
        """Have a thread make a piece of an answer; cancelled where none came free in time."""
        return self.crew.run(piece)

    def drop_idle(self) -> None:
        """End the connections of which no request has begun to arrive and no answer is under way."""
        for connection in [one for one in self._waiting if not one.has_begun]:
            self._drop(connection)

    def refuse_unfinished(self) -> None:
        """End the requests that are not complete with 408."""
        for connection in [one for one in self._waiting if one.is_gathering]:
            connection.end_late()

    def drop_all_but_answers(self) -> None:
        """End the connections to which no answer is owed or under way."""
        for connection in [one for one in self._waiting if not one.is_answering]:
            self._drop(connection)

    def _count(self, made: Future[Answer]) -> None:
        """Count what was carried out; what a stranger gets is a refusal, and counts nothing."""
        if not made.cancelled() and made.exception() is None and made.result().status[0] == HTTPStatus.OK:
            self._done()

    def _drop(self, connection: Connection) -> None:
        self.leave(connection)
        self.stop_waiting(connection)
        connection.drop()
