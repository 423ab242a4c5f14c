"""Serves a witness over HTTP: `POST /add-checkpoint`, and what it cosigned last, for whoever compares.

A GET of `/` tells the witness's vkey; one of `/<SHA-256 of the origin, in hexadecimal>/checkpoint` the head
of that log that it cosigned last, as its seal signed it. Nothing of a request but its body is looked at, and
nothing of it comes back.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from notigateway.errors import TemporarilyUnavailableError
from notigateway.http.incoming import Bounds
from notigateway.logger import Logger
from notigateway.tlog.submission import PATH, SUBMISSION_MAX_BYTES
from notigateway.witness.judging import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

    from notigateway.witness.judging import Witness
    from notigateway.witness.kept import Kept

# How much of a request is read.
BOUNDS: Final = Bounds(line_bytes=2048, fields=50, field_bytes=4096, body_bytes=SUBMISSION_MAX_BYTES)
_NOT_FOUND: Final = Verdict(404, b"not found\n")
_TOO_LARGE: Final = Verdict(413, b"larger than any submission\n")
_LATER: Final = Verdict(503, b"try again later\n")
_CHECKPOINT: Final = "/checkpoint"

_log = Logger("notigateway.witness")


class Service:
    """The WSGI application of a witness."""

    def __init__(
        self, witness: Witness, kept: Kept, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._witness = witness
        self._kept = kept
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        try:
            verdict = self._answer(environ)
        except TemporarilyUnavailableError as error:
            _log.error("witness_unavailable", **error.line)
            verdict = _LATER
        headers = [
            ("Content-Type", verdict.kind),
            ("Content-Length", str(len(verdict.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if verdict.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", "POST" if environ.get("PATH_INFO") == PATH else "GET, HEAD"))
        start_response(f"{verdict.status} {HTTPStatus(verdict.status).phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [verdict.body]

    def _answer(self, environ: WSGIEnvironment) -> Verdict:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path == PATH:
            return self._add(environ) if method == "POST" else Verdict(405, b"POST it\n")
        found = self._found(path)
        if found is None:
            return _NOT_FOUND
        return found if method in {"GET", "HEAD"} else Verdict(405, b"GET it\n")

    def _add(self, environ: WSGIEnvironment) -> Verdict:
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > SUBMISSION_MAX_BYTES:
            return _TOO_LARGE
        body = environ["wsgi.input"].read(SUBMISSION_MAX_BYTES + 1)
        if len(body) > SUBMISSION_MAX_BYTES:
            return _TOO_LARGE
        return self._witness.judge(body, self._clock())

    def _found(self, path: str) -> Verdict | None:
        """Return what stands at a path to be read."""
        if path == "/":
            return Verdict(200, f"{self._witness.me.vkey}\n".encode())
        if not path.endswith(_CHECKPOINT):
            return None
        for origin, head in self._kept.heads().items():
            if path == f"/{hashlib.sha256(origin.encode()).hexdigest()}{_CHECKPOINT}":
                return Verdict(200, head.note)
        return None
