"""Puts a journal and faults around an application: what comes in, what goes out, and what strikes between."""

from __future__ import annotations

import io
import re
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import responses
from typing import TYPE_CHECKING, Any, Final

from notigateway.http.streamed import CutOffError, Streamed
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.exchange import KEPT_MAX_BYTES, OWN, Exchange, Own, headers_of
from notigateway.sandbox.falsifying import FALSIFYING, cut_off, dribble, falsified
from notigateway.sandbox.faults import Kind, Order
from notigateway.sandbox.peeking import peek

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.sandbox.exchange import Holder
    from notigateway.sandbox.faults import Faults
    from notigateway.sandbox.journal import Journal

# Half of the threads of a sandbox: who is delayed must not keep out who orders it.
SLOW_MAX: Final = 64
_slow: Final = threading.BoundedSemaphore(SLOW_MAX)
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_SLOW: Final = frozenset({Kind.DELAY, Kind.DRIBBLE})
_TOO_MANY: Final = Order(
    kind=Kind.STATUS, retry_after=1, body=f"{SLOW_MAX} requests are delayed by faults already\n"
)
_NAMED: Final = {name.lower(): name for name in ("Content-Type", "Content-Length", "X-Correlation-Id")}


@dataclass(slots=True)
class _Given:
    """What an application has answered: whole, unless it is streamed."""

    status: str
    headers: list[tuple[str, str]]
    body: Iterable[bytes]

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


class Recording:
    """A WSGI application around another one."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        clock: Callable[[], datetime],
        journal: Journal,
        faults: Faults,
        holders: Mapping[str, Holder],
    ) -> None:
        """Record what `application` answers; `holders` are known by the SHA-256 of their certificates."""
        self._application = application
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._holders = holders

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Raises: `CutOffError` where a fault drops the connection."""
        exchange = self._begin(environ)
        with ExitStack() as slow:
            try:
                given = self._answer(environ, exchange, slow)
            except CutOffError:
                self._end(exchange, is_cut_off=True)
                raise
            start_response(given.status, given.headers)
            exchange.status = int(given.status.partition(" ")[0])
            exchange.answer_headers = {_NAMED.get(name.lower(), name): value for name, value in given.headers}
            if isinstance(given.body, Streamed):
                return Streamed(given.body.length, self._followed(given.body, exchange, slow.pop_all()))
        body = b"".join(given.body)
        exchange.answer, exchange.answer_bytes = body[:KEPT_MAX_BYTES], len(body)
        self._end(exchange)
        return [body]

    def _begin(self, environ: WSGIEnvironment) -> Exchange:
        body = environ["wsgi.input"].read() if environ["REQUEST_METHOD"] == "POST" else b""
        environ["wsgi.input"] = io.BytesIO(body)
        seeming = peek(body)
        exchange = Exchange(
            at=self._clock(),
            received=machine_time(),
            began=time.monotonic(),
            method=str(environ["REQUEST_METHOD"]),
            path=str(environ.get("PATH_INFO", "")),
            query=str(environ.get("QUERY_STRING", "")),
            request_headers=headers_of(environ),
            request=body[:KEPT_MAX_BYTES],
            request_bytes=max(len(body), _announced(environ)),
            seeming=seeming,
            holder=self._holders.get(seeming.certificate or ""),
            own=environ.get(OWN),
        )
        exchange.put_into(environ)
        # What a holder does by the sandbox's hand is no call of a client: it uses up no fault.
        if exchange.method == "POST" and exchange.own is not Own.HOLDER:
            exchange.drawn = self._faults.draw(exchange)
        return exchange

    def _end(self, exchange: Exchange, *, is_cut_off: bool = False) -> None:
        exchange.is_cut_off = is_cut_off
        exchange.seconds = time.monotonic() - exchange.began
        self._faults.miss(one for one in exchange.drawn if one not in exchange.struck)
        self._journal.enter(exchange)

    def _followed(self, body: Streamed, exchange: Exchange, slow: ExitStack) -> Iterator[bytes]:
        """Pass a streamed answer on; it is entered when it has ended, however that is."""
        is_whole = False
        with slow:
            try:
                for piece in body:
                    exchange.answer += piece[: max(0, KEPT_MAX_BYTES - len(exchange.answer))]
                    exchange.answer_bytes += len(piece)
                    yield piece
                is_whole = exchange.answer_bytes == body.length
            finally:
                self._end(exchange, is_cut_off=not is_whole)

    def _answer(self, environ: WSGIEnvironment, exchange: Exchange, slow: ExitStack) -> _Given:
        """Have it answered, with what was ordered before, twice or behind; `slow` has what ends with it."""
        if any(one.order.kind in _SLOW for one in exchange.drawn) and not slow.enter_context(_turn()):
            return _plain(_TOO_MANY)
        for one in exchange.drawn:
            if one.order.kind is Kind.DELAY:
                exchange.strike(one)
                self._faults.wait(one, one.delay())
        if exchange.struck_by(Kind.DROP_BEFORE):
            raise CutOffError("a fault that was ordered")
        if plain := exchange.struck_by(Kind.STATUS):
            return _plain(plain)
        given = _call(self._application, environ)
        if twice := exchange.struck_by(Kind.DUPLICATE):
            given = self._again(environ, exchange, given, twice)
        return _falsified(given, exchange, self._faults) if exchange.drawn else given

    def _again(self, environ: WSGIEnvironment, exchange: Exchange, first: _Given, order: Order) -> _Given:
        """Deliver the request a second time; one of the two answers reaches the caller."""
        environ["wsgi.input"].seek(0)
        first.body = list(first.body)
        told = exchange.told
        second = _call(self._application, environ)
        if order.answer == "second":
            return second
        list(second.body)
        exchange.told = told
        return first


