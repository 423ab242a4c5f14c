"""A verb: its name, what does it, and the members that it takes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from notigateway.contract.problems import said_of
from notigateway.errors import GatewayError
from notigateway.sandbox.given import Given
from notigateway.sandbox.refusals import InvalidError, RefusedError, ScenarioUnknownError, near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notigateway.sandbox.world import World

    # Takes what it was told out of `Given`; returns what came of it.
    Doing = Callable[[World, Given], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be had happen; its first line of documentation says what.

    `takes` says of each member what it is; None where any name may stand.
    """

    name: str
    does: Doing
    takes: Mapping[str, str] | None

    @property
    def title(self) -> str:
        """Return what it does, in a line."""
        return (inspect.getdoc(self.does) or "").partition("\n")[0]

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        return {"name": self.name, "title": self.title, "takes": dict(self.takes or {})}


_verbs: Final[dict[str, Verb]] = {}
# Each of these declares its own.
_MODULES: Final = (
    *("publishing", "issuing", "deciding", "looking"),
    *("granting", "registering", "bureaus", "choosing"),
    *("happening", "failing", "tuning", "requesting", "signing"),
)


def verb(name: str, takes: Mapping[str, str] | None) -> Callable[[Doing], Doing]:
    """Declare a verb."""

    def declare(does: Doing) -> Doing:
        _verbs[name] = Verb(name, does, takes)
        return does

    return declare


@cache
def verbs() -> Mapping[str, Verb]:
    """Return all verbs, by their names, in the order of these modules."""
    modules = [import_module(f"{__package__}.{one}").__name__ for one in _MODULES]
    found = sorted(_verbs.values(), key=lambda one: modules.index(one.does.__module__))
    return {one.name: one for one in found}


def find_verb(name: str) -> Verb:
    """Return a verb. Raises: `ScenarioUnknownError`."""
    found = verbs().get(name)
    if found is None:
        raise ScenarioUnknownError(
            f"{name}: no such verb{near(name, verbs())}; there are {', '.join(verbs())}"
        )
    return found


def check_members(name: str, members: Iterable[str]) -> None:
    """Check that a verb takes what it is told. Raises: `ScenarioUnknownError`, `InvalidError`."""
    takes = find_verb(name).takes
    if takes is None:
        return
    for member in members:
        if member not in takes:
            raise InvalidError(f"{member}: {name} takes {', '.join(takes) or 'nothing'}")


def do(world: World, name: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Have a verb done in a world.

    Raises: `ScenarioUnknownError`, `InvalidError`; `RefusedError` with the gateway's code where its own rules
    refuse it.
    """
    check_members(name, members)
    try:
        return find_verb(name).does(world, Given(members))
    except GatewayError as error:
        raise RefusedError(error.code, said_of(error)) from error
