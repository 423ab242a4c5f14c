"""Who may use the pages: whoever has the token where there is one; and no form of a stranger's is taken.

Cookies are for a host, whatever its port: their names have the port of the sandbox, so that two of them on
one machine do not take each other's. None of them tells the token.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final

from flask import g, request

from notigateway.sandbox.admin.reading import all_worlds
from notigateway.sandbox.refusals import FormError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

# The member of every form that says from which page it comes.
FIELD: Final = "form_mark"
_BEARER: Final = "bearer"
_SEED_BYTES: Final = 32


def is_let_in(token: str) -> bool:
    """Tell whether a request carries the token, or what this browser was given for it."""
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    # A scheme is written in whatever case (RFC 9110 §11.1).
    has_token = scheme.lower() == _BEARER and _same(sent.strip(" "), token)
    return has_token or _same(request.cookies.get(_name("entry"), ""), _entry(token))


def let_in(response: Response, token: str) -> None:
    """Have the browser say from now on that it was told the token."""
    response.set_cookie(_name("entry"), _entry(token), httponly=True, samesite="Strict")


def form_mark() -> str:
    """Return what a form of this page must carry: it belongs to this browser and this sandbox."""
    return _mark(_seed())


def check_form() -> None:
    """Refuse a form that no page of ours gave to this browser. Raises: `FormError`."""
    seed = request.cookies.get(_name("form"), "")
    if not seed or not _same(request.form.get(FIELD, ""), _mark(seed)):
        raise FormError("open the page and send its form again; cookies must be allowed for this address")


def keep_seed(response: Response) -> None:
    """Have the browser keep what its forms are marked by."""
    if "form_seed" in g and request.cookies.get(_name("form")) != g.form_seed:
        response.set_cookie(_name("form"), g.form_seed, httponly=True, samesite="Strict")


def _seed() -> str:
    if "form_seed" not in g:
        g.form_seed = request.cookies.get(_name("form")) or secrets.token_urlsafe(_SEED_BYTES)
    return str(g.form_seed)


def _mark(seed: str) -> str:
    return hmac.new(all_worlds().site.secret, seed.encode(), hashlib.sha256).hexdigest()


def _entry(token: str) -> str:
    return hmac.new(token.encode(), b"notigateway sandbox pages", hashlib.sha256).hexdigest()


def _name(purpose: str) -> str:
    port = all_worlds().site.listens.rpartition(":")[2]
    return f"notigateway_{purpose}_{port}"


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
