"""The public page for the code of a receipt: a form, an answer, no script, nothing to remember."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Flask, render_template, request
from werkzeug.exceptions import HTTPException

from notigateway.contract.problems import texts_of
from notigateway.errors import GatewayError, RateLimitedError
from notigateway.evidence.bilingual import day_and_time, ended, precise
from notigateway.evidence.wording import title
from notigateway.http.peers import peer_of
from notigateway.law.lifecycle import State
from notigateway.receipts.csv_codes import normal_code
from notigateway.web.protection import answer_in_a_word, protecting_headers, style_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from notigateway.evidence.bilingual import Words
    from notigateway.receipts.csv_codes import OnRecord

_FORM_MAX_BYTES: Final = 2 * 1024
_STYLE: Final = style_of("verification.css")
_HEADERS: Final = {"Cache-Control": "no-store", **protecting_headers(_STYLE, form_action="'self'")}


def verification_page(
    path: str, *, look_up: Callable[[str, str, str], OnRecord | None], proxy_hops: int
) -> Flask:
    """Return the page as a WSGI application; `look_up` takes code, NIF and peer.

    `look_up` raises `RateLimitedError`, or another `GatewayError` when it cannot answer now.
    """
    app = Flask(__name__, static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=_FORM_MAX_BYTES, MAX_FORM_MEMORY_SIZE=_FORM_MAX_BYTES)

    @app.get(path)
    def show_form() -> str:
        code = normal_code(request.args.get("csv", "")) or ""
        return render_template("verification.html", style=_STYLE, code=code)

    @app.post(path)
    def answer() -> str:
        code, nif = request.form.get("csv", ""), request.form.get("nif", "")
        found = look_up(code, nif, peer_of(request.environ, proxy_hops=proxy_hops))
        titled = None if found is None else title(found.state, found.nature)
        said = None if found is None else (titled, _when(found), precise(found.at))
        return render_template(
            "verification.html",
            style=_STYLE,
            code=normal_code(code) or "",
            asked=True,
            found=found,
            said=said,
        )

    @app.errorhandler(GatewayError)
    def refuse(error: GatewayError) -> tuple[str, int, dict[str, str]]:
        is_limit = isinstance(error, RateLimitedError)
        page = render_template("verification.html", style=_STYLE, code="", refusal=texts_of(error))
        wait = str(error.facts.get("retry_after_seconds", 60))
        return page, 429 if is_limit else 503, {"Retry-After": wait}

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        """Answer what is no use of the page without a word of the request."""
        return answer_in_a_word(error)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(_HEADERS)
        return response

    return app


def _when(found: OnRecord) -> Words:
    """Return when it was; a term that is over at midnight ends with the day before."""
    return ended(found.at) if found.state is State.LAPSED else day_and_time(found.at)
