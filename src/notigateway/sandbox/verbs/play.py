"""Scenarios: stories of verbs, ready ones by name and those that a harness sends.

[[steps]]
as = "first"                                    what it gives is called so by later steps: {first.id}
publish = { subject = "Requerimiento" }

[[steps]]
refused = "ALREADY_DECIDED"                     it is to be refused so
accept = { notification = "{first.id}" }

[[steps]]
gives = { state = "accepted" }                  it is to give that, and may give more
look = { notification = "{first.id}" }
"""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from notigateway.sandbox.ordered import code_of
from notigateway.sandbox.refusals import (
    InvalidError,
    RefusedError,
    SandboxError,
    ScenarioDiffersError,
    ScenarioUnknownError,
    near,
)
from notigateway.sandbox.verbs.matching import differs
from notigateway.sandbox.verbs.verb import check_members, do, find_verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from notigateway.sandbox.world import World

_STEPS_MAX: Final = 200
# A value of an earlier step: `{first.id}` is the id that the step named `first` gave.
_REFERENCE: Final = re.compile(r"\{([a-z0-9_-]+)((?:\.[A-Za-z0-9_]+)+)\}")
_ABOUT: Final = ("as", "refused", "gives")


@dataclass(frozen=True, slots=True)
class Step:
    """One verb of a story, under which name later steps speak of what it gave, and what is to come of it."""

    verb: str
    members: dict[str, Any]
    name: str | None = None
    refused: str | None = None
    gives: dict[str, Any] | None = None

    def line(self) -> dict[str, Any]:
        """Return the step as a harness would send it."""
        about = {"as": self.name, "refused": self.refused, "gives": self.gives}
        return {name: one for name, one in about.items() if one is not None} | {self.verb: self.members}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story: its name, and what it shows: rules of `docs/lifecycle.md` and codes of `docs/errors.md`."""

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
    return tuple(read_text(one.name.removesuffix(".toml"), one.read_text("utf-8")) for one in files)


def find(name: str) -> Scenario:
    """Return a ready one. Raises: `ScenarioUnknownError`."""
    found = next((one for one in all_scenarios() if one.name == name), None)
    if found is None:
        there = f"{name}: no scenario is called so; /_sandbox/scenarios lists all {len(all_scenarios())}"
        raise ScenarioUnknownError(there + near(name, (one.name for one in all_scenarios())))
    return found


def read_text(name: str, text: str) -> Scenario:
    """Return the story of a file. Raises: `InvalidError`, `ScenarioUnknownError`."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidError(f"not TOML: {error}") from error
    steps = read_steps(said.get("steps", ())).steps
    return Scenario(name, str(said.get("title", "")), tuple(said.get("shows", ())), steps)


def read_steps(said: Sequence[Any]) -> Scenario:
    """Return a story that was sent. Raises: `InvalidError`, `ScenarioUnknownError`."""
    if not said or len(said) > _STEPS_MAX:
        raise InvalidError(f"steps: from 1 to {_STEPS_MAX}")
    steps: list[Step] = []
    for number, one in enumerate(said, 1):
        with at_step(number):
            step = _step(one)
        with at_step(number, step.verb):
            check_members(step.verb, step.members)
            _check_names(step, {earlier.name for earlier in steps})
        steps.append(step)
    return Scenario("sent", "", (), tuple(steps))


def _check_names(step: Step, names: Collection[str | None]) -> None:
    """Check what is known before anything happens: earlier steps, codes. Raises: `InvalidError`."""
    for found in _REFERENCE.finditer(json.dumps([step.members, step.gives], default=str)):
        if found[1] not in names:
            raise InvalidError(f"{found[0]}: no earlier step is called so")
    if step.refused is not None:
        code_of(step.refused)


@contextmanager
def at_step(number: int, verb: str | None = None) -> Iterator[None]:
    """Say of what is refused at which step that was."""
    try:
        yield
    except SandboxError as error:
        place = f"step {number}" if verb is None else f"step {number}, {verb}"
        error.detail = f"{place}: {error.detail}"
        raise


def play(world: World, scenario: Scenario) -> list[dict[str, Any]]:
    """Have a story happen, step by step; the one that goes wrong ends it, and those before it have happened.

    Raises: what the verbs raise; `ScenarioDiffersError` where a step comes to something else than it says.
    """
    known: dict[str, dict[str, Any]] = {}
    done = []
    with world.looking(takes_long=True):  # nobody makes the world anew in the middle of it
        for number, step in enumerate(scenario.steps, 1):
            with at_step(number, step.verb):
                result = _done(world, step, filled(step.members, known))
                check(step, result, known)
            if step.name is not None:
                known[step.name] = result
            done.append({"verb": step.verb, "result": result})
    return done


def check(step: Step, result: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that a step came to what it says. Raises: `ScenarioDiffersError`."""
    if step.refused is not None and result.get("code") != step.refused:
        found = f"found {result['code']}" if result.get("code") else "it was not refused"
        raise ScenarioDiffersError(f"{step.refused} expected, {found}")
    wrong = differs(filled(step.gives or {}, known), result)
    if wrong is not None:
        raise ScenarioDiffersError(wrong)


def _done(world: World, step: Step, members: dict[str, Any]) -> dict[str, Any]:
    """Have a step done; a refusal that it wants is its result."""
    try:
        return do(world, step.verb, members)
    except RefusedError as refusal:
        if step.refused is None:
            raise
        return {"code": refusal.gateway_code, "detail": refusal.detail}


def _step(said: Any) -> Step:  # noqa: ANN401
    """Return a step: an object with one verb, and perhaps what is said about it."""
    if not isinstance(said, dict):
        raise InvalidError("an object with one verb expected")
    rest = dict(said)
    name, refused, gives = (rest.pop(one, None) for one in _ABOUT)
    if len(rest) != 1:
        raise InvalidError(f"an object with one verb expected, and perhaps {', '.join(_ABOUT)}")
    [(verb, members)] = rest.items()
    find_verb(verb)
    if not isinstance(refused, str | None) or not isinstance(gives, dict | None):
        raise InvalidError("refused: a code, gives: an object expected")
    if not isinstance(name, str | None):
        raise InvalidError("as: a name expected")
    if not isinstance(members, dict):
        raise InvalidError(f"{verb}: an object with its members expected")
    return Step(verb, members, name, refused, gives)


def filled(value: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:  # noqa: ANN401
    """Return members with values of earlier steps in the places of their names. Raises: `InvalidError`."""
    if isinstance(value, dict):
        return {name: filled(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _known(whole, known)
    return _REFERENCE.sub(lambda found: str(_known(found, known)), value)


def _known(found: re.Match[str], known: Mapping[str, Mapping[str, Any]]) -> Any:  # noqa: ANN401
    try:
        value: Any = known[found[1]]
        for name in found[2][1:].split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (KeyError, ValueError, IndexError, TypeError) as error:
        raise InvalidError(f"{found[0]}: no earlier step gave that") from error
    return value
