"""The operator's commands for the log."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from kept_log import ORIGIN
from notigateway.cli.opening import opened
from notigateway.cli.together import looked_in_order
from notigateway.errors import LogDamagedError
from notigateway.instants import instant_text
from notigateway.log.auditing import audit_log
from notigateway.log.leaves import look_apart
from notigateway.repository.engine import reading, writing
from notigateway.repository.jobs import last_runs
from notigateway.repository.log import LogCheckpoint
from notigateway.settings import load_settings
from operating import app
from pki import pki

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
        "0 time-stamped, 1 without a time-stamp, 0 records waiting for a checkpoint; "
        "it holds all heads given by --against: 1\n"
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
        "refresh-trust": ("done", "new 0, known 3, kept 0, failed 0"),
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


def test_several_processes_say_the_same_of_a_log(sqlite_stack: Stack) -> None:
    """Of one that is whole, of one that is wrong in its second and its third portion, of one with a gap."""
    together = partial(
        looked_in_order,
        look=look_apart,
        opening=opened,
        settings=load_settings(settings_file(sqlite_stack)),
        processes=2,
    )

    def verified() -> str:
        said = []
        for look_at in (None, together):
            try:
                found = audit_log(
                    sqlite_stack.engine,
                    seal_certificates=[pki().seal.certificate],
                    origin=ORIGIN,
                    look_at=look_at,
                )
                said.append(str(found.summary()))
            except LogDamagedError as damage:
                said.append(str(damage.detail))
        assert said[0] == said[1]
        return said[0]

    sqlite_stack.publish_many(1_100)
    assert run(sqlite_stack, "checkpoint").exit_code == 0
    assert verified().startswith("{'leaves': 1100, 'receipts': 1100, ")
    with writing(sqlite_stack.engine) as session:
        damaged = "SELECT subject FROM log_leaves WHERE position IN (700, 1050)"
        session.execute(text(f"UPDATE receipts SET sha256 = 'x' WHERE id IN ({damaged})"))  # noqa: S608
    assert verified().startswith("leaf 700: the receipt ")
    with writing(sqlite_stack.engine) as session:
        one = "SELECT subject FROM log_leaves WHERE position = 499"
        session.execute(text(f"DELETE FROM receipts WHERE id IN ({one})"))  # noqa: S608
        session.execute(text("DELETE FROM log_leaves WHERE position = 499"))
    assert verified() == "leaf 499 is missing"


@pytest.mark.parametrize("before", ["yesterday", "2026-01-01T00:00:00", "2999-01-01T00:00:00Z"])
def test_erasing_asks_for_an_instant_of_the_past(stack: Stack, before: str) -> None:
    assert run(stack, "log", "erase", "--before", before).exit_code == 2


def test_the_command_erases_what_is_older(kept: Stack) -> None:
    done = run(kept, "log", "erase", "--before", instant_text(kept.now))
    assert done.output == f"1 access records of before {instant_text(kept.now)} erased\n"
    assert run(kept, "log", "verify").exit_code == 0
