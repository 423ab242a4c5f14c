"""What all pages have around them: language, style, headers, the way of a form, what is said of refusals."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from notigateway.errors import GatewayError
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID
from notigateway.logger import Logger
from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.bodies import FORM_BYTES
from notigateway.sandbox.folder import SNAPSHOT_MAX_BYTES
from notigateway.sandbox.occupancy import OccupiedError
from notigateway.sandbox.pages import guarding, speaking
from notigateway.sandbox.pages.notes import Note, Notes
from notigateway.sandbox.pages.refusal_words import Said, said_of
from notigateway.sandbox.pages.speaking import say
from notigateway.sandbox.pages.words import MODES
from notigateway.sandbox.refusals import HostError, SandboxError, TokenMissingError
from notigateway.web.errors_page import in_pieces
from notigateway.web.protection import protecting_headers

if TYPE_CHECKING:
    from collections.abc import Callable

blueprint = Blueprint("pages", __name__, template_folder="templates")
_log = Logger("notigateway.sandbox")
_STYLE: Final = (Path(__file__).parent / "templates" / "pages" / "sandbox.css").read_text("utf-8")
_HEADERS: Final = protecting_headers(_STYLE, form_action="'self'")
_NOTES: Final = "notigateway.sandbox.notes"
# Their forms carry a snapshot; what any other form may carry is bounded for all.
_WITH_ARCHIVES: Final = frozenset({"pages.worlds.bring_back"})
# What may go wrong where a form is carried out, and is told on the page that has the form.
_REFUSED: Final = (SandboxError, OccupiedError, GatewayError)
# Each page of the menu: its endpoint, and its name in both languages.
MENU: Final = (
    ("pages.worlds.show", "Mundo", "World"),
    ("pages.clock.show", "Reloj", "Clock"),
    ("pages.notifications.show", "Notificaciones", "Notifications"),
    ("pages.stories.show", "Escenarios", "Scenarios"),
    ("pages.faults.show", "Fallos", "Faults"),
    ("pages.expectations.show", "Expectativas", "Expectations"),
    ("pages.journal.show", "Diario", "Journal"),
    ("pages.operations.show", "Operaciones", "Operations"),
    ("pages.certificates.show", "Certificados", "Certificates"),
    ("pages.mail.show_mail", "Correo", "Mail"),
)


def page(template: str, *, status: int = 200, **values: Any) -> AnyResponse:  # noqa: ANN401
    """Return a page; `values` are for its template."""
    refusal: Said | None = g.get("refusal")
    html = render_template(
        f"pages/{template}",
        style=_STYLE,
        menu=MENU,
        modes=MODES,
        language=speaking.language(),
        languages=speaking.LANGUAGES,
        world=this_world(),
        worlds=all_worlds(),
        note=_note(),
        refusal=refusal,
        **values,
    )
    return AnyResponse(html, refusal.status if refusal else status, mimetype="text/html")


def tried(act: Callable[[], Note], show: Callable[[], AnyResponse], *, then: str) -> AnyResponse:
    """Carry a form out and lead to the address `then`; where it is refused, show its page with the reason."""
    try:
        note = act()
    except _REFUSED as error:
        g.refusal = said_of(error)
        return show()
    return lead(note, then)


def lead(note: Note, then: str) -> AnyResponse:
    """Lead to a page that tells what was done."""
    notes: Notes = current_app.extensions[_NOTES]
    separator = "&" if "?" in then else "?"
    return redirect(f"{then}{separator}{urlencode({'note': notes.keep(note)})}", code=303)


def typed(name: str) -> str | None:
    """Return what was typed into a field; None where it was left empty."""
    return request.form.get(name, "").strip() or None


def _note() -> Note | None:
    notes: Notes = current_app.extensions[_NOTES]
    return notes.find(request.args.get("note", ""))


@blueprint.record_once
def _begin(state: Any) -> None:  # noqa: ANN401  (Flask's own state of setting up)
    state.app.extensions[_NOTES] = Notes()
    state.app.add_template_global(say, "say")
    state.app.add_template_global(guarding.form_mark, "form_mark")
    state.app.add_template_global(guarding.FIELD, "FORM_FIELD")
    state.app.add_template_global(_other_language, "other_language")
    state.app.add_template_filter(in_pieces)
    state.app.add_template_filter(_when, "when")


@blueprint.before_request
def _check() -> None:
    if request.endpoint in _WITH_ARCHIVES:
        request.max_content_length = SNAPSHOT_MAX_BYTES + FORM_BYTES
    if request.method == "POST":
        guarding.check_form()


@blueprint.after_request
def protect(response: AnyResponse) -> AnyResponse:
    """Say to the browser what a page may do, and have it keep what it is known by."""
    response.headers.update(_HEADERS)
    guarding.keep_seed(response)
    speaking.remember(response)
    return response


@blueprint.errorhandler(Exception)
def refuse(error: Exception) -> AnyResponse:
    """Tell on a page what was refused where no form's own page does."""
    if not isinstance(error, (*_REFUSED, HTTPException)):
        _log.error("sandbox_request_crashed", exc_info=error)
    g.refusal = said_of(error)
    # Who may be nobody of ours is told nothing else.
    is_stranger = isinstance(error, (HostError, TokenMissingError))
    template = "token.html" if isinstance(error, TokenMissingError) else "refused.html"
    return page(template, bare=is_stranger)


def _when(instant: datetime | str | None) -> Markup | str:
    """Return an instant for people: by the clocks of Madrid, whose days decide what lapses."""
    if instant is None:
        return "—"
    read = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    local = read.astimezone(MADRID)
    return Markup('<time datetime="{}">{}</time>').format(instant_text(read), f"{local:%Y-%m-%d %H:%M:%S %Z}")


def _other_language(code: str) -> str:
    """Return the address of this page in that language."""
    asked = {name: value for name, value in request.args.items() if name not in {"lang", "note"}}
    if request.method == "POST" or request.endpoint is None:
        return f"{url_for('pages.worlds.show')}?lang={code}"
    return f"{request.script_root}{request.path}?{urlencode({**asked, 'lang': code})}"
