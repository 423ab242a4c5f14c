"""`/_sandbox/pages/scenarios`: the ready stories, each to be played; and the mail that was sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for

from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.outbox import messages_of
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.shell import page, tried
from notigateway.sandbox.steps import class_of
from notigateway.sandbox.verbs import play
from notigateway.sandbox.verbs.verb import verbs
from notigateway.soap.served import errors_url_beside

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from notigateway.sandbox.verbs.play import Scenario

blueprint = Blueprint("stories", __name__)
mail = Blueprint("mail", __name__)


@blueprint.get("/pages/scenarios")
def show() -> Response:
    """Show which there are."""
    return page(
        "scenarios.html",
        scenarios=[(one, _steps(one)) for one in play.all_scenarios()],
        is_code=class_of,
        errors_url=errors_url_beside(str(this_world().settings.public_url)),
        verbs=verbs().values(),
    )


@blueprint.post("/pages/scenarios/<name>")
def tell(name: str) -> Response:
    """Have one happen in this world."""

    def act() -> Note:
        all_worlds().check_alone()
        done = play.play(this_world(), play.find(name))
        lines = tuple(f"{one['verb']}: {_brief(one['result'])}" for one in done)
        return Note(f"Ha pasado {name}.", f"{name} has happened.", lines)

    return tried(act, show, then=url_for("pages.stories.show"))


@mail.get("/pages/mail")
def show_mail() -> Response:
    """Show which notices were sent by e-mail, the newest first."""
    return page("mail.html", messages=messages_of(this_world().folder / "notices")[::-1])


def _steps(one: Scenario) -> str:
    """Return its steps as a harness would send them."""
    return json.dumps({"steps": [step.line() for step in one.steps]}, ensure_ascii=False, indent=2)


def _brief(result: dict[str, Any]) -> str:
    """Return the plain values of a result: what is long is to be seen elsewhere."""
    plain = {name: value for name, value in result.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{name} {value}" for name, value in plain.items())
