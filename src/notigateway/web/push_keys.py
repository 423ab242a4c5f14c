"""The page with the keys that sign what is pushed: a set of keys (RFC 7517), the same for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# A receiver that meets a key it does not know asks again.
_FOR_FIVE_MINUTES = "public, max-age=300"


def push_keys_page(published: bytes) -> WSGIApplication:
    """Return the page; nothing of a request is read but its method."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in {"GET", "HEAD"}:
            start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
            return []
        headers = [
            ("Content-Type", "application/jwk-set+json"),
            ("Content-Length", str(len(published))),
            ("Cache-Control", _FOR_FIVE_MINUTES),
            ("X-Content-Type-Options", "nosniff"),
        ]
        start_response("200 OK", headers)
        return [] if method == "HEAD" else [published]

    return answer
