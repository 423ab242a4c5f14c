"""Why no signed answer came, in the words of who has to mend it: name, port, TLS, proxy, time, HTTP status.

Nobody signs any of it: it is shown, on one line, and believed no further than that the request failed.
"""

from __future__ import annotations

import re
import socket
import ssl
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx

from notigateway.client.errors import UnreachableError
from notigateway.exchanges import BloatedExchangeError, SlowExchangeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.client.proxies import Proxy

# Taking a connection, TLS included, is a matter of moments, whatever an answer may take.
CONNECT_MAX_SECONDS: Final = 10.0
_SHOWN_CHARS: Final = 200
# Where nobody on the way could read along.
_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "localhost"})
# What h11 says where no HTTP status line stands, but an alert of TLS for example.
_NO_HTTP: Final = re.compile("illegal (?:status|request) line")
_MARKUP: Final = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|<[^>]*>", re.DOTALL | re.IGNORECASE)
# The text of a SOAP fault says more than its page of markup.
_FAULT_TEXT: Final = re.compile(r"<(?:\w+:)?(faultstring|Text)\b[^>]*>(.*?)</", re.DOTALL)
_SERVER_TIME: Final = re.compile(r'name="serverTime"[^>]*>([^<]{1,40})<')


class Phase(Enum):
    """Where a request is on its way."""

    CONNECT = auto()
    # A proxy is asked to let through.
    TUNNEL = auto()
    TLS = auto()
    ANSWER = auto()


class Way:
    """How far one request has come, and through which proxy: what failed is told by it.

    `is_tunnelled` says that a proxy is only asked to let through, as for https.
    """

    def __init__(self, proxy: Proxy | None = None, *, is_tunnelled: bool = False) -> None:
        self.proxy = proxy
        self.phase = Phase.CONNECT
        self._is_tunnelled = proxy is not None and is_tunnelled
        self._is_new = False

    @property
    def may_be_the_proxys(self) -> bool:
        """Tell whether the proxy itself may have given an answer that nobody signed."""
        return self.proxy is not None and not self._is_tunnelled

    def trace(self, event: str, _info: dict[str, Any]) -> None:
        """Take note of an event of the connection; httpcore names them."""
        if event == "connection.connect_tcp.started":
            self._is_new = True
        elif event == "proxy.start_tls.started" or (
            event == "connection.start_tls.started" and self.proxy is None
        ):
            self.phase = Phase.TLS
        elif event.startswith("http11."):
            is_asking = self._is_tunnelled and self._is_new and self.phase is not Phase.TLS
            if self.phase is not Phase.ANSWER:
                self.phase = Phase.TUNNEL if is_asking else Phase.ANSWER


def unreached(
    error: httpx.RequestError, url: httpx.URL, way: Way, *, timeout_seconds: float
) -> UnreachableError:
    """Return what is to be told of a request that got no answer, and whether asking again may help."""
    where = f"{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}"
    connect_seconds = min(timeout_seconds, CONNECT_MAX_SECONDS)
    if way.proxy is not None and way.phase in {Phase.CONNECT, Phase.TUNNEL}:
        seconds = connect_seconds if way.phase is Phase.CONNECT else timeout_seconds
        told = _no_proxy(error, way, way.proxy, where=where, seconds=seconds)
    elif isinstance(error, httpx.TimeoutException):
        told = _too_slow(error, where) or _too_late(where, way, connect_seconds, timeout_seconds)
    else:
        told = _no_tls(error, where) if way.phase is Phase.TLS else _broken(error, url, where)
    if way.proxy is None:
        return told
    through = "" if way.phase in {Phase.CONNECT, Phase.TUNNEL} else f"it goes through {way.proxy}: "
    return UnreachableError(f"{told}; {through}NO_PROXY={url.host} goes past it", retryable=told.retryable)


def _no_proxy(
    error: httpx.RequestError, way: Way, proxy: Proxy, *, where: str, seconds: float
) -> UnreachableError:
    """Tell of a proxy that is not reached, or does not let through."""
    said = one_line(str(error)) or type(error).__name__
    if isinstance(error, httpx.ProxyError):
        return UnreachableError(f"{proxy} does not let through to {where}: {said}", retryable=False)
    if isinstance(error, httpx.TimeoutException):
        did = "take the connection" if way.phase is Phase.CONNECT else f"let through to {where}"
        return UnreachableError(f"{proxy} did not {did} in time: {seconds:g} seconds")
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            text = f"no address is known for {proxy}: see whether the name is right, and DNS answers"
            return UnreachableError(text, retryable=cause.errno == socket.EAI_AGAIN)
        if isinstance(cause, ConnectionRefusedError):
            return UnreachableError(f"nothing listens at {proxy}: connection refused")
    return UnreachableError(f"no connection to {proxy}: {said}")


