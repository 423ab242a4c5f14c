"""The page at `/` of a gateway, for whoever opens its address in a browser: service, contracts, documents.

It says nothing that is not public, and the same to everybody: no state, no caller, no version of the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from flask import Flask, render_template

from notigateway.web.protection import protecting_headers, serve_constant, style_of

if TYPE_CHECKING:
    from collections.abc import Mapping

FRONT_PATH: Final = "/"
_STYLE: Final = style_of("front.css")
_HEADERS: Final = {
    "Cache-Control": "public, max-age=3600",
    **protecting_headers(_STYLE, form_action="'none'"),
}
# What each contract is for, Spanish and English, by the name under which it is served.
_CONTRACTS: Final = {
    "v1": ("Buzón: interesados y representantes", "Mailbox: parties and representatives"),
    "issuing": ("Órganos emisores", "Issuing bodies"),
    "wscn": ("WSCN de la Seguridad Social", "The Social Security's WSCN"),
    "wscn-test": ("WSCN de la Seguridad Social, pruebas", "The Social Security's WSCN, tests"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """The addresses of what is read beside the contracts."""

    errors: str
    verify: str
    checkpoint: str
    push_contract: str
    push_keys: str


def front_page(contracts: Mapping[str, str], documents: Documents) -> Flask:
    """Return the page as a WSGI application; `contracts` are the addresses by the names of the contracts."""
    app = Flask(__name__, static_folder=None)
    served = [(*_CONTRACTS[name], url) for name, url in contracts.items()]

    @cache
    def page() -> str:
        return render_template("front.html", style=_STYLE, contracts=served, documents=documents)

    serve_constant(app, FRONT_PATH, page, _HEADERS)
    return app
