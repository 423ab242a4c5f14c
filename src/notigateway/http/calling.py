"""Runs a WSGI application for one whole request, in a thread, and returns its answer (PEP 3333)."""

from __future__ import annotations

import io
import sys
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from notigateway.http.streamed import Streamed

if TYPE_CHECKING:
    from types import TracebackType
    from wsgiref.types import WSGIApplication, WSGIEnvironment

    from notigateway.http.incoming import Incoming

    _ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

# In the environment: when the request was whole, by `time.monotonic`.
WHOLE_AT: Final = "notigateway.whole_at"
_NOWHERE: Final = ("localhost", "80")  # PEP 3333: neither may be empty
_NOT_PREFIXED: Final = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
# What the server says of an answer itself: the application's word would be a second one. A Date above all
# (RFC 9110 §6.6.1), which a page that may be kept gets from its framework.
_THE_SERVERS: Final = frozenset({"connection", "date", "keep-alive", "transfer-encoding", "upgrade"})


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the application gave it, in its pieces; what is `streamed` follows its body."""

    status: tuple[int, str]
    headers: list[tuple[str, str]]
    body: list[bytes]
    streamed: Streamed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Between whom a connection is."""

    server: tuple[str, str]
    peer: tuple[str, str]


def place_of(server: object, peer: object) -> Place:
    """Return the place between two addresses of sockets; those of a Unix socket have no host."""
    return Place(server=_host_and_port(server, _NOWHERE), peer=_host_and_port(peer, ("", "")))


def environ_of(incoming: Incoming, place: Place) -> WSGIEnvironment:
    """Return what the application is told of a complete request.

    A field whose name has an underscore is left out: in the environment it would be that with a hyphen,
    and a proxy that sets the one does not remove the other.
    """
    request = incoming.request
    if request is None:
        raise ValueError("the request is not complete")
    target = request.target.decode("latin-1")
    path, query = _path_and_query(target)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method.decode("ascii"),
        "SCRIPT_NAME": "",
        "RAW_URI": target,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": f"HTTP/{request.http_version.decode('ascii')}",
        "SERVER_NAME": place.server[0],
        "SERVER_PORT": place.server[1],
        "REMOTE_ADDR": place.peer[0],
        "REMOTE_PORT": place.peer[1],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(incoming.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        WHOLE_AT: time.monotonic(),
    }
    for name, value in request.headers:
        if b"_" in name or name == b"transfer-encoding":
            continue
        variable = name.decode("ascii").upper().replace("-", "_")
        key = variable if variable in _NOT_PREFIXED else f"HTTP_{variable}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    if "CONTENT_LENGTH" not in environ and incoming.body:
        environ["CONTENT_LENGTH"] = str(len(incoming.body))  # it came in chunks
    return environ


def call(application: WSGIApplication, environ: WSGIEnvironment) -> Answer:
    """Return the application's answer. Raises: whatever the application raises."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    pieces: list[bytes] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        exc_info: _ExcInfo | None = None,
        /,
    ) -> Any:  # noqa: ANN401  (PEP 3333's write)
        if started and exc_info is None:
            raise RuntimeError(
                "start_response was called twice"
            )  # nothing is sent yet: exc_info may replace it
        started[:] = [(status, headers)]
        return pieces.append

    result = application(environ, start_response)
    streamed = result if isinstance(result, Streamed) else None
    try:
        pieces.extend(result if streamed is None else ())
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()
    if not started:
        raise RuntimeError("the application never called start_response")
    [(status, headers)] = started
    code, _, reason = status.partition(" ")
    kept = [(name, value) for name, value in headers if name.lower() not in _THE_SERVERS]
    if not any(name.lower() == "content-length" for name, _ in kept) and int(code) not in {204, 304}:
        kept.append(("Content-Length", str(sum(map(len, pieces)))))
    return Answer((int(code), reason or HTTPStatus(int(code)).phrase), kept, pieces, streamed)


def _path_and_query(target: str) -> tuple[str, str]:
    """Split what was asked for, also where it is a whole address (RFC 9112 §3.2.2)."""
    if not target.startswith("/"):
        try:
            parts = urlsplit(target)
        except ValueError:
            return target, ""
        return parts.path, parts.query
    path, _, query = target.partition("?")
    return path, query


def _host_and_port(address: object, nowhere: tuple[str, str]) -> tuple[str, str]:
    return (str(address[0]), str(address[1])) if isinstance(address, tuple) else nowhere