def _broken(error: httpx.RequestError, url: httpx.URL, where: str) -> UnreachableError:
    """Tell of a connection that was not made, or ended."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            text = f"no address is known for {url.host!r}: see whether the name is right, and DNS answers"
            return UnreachableError(text, retryable=cause.errno == socket.EAI_AGAIN)
        if isinstance(cause, ConnectionRefusedError):
            return UnreachableError(f"nothing listens at {where}: connection refused")
    if isinstance(error.__cause__, BloatedExchangeError):
        return UnreachableError(f"{where} answers with hardly anything that is an answer: {error}")
    if _NO_HTTP.search(str(error)):
        text = f"{where} does not answer in HTTP: where it is a port with TLS, write https:// for http://"
        return UnreachableError(text, retryable=False)
    said = f"no connection to {where}: {one_line(str(error)) or type(error).__name__}"
    if url.scheme == "http":
        said += "; where it is a port with TLS, write https:// for http:// in the address"
    return UnreachableError(said)


def _too_slow(error: httpx.RequestError, where: str) -> UnreachableError | None:
    """Tell of an answer that began, and came too slowly to be waited for."""
    cause = error.__cause__
    if not isinstance(cause, SlowExchangeError) or not cause.body_bytes:
        return None
    came = f"{cause.body_bytes} bytes of an answer in {cause.seconds:.3g} seconds"
    return UnreachableError(f"the service at {where} answers too slowly: {came}")


def _too_late(where: str, way: Way, connect_seconds: float, timeout_seconds: float) -> UnreachableError:
    if way.phase is Phase.TLS:
        text = (
            f"{where} took the connection and did not answer in TLS within {connect_seconds:g} seconds: "
            f"{_cure_of_no_tls(where)}"
        )
        return UnreachableError(text, retryable=False)
    if way.phase is Phase.CONNECT:
        return UnreachableError(f"{where} did not take the connection in time: {connect_seconds:g} seconds")
    text = f"the service at {where} did not answer in time: {timeout_seconds:g} seconds (--timeout-seconds)"
    return UnreachableError(text)


def _no_tls(error: httpx.RequestError, where: str) -> UnreachableError:
    """Tell a certificate that is not believed, asking again cannot mend it, from a port without TLS."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            text = (
                f"the TLS certificate of {where} is not believed: {one_line(cause.verify_message)}; where "
                "its issuer is not a public one, name it with --ca-file"
            )
            return UnreachableError(text, retryable=False)
    said = one_line(str(error)) or type(error).__name__
    text = f"{where} does not speak TLS ({said}): {_cure_of_no_tls(where)}"
    return UnreachableError(text, retryable=False)


def _cure_of_no_tls(where: str) -> str:
    """Say what to do; over a network nobody is advised to send personal data in the clear."""
    if where.rpartition(":")[0] in _THIS_MACHINE:
        return "where it is a port without TLS, write http:// for https:// in the address"
    return "ask whoever runs the service for its address"


def refused(status: int, data: bytes, *, location: str = "", way: Way | None = None) -> str:
    """Return what is to be told of an HTTP answer that nobody signed."""
    try:
        name = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        name = str(status)
    said = f"the request was refused with HTTP status {name}, without a signed answer"
    if way is not None and way.may_be_the_proxys:
        said += f", by the service or {way.proxy}"
    if location:
        said += f"; it leads to {one_line(location)!r}: give that as the address, if it is the service's"
    return said + unproven(data)


def unproven(data: bytes) -> str:
    """Return what an unsigned answer says, as text that may be appended; nothing where it says nothing."""
    text = data[:65536].decode("utf-8", "replace")
    fault = _FAULT_TEXT.search(text)
    words = one_line(_MARKUP.sub(" ", fault[2] if fault else text))
    time = _SERVER_TIME.search(text)
    if time is not None:
        words += f" (its clock: {one_line(time[1])})"
    return f"; it says (unproven): {words!r}" if words else ""


def one_line(text: str) -> str:
    """Return a text of somebody else on one line, without control characters, and not too long."""
    words = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return words if len(words) <= _SHOWN_CHARS else f"{words[: _SHOWN_CHARS - 1]}…"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
