"""Why no signed answer came, in the words of who has to mend it: name, port, TLS, proxy, time, HTTP status.

Nobody signs any of it: it is shown, on one line, and believed no further than that the request failed.
"""

from __future__ import annotations

import re
import socket
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx

from notigateway.client.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

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


class Way:
    """How far one request has come: what failed is told by it."""

    def __init__(self) -> None:
        self.phase = "connect"

    def trace(self, event: str, _info: dict[str, Any]) -> None:
        """Take note of an event of the connection; httpcore names them."""
        if event == "connection.start_tls.started":
            self.phase = "tls"
        elif event.startswith("http11."):
            self.phase = "answer"


def unreached(
    error: httpx.RequestError, url: httpx.URL, way: Way, *, timeout_seconds: float
) -> UnreachableError:
    """Return what is to be told of a request that got no answer, and whether asking again may help."""
    where = f"{url.host}:{url.port or (443 if url.scheme == 'https' else 80)}"
    if isinstance(error, httpx.ProxyError):
        text = (
            "the proxy that the environment names (HTTPS_PROXY or HTTP_PROXY) does not let through to "
            f"{where}: {one_line(str(error))}; NO_PROXY={url.host} goes past it"
        )
        return UnreachableError(text, retryable=False)
    if isinstance(error, httpx.TimeoutException):
        return _too_late(where, way, min(timeout_seconds, CONNECT_MAX_SECONDS), timeout_seconds)
    return _no_tls(error, where) if way.phase == "tls" else _broken(error, url, where)


def _broken(error: httpx.RequestError, url: httpx.URL, where: str) -> UnreachableError:
    """Tell of a connection that was not made, or ended."""
    for cause in _causes(error):
        if isinstance(cause, socket.gaierror):
            text = f"no address is known for {url.host!r}: see whether the name is right, and DNS answers"
            return UnreachableError(text, retryable=cause.errno == socket.EAI_AGAIN)
        if isinstance(cause, ConnectionRefusedError):
            return UnreachableError(f"nothing listens at {where}: connection refused")
    if _NO_HTTP.search(str(error)):
        text = f"{where} does not answer in HTTP: where it is a port with TLS, write https:// for http://"
        return UnreachableError(text, retryable=False)
    said = f"no connection to {where}: {one_line(str(error)) or type(error).__name__}"
    if url.scheme == "http":
        said += "; where it is a port with TLS, write https:// for http:// in the address"
    return UnreachableError(said)


def _too_late(where: str, way: Way, connect_seconds: float, timeout_seconds: float) -> UnreachableError:
    if way.phase == "tls":
        text = (
            f"{where} took the connection and did not answer in TLS within {connect_seconds:g} seconds: "
            f"{_cure_of_no_tls(where)}"
        )
        return UnreachableError(text, retryable=False)
    if way.phase == "connect":
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


def refused(status: int, data: bytes, *, location: str = "") -> str:
    """Return what is to be told of an HTTP answer that nobody signed."""
    try:
        name = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        name = str(status)
    said = f"the request was refused with HTTP status {name}, without a signed answer"
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
