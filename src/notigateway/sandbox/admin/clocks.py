"""`/_sandbox/clock`: what time it is in a world, and how that is changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint

from notigateway.sandbox.admin.reading import all_worlds, given, this_world
from notigateway.sandbox.arriving import Going
from notigateway.sandbox.given import Given, duration_of, instant_of
from notigateway.sandbox.moving import after_deadline, freeze, later, move, set_back, thaw
from notigateway.sandbox.ordered import FAR, caller_of
from notigateway.sandbox.refusals import InvalidError

if TYPE_CHECKING:
    from notigateway.sandbox.world import World

blueprint = Blueprint("clocks", __name__)
_GOING: Final = f"callers: {', '.join(Going)}, or a duration from real time such as -PT3M"


@blueprint.get("/clock")
def tell() -> dict[str, Any]:
    """Tell what time it is."""
    return line(this_world())


@blueprint.post("/clock")
def change() -> dict[str, Any]:
    """Change it in one of the ways that there are; answered when everything due meanwhile is done."""
    world, wanted = this_world(), given()
    all_worlds().check_alone()
    return change_clock(world, wanted)


def change_clock(world: World, wanted: Given) -> dict[str, Any]:
    """Change the clock as somebody wants it. Raises: `InvalidError`, what moving raises."""
    said = {way: value for way in _WAYS if (value := wanted.take(way, object)) is not None}
    if len(said) != 1:
        raise InvalidError(f"exactly one of {', '.join(_WAYS)} expected")
    [(way, value)] = said.items()
    ran = _WAYS[way](world, value, wanted)
    return line(world) | ran


def _advance(world: World, value: Any, wanted: Given) -> dict[str, Any]:  # noqa: ANN401
    ahead = duration_of(value, "advance")
    wanted.end()
    if ahead < timedelta(0):
        raise InvalidError("advance: a clock goes back by set only, in a fresh world")
    return move(world, lambda now: later(now, ahead))


def _to(world: World, value: Any, wanted: Given) -> dict[str, Any]:  # noqa: ANN401
    notification = wanted.text("notification")
    wanted.end()
    if value != "after-deadline" or not notification:
        raise InvalidError("to: after-deadline, with the id of a notification")
    at = after_deadline(world, notification)
    return move(world, lambda now: max(now, at))


def _set(world: World, value: Any, wanted: Given) -> dict[str, Any]:  # noqa: ANN401
    instant, reason = instant_of(str(value), "set"), wanted.text("reason")
    wanted.end()
    if instant >= world.clock():
        return move(world, lambda now: max(now, instant))
    set_back(all_worlds(), world, instant, reason=reason)
    return {}


def _freeze(world: World, value: Any, wanted: Given) -> dict[str, Any]:  # noqa: ANN401
    if value is False:
        raise InvalidError("freeze: true or an instant; a frozen clock goes on by thaw: true")
    at = None if value is True else instant_of(str(value), "freeze")
    wanted.end()
    if at is not None:
        return move(world, at, freezes=True)
    freeze(world)
    return {}


def _thaw(world: World, value: Any, wanted: Given) -> dict[str, Any]:  # noqa: ANN401
    wanted.end()
    if value is not True:
        raise InvalidError("thaw: true")
    thaw(world)
    return {}


def _callers(world: World, value: Any, wanted: Given) -> dict[str, Any]:  # noqa: ANN401
    wanted.end()
    if isinstance(value, dict):
        world.callers.by_name = {caller_of(str(name)): _going(one) for name, one in value.items()}
        world.callers.ordinary = Going.EITHER
    else:
        world.callers.ordinary, world.callers.by_name = _going(value), {}
    return {}


_WAYS: Final = {
    "advance": _advance,
    "to": _to,
    "set": _set,
    "freeze": _freeze,
    "thaw": _thaw,
    "callers": _callers,
}


def line(world: World) -> dict[str, Any]:
    """Return the clock, and by which clocks its callers go."""
    callers = world.callers
    by_name = {name: _text(one) for name, one in callers.by_name.items()}
    return world.clock.line | {"callers": by_name or _text(callers.ordinary)}


def _text(going: Going | timedelta) -> str | float:
    return going.total_seconds() if isinstance(going, timedelta) else going.value


def _going(value: Any) -> Going | timedelta:  # noqa: ANN401
    if isinstance(value, str) and value in set(Going):
        return Going(value)
    if not isinstance(value, str | int | float):
        raise InvalidError(_GOING)
    try:
        differs = duration_of(value, "callers")
    except InvalidError as error:
        raise InvalidError(_GOING) from error
    if abs(differs) > FAR:
        raise InvalidError(f"callers: at most {FAR.days} days from real time")
    return differs
