"""`/_sandbox/pages/journal`: what came and went; each exchange with verdicts, explanation and bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request, url_for

from notigateway.explaining.explain_text import explanation_text
from notigateway.sandbox.admin import records
from notigateway.sandbox.admin.reading import this_world
from notigateway.sandbox.journal import Search
from notigateway.sandbox.ordered import all_operations
from notigateway.sandbox.pages.copying import copies_of_exchange
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.refusal_words import said_of_code
from notigateway.sandbox.pages.shell import page, tried
from notigateway.sandbox.pages.words import STEPS, VERDICTS
from notigateway.sandbox.pages.xml_view import views_of
from notigateway.sandbox.refusals import InvalidError
from notigateway.soap.served import errors_url_beside

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from notigateway.sandbox.exchange import Exchange
    from notigateway.sandbox.world import World

blueprint = Blueprint("journal", __name__)
_PAGE: Final = 50
_DIGITS_MAX: Final = 9
_FILTERS: Final = ("operation", "caller", "code", "status")
_KEPT: Final = (*_FILTERS, "clients")


@blueprint.get("/pages/journal")
def show() -> AnyResponse:
    """Show what is in it, the newest first."""
    world = this_world()
    found = world.journal.search(_search())[::-1]
    before = _number("before") or 0
    older = [one for one in found if not before or one.number < before]
    shown = older[:_PAGE]
    return page(
        "journal.html",
        entries=shown,
        count=len(found),
        dropped=world.journal.dropped,
        newest=_address() if before else None,
        older=_address(before=shown[-1].number) if len(older) > _PAGE else None,
        query={name: request.args[name] for name in _FILTERS if request.args.get(name)},
        only_clients=bool(request.args.get("clients")),
        operations=sorted(all_operations()),
        holders=list(world.pki.holders()),
    )


@blueprint.post("/pages/journal/clear")
def clear() -> AnyResponse:
    """Forget what is kept."""

    def act() -> Note:
        this_world().journal.clear()
        return Note("El diario está vacío.", "The journal is empty.")

    return tried(act, show, then=url_for("pages.journal.show"))


@blueprint.get("/pages/journal/<int:number>")
def one(number: int) -> AnyResponse:
    """Show one exchange."""
    world = this_world()
    exchange = records.find(world, number)
    codes = dict.fromkeys([*([exchange.code] if exchange.code else []), *exchange.refused_items])
    return page(
        "entry.html",
        entry=exchange,
        line=exchange.line(),
        refusals=[said_of_code(code) for code in codes if code != "OK"],
        explanation=_explanation(world, exchange),
        errors_url=errors_url_beside(str(world.settings.public_url)),
        asked=views_of(exchange.request, exchange.request_headers.get("Content-Type", "")),
        answered=views_of(exchange.answer, exchange.answer_headers.get("Content-Type", "")),
        copies=copies_of_exchange(world, exchange) if exchange.is_request_whole else [],
        steps=STEPS,
        verdicts=VERDICTS,
        previous=_beside(world, number, newer=False),
        following=_beside(world, number, newer=True),
    )


@blueprint.get("/pages/journal/<int:number>.har")
def archive(number: int) -> Response:
    """Give one exchange in the form of an HTTP archive."""
    return records.archive_of(this_world(), [records.find(this_world(), number)], f"{number}.har")


def _explanation(world: World, exchange: Exchange) -> str:
    """Return what was seen in a request, as text; "" where none was posted."""
    if exchange.method != "POST" or not exchange.request or not exchange.is_request_whole:
        return ""
    errors_url = errors_url_beside(str(world.settings.public_url))
    return explanation_text(records.explained(world, exchange), errors_url=errors_url)


def _beside(world: World, number: int, *, newer: bool) -> int | None:
    """Return the number of the entry that is kept before or behind one."""
    kept = [each.number for each in world.journal.search(Search(all=True))]
    beside = [each for each in kept if (each > number if newer else each < number)]
    return None if not beside else min(beside) if newer else max(beside)


def _search() -> Search:
    wanted: dict[str, Any] = {name: request.args.get(name, "").strip() or None for name in _FILTERS}
    # People see what pages and scenarios have asked too, unless they want the clients' alone.
    return Search(**wanted | {"status": _number("status"), "all": not request.args.get("clients")})


def _number(name: str) -> int | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise InvalidError(f"{name}: a whole number expected")
    return int(text)


def _address(**more: Any) -> str:  # noqa: ANN401  (values of a query)
    kept: dict[str, Any] = {name: request.args[name] for name in _KEPT if request.args.get(name)}
    return url_for("pages.journal.show", **kept, **more)
