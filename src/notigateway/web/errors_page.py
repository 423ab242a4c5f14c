"""The public page of the errors: what every code means and what to do, where faults say it is told."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from flask import Flask, render_template

from notigateway.contract.cures import CURES, Arrival
from notigateway.contract.problem_words import PROBLEMS
from notigateway.contract.problems import texts_of
from notigateway.errors import TransportError, catalogue
from notigateway.web.protection import protecting_headers, serve_constant, style_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.contract.cures import Cure
    from notigateway.contract.problems import Texts
    from notigateway.errors import GatewayError

_STYLE: Final = style_of("errors.css")
# It changes with a new version only; whoever has looked a code up looks the next one up without asking.
_HEADERS: Final = {
    "Cache-Control": "public, max-age=3600",
    **protecting_headers(_STYLE, form_action="'none'"),
}


class Explained(NamedTuple):
    """One code as the page shows it."""

    code: str
    texts: Texts
    cure: Cure
    is_retryable: bool
    fault_code: str
    status: int | None
    numbers: tuple[int, ...]


def errors_page(
    path: str,
    *,
    fault_code: Callable[[type[GatewayError]], str],
    numbers: Callable[[type[GatewayError]], tuple[int, ...]],
) -> Flask:
    """Return the page as a WSGI application; the contracts say their codes and numbers of an error."""
    app = Flask(__name__, static_folder=None)
    app.add_template_filter(in_pieces)

    @cache
    def page() -> str:
        """Write it at its first use: it is the same as long as the process lives."""
        entries = [
            _explained(entry, fault_code(entry), numbers(entry))
            for entry in sorted(catalogue(), key=lambda entry: entry.code)
        ]
        return render_template("errors.html", style=_STYLE, entries=entries, words=PROBLEMS, Arrival=Arrival)

    serve_constant(app, path, page, _HEADERS)
    return app


def in_pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Give the pieces of a text, and of each whether it stood between back quotes."""
    for place, piece in enumerate(text.split("`")):
        if piece:
            yield place % 2 == 1, piece


def _explained(entry: type[GatewayError], fault_code: str, numbers: tuple[int, ...]) -> Explained:
    """Gather what is shown of a code; a fault code only where it comes in a fault."""
    cure = CURES[entry.code]
    is_static = Arrival.STATIC in cure.arrivals
    status = entry.status if issubclass(entry, TransportError) else HTTPStatus.SERVICE_UNAVAILABLE
    return Explained(
        code=entry.code,
        texts=texts_of(entry),
        cure=cure,
        is_retryable=entry.retryable,
        fault_code=fault_code if is_static or Arrival.FAULT in cure.arrivals else "",
        status=int(status) if is_static else None,
        numbers=numbers,
    )
