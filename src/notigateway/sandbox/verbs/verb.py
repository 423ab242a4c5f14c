"""A verb: its name, and what does it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import GatewayError
from notigateway.sandbox.given import Given
from notigateway.sandbox.refusals import RefusedError, ScenarioUnknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from notigateway.sandbox.world import World

    # Takes what it was told out of `Given`; returns what came of it.
    Doing = Callable[[World, Given], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that can be had happen; its first line of documentation says what."""

    name: str
    does: Doing

    @property
    def title(self) -> str:
        """Return what it does, in a line."""
        return (inspect.getdoc(self.does) or "").partition("\n")[0]


_verbs: Final[dict[str, Verb]] = {}


def verb(name: str) -> Callable[[Doing], Doing]:
    """Declare a verb."""

    def declare(does: Doing) -> Doing:
        _verbs[name] = Verb(name, does)
        return does

    return declare


def verbs() -> Mapping[str, Verb]:
    """Return all verbs, by their names."""
    # Each of these declares its own.
    from notigateway.sandbox.verbs import happening, publishing  # noqa: F401, PLC0415

    return _verbs


def do(world: World, name: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """Have a verb done in a world.

    Raises: `ScenarioUnknownError`, `InvalidError`; `RefusedError` with the gateway's code where its own rules
    refuse it.
    """
    found = verbs().get(name)
    if found is None:
        raise ScenarioUnknownError(f"{name}: no such verb; there are {', '.join(verbs())}")
    wanted = Given(members)
    try:
        return found.does(world, wanted)
    except GatewayError as error:
        raise RefusedError(error.code, error.detail) from error
