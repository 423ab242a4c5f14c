"""What an endpoint answers, as HTTP: the status, the headers that every answer has, and the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import GatewayError, MethodNotAllowedError, TransportError
from notigateway.soap.parcel import new_boundary
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID
    from wsgiref.types import StartResponse, WSGIEnvironment

    from notigateway.soap.parcel import Parcel

_RETRY_AFTER_SECONDS: Final = "5"
_UNAVAILABLE: Final = 503
_ALLOW: Final = (("Allow", "GET, HEAD, POST"),)  # RFC 9110 §15.5.6
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class HttpAnswer:
    """An HTTP answer, not yet on the wire; what is in its parcel travels beside its body.

    A body may be in pieces: to put megabytes together takes as long as to hash them.
    """

    status: int
    body: Sequence[bytes]
    soap: SoapVersion = SoapVersion.V1_1
    headers: tuple[tuple[str, str], ...] = ()
    parcel: Parcel | None = None
    piece_seconds: float = 0.0

    def give(
        self, environ: WSGIEnvironment, start_response: StartResponse, *, correlation_id: UUID
    ) -> Iterable[bytes]:
        """Hand it to the server."""
        media_type, body, length = self._on_the_wire(correlation_id)
        headers = [
            ("Content-Type", media_type),
            ("Content-Length", str(length)),
            ("X-Correlation-Id", str(correlation_id)),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            *self.headers,
        ]
        start_response(f"{self.status} {_REASONS[self.status]}", headers)
        # RFC 9110 §9.3.2: the headers of a GET, its length included, and nothing behind them
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body

    def _on_the_wire(self, correlation_id: UUID) -> tuple[str, Iterable[bytes], int]:
        """Return the media type, the bytes and how many they are."""
        if not self.parcel:
            return f"{self.soap.media_type}; charset=utf-8", self.body, sum(map(len, self.body))
        boundary = new_boundary()
        streamed = self.parcel.body(
            b"".join(self.body),
            self.soap,
            boundary,
            seconds=self.piece_seconds,
            correlation_id=correlation_id,
        )
        return self.parcel.content_type(self.soap, boundary), streamed, streamed.length


def refusal(error: GatewayError, body: bytes, soap: SoapVersion) -> HttpAnswer:
    """Return the answer to what was refused before there was a message: unsigned, static."""
    allow = _ALLOW if isinstance(error, MethodNotAllowedError) else ()
    status = error.status if isinstance(error, TransportError) else _UNAVAILABLE
    return HttpAnswer(status, [body], soap, allow + retry_after(error))


def retry_after(error: GatewayError) -> tuple[tuple[str, str], ...]:
    """Return when it is worth trying again, in whole seconds (RFC 9110 §10.2.3)."""
    if not error.retryable:
        return ()
    return (("Retry-After", str(error.facts.get("retry_after_seconds", _RETRY_AFTER_SECONDS))),)
