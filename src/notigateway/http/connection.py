"""One connection in the worker's loop: it waits here, never in a thread, for all that is slow.

A request is gathered whole, a thread makes the answer, and the answer goes out here: one that is too large to
be held in pieces, each made when the one before is gone. Each of the three has one deadline, which small
pieces do not move.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import h11

from notigateway.http.calling import Answer, Place, environ_of, place_of
from notigateway.http.incoming import Incoming, RefusedRequestError
from notigateway.http.streamed import CutOffError, Rest
from notigateway.metering.meters import meters

if TYPE_CHECKING:
    from asyncio import Future, TimerHandle

    from notigateway.http.front import Front

# How long a refusal is left to be read: a connection that is closed with bytes unread takes it along.
_LINGER_SECONDS: Final = 2.0


class Connection(asyncio.Protocol):
    """What one caller sends and gets, one request after the other."""

    _transport: asyncio.Transport
    _place: Place

    def __init__(self, front: Front) -> None:
        self._front = front
        self._incoming: Incoming | None = None
        self._timer: TimerHandle | None = None
        self._next: bytes | None = None
        # What is still to be made of the answer that is on its way.
        self._rest: Rest | None = None
        # It was accepted, but is not there yet; whether it may still come.
        self._is_coming, self._is_dropped = True, False
        # Whether its answer is on its way.
        self.is_answering = False
        # Whether anything of the request it waits for has arrived.
        self.has_begun = False
        # The bytes that it holds in memory.
        self.weight = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request, which has its time from now on."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream is served")
        self._transport, self._is_coming = transport, False
        if self._is_dropped:
            transport.abort()
            return
        transport.set_write_buffer_limits(high=0)  # told when all is gone, not when most of it is
        self._place = place_of(transport.get_extra_info("sockname"), transport.get_extra_info("peername"))
        self._incoming = Incoming(self._front.bounds)
        self._wait(self._front.message_seconds)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it."""
        self._incoming = self._rest = None
        self._stop_waiting()
        self._front.leave(self)

    def data_received(self, data: bytes) -> None:
        """Gather."""
        if self._incoming is not None:
            self._gather(self._incoming, data)

    def resume_writing(self) -> None:
        """Go on when the whole answer is gone."""
        if self.is_answering and not self._transport.get_write_buffer_size():
            self._sent()

    @property
    def is_gathering(self) -> bool:
        """Tell whether a part of a request is here."""
        return self._incoming is not None and self.has_begun

    def drop(self) -> None:
        """End it at once, whatever it waits for; one that is still coming ends when it is there."""
        self._is_dropped = True
        if not self._is_coming:
            self._transport.abort()

    def _gather(self, incoming: Incoming, data: bytes) -> None:
        if not self.has_begun:
            self.has_begun = True
            self._wait(self._front.message_seconds)
        try:
            incoming.add(data)
            if incoming.asks_to_continue:
                self._transport.write(incoming.agree_to_continue())
        except RefusedRequestError as error:
            self._refuse(error.status)
            return
        if not self._front.weigh(self, len(incoming)):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        elif incoming.is_complete:
            self._work(incoming)

    def _work(self, incoming: Incoming) -> None:
        self._stop_waiting()
        self._transport.pause_reading()
        environ = environ_of(incoming, self._place)
        incoming.body.clear()  # the environment has it: once is enough
        self._front.work(environ).add_done_callback(self._answer)

    def _answer(self, made: Future[Answer]) -> None:
        """Send what a thread made; nobody may be there any more."""
        incoming = self._incoming
        error = None if made.cancelled() else made.exception()
        is_cut_off = isinstance(error, CutOffError)
        if error is not None and not is_cut_off:
            self._front.report(error)
        if incoming is None or is_cut_off:
            self._transport.abort()
            return
        if made.cancelled():
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        if error is not None:
            # With memory again it would have been answered: whoever asks may do so once more.
            is_short = isinstance(error, MemoryError)
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE if is_short else HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        answer = made.result()
        ends = self._front.is_stopping or self._front.is_full or incoming.is_cut_off
        headers = [*answer.headers, ("Date", formatdate(usegmt=True)), *([("Connection", "close")] * ends)]
        is_streamed = answer.streamed is not None
        try:
            data = incoming.respond(answer.status, headers, answer.body, goes_on=is_streamed)
        except h11.LocalProtocolError as fault:
            self._front.report(fault)
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR)
            return
        self.is_answering, self._incoming = True, None
        self._wait(self._front.answer_seconds)
        if answer.streamed is not None:
            self._rest = Rest(answer.streamed, incoming)
        else:
            self._next = incoming.next_bytes()
        self._send(data)

    def _send(self, data: bytes) -> None:
        self._transport.write(data)
        unsent = self._transport.get_write_buffer_size()
        if not unsent:
            self._sent()
        elif not self._front.weigh(self, unsent + len(self._next or b"")):
            self._transport.abort()

    def _sent(self) -> None:
        """Go on with the rest of the answer: a thread makes each piece when the one before is gone."""
        if self._rest is None:
            self._answered()
            return
        self._front.weigh(self, 0)
        self._front.stop_waiting(self)  # it is our turn; the time for the whole answer goes on
        self._front.make(self._rest.make).add_done_callback(self._go_on)

    def _go_on(self, made: Future[bytes | None]) -> None:
        """Send a piece; where there is none the answer is cut off, so that nobody takes it for whole."""
        error = None if made.cancelled() else made.exception()
        if error is not None and not isinstance(error, CutOffError):
            self._front.report(error)
        if self._rest is None or made.cancelled() or error is not None:
            self._transport.abort()
            return
        try:
            data = self._rest.follow(made.result())
        except h11.LocalProtocolError as fault:
            self._front.report(fault)
            self._transport.abort()
            return
        if self._rest.is_over:
            self._next, self._rest = self._rest.next_bytes(), None
        self._front.wait(self)
        self._send(data)

    def _answered(self) -> None:
        """Wait for the next request, which may be here already, or for the caller to hang up."""
        self.is_answering, self.has_begun = False, False
        self._front.weigh(self, 0)
        following, self._next = self._next, None
        if following is None:
            self._end()
            return
        self._incoming = Incoming(self._front.bounds)
        self._wait(self._front.idle_seconds)
        self._transport.resume_reading()
        if following:
            self._gather(self._incoming, following)

    def _refuse(self, status: int) -> None:
        """Say why in a line, and end."""
        with suppress(OSError):
            meters().http_refusals.labels(str(int(status))).inc()
        self._incoming = None
        phrase = HTTPStatus(status).phrase
        retry = "Retry-After: 5\r\n" if status == HTTPStatus.SERVICE_UNAVAILABLE else ""
        head = f"HTTP/1.1 {int(status)} {phrase}\r\n{retry}Connection: close\r\nContent-Length: 0\r\n\r\n"
        self._transport.write(head.encode("ascii"))
        self._front.weigh(self, 0)
        self._end()

    def _end(self) -> None:
        """Let the caller read what it was sent; what it still sends is thrown away."""
        self._wait(_LINGER_SECONDS)
        self._transport.write_eof()
        self._transport.resume_reading()

    def _wait(self, seconds: float) -> None:
        """Wait for the caller, so long and no longer."""
        self._stop_waiting()
        self._front.wait(self)
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end_late)

    def _stop_waiting(self) -> None:
        self._front.stop_waiting(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end_late(self) -> None:
        """End it: there is no time left for what it waits for."""
        if self.is_gathering:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        elif self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()
