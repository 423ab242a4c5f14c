"""One exchange of HTTP, bounded as a whole: however the other side stretches it, it ends.

httpx bounds each read by itself, and httpcore reads on for as long as something comes: announcements without
end (1xx), a header of which one byte comes each second, chunks of one byte would hold a program for ever, or
its core. Here no read waits longer than the whole may still take, and what comes beside the body is counted.
What goes beyond is told by errors of the libraries, so whoever translates those translates these too.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING, Any, Final, cast

import httpcore
import httpx

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

# What may come beside the body: as much as one head, which h11 bounds by 100 KiB, and announcements ahead.
_BESIDE_BYTES: Final = 128 * 1024
# And one byte to so many of the body: chunks of 48 bytes and more, however many they are.
_BODY_TO_BESIDE: Final = 8
# A request goes out in pieces: who takes it slowly is noticed between two.
_SENT_AT_ONCE: Final = 16 * 1024


class SlowExchangeError(httpcore.ReadTimeout):
    """It took longer than it may; `body_bytes` of the answer's body had come."""

    def __init__(self, seconds: float, body_bytes: int) -> None:
        super().__init__(f"not complete after {seconds:.3g} seconds")
        self.seconds = seconds
        self.body_bytes = body_bytes


class BloatedExchangeError(httpcore.RemoteProtocolError):
    """An answer of nearly nothing but announcements, headers and the frames of chunks."""

    def __init__(self, beside: int, body_bytes: int) -> None:
        super().__init__(f"{beside} bytes of HTTP around {body_bytes} of an answer")


class NotConnectedError(httpcore.ConnectError):
    """Whoever says where connections go has named no address; `why` is the error by which it said so."""

    def __init__(self, why: OSError) -> None:
        super().__init__(str(why))
        # The pool raises what it is given without its cause.
        self.why = why


def failure_words(error: httpx.HTTPError) -> str:
    """Return what failed in few words: what was exceeded here, else the library's name for it."""
    cause = error.__cause__
    return str(cause) if isinstance(cause, SlowExchangeError | BloatedExchangeError) else type(error).__name__


class BoundedTransport(httpx.HTTPTransport):
    """What an `httpx.Client` sends by; nothing of the environment is read.

    From the first byte sent to the last one read an exchange takes at most `seconds`; where a rate is given,
    as much longer as the request and the body need at that rate: who is that slow is waited for, nobody
    slower. Connecting has the bound of the client's own timeouts.
    """

    def __init__(
        self,
        *,
        seconds: float,
        min_bytes_per_second: float = inf,
        verify: ssl.SSLContext | bool = True,
        proxy: httpx.Proxy | str | None = None,
        choose: Callable[[str, int], str] | None = None,
    ) -> None:
        """`choose` says to which address a connection goes, by name and port; else the system does."""
        super().__init__(verify=verify, trust_env=False, proxy=proxy)
        self._seconds = seconds
        self._seconds_per_byte = 1 / min_bytes_per_second
        # httpcore takes a backend, which httpx does not hand on.
        self._pool._network_backend = _Backend(self._pool._network_backend, choose)  # noqa: SLF001

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, whose body is still to come."""
        exchange = _Exchange(self._seconds, self._seconds_per_byte)
        token = _current.set(exchange)
        try:
            response = super().handle_request(request)
        finally:
            _current.reset(token)
        response.stream = _Body(cast("httpx.SyncByteStream", response.stream), exchange)
        return response


class _Exchange:
    """What went to and fro for one request, and how long it may still take."""

    def __init__(self, seconds: float, seconds_per_byte: float) -> None:
        self._seconds = seconds
        self._seconds_per_byte = seconds_per_byte
        self._begin: float | None = None
        self._sent = 0
        self._came = 0
        self.body_bytes = 0

    def send(self, stream: httpcore.NetworkStream, data: bytes, timeout: float) -> None:
        """Send all of it; the first byte begins the exchange."""
        for start in range(0, len(data), _SENT_AT_ONCE):
            piece = data[start : start + _SENT_AT_ONCE]
            with self._waiting(timeout) as seconds:
                stream.write(piece, seconds)
            self._sent += len(piece)

    def take(self, stream: httpcore.NetworkStream, max_bytes: int, timeout: float) -> bytes:
        """Return what comes next. All that came before was read: as body, or it was something else."""
        beside = self._came - self.body_bytes
        if beside > _BESIDE_BYTES + self.body_bytes // _BODY_TO_BESIDE:
            raise BloatedExchangeError(beside, self.body_bytes)
        with self._waiting(timeout) as seconds:
            data = stream.read(max_bytes, seconds)
        self._came += len(data)
        return data

    @contextmanager
    def _waiting(self, timeout: float) -> Iterator[float]:
        """Give the seconds to wait; that the exchange has no more of them is told as that."""
        left = self._left()
        try:
            yield min(timeout, left)
        except httpcore.TimeoutException as error:
            if left > timeout:
                raise
            raise self._slow() from error

    def _left(self) -> float:
        now = time.monotonic()
        if self._begin is None:
            self._begin = now
        left = self._begin + self._allowed() - now
        if left <= 0:
            raise self._slow()
        return left

    def _allowed(self) -> float:
        return self._seconds + (self._sent + self.body_bytes) * self._seconds_per_byte

    def _slow(self) -> SlowExchangeError:
        return SlowExchangeError(self._allowed(), self.body_bytes)


# A connection serves many exchanges, one after the other: this is the one that it is read for now.
_current: Final[ContextVar[_Exchange]] = ContextVar("notigateway_exchange")


class _Body(httpx.SyncByteStream):
    """The body of an answer, read as part of its exchange by whoever reads it."""

    def __init__(self, stream: httpx.SyncByteStream, exchange: _Exchange) -> None:
        self._stream = stream
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        pieces = iter(self._stream)
        while True:
            token = _current.set(self._exchange)
            try:
                piece = next(pieces, None)
            finally:
                _current.reset(token)
            if piece is None:
                return
            self._exchange.body_bytes += len(piece)
            yield piece

    def close(self) -> None:
        """End the exchange; a connection with something left to read is closed."""
        self._stream.close()


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend, choose: Callable[[str, int], str] | None) -> None:
        self._backend = backend
        self._choose = choose

    def connect_tcp(self, host: str, port: int, *args: Any, **named: Any) -> httpcore.NetworkStream:  # noqa: ANN401
        """Connect, as the library does; whom TLS and HTTP name stays the name."""
        if self._choose is not None:
            try:
                host = self._choose(host, port)
            except OSError as error:
                raise NotConnectedError(error) from error
        return _Stream(self._backend.connect_tcp(host, port, *args, **named))


class _Stream(httpcore.NetworkStream):
    """A connection, whose reading and writing belong to an exchange."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next."""
        return _current.get().take(self._stream, max_bytes, inf if timeout is None else timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        _current.get().send(self._stream, buffer, inf if timeout is None else timeout)

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(self, *args: Any, **named: Any) -> httpcore.NetworkStream:  # noqa: ANN401  (handed on)
        """Go on in TLS."""
        return _Stream(self._stream.start_tls(*args, **named))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  (the library's)
        """Return what the library knows of it."""
        return self._stream.get_extra_info(info)
