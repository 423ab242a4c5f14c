"""`/_sandbox/pages/clock`: what time it is in a world, and buttons for what people wait for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, request, url_for

from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID, deadline
from notigateway.repository.engine import reading
from notigateway.repository.overview import find_next_deadline
from notigateway.sandbox.admin.clocks import change_clock
from notigateway.sandbox.admin.reading import all_worlds, this_world
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.given import Given
from notigateway.sandbox.moving import attested_by
from notigateway.sandbox.pages.notes import Note
from notigateway.sandbox.pages.reading_forms import instant_typed
from notigateway.sandbox.pages.shell import page, tried, typed
from notigateway.sandbox.pages.speaking import say
from notigateway.sandbox.pages.words import DONE, JOBS
from notigateway.sandbox.refusals import InvalidError
from notigateway.sandbox.showing import line_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from notigateway.repository.overview import Stands
    from notigateway.sandbox.world import World

blueprint = Blueprint("clock", __name__)
# Nobody moves a clock by less.
_SOON: Final = timedelta(seconds=1)
# What a button says, and the duration that it stands for.
_AHEAD: Final = (
    ("PT1H", "+1 hora", "+1 hour"),
    ("P1D", "+1 día", "+1 day"),
    ("P7D", "+1 semana", "+1 week"),
    ("P30D", "+30 días", "+30 days"),
)


@blueprint.get("/pages/clock")
def show() -> Response:
    """Show the clock."""
    world = this_world()
    following = _next_deadline(world)
    return page(
        "clock.html",
        machine=machine_time(),
        ahead=_AHEAD,
        term_ends=attested_by(world, deadline(world.clock())),
        following=None if following is None else line_of(following),
        callers=world.callers,
    )


@blueprint.post("/pages/clock")
def change() -> Response:
    """Change it as the button says that was pressed."""

    def act() -> Note:
        all_worlds().check_alone()
        world, before = this_world(), this_world().clock()
        done = change_clock(world, Given(_wanted(world)))
        return _note(done, has_moved=world.clock() - before > _SOON)

    return tried(act, show, then=url_for("pages.clock.show"))


def _wanted(world: World) -> dict[str, Any]:
    """Return what was asked for as a harness asks for it. Raises: `InvalidError`."""
    pressed = request.form.get("do", "")
    wanted = _BUTTONS.get(pressed)
    return {"advance": pressed} if wanted is None else wanted(world)


def _past_next_deadline(world: World) -> dict[str, Any]:
    following = _next_deadline(world)
    if following is None:
        raise InvalidError("next: nothing waits for a deadline")
    return {"to": "after-deadline", "notification": str(following.id)}


def _set(_: World) -> dict[str, Any]:
    reason = typed("reason")
    return {"set": instant_typed("set") or ""} | ({"reason": reason} if reason else {})


# What each button wants that does not bear its duration.
_BUTTONS: Final[dict[str, Callable[[World], dict[str, Any]]]] = {
    "term": lambda world: {"set": instant_text(attested_by(world, deadline(world.clock())))},
    "next": _past_next_deadline,
    "by": lambda _: {"advance": typed("by") or ""},
    "set": _set,
    "freeze": lambda _: {"freeze": True},
    "thaw": lambda _: {"thaw": True},
    "callers": lambda _: {"callers": typed("callers") or ""},
}


def _next_deadline(world: World) -> Stands | None:
    with world.looking() as office, reading(office.engine) as session:
        return find_next_deadline(session, now=world.clock())


def _note(done: dict[str, Any], *, has_moved: bool) -> Note:
    now = datetime.fromisoformat(done["now"]).astimezone(MADRID)
    lines = tuple(_line(one) for one in done.get("ran", ()))
    lapsed = done.get("lapsed", 0)
    es, en = f"Ahora son las {now:%H:%M:%S} del {now:%Y-%m-%d}.", f"It is now {now:%Y-%m-%d %H:%M:%S}."
    if has_moved:
        es += f" Han caducado {lapsed}." if lapsed else " No ha caducado nada."
        en += f" {lapsed} lapsed." if lapsed else " Nothing lapsed."
    return Note(es, en, lines)


def _line(ran: dict[str, Any]) -> str:
    at = datetime.fromisoformat(ran["at"]).astimezone(MADRID)
    done = {name: value for name, value in ran["said"].items() if value}
    said = ", ".join(f"{value} {say(*DONE.get(name, (name, name)))}" for name, value in done.items())
    left = "; ".join(ran.get("left", ()))
    told = ". ".join(filter(None, (said, left)))
    return f"{at:%Y-%m-%d %H:%M:%S} {say(*JOBS.get(ran['job'], (ran['job'],) * 2))}: {told}"
