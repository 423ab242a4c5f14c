"""What every page for people says to browsers: its own style, no script, no frame, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flask import Response, request
from werkzeug.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

_TEMPLATES: Final = Path(__file__).parent / "templates"


def style_of(file: str) -> str:
    """Return a style sheet, to stand in the page itself."""
    return (_TEMPLATES / file).read_text("utf-8")


def protecting_headers(style: str, *, form_action: str) -> dict[str, str]:
    """Return the headers of a page with this style and no other."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action {form_action}; "
            "frame-ancestors 'none'; base-uri 'none'"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def answer_in_a_word(error: HTTPException) -> Response:
    """Answer what is no use of a page without a word of the request; its methods where another was used.

    RFC 9110 §15.5.6.
    """
    allow = [(name, value) for name, value in error.get_headers() if name == "Allow"]
    return Response(f"{error.code}\n", status=error.code, mimetype="text/plain", headers=allow)


def serve_constant(app: Flask, path: str, page: Callable[[], str], headers: Mapping[str, str]) -> None:
    """Have an application serve one page, the same for everybody, with these headers, and nothing else."""

    @app.get(path)
    def show() -> Response:
        response = Response(page(), mimetype="text/html")
        response.add_etag()
        response.make_conditional(request.environ)
        return response

    app.register_error_handler(HTTPException, answer_in_a_word)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(headers)
        return response
