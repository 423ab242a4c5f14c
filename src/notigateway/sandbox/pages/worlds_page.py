"""`/_sandbox/`: this world, its addresses, how it stands; all worlds, made, reset, packed and taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request, url_for

from notigateway.law.lifecycle import State
from notigateway.repository.engine import reading
from notigateway.repository.overview import count_standing
from notigateway.sandbox.admin import data
from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.folder import SNAPSHOT_MAX_BYTES
from notigateway.sandbox.given import Given
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.reading_forms import instant_typed, number_typed
from notigateway.sandbox.pages.shell import page, tried, typed
from notigateway.sandbox.pages.words import CONTRACTS, STATES
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.snapshots import restore
from notigateway.sandbox.verbs import play
from notigateway.soap.served import SERVED

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

blueprint = Blueprint("worlds", __name__)


@blueprint.get("/")
def show() -> AnyResponse:
    """Show this world, and the others."""
    world = this_world()
    with world.looking() as office, reading(office.engine) as session:
        counts = count_standing(session, now=world.clock())
    url, beneath = str(world.settings.public_url), world.place.served_at
    return page(
        "worlds.html",
        contracts=[(name, CONTRACTS[name], one.url(url, beneath)) for name, one in SERVED.items()],
        counts=[(state.value, STATES[state], counts[state]) for state in State if counts[state]],
        lines=[one.line() for one in all_worlds().all()],
        scenarios=play.all_scenarios(),
        state_words=STATES,
    )


@blueprint.post("/pages/worlds")
def make() -> AnyResponse:
    """Make a world."""

    def act() -> Note:
        wanted = _typed() | {"name": typed("name"), "own_holders": bool(request.form.get("own_holders"))}
        made = data.make_world(_given(wanted | {"freeze": instant_typed("freeze")}))
        link = (f"{made.place.path}/_sandbox/", f"Ir al mundo {made.name}", f"Go to the world {made.name}")
        return Note(f"Se ha hecho el mundo {made.name}.", f"The world {made.name} was made.", link=link)

    return tried(act, show, then=url_for("pages.worlds.show"))


@blueprint.post("/pages/worlds/<name>/delete")
def delete(name: str) -> AnyResponse:
    """Take a world away, and lead to the one at the root: this page may have been that world's."""

    def act() -> Note:
        all_worlds().delete(name)
        return Note(f"Se ha borrado el mundo {name}.", f"The world {name} was deleted.")

    here = url_for("pages.worlds.show")
    return tried(act, show, then="/_sandbox/" if name == this_world().name else here)


@blueprint.post("/pages/reset")
def reset() -> AnyResponse:
    """Make what is in this world anew."""

    def act() -> Note:
        data.reset_world(this_world(), _given(_typed("reset_")))
        return Note("El mundo se ha hecho de nuevo.", "The world was made anew.")

    return tried(act, show, then=url_for("pages.worlds.show"))


@blueprint.post("/pages/restore")
def bring_back() -> AnyResponse:
    """Have in this world what an archive holds that was chosen."""

    def act() -> Note:
        sent = request.files.get("snapshot")
        archive = b"" if sent is None else sent.read(SNAPSHOT_MAX_BYTES + 1)
        if not archive or len(archive) > SNAPSHOT_MAX_BYTES:
            raise InvalidError("snapshot: choose the archive of a world")
        restore(all_worlds(), this_world(), archive)
        return Note("El mundo es ahora el de la copia.", "The world is now that of the snapshot.")

    return tried(act, show, then=url_for("pages.worlds.show"))


@blueprint.get("/pages/snapshot")
def take() -> Response:
    """Give everything in this world as an archive."""
    return data.take()


def _typed(prefix: str = "") -> dict[str, Any]:
    return {
        "notifications": number_typed(f"{prefix}notifications"),
        "seed": number_typed(f"{prefix}seed"),
        "scenario": request.form.get(f"{prefix}scenario") if prefix else typed("scenario"),
    }


def _given(wanted: dict[str, Any]) -> Given:
    return Given({name: value for name, value in wanted.items() if value is not None})
