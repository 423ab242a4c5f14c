"""`/_sandbox/pages/scenarios`: stories that are ready or typed, each to be played; and the mail sent."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, request, url_for

from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.outbox import messages_of
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.shell import page, tried, typed
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.steps import class_of
from notigateway.sandbox.verbs import play
from notigateway.sandbox.verbs.verb import verbs
from notigateway.soap.served import errors_url_beside

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from notigateway.sandbox.verbs.play import Scenario

blueprint = Blueprint("stories", __name__)
mail = Blueprint("mail", __name__)
# A rule is itself: R2 is not R21.
_RULE: Final = re.compile(r"r\d+[b-z]?")
_EXAMPLE: Final = """{
  "steps": [
    {"as": "one", "publish": {"subject": "Requerimiento"}},
    {"accept": {"notification": "{one.id}"}}
  ]
}"""


@blueprint.get("/pages/scenarios")
def show() -> Response:
    """Show which there are, or those in which some words stand; and a form for one of one's own."""
    asked = request.args.get("words", "").strip()
    found = [one for one in play.all_scenarios() if _has(one, asked.lower().split())]
    return page(
        "scenarios.html",
        scenarios=found,
        asked=asked,
        is_code=class_of,
        errors_url=_errors_url(),
        verbs=verbs().values(),
        example=_EXAMPLE,
    )


@blueprint.get("/pages/scenarios/<name>")
def one(name: str) -> Response:
    """Show one, with its steps. Raises: `ScenarioUnknownError`."""
    found = play.find(name)
    steps = json.dumps({"steps": [step.line() for step in found.steps]}, ensure_ascii=False, indent=2)
    return page("scenario.html", one=found, steps=steps, is_code=class_of, errors_url=_errors_url())


@blueprint.post("/pages/scenarios/<name>")
def tell(name: str) -> Response:
    """Have one happen in this world."""
    target = url_for("pages.stories.one", name=name)
    return tried(lambda: _played(play.find(name)), lambda: one(name), then=target)


@blueprint.post("/pages/scenarios")
def tell_own() -> Response:
    """Have a story happen that was typed, as a harness sends it."""

    def act() -> Note:
        try:
            said = json.loads(typed("steps") or "")
        except ValueError as error:
            raise InvalidError("steps: JSON expected") from error
        steps = said.get("steps") if isinstance(said, dict) else said
        if not isinstance(steps, list):
            raise InvalidError("steps: a list expected")
        return _played(play.read_steps(steps))

    return tried(act, show, then=url_for("pages.stories.show"))


@mail.get("/pages/mail")
def show_mail() -> Response:
    """Show which notices were sent by e-mail, the newest first."""
    return page("mail.html", messages=messages_of(this_world().folder / "notices")[::-1])


def _played(story: Scenario) -> Note:
    """Have a story happen, and tell what each step gave. Raises: what its verbs raise."""
    all_worlds().check_alone()
    done = play.play(this_world(), story)
    lines = tuple(f"{each['verb']}: {_brief(each['result'])}" for each in done)
    return Note("Ha pasado, paso a paso:", "It has happened, step by step:", lines)


def _has(story: Scenario, wanted: list[str]) -> bool:
    shows = {one.lower() for one in story.shows}
    text = " ".join([story.name, story.title, *shows]).lower()
    return all(word in shows if _RULE.fullmatch(word) else word in text for word in wanted)


def _errors_url() -> str:
    return errors_url_beside(str(this_world().settings.public_url))


def _brief(result: dict[str, Any]) -> str:
    """Return the plain values of a result: what is long is to be seen elsewhere."""
    plain = {name: value for name, value in result.items() if isinstance(value, str | int | float)}
    return ", ".join(f"{name} {value}" for name, value in plain.items())
