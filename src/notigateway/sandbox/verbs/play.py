"""Scenarios: stories of verbs, ready ones by name and those that a harness sends."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from notigateway.sandbox.refusals import InvalidError, ScenarioUnknownError
from notigateway.sandbox.verbs.verb import do, verbs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.sandbox.world import World

_STEPS_MAX: Final = 200
# A value of an earlier step: `{first.id}` is the id that the step named `first` gave.
_REFERENCE: Final = re.compile(r"\{([a-z0-9_-]+)\.([a-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One verb of a story, and under which name later steps speak of what it gave."""

    verb: str
    members: dict[str, Any]
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: what it is called, and what it shows."""

    name: str
    title: str
    shows: tuple[str, ...]
    steps: tuple[Step, ...]

    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        return {"name": self.name, "title": self.title, "shows": list(self.shows)}


@cache
def all_scenarios() -> tuple[Scenario, ...]:
    """Return the ready ones, by their names."""
    folder = resources.files("notigateway.sandbox") / "library"
    files = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(_read(one.name.removesuffix(".toml"), one.read_text("utf-8")) for one in files)


def find(name: str) -> Scenario:
    """Return a ready one. Raises: `ScenarioUnknownError`."""
    found = next((one for one in all_scenarios() if one.name == name), None)
    if found is None:
        raise ScenarioUnknownError(f"no scenario is called so; there are {len(all_scenarios())}")
    return found


def read_steps(said: Sequence[Any]) -> Scenario:
    """Return a story that was sent. Raises: `InvalidError`, `ScenarioUnknownError`."""
    if not said or len(said) > _STEPS_MAX:
        raise InvalidError(f"steps: from 1 to {_STEPS_MAX}")
    return Scenario("sent", "", (), tuple(map(_step, said)))


def play(world: World, scenario: Scenario) -> list[dict[str, Any]]:
    """Have a story happen, step by step; the one that is refused ends it, and those before it have happened.

    Raises: what the verbs raise.
    """
    known: dict[str, dict[str, Any]] = {}
    done = []
    for step in scenario.steps:
        result = do(world, step.verb, _filled(step.members, known))
        if step.name is not None:
            known[step.name] = result
        done.append({"verb": step.verb, "result": result})
    return done


def _read(name: str, text: str) -> Scenario:
    said = tomllib.loads(text)
    return Scenario(name, said["title"], tuple(said.get("shows", ())), tuple(map(_step, said["steps"])))


def _step(said: Any) -> Step:  # noqa: ANN401
    """Return a step: an object with one verb, and perhaps `as`, the name of what it gives."""
    if not isinstance(said, dict):
        raise InvalidError("steps: each an object with one verb")
    rest = dict(said)
    name = rest.pop("as", None)
    if len(rest) != 1:
        raise InvalidError("steps: each an object with one verb, and perhaps as")
    [(verb, members)] = rest.items()
    if verb not in verbs():
        raise ScenarioUnknownError(f"{verb}: no such verb; there are {', '.join(verbs())}")
    if not isinstance(members, dict):
        raise InvalidError(f"{verb}: an object with its members expected")
    return Step(verb, members, name)


def _filled(value: Any, known: dict[str, dict[str, Any]]) -> Any:  # noqa: ANN401
    """Return members with the values of earlier steps in the places of their names."""
    if isinstance(value, dict):
        return {name: _filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, known) for one in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _known(whole, known)
    return _REFERENCE.sub(lambda found: str(_known(found, known)), value)


def _known(found: re.Match[str], known: dict[str, dict[str, Any]]) -> Any:  # noqa: ANN401
    try:
        return known[found[1]][found[2]]
    except KeyError as error:
        raise InvalidError(f"{found[0]}: no earlier step gave that") from error
