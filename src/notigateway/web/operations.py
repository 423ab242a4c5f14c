"""The addresses for the operator's programs, by path: whether this process lives, and how it stands.

Served on an address of their own, and by a sandbox at the root of its one. An answer is never cached by
anything on its way, and nothing of the request comes back in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import GatewayError
from notigateway.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from notigateway.health.instance import Instance

_log = Logger("notigateway.operations")

ALIVE: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
_JSON: Final = "application/json"
_REASONS: Final = {
    200: "OK",
    404: "Not Found",
    405: "Method Not Allowed",
    503: "Service Unavailable",
}


class Operations:
    """A WSGI application of several pages, each at its path; everything else is 404."""

    def __init__(self, pages: Mapping[str, WSGIApplication]) -> None:
        self._pages = dict(pages)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Hand a GET or HEAD to the page at its path."""
        page = self._pages.get(environ.get("PATH_INFO", ""))
        if page is None:
            return _answer(start_response, 404, b"404\n", kind="text/plain")
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            allow = ("Allow", "GET, HEAD")  # RFC 9110 §15.5.6
            return _answer(start_response, 405, b"405\n", kind="text/plain", headers=(allow,))
        answer = page(environ, start_response)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else answer

    def before(self, application: WSGIApplication) -> WSGIApplication:
        """Return an application that answers at these paths too, and hands everything else on."""

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            ours = environ.get("PATH_INFO", "") in self._pages
            return (self if ours else application)(environ, start_response)

        return answer


def json_page(answer: Callable[[], tuple[int, Mapping[str, Any]]]) -> WSGIApplication:
    """Return a page that says in JSON what `answer` returns, with its status."""

    def page(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, said = answer()
        body = json.dumps(said, ensure_ascii=False).encode() + b"\n"
        return _answer(start_response, status, body, kind=_JSON)

    return page


def text_page(kind: str, answer: Callable[[], bytes]) -> WSGIApplication:
    """Return a page that says the text that `answer` returns, of that media type; 503 where it has none."""

    def page(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = answer()
        except GatewayError as error:
            _log.warning("metrics_not_told", **error.line)
            return _answer(start_response, 503, f"{error.code}\n".encode(), kind="text/plain")
        return _answer(start_response, 200, body, kind=kind)

    return page


def alive_page(instance: Instance) -> WSGIApplication:
    """Return the page of a process that lives: it answers, and nothing else is looked at."""
    return json_page(lambda: (200, {"status": "alive", "instance": instance.line}))


def _answer(
    start_response: StartResponse,
    status: int,
    body: bytes,
    *,
    kind: str,
    headers: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    start_response(
        f"{status} {_REASONS[status]}",
        [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            *headers,
        ],
    )
    return [body]
