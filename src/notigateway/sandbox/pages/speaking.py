"""In which language a page speaks: as its reader has chosen, else as the browser says, else Spanish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import request

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

LANGUAGES: Final = {"es": "Español", "en": "English"}
_CHOICE: Final = "lang"
_COOKIE: Final = "notigateway_language"
_KEPT_SECONDS: Final = 365 * 24 * 3600


def language() -> str:
    """Return the language of the page that is asked for."""
    for chosen in (request.args.get(_CHOICE), request.cookies.get(_COOKIE)):
        if chosen in LANGUAGES:
            return chosen
    return request.accept_languages.best_match(list(LANGUAGES), default="es") or "es"


def say(es: str, en: str) -> str:
    """Return what is to be said, in that language."""
    return en if language() == "en" else es


def remember(response: Response) -> None:
    """Have the browser keep what was chosen in this request."""
    chosen = request.args.get(_CHOICE)
    if chosen in LANGUAGES:
        response.set_cookie(_COOKIE, chosen, max_age=_KEPT_SECONDS, httponly=True, samesite="Strict")
