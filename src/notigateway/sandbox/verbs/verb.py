"""A verb: its name, what does it, and the members that it takes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import GatewayError
from notigateway.sandbox.given import Given
from notigateway.sandbox.refusals import InvalidError, RefusedError, ScenarioUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    *("granting", "registering", "choosing"),
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


def do(world: World, name: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Have a verb done in a world.

    Raises: `ScenarioUnknownError`, `InvalidError`; `RefusedError` with the gateway's code where its own rules
    refuse it.
    """
    found = verbs().get(name)
    if found is None:
        raise ScenarioUnknownError(f"{name}: no such verb; there are {', '.join(verbs())}")
    if found.takes is not None:
        for member in members:
            if member not in found.takes:
                raise InvalidError(f"{member}: {name} takes {', '.join(found.takes) or 'nothing'}")
    try:
        return found.does(world, Given(members))
    except GatewayError as error:
        raise RefusedError(error.code, error.detail) from error
