"""`/_sandbox/pages/notifications`: what stands in a world, each with its receipts; a form to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from flask import Blueprint, Response, request, url_for

from notigateway.law.lifecycle import Kind, State
from notigateway.law.representation import ItemKind
from notigateway.repository.engine import reading
from notigateway.repository.overview import find_standing, list_receipts, list_standing
from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.matters import example
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.reading_forms import asked_page, instant_typed, number_typed
from notigateway.sandbox.pages.shell import page, tried, typed
from notigateway.sandbox.pages.words import KINDS, STATES, next_of, receipt_words
from notigateway.sandbox.refusals import UnknownError
from notigateway.sandbox.seeds import BODIES
from notigateway.sandbox.showing import line_of, tell_one
from notigateway.sandbox.verbs.verb import do

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from notigateway.repository.overview import Stands
    from notigateway.sandbox.world import World

blueprint = Blueprint("notifications", __name__)
_PAGE: Final = 50
_ALL: Final = 100_000
_FILTERS: Final = ("state", "addressee")
# Those of the sandbox who can be an addressee, and decide what is addressed to them.
_ADDRESSEES: Final = ("company", "person", "red", "stranger")


@blueprint.get("/pages/notifications")
def show() -> AnyResponse:
    """Show those that are meant, the newest first, and a form to publish another one."""
    world, number = this_world(), asked_page()
    state, addressee = request.args.get("state") or None, request.args.get("addressee") or None
    found = _found(world, state, addressee)
    shown = found[number * _PAGE : (number + 1) * _PAGE]
    return page(
        "notifications.html",
        lines=[line_of(one) for one in shown],
        count=len(found),
        newer=_address(number - 1) if number else None,
        older=_address(number + 1) if len(found) > (number + 1) * _PAGE else None,
        state=state,
        addressee=addressee,
        states=STATES,
        kinds=KINDS,
        holders=[(name, f"{name}: {world.name_of(name)}") for name in _ADDRESSEES],
        bodies=BODIES,
        procedures=[each for each in example() if each.kind is ItemKind.PROCEDURE],
    )


@blueprint.post("/pages/notifications")
def publish() -> AnyResponse:
    """Put an act at somebody's disposal."""

    def act() -> Note:
        all_worlds().check_alone()
        made = do(this_world(), "publish", _wanted())
        several = len(made.get("notifications", (made,)))
        link = url_for("pages.notifications.one", identifier=made["id"])
        es = "Se ha publicado." if several == 1 else f"Se han publicado {several}."
        en = "It was published." if several == 1 else f"{several} were published."
        return Note(es, en, link=(link, "Ver la notificación", "See the notification"))

    return tried(act, show, then=url_for("pages.notifications.show"))


@blueprint.get("/pages/notifications/<identifier>")
def one(identifier: str) -> AnyResponse:
    """Show one, its receipts, and what happens next."""
    world = this_world()
    told = tell_one(world, identifier)
    return page(
        "notification.html",
        one=told,
        following=next_of(told, world.clock()),
        decider=next((name for name in _ADDRESSEES if world.nif_of(name) == told["addressee"]), None),
        is_open=told["state"] in {State.AVAILABLE, State.RECEIPT_REQUESTED},
        states=STATES,
        kinds=KINDS,
        receipt_words=receipt_words,
    )


@blueprint.post("/pages/notifications/<identifier>/lapse")
def lapse(identifier: str) -> AnyResponse:
    """Let time pass until it has lapsed."""

    def act() -> Note:
        all_worlds().check_alone()
        do(this_world(), "lapse", {"notification": identifier})
        return Note("Ha pasado el plazo.", "Its term has passed.")

    target = url_for("pages.notifications.one", identifier=identifier)
    return tried(act, lambda: one(identifier), then=target)


@blueprint.get("/pages/notifications/<identifier>/receipts/<receipt>.xml")
def receipt_of(identifier: str, receipt: str) -> Response:
    """Give a receipt as it was sealed. Raises: `UnknownError`."""
    world = this_world()
    try:
        wanted = UUID(identifier)
    except ValueError as error:
        raise UnknownError("there is no such notification in this world") from error
    with world.looking() as office, reading(office.engine) as session:
        found = find_standing(session, wanted)
        receipts = [] if found is None else list_receipts(session, found.code)
        sealed = next((each.xml for each in receipts if str(each.id) == receipt), None)
    if sealed is None:
        raise UnknownError("there is no such receipt in this world")
    headers = {"Content-Disposition": f'attachment; filename="{receipt}.xml"'}
    return Response(sealed, mimetype="application/octet-stream", headers=headers)


def _found(world: World, state: str | None, addressee: str | None) -> list[Stands]:
    nif = None if addressee is None else world.nif_of(addressee.strip())
    with world.looking() as office, reading(office.engine) as session:
        # a state may follow from the clock alone: it is asked of the rows
        found = list_standing(session, now=world.clock(), addressee=nif, limit=_ALL)
    return [each for each in found if state in {None, each.state.value}]


def _address(number: int) -> str:
    kept: dict[str, Any] = {name: request.args[name] for name in _FILTERS if request.args.get(name)}
    return url_for("pages.notifications.show", **kept, page=number)


def _wanted() -> dict[str, Any]:
    """Return what was typed as the members of the verb."""
    text, procedure = typed("text"), (typed("procedure") or "").partition("/")
    members: dict[str, Any] = {
        "addressee": typed("other_addressee") or typed("addressee"),
        "addressee_name": typed("addressee_name"),
        "subject": typed("subject"),
        "reference": typed("reference"),
        "body": typed("body"),
        "procedure": procedure[0] or None,
        "matter": procedure[2] or None,
        "kind": typed("kind") or Kind.NOTIFICATION.value,
        "available_at": instant_typed("available_at"),
        "count": number_typed("count"),
        "voluntary": True if request.form.get("voluntary") else None,
        "special_category": True if request.form.get("special_category") else None,
        "documents": [{"name": "documento.txt", "media_type": "text/plain", "text": text}] if text else None,
    }
    return {name: value for name, value in members.items() if value is not None}
