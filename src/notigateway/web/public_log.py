"""The log over HTTP, for whoever witnesses it: static files to every cache between (C2SP tlog-tiles).

    …/log/checkpoint                      the newest head, a signed note
    …/log/tile/<L>/<N>[.p/<W>]            hashes of the tree
    …/log/tile/entries/<N>[.p/<W>]        leaves

Nothing of a request is read but its path, and nothing of it comes back.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from notigateway.errors import GatewayError
from notigateway.logger import Logger
from notigateway.tlog.tile_paths import CHECKPOINT_PATH, read_path
from notigateway.tlog.tiles import Tile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.log.public import PublicLog
    from notigateway.repository.session import Session

_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
# A head changes every minute. What it covers never does under one name; a log that was restored serves other
# tiles at the same addresses under the next one, and no cache may keep the former ones for long.
_BRIEFLY: Final = "public, max-age=5"
_FOR_AN_HOUR: Final = "public, max-age=3600"
_ALWAYS: Final = (("X-Content-Type-Options", "nosniff"), ("Access-Control-Allow-Origin", "*"))

_log = Logger("notigateway.log")


def public_log(log: PublicLog, *, reading: Callable[[], AbstractContextManager[Session]]) -> WSGIApplication:
    """Return the pages of a log as an application whose PATH_INFO begins behind its address.

    `reading` gives a session, or raises a `GatewayError` where the database cannot be read now.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"}:
            return _refuse(start_response, HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD"))
        try:
            with reading() as session:
                found = _find(log, session, environ.get("PATH_INFO", ""))
        except GatewayError as error:
            _log.error("public_log_unavailable", **error.line)
            return _refuse(start_response, HTTPStatus.SERVICE_UNAVAILABLE, ("Retry-After", "60"))
        if found is None:
            return _refuse(start_response, HTTPStatus.NOT_FOUND)
        body, kind, kept = found
        start_response("200 OK", _headers(body, kind, ("Cache-Control", kept)))
        return [] if method == "HEAD" else [body]

    return answer


def _find(log: PublicLog, session: Session, path: str) -> tuple[bytes, str, str] | None:
    """Return what stands at a path, of which kind, and for how long it may be kept."""
    if path == CHECKPOINT_PATH:
        head = log.head(session)
        return None if head is None else (head, _TEXT, _BRIEFLY)
    named = read_path(path)
    if named is None:
        return None
    level, place, width = named
    if level is None:
        body = log.entries(session, place, width)
    else:
        body = log.tile(session, Tile(level, place), width)
    return None if body is None else (body, _BYTES, _FOR_AN_HOUR)


def _refuse(start_response: StartResponse, status: HTTPStatus, *more: tuple[str, str]) -> Iterable[bytes]:
    body = f"{status.value}\n".encode()
    start_response(
        f"{status.value} {status.phrase}", _headers(body, _TEXT, ("Cache-Control", "no-store"), *more)
    )
    return [body]


def _headers(body: bytes, kind: str, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Content-Type", kind), ("Content-Length", str(len(body))), *_ALWAYS, *more]
