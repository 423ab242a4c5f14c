"""`/_sandbox/faults` and `/_sandbox/expectations`: what is ordered to go wrong, and what a client must do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint

from notigateway.sandbox.admin.reading import given, this_world
from notigateway.sandbox.expectations import Bounds
from notigateway.sandbox.journal import Search
from notigateway.sandbox.ordered import caller_of, operation_of, outcome_of, read_order
from notigateway.sandbox.refusals import InvalidError, UnknownError

if TYPE_CHECKING:
    from notigateway.sandbox.expectations import Expectation
    from notigateway.sandbox.given import Given
    from notigateway.sandbox.world import World

blueprint = Blueprint("ordering", __name__)


@blueprint.get("/faults")
def tell_faults() -> dict[str, Any]:
    """Tell which faults are ordered."""
    return {"faults": [one.line() for one in this_world().faults.all()]}


@blueprint.post("/faults")
def order_fault() -> tuple[dict[str, Any], int]:
    """Order a fault."""
    return this_world().faults.order(read_order(given())).line(), 201


@blueprint.delete("/faults")
def withdraw_all() -> tuple[str, int]:
    """Withdraw all of them."""
    this_world().faults.clear()
    return "", 204


@blueprint.delete("/faults/<int:identifier>")
def withdraw(identifier: int) -> tuple[str, int]:
    """Withdraw one."""
    if not this_world().faults.withdraw(identifier):
        raise UnknownError("there is no fault of that number")
    return "", 204


@blueprint.get("/expectations")
def tell_expectations() -> dict[str, Any]:
    """Tell what is expected, whether it is met, and which faults have never struck."""
    world = this_world()
    expected = world.expectations.all()
    return {
        "met": all(one.is_met for one in expected),
        "expectations": [one.line() for one in expected],
        "faults_never_struck": [one.identifier for one in world.faults.all() if not one.struck],
    }


@blueprint.post("/expectations")
def add_expectation() -> tuple[dict[str, Any], int]:
    """Expect something of the clients."""
    return expect(this_world(), given()).line(), 201


def expect(world: World, wanted: Given) -> Expectation:
    """Expect what somebody wants. Raises: `InvalidError`."""
    search = Search(
        operation=operation_of(wanted.text("operation")),
        caller=caller_of(wanted.text("caller")),
        code=outcome_of(wanted.text("code")),
        status=wanted.whole("status", least=100, most=599),
    )
    bounds, said = _bounds(wanted)
    wanted.end()
    about = ("operation", "caller", "code", "status")
    named = {name: value for name in about if (value := getattr(search, name)) is not None}
    return world.expectations.add(named | said, search, bounds)


@blueprint.delete("/expectations")
def expect_nothing() -> tuple[str, int]:
    """Expect nothing any more."""
    this_world().expectations.clear()
    return "", 204


def _bounds(wanted: Given) -> tuple[Bounds, dict[str, Any]]:
    count, least, most = (wanted.whole(name) for name in ("count", "at_least", "at_most"))
    never = wanted.take("never", bool)
    said = {"count": count, "at_least": least, "at_most": most, "never": never}
    said = {name: value for name, value in said.items() if value is not None}
    if never is False or (never and len(said) > 1) or (count is not None and len(said) > 1) or not said:
        raise InvalidError("count, or at_least and at_most, or never: true")
    if least is not None and most is not None and least > most:
        raise InvalidError("at_least is more than at_most")
    if never:
        return Bounds(at_most=0), said
    if count is not None:
        return Bounds(at_least=count, at_most=count), said
    return Bounds(at_least=least, at_most=most), said
