"""`/_sandbox/pages/faults`: what may be ordered to go wrong and what it means, what is ordered, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for

from notigateway.errors import catalogue
from notigateway.sandbox.admin.reading import this_world
from notigateway.sandbox.faults import Kind
from notigateway.sandbox.given import Given
from notigateway.sandbox.ordered import all_operations, read_order
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.reading_forms import fraction_typed, number_typed
from notigateway.sandbox.pages.shell import page, tried, typed
from notigateway.sandbox.pages.words import FAULTS, PARAMETERS
from notigateway.sandbox.refusals import UnknownError

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

blueprint = Blueprint("faults", __name__)
# How the members are read that are no texts.
_READ: dict[str, Callable[[str], Any]] = {
    "status": number_typed,
    "retry_after": number_typed,
    "bytes": number_typed,
    "bytes_per_second": number_typed,
    "sigma": fraction_typed,
    "nth": number_typed,
    "times": number_typed,
    "probability": fraction_typed,
}
_SELECTORS = ("operation", "caller", "nth", "times", "probability")


@blueprint.get("/pages/faults")
def show() -> Response:
    """Show what is ordered, and what may be."""
    faults = this_world().faults.all()
    return page("faults.html", faults=faults, kinds=FAULTS, selectors=_SELECTORS)


@blueprint.get("/pages/faults/<kind>")
def one(kind: str) -> Response:
    """Show the form by which a fault of a kind is ordered. Raises: `UnknownError`."""
    if kind not in set(Kind):
        raise UnknownError("there is no fault of that kind")
    return page(
        "fault.html",
        kind=kind,
        meaning=FAULTS[kind],
        parameters=PARAMETERS.get(kind, ()),
        operations=sorted(all_operations()),
        holders=list(this_world().pki.holders()),
        codes=sorted(entry.code for entry in catalogue()),
    )


@blueprint.post("/pages/faults/<kind>")
def order(kind: str) -> Response:
    """Order one."""

    def act() -> Note:
        named = [name for name, *_ in PARAMETERS.get(kind, ())]
        members = {name: _READ.get(name, typed)(name) for name in (*_SELECTORS, *named)}
        wanted = {name: value for name, value in members.items() if value is not None}
        made = this_world().faults.order(read_order(Given({"kind": kind, **wanted})))
        return Note(f"Ordenado, con el número {made.identifier}.", f"Ordered, as number {made.identifier}.")

    return tried(act, lambda: one(kind), then=url_for("pages.faults.show"))


@blueprint.post("/pages/faults/withdraw/<int:identifier>")
def withdraw(identifier: int) -> Response:
    """Withdraw one."""

    def act() -> Note:
        if not this_world().faults.withdraw(identifier):
            raise UnknownError("there is no fault of that number")
        return Note(f"Retirado el número {identifier}.", f"Number {identifier} was withdrawn.")

    return tried(act, show, then=url_for("pages.faults.show"))


@blueprint.post("/pages/faults/withdraw")
def withdraw_all() -> Response:
    """Withdraw all."""

    def act() -> Note:
        this_world().faults.clear()
        return Note("Retirados todos.", "All were withdrawn.")

    return tried(act, show, then=url_for("pages.faults.show"))
