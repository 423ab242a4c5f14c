"""`/_sandbox/do/VERB`, `/scenario` and `/scenarios`: what happens in a world besides its clients' calls."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from notigateway.sandbox.admin.reading import all_worlds, given, this_world
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.verbs import play
from notigateway.sandbox.verbs.verb import do, verbs

blueprint = Blueprint("stories", __name__)


@blueprint.post("/do/<verb>")
def act(verb: str) -> dict[str, Any]:
    """Have one thing happen."""
    all_worlds().check_alone()
    return do(this_world(), verb, given().rest())


@blueprint.get("/verbs")
def tell_verbs() -> dict[str, Any]:
    """Tell which verbs there are, and what each takes."""
    return {"verbs": [one.line() for one in verbs().values()]}


@blueprint.get("/scenarios")
def tell() -> dict[str, Any]:
    """Tell which scenarios there are."""
    return {"scenarios": [one.line() for one in play.all_scenarios()]}


@blueprint.post("/scenario")
def tell_a_story() -> dict[str, Any]:
    """Have a scenario happen: a ready one by its name, or one that is sent."""
    all_worlds().check_alone()
    wanted = given()
    name, steps = wanted.text("name"), wanted.take("steps", list)
    wanted.end()
    if (name is None) is (steps is None):
        raise InvalidError("either name or steps expected")
    scenario = play.find(name) if name is not None else play.read_steps(steps)
    return {"steps": play.play(this_world(), scenario)}
