"""`/_sandbox/pages/operations`: every operation of every contract, with a signed request that can be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response, request, url_for

from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.calling.messages import send
from notigateway.sandbox.calling.wrongs import WRONGS
from notigateway.sandbox.exchange import Own
from notigateway.sandbox.pages.copying import copies_of_sample
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.published_operations import published_operations
from notigateway.sandbox.pages.samples import holder_for, sample_of, signed_now
from notigateway.sandbox.pages.shell import page, tried, typed
from notigateway.sandbox.pages.words import CONTRACTS
from notigateway.sandbox.pages.xml_view import views_of
from notigateway.sandbox.refusals import LackingError, UnknownError
from notigateway.sandbox.verbs import play

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from notigateway.sandbox.calling.answers import Answer
    from notigateway.sandbox.pages.samples import Sample

blueprint = Blueprint("operations", __name__)
_XML: Final = "text/xml; charset=utf-8"
# One thing may need another to be there first.
_LACKS_MAX: Final = 4


@blueprint.get("/pages/operations")
def show() -> AnyResponse:
    """Show which operations there are."""
    return page("operations.html", contracts=published_operations(), words=CONTRACTS)


@blueprint.get("/pages/operations/<contract>/<operation>")
def one(contract: str, operation: str) -> AnyResponse:
    """Show one, with a sample of it. Raises: `UnknownError`."""
    world, found = this_world(), published_operations().get(contract, {}).get(operation)
    if found is None:
        raise UnknownError("no contract has such an operation")
    holder = _holder(contract, operation)
    sample, lacking, views, copies = None, None, [], []
    try:
        sample = _sample(contract, operation)
    except LackingError as error:
        lacking = error
    if sample is not None:
        address = url_for("pages.operations.give", contract=contract, operation=operation, holder=holder)
        views = views_of(signed_now(sample), _XML)
        copies = copies_of_sample(world, sample, f"{world.place.origin}{address}")
    return page(
        "operation.html",
        operation=found,
        words=CONTRACTS[contract],
        holder=holder,
        holders=list(world.pki.holders()),
        about=request.values.get("notification"),
        lacking=lacking,
        views=views,
        copies=copies,
        wrongs=WRONGS,
        url=sample.asked.published.public_url if sample else None,
    )


@blueprint.get("/pages/operations/<contract>/<operation>/request.xml")
def give(contract: str, operation: str) -> Response:
    """Give a sample, signed now. Raises: `UnknownError`, `LackingError`."""
    if operation not in published_operations().get(contract, {}):
        raise UnknownError("no contract has such an operation")
    headers = {"Content-Disposition": f'attachment; filename="{operation}.xml"'}
    envelope = signed_now(_sample(contract, operation))
    return Response(envelope, mimetype="application/octet-stream", headers=headers)


@blueprint.post("/pages/operations/<contract>/<operation>/prepare")
def prepare(contract: str, operation: str) -> AnyResponse:
    """Make what a sample is to be about."""

    def act() -> Note:
        all_worlds().check_alone()
        for _ in range(_LACKS_MAX):
            try:
                _sample(contract, operation)
            except LackingError as error:
                play.play(this_world(), play.read_steps(error.steps))
            else:
                break
        return Note("Ya está.", "It is there now.")

    return tried(act, lambda: one(contract, operation), then=_here(contract, operation))


@blueprint.post("/pages/operations/<contract>/<operation>/send")
def ask(contract: str, operation: str) -> AnyResponse:
    """Send a sample, rightly or wrongly on purpose, and lead to what the journal has of it."""
    answers: list[Answer] = []

    def act() -> Note:
        sample, wrong = _sample(contract, operation), typed("wrong")
        make = WRONGS[wrong].make if wrong in WRONGS else lambda asked: [asked.message()]
        answers.extend(send(this_world(), message, Own.REQUEST) for message in make(sample.asked))
        code = answers[-1].code
        return Note(f"Enviada: {code}.", f"Sent: {code}.")

    found = tried(act, lambda: one(contract, operation), then=_here(contract, operation))
    if not answers or not answers[-1].number:
        return found
    entry = url_for("pages.journal.one", number=answers[-1].number)
    found.headers["Location"] = entry + "?" + found.headers["Location"].rpartition("?")[2]
    return found


def _holder(contract: str, operation: str) -> str:
    """Return whose certificate signs: the one that was chosen, or the one for whom the operation is."""
    chosen = request.values.get("holder", "")
    return chosen if chosen in this_world().pki.holders() else holder_for(contract, operation)


def _sample(contract: str, operation: str) -> Sample:
    about = request.values.get("notification")
    return sample_of(
        this_world(), contract, operation, holder=_holder(contract, operation), about=about or None
    )


def _here(contract: str, operation: str) -> str:
    holder, about = _holder(contract, operation), request.values.get("notification") or None
    return url_for(
        "pages.operations.one", contract=contract, operation=operation, holder=holder, notification=about
    )
