"""`/_sandbox/pages/token`: asks for the token of a sandbox that listens beyond this machine, once."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from flask import Blueprint, redirect, request, url_for

from notigateway.sandbox.admin.reading import all_worlds
from notigateway.sandbox.pages import guarding
from notigateway.sandbox.refusals import TokenMissingError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

blueprint = Blueprint("entering", __name__)


@blueprint.post("/pages/token")
def enter() -> Response:
    """Let the browser in that sends the token. Raises: `TokenMissingError`."""
    token = all_worlds().site.token or ""
    if not hmac.compare_digest(request.form.get("token", "").strip().encode(), token.encode()):
        raise TokenMissingError("that is not the token of this sandbox")
    answer = redirect(url_for("pages.worlds.show"), code=303)
    guarding.let_in(answer, token)
    return answer
