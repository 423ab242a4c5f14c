"""A journal and faults around an application that answers the same to everybody, in this process."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

from notigateway.sandbox.faults import Faults
from notigateway.sandbox.journal import Journal
from notigateway.sandbox.recording import Recording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

BODY = b"answered" * 1_000


class Recorded:
    """An application with faults around it, and what it answers."""

    def __init__(self, journal: Journal | None = None) -> None:
        self.journal, self.faults = journal or Journal(), Faults("7")
        # What the application was sent.
        self.received: list[bytes] = []
        self._recording = Recording(
            self._answer,
            clock=lambda: datetime.now(UTC),
            journal=self.journal,
            faults=self.faults,
            holders={},
        )

    def post(self, sent: bytes = b"", /, **more: str) -> tuple[str, Iterable[bytes]]:
        """Return the status and the body of an answer."""
        said: list[str] = []
        environ: dict[str, Any] = {"REQUEST_METHOD": "POST", "wsgi.input": io.BytesIO(sent), **more}
        setup_testing_defaults(environ)
        body = self._recording(environ, lambda status, *_: said.append(status))  # type: ignore[arg-type]
        return said[0], body

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.received.append(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/xml")])
        return [BODY]
