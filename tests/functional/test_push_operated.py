"""What an operator sees of pushing, and can do about it: numbers, findings and `notigateway push`."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from doctoring import found, settings_of
from hooks import hooked
from notigateway.health.pushing import look_at_push_keys, look_at_receivers
from notigateway.health.queues import PUSHES, UNDELIVERED, QueuesWanted, look_at_queues
from notigateway.law.pushing import AWAY_AFTER, TRIED_FOR
from operating import app
from pushers import Pusher
from stack import Stack, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hooks import Hook


@pytest.fixture
def pusher(stack: Stack) -> Pusher:
    return Pusher(stack)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as one:
        yield one


def queues(pusher: Pusher) -> tuple[int, float | None, int]:
    """Return how much waits, for how many seconds somebody ought to have tried, and what was given up."""
    wanted = QueuesWanted.by(pusher.stack.settings)
    found = look_at_queues(pusher.stack.engine, wanted, pusher.stack.now)
    since = found[PUSHES].since
    age = None if since is None else (pusher.stack.now - since).total_seconds()
    return found[PUSHES].waiting, age, found[UNDELIVERED].waiting


def receivers(pusher: Pusher) -> tuple[str, str]:
    (found,) = look_at_receivers(pusher.stack.engine)
    return found.state.value, found.says


def test_what_nobody_tries_is_late_and_what_waits_for_its_receiver_is_not(pusher: Pusher, hook: Hook) -> None:
    stack = pusher.stack
    pusher.subscribe(hook)
    pusher.drain()
    assert queues(pusher) == (0, None, 0)
    refused = stack.publish()
    stack.accept(refused)
    hook.answer = lambda _event: (500, {})
    pusher.drain()
    assert queues(pusher) == (2, None, 0), "one waits for its turn, the other for that one"
    stack.pass_time(minutes=20)
    _, age, _ = queues(pusher)
    assert age == pytest.approx(1_190, abs=5), "its turn came after ten seconds"

    hook.answer = lambda _event: (503, {"Retry-After": "3600"})
    pusher.drain()
    stack.pass_time(minutes=20)
    assert queues(pusher) == (2, None, 0), "the receiver asked for that"
    assert receivers(pusher) == ("ok", "1 subscribed, 0 take nothing, 0 deliveries given up")


def test_who_takes_nothing_for_hours_and_what_is_given_up_are_told(pusher: Pusher, hook: Hook) -> None:
    stack = pusher.stack
    pusher.subscribe(hook)
    pusher.drain()
    stack.publish()
    hook.answer = lambda _event: (503, {})
    for _ in range(AWAY_AFTER):
        pusher.drain()
        stack.pass_time(hours=2)
    assert receivers(pusher) == ("warning", "1 subscribed, 1 take nothing, 0 deliveries given up")
    stack.pass_time(seconds=TRIED_FOR.total_seconds())
    with capture_logs() as log:
        pusher.drain()
    assert receivers(pusher) == ("warning", "1 subscribed, 1 take nothing, 1 deliveries given up")
    assert queues(pusher) == (0, None, 1)
    assert [one["count"] for one in log if one["event"] == "deliveries_given_up"] == [1]


def test_a_key_that_signs_no_push_is_told_by_its_file(pusher: Pusher) -> None:
    settings = pusher.stack.settings
    (found,) = look_at_push_keys(settings)
    assert (found.state.value, found.says) == ("ok", "1 published, the first signs")
    settings.push_key_files[0].write_text("no key")
    (found,) = look_at_push_keys(settings)
    assert found.state.value == "failed"
    assert str(settings.push_key_files[0]) in found.says


class Operator:
    """Runs `notigateway push` on a gateway's data."""

    def __init__(self, stack: Stack) -> None:
        self._file = settings_of(stack)

    def push(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["push", *arguments, "--settings", str(self._file)])

    def told(self, *arguments: str) -> list[dict[str, Any]]:
        result = self.push(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_operator_lists_replays_and_stops(pusher: Pusher, hook: Hook) -> None:
    stack = pusher.stack
    operator = Operator(stack)
    assert operator.told("list") == operator.told("dead") == []
    subscription = pusher.subscribe(hook)
    pusher.drain()
    told = stack.publish()
    hook.answer = lambda _event: (500, {})
    pusher.drain()
    stack.pass_time(seconds=TRIED_FOR.total_seconds())
    pusher.drain()

    (listed,) = operator.told("list")
    assert (listed["id"], listed["waiting"], listed["dead"]) == (subscription, 0, 1)
    assert hook.url.endswith(f"{listed['receiver']}/hook?for=us")
    assert "for=us" not in operator.push("list").output + operator.push("dead").output, "it may be a secret"
    (dead,) = operator.told("dead")
    assert (dead["notification"], dead["state"]) == (str(told), "available")
    assert (dead["trouble"], dead["status"]) == ("status", 500)
    assert operator.told("dead", subscription) == [dead]
    assert operator.told("dead", str(told)) == []

    assert operator.push("replay").exit_code == 2
    assert operator.push("replay", str(told)).exit_code == 1
    assert operator.push("replay", subscription).output == "1 to be sent again\n"
    assert operator.push("replay", "--all-dead").exit_code == 1, "nothing is dead any more"
    hook.answer = lambda _event: (200, {})
    pusher.drain(datetime.now(UTC))  # by this machine's clock it was replayed
    assert len(hook.taken) == 1

    assert operator.push("stop", subscription).output == "stopped\n"
    assert operator.push("stop", subscription).exit_code == 1
    assert text(pusher.listed()[0], "ended") == "stopped"


def test_without_a_key_nothing_is_pushed_by_hand(sqlite_stack: Stack) -> None:
    refused = Operator(sqlite_stack).push("send")
    assert refused.exit_code != 0
    assert "push_key_files" in f"{refused.exception}{refused.output}"


def pushing_settings(stack: Stack) -> Path:
    """Write the settings of a gateway that pushes to this machine."""
    file = settings_of(stack)
    keys = json.dumps(list(map(str, stack.settings.push_key_files)))
    more = f'\npush_key_files = {keys}\npush_networks = ["127.0.0.0/8"]\nunsafe_push_http = true\n'
    file.write_text(file.read_text() + more)
    return file


def test_the_doctor_reads_the_keys_and_counts_the_receivers(sqlite_stack: Stack, hook: Hook) -> None:
    pusher = Pusher(sqlite_stack)
    pusher.subscribe(hook)
    told = found("--settings", pushing_settings(sqlite_stack))
    assert told["push_keys"]["says"] == "1 published, the first signs"
    assert told["receivers"]["says"] == "1 subscribed, 0 take nothing, 0 deliveries given up"
    assert not {"push_keys", "receivers"} & set(found("--settings", settings_of(sqlite_stack)))


def test_what_is_due_is_pushed_by_hand(sqlite_stack: Stack, hook: Hook) -> None:
    pusher = Pusher(sqlite_stack)
    pusher.subscribe(hook)
    file = pushing_settings(sqlite_stack)
    result = CliRunner().invoke(app, ["push", "send", "--json", "--settings", str(file)])
    assert (result.exit_code, hook.pings) == (0, 1), result.output
    assert json.loads(result.stdout.splitlines()[0])["confirmed"] == 1
