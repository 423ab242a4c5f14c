"""One log has one name, and its heads never go back in time: nothing else is signed, or it is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from kept_log import FIRST, ORIGIN, SECOND, advanced, audited
from notigateway.app import build_app
from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.evidence.sealing import Seal
from notigateway.health.stored import CHECKPOINT, look_at_waiting
from notigateway.log.growing import advance
from notigateway.repository.engine import reading, writing
from notigateway.repository.log import LogCheckpoint, find_last_checkpoint
from notigateway.settings import load_settings
from notigateway.tlog.checkpoint import Checkpoint, read_checkpoint
from operating import app
from overdue import settings_file
from pki import pki

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.health.finding import Finding
    from stack import Stack

OTHER = "other.example/log"
IS_SIGNED_AS = f'log_origin: the log of this database is signed as "{ORIGIN}"'


def sign_anew(stack: Stack, size: int, change: Callable[[Checkpoint], Checkpoint]) -> None:
    """Let a checkpoint be what a process with another clock or other settings would have signed."""
    with writing(stack.engine) as session:
        row = session.get_one(LogCheckpoint, size)
        head = change(read_checkpoint(row.text))
        row.text, row.at = head.to_bytes(), head.at
        row.signature = Seal(pki().seal).sign(row.text, now=head.at)


def moved(off: timedelta) -> Callable[[Checkpoint], Checkpoint]:
    return lambda head: Checkpoint(head.origin, head.size, head.root, head.at + off)


def renamed(head: Checkpoint) -> Checkpoint:
    return Checkpoint(OTHER, head.size, head.root, head.at)


def run(stack: Stack, *words: str, **changes: object) -> Result:
    return CliRunner().invoke(app, [*words, "--settings", str(settings_file(stack, **changes))])


def found(stack: Stack, **changes: object) -> Finding:
    settings = load_settings(None, overrides={**stack.overrides, **changes})
    (finding,) = [
        one for one in look_at_waiting(stack.engine, settings, stack.now) if one.check == CHECKPOINT
    ]
    return finding


# --- the name


def test_a_log_that_is_signed_under_one_name_is_signed_under_no_other(kept: Stack) -> None:
    kept.publish("MORE")
    before = kept.contents()
    with pytest.raises(ConfigurationError, match=IS_SIGNED_AS):
        advance(kept.engine, seal=kept.office.seal, origin=OTHER, now=kept.now)
    refused = run(kept, "checkpoint", log_origin=OTHER)
    assert isinstance(refused.exception, ConfigurationError)
    assert str(refused.exception.detail).startswith(f"{IS_SIGNED_AS}, and a log keeps its name: set log_orig")
    changed = {name: rows for name, rows in kept.contents().items() if rows != before[name]}
    assert list(changed) == ["job_runs"], "that the command failed is all that is recorded"


def test_a_service_with_another_name_for_the_log_does_not_start(kept: Stack) -> None:
    settings = load_settings(None, overrides={**kept.overrides, "log_origin": OTHER})
    with pytest.raises(ConfigurationError, match=IS_SIGNED_AS):
        build_app(settings, lambda: kept.now)


def test_a_name_is_free_while_nothing_is_signed(stack: Stack) -> None:
    settings = load_settings(None, overrides={**stack.overrides, "log_origin": OTHER})
    build_app(settings, lambda: stack.now).gate.office.engine.dispose()


def test_a_service_that_runs_while_others_give_the_log_another_name_asks_to_wait(stack: Stack) -> None:
    """Both began with an empty log, so that nobody could tell at the start."""
    stack.publish()
    advance(stack.engine, seal=stack.office.seal, origin=OTHER, now=stack.now)
    stack.reject(later := stack.publish("LATER"))
    answer = stack.ask("RetrieveReceipts", f"<id>{later}</id><format>bundle</format>")
    assert b"TEMPORARILY_UNAVAILABLE" in answer.body
    assert b"INTERNAL_ERROR" not in answer.body


def test_the_doctor_names_both_names_and_what_to_write(kept: Stack) -> None:
    told = found(kept, log_origin=OTHER)
    assert told.state.value == "failed"
    assert (
        told.says == f'the log is signed as "{ORIGIN}", and log_origin says "{OTHER}": nothing more is signed'
    )
    assert told.cure.startswith(f'set log_origin = "{ORIGIN}", or correct database_url')
    assert told.cure.endswith("`notigateway log resume`")


def test_what_was_signed_under_two_names_is_told_by_both_checks(kept: Stack) -> None:
    sign_anew(kept, FIRST, renamed)
    checked = run(kept, "check")
    assert checked.exit_code == 1
    said = f'it is signed as "{ORIGIN}", and the one before it as "{OTHER}"'
    assert f"checkpoint: checkpoint of {SECOND} leaves: {said}" in checked.stdout.splitlines()
    verified = run(kept, "log", "verify")
    assert (verified.exit_code, verified.stderr) == (
        1,
        f"LOG_DAMAGED: the checkpoint of {SECOND} leaves: {said}\n",
    )


# --- the instant


def test_no_head_is_signed_with_an_instant_before_the_last_one(kept: Stack) -> None:
    kept.publish("MORE")
    before = kept.contents()
    behind = kept.now - timedelta(seconds=3000)
    with pytest.raises(TemporarilyUnavailableError, match="3000 s ahead of the clock of this machine"):
        advance(kept.engine, seal=kept.office.seal, origin=ORIGIN, now=behind)
    assert kept.contents() == before


def test_clocks_that_differ_a_little_sign_one_after_the_other(kept: Stack) -> None:
    last = advanced(kept).at
    kept.publish("MORE")
    kept.now -= timedelta(seconds=20)
    assert advanced(kept).at == last
    with reading(kept.engine) as session:
        head = find_last_checkpoint(session)
    assert head is not None
    assert read_checkpoint(head.text).at == head.at == last
    assert audited(kept).misdated == []


@pytest.mark.parametrize(
    ("off", "size", "said"),
    [
        (timedelta(days=1), SECOND, "and the one before it of "),
        (timedelta(seconds=-3000), FIRST, "and covers the record "),
    ],
)
def test_a_head_that_goes_back_in_time_is_told_by_both_checks(
    kept: Stack, off: timedelta, size: int, said: str
) -> None:
    """A machine of tomorrow has signed the first one, or one of an hour ago."""
    sign_anew(kept, FIRST, moved(off))
    checked = run(kept, "check")
    assert checked.exit_code == 1
    (line,) = [one for one in checked.stdout.splitlines() if one.startswith("checkpoint: ")]
    assert line.startswith(f"checkpoint: checkpoint of {size} leaves: it is of ")
    assert said in line

    verified = run(kept, "log", "verify")
    assert verified.exit_code == 1
    assert verified.stdout.startswith(f"the log is whole: {SECOND} leaves, "), "what follows was looked at"
    (line,) = verified.stderr.splitlines()
    assert line.startswith(f"the checkpoint of {size} leaves: it is of ")
    assert said in line
    numbers = run(kept, "log", "verify", "--json")
    assert (numbers.exit_code, json.loads(numbers.stdout)["misdated"]) == (1, 1)


def test_a_head_of_a_later_time_is_told_by_the_doctor(kept: Stack) -> None:
    assert found(kept).state.value == "ok"
    sign_anew(kept, SECOND, moved(timedelta(days=1)))
    told = found(kept)
    assert (told.state.value, told.says) == (
        "warning",
        "the last one is of 1440 minutes ahead of this clock: none is signed until then",
    )
    assert "set right the clocks" in told.cure