def _announced(environ: WSGIEnvironment) -> int:
    """Return how long a body was said to be; of one that is too long nothing is read."""
    text = str(environ.get("CONTENT_LENGTH") or "")
    return int(text) if environ["REQUEST_METHOD"] == "POST" and _LENGTH.fullmatch(text) else 0


@contextmanager
def _turn() -> Iterator[bool]:
    """Have one of the threads that may wait for faults; False where none is left."""
    is_there = _slow.acquire(blocking=False)
    try:
        yield is_there
    finally:
        if is_there:
            _slow.release()


def _call(application: WSGIApplication, environ: WSGIEnvironment) -> _Given:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None, /) -> Any:  # noqa: ANN401
        started[:] = [(status, headers)]
        return lambda _: None

    body = application(environ, start_response)
    [(status, headers)] = started
    return _Given(status, list(headers), body)


def _plain(order: Order) -> _Given:
    """Return an answer of a bare status, as proxies give it."""
    body = order.body.encode()
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    if order.retry_after is not None:
        headers.append(("Retry-After", str(order.retry_after)))
    return _Given(f"{order.status} {responses.get(order.status, 'As Ordered')}", headers, [body])


def _falsified(given: _Given, exchange: Exchange, faults: Faults) -> _Given:
    """Return an answer as the faults would have it; the connection ends where one of them says so."""
    if exchange.struck_by(Kind.DROP_AFTER):
        list(given.body)
        raise CutOffError("a fault that was ordered")
    body = whole = b"".join(given.body)
    for kind in FALSIFYING:
        fault = exchange.drawn_of(kind)
        before, body = body, falsified(body, given.header("Content-Type"), kind) if fault else body
        if fault and body != before:
            exchange.strike(fault)
    if body != whole:
        others = [one for one in given.headers if one[0].lower() != "content-length"]
        given.headers = [*others, ("Content-Length", str(len(body)))]
    given.body = [body]
    if cut := exchange.struck_by(Kind.TRUNCATE):
        given.body = cut_off(body, cut.bytes)
    elif slow := exchange.drawn_of(Kind.DRIBBLE):
        speed = exchange.strike(slow).bytes_per_second
        given.body = dribble(body, speed, partial(faults.wait, slow))
    return given
