"""POST /explain of a sandbox: what the gateway sees in an envelope, as text or, if asked for, as JSON.

Not part of the gateway: only the sandbox's server puts it around the application, and it refuses
settings of production. It executes nothing and remembers nothing, so the same envelope may be asked
about and sent afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from notigateway.errors import ConfigurationError
from notigateway.explaining.explain import explain_envelope
from notigateway.explaining.explain_text import explanation_json, explanation_text
from notigateway.explaining.way import Way
from notigateway.pki.anchors import TrustStore
from notigateway.sandbox.clock import machine_time
from notigateway.soap.served import SERVED, errors_url_beside
from notigateway.wss.clients import ClientRegister
from notigateway.wss.freshness import read_instant
from notigateway.wss.policy import Expectations, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.explaining.explanation import Explanation
    from notigateway.settings import Settings

PATH: Final = "/explain"
_TEXT: Final = "text/plain; charset=utf-8"
_JSON: Final = "application/json"


class Explaining:
    """A WSGI application that explains envelopes at one path and hands everything else on.

    Raises: `ConfigurationError` for settings of production.
    """

    def __init__(
        self,
        application: WSGIApplication,
        settings: Settings,
        *,
        path: str = PATH,
        clock: Callable[[], datetime] = machine_time,
    ) -> None:
        """Explain at `path`, by that clock where no instant is given."""
        if settings.mode == "production":
            raise ConfigurationError("envelopes are explained in a sandbox only")
        self._application = application
        self._path = path
        self._clock = clock
        self._trust = TrustStore.from_folder(settings.authorised_issuers_folder)
        self._limits = Limits.of(settings)
        self.request_max_bytes = self._limits.request_max_bytes
        self._expectations = Expectations.of(settings)
        self._clients = ClientRegister.of(settings)
        self._public_url = str(settings.public_url)

    def explanation(self, data: bytes, way: Way, *, at: datetime) -> Explanation:
        """Return what the gateway sees in an envelope that came at an instant."""
        return explain_envelope(
            data,
            now=at,
            limits=self._limits,
            expectations=self._expectations,
            check_certificate=self._trust.check,
            clients=self._clients,
            way=way,
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request: 200 with the explanation, whatever the verdict in it."""
        if environ.get("PATH_INFO") != self._path:
            return self._application(environ, start_response)
        is_json = _JSON in environ.get("HTTP_ACCEPT", "")
        status, text = self._answer(environ, is_json=is_json)
        body = text.encode()
        kind = _JSON if is_json and status.startswith("200") else _TEXT
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _answer(self, environ: WSGIEnvironment, *, is_json: bool) -> tuple[str, str]:
        if environ["REQUEST_METHOD"] != "POST":
            return "405 Method Not Allowed", "POST an envelope to have it explained.\n"
        announced = environ.get("CONTENT_LENGTH") or ""
        if not (announced.isascii() and announced.isdigit() and len(announced) < len("1000000000")):
            return "411 Length Required", "Announce the envelope's length.\n"
        if int(announced) > self._limits.request_max_bytes:
            return "413 Content Too Large", "The gateway does not read envelopes of that size.\n"
        query = parse_qs(environ.get("QUERY_STRING", ""))
        try:
            at = read_instant(query["at"][0]) if "at" in query else None
        except ValueError:
            return "400 Bad Request", "?at= is an instant such as 2026-06-01T12:00:00Z.\n"
        data = environ["wsgi.input"].read(int(announced))
        way = self._way(environ, query, is_at_given=at is not None)
        explanation = self.explanation(data, way, at=at or self._clock())
        if is_json:
            return "200 OK", explanation_json(explanation)
        return "200 OK", explanation_text(explanation, errors_url=errors_url_beside(self._public_url))

    def _way(self, environ: WSGIEnvironment, query: dict[str, list[str]], *, is_at_given: bool) -> Way:
        """Return where the envelope goes: `?contract=` names it; its headers count as they were sent."""
        return Way(
            public_url=self._public_url,
            served=SERVED.get(query.get("contract", [""])[0]),
            content_type=str(environ.get("CONTENT_TYPE") or ""),
            content_encoding=environ.get("HTTP_CONTENT_ENCODING"),
            action=environ.get("HTTP_SOAPACTION"),
            instant_by="" if is_at_given else "?at=",
        )
