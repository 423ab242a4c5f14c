"""`/_sandbox/pages/expectations`: what a client must do or never do, and whether it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for

from notigateway.sandbox.admin.ordering import expect
from notigateway.sandbox.admin.reading import this_world
from notigateway.sandbox.given import Given
from notigateway.sandbox.ordered import all_operations
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.reading_forms import number_typed
from notigateway.sandbox.pages.shell import page, tried, typed

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

blueprint = Blueprint("expectations", __name__)


@blueprint.get("/pages/expectations")
def show() -> Response:
    """Show what is expected, and a form."""
    world = this_world()
    expected = world.expectations.all()
    return page(
        "expectations.html",
        expected=expected,
        is_met=all(one.is_met for one in expected),
        never_struck=[one.identifier for one in world.faults.all() if not one.struck],
        operations=sorted(all_operations()),
        holders=list(world.pki.holders()),
    )


@blueprint.post("/pages/expectations")
def add() -> Response:
    """Expect something."""

    def act() -> Note:
        found = expect(this_world(), Given(_wanted()))
        number = found.identifier
        return Note(f"Esperado, con el número {number}.", f"Expected, as number {number}.")

    return tried(act, show, then=url_for("pages.expectations.show"))


@blueprint.post("/pages/expectations/clear")
def clear() -> Response:
    """Expect nothing any more."""

    def act() -> Note:
        this_world().expectations.clear()
        return Note("Ya no se espera nada.", "Nothing is expected any more.")

    return tried(act, show, then=url_for("pages.expectations.show"))


def _wanted() -> dict[str, Any]:
    how = typed("how") or "count"
    times = True if how == "never" else number_typed("times")
    about: dict[str, Any] = {name: typed(name) for name in ("operation", "caller", "code")}
    about |= {"status": number_typed("status"), how: times}
    return {name: value for name, value in about.items() if value is not None}
