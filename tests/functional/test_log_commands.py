"""The operator's commands for the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from kept_log import ORIGIN
from notigateway.instants import instant_text
from notigateway.repository.engine import reading, writing
from notigateway.repository.jobs import last_runs
from notigateway.repository.log import LogCheckpoint
from operating import app

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from stack import Stack


def settings_file(stack: Stack) -> Path:
    lines = [f"{name} = {json.dumps(str(value))}" for name, value in stack.overrides.items()]
    file = stack.folder / "notigateway.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def run(stack: Stack, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--settings", str(settings_file(stack))])


def test_the_commands_sign_a_head_and_verify_the_log(stack: Stack, tmp_path: Path) -> None:
    assert run(stack, "checkpoint").output == "the log is empty\n"
    stack.accept(stack.publish())
    done = run(stack, "checkpoint")
    assert done.exit_code == 0
    assert done.output.startswith(f"{ORIGIN} 3 ")
    head = tmp_path / "head.txt"
    with reading(stack.engine) as session:
        head.write_bytes(session.get_one(LogCheckpoint, 3).text)
    done = run(stack, "log", "verify", "--against", str(head))
    assert done.exit_code == 0
    assert done.output == (
        "the log is whole: 3 leaves, 2 receipts, 1 access records, 0 erased, 1 checkpoints, "
        "0 time-stamped, 0 waiting\n"
    )
    assert json.loads(run(stack, "log", "verify", "--json").output)["leaves"] == 3


def test_commands_leave_how_they_went_for_who_asks_for_the_last_runs(stack: Stack) -> None:
    for words in ("checkpoint", "sweep", "refresh-trust"):
        assert run(stack, words).exit_code == 0
    with reading(stack.engine) as session:
        runs = {one.job: (one.outcome, one.detail) for one in last_runs(session)}
    assert runs == {
        "checkpoint": ("done", ""),
        "sweep": ("done", "lapsed 0, moved 0, unsealed 0, arrived 0, unsealed_arrivals 0"),
        "refresh-trust": ("done", "new 0, known 3, failed 0"),
    }


def test_the_command_names_what_is_wrong_first_and_ends_with_1(stack: Stack) -> None:
    stack.accept(stack.publish())
    run(stack, "checkpoint")
    with writing(stack.engine) as session:
        session.execute(text("DELETE FROM receipts"))
    done = run(stack, "log", "verify")
    assert done.exit_code == 1
    assert "LOG_DAMAGED: leaf " in done.output
    assert "is gone" in done.output


@pytest.mark.parametrize("before", ["yesterday", "2026-01-01T00:00:00", "2999-01-01T00:00:00Z"])
def test_erasing_asks_for_an_instant_of_the_past(stack: Stack, before: str) -> None:
    assert run(stack, "log", "erase", "--before", before).exit_code == 2


def test_the_command_erases_what_is_older(kept: Stack) -> None:
    done = run(kept, "log", "erase", "--before", instant_text(kept.now))
    assert done.output == f"1 access records of before {instant_text(kept.now)} erased\n"
    assert run(kept, "log", "verify").exit_code == 0
