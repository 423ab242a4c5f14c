"""Plays scenarios in a world by HTTP, step by step; what is to be refused goes over a socket of its own."""

from __future__ import annotations

import base64
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from notigateway.sandbox.verbs import play
from patience import slowed

if TYPE_CHECKING:
    from notigateway.sandbox.verbs.play import Scenario, Step
    from worlds import Harness

# The verbs that only send what they are told, and can leave the sending to somebody else.
SENDING: Final = frozenset({"request", "sign-receipt"})
_SECONDS: Final = 60.0


def play_over_the_wire(world: Harness, scenario: Scenario) -> set[str]:
    """Play a scenario; return the codes that came over the wire in answers to the test's own requests."""
    known: dict[str, dict[str, Any]] = {}
    came = set()
    for number, step in enumerate(scenario.steps, 1):
        members = play.filled(step.members, known)
        if step.refused is not None and step.verb in SENDING:
            result = _sent(world, step, members)
            came.add(step.refused)
        else:
            result = _done(world, step, members)
        with play.at_step(number, step.verb):
            play.check(step, result, known)
        if step.name is not None:
            known[step.name] = result
    return came


def _done(world: Harness, step: Step, members: dict[str, Any]) -> dict[str, Any]:
    answer = world.ask("POST", f"/do/{step.verb}", json=members)
    said: dict[str, Any] = answer.json()
    if answer.is_success:
        return said
    assert step.refused is not None, (step, said)
    return {"code": said["error"]["code"]}


def _sent(world: Harness, step: Step, members: dict[str, Any]) -> dict[str, Any]:
    """Have the messages made, send them, and find the code in the last answer and in the journal's entry."""
    before = _last(world)
    for message in world.post(f"/do/{step.verb}", **members, send=False)["messages"]:
        body = send(world.base, message)
    code = str(step.refused)
    assert f">{code}<".encode() in body or f"[{code}]".encode() in body, (step, body)
    entries = world.get("/journal", after=before)["entries"]
    assert entries
    assert not any(one["by_sandbox"] for one in entries)
    last = entries[-1]
    # what comes to no contract has no code there, and not every refused item is told of
    assert last["code"] in {code, None, "OK"}, last
    return {"code": code}


def _last(world: Harness) -> int:
    return max((one["number"] for one in world.get("/journal", all="true")["entries"]), default=0)


def send(base: str, message: dict[str, Any]) -> bytes:
    """Send a message as it was made; return the answer's body."""
    body = base64.b64decode(message["body"])
    connection = HTTPConnection(urlsplit(base).netloc, timeout=slowed(_SECONDS))
    try:
        connection.request(message["method"], message["path"], body, message["headers"])
        return connection.getresponse().read()
    finally:
        connection.close()
