"""A restore to an earlier point heals: the log goes on under a new name, and a person is asked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.client import LogRenamedError, LogSplitError
from notigateway.errors import CheckpointInvalidError, ConfigurationError
from notigateway.repository.engine import reading
from notigateway.repository.log import find_last_checkpoint
from notigateway.tlog.checkpoint import Checkpoint, Follows, read_checkpoint
from operating import app
from overdue import settings_file
from pki import NOW
from restored import (
    HELD,
    NEW,
    grow,
    monitored,
    named_anew,
    pulled,
    restore,
    resume,
    started_anew,
)

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Stack


@pytest.fixture
def restored(sqlite_stack: Stack, tmp_path: Path) -> Stack:
    """A gateway whose client and monitor know more of its log than the backup that was restored."""
    stack = sqlite_stack
    grow(stack, "ACT-1")

    def meanwhile() -> None:
        grow(stack, "ACT-2")
        assert pulled(stack, tmp_path / "inbox")
        assert monitored(stack, tmp_path) == 0

    restore(stack, tmp_path, meanwhile)
    return stack


def test_under_the_same_name_it_is_a_split_view(restored: Stack, tmp_path: Path) -> None:
    grow(restored, "ACT-3")
    grow(restored, "ACT-4")
    with pytest.raises(LogSplitError):
        pulled(restored, tmp_path / "inbox")
    assert monitored(restored, tmp_path) == 3


def test_by_the_command_it_asks_a_person_and_goes_on(restored: Stack, tmp_path: Path) -> None:
    stack, folder = restored, tmp_path / "inbox"
    named_anew(stack)
    assert resume(stack, folder / HELD) == 0
    started_anew(stack)
    with reading(stack.engine) as session:
        last = find_last_checkpoint(session)
    assert last is not None
    first = read_checkpoint(last.text)
    assert first.origin == NEW
    assert first.follows is not None
    assert first.follows.reason == "restored from the backup of 2 a.m."
    assert f"\n{first.follows.size}\n" in json.loads((folder / HELD).read_text())["head"]

    with pytest.raises(LogRenamedError, match="log-2"):
        pulled(stack, folder)
    assert monitored(stack, tmp_path) == 2
    assert pulled(stack, folder, accepted=NEW)
    assert monitored(stack, tmp_path, "--accept-name", NEW) == 0
    grow(stack, "ACT-5")
    assert pulled(stack, folder)
    assert monitored(stack, tmp_path) == 0
    for command in (["check"], ["log", "verify"]):
        run = CliRunner().invoke(app, [*command, "--settings", str(settings_file(stack))])
        assert run.exit_code == 0, run.output
    # And not a second time, nor back.
    refused = resume(stack, folder / HELD)
    assert isinstance(refused, ConfigurationError)
    assert "a name that it never had" in str(refused)


def test_where_nothing_was_lost_it_keeps_its_name(sqlite_stack: Stack, tmp_path: Path) -> None:
    stack = sqlite_stack
    grow(stack, "ACT-1")
    assert pulled(stack, tmp_path / "inbox")
    grow(stack, "ACT-2")
    held = tmp_path / "inbox" / HELD
    same = resume(stack, held)
    assert "a name that it never had" in str(same)
    named_anew(stack)
    assert "nothing was lost" in str(resume(stack, held))
    for reason in ("", "añadido", "two\nlines", "x" * 201):
        assert "printable letters" in str(resume(stack, held, reason))
    (tmp_path / "none").write_bytes(b'{"head": 3')
    assert "holds no head" in str(resume(stack, tmp_path / "none"))


def test_what_a_first_head_says_has_one_spelling() -> None:
    head = Checkpoint(NEW, 5, bytes(32), NOW, Follows("notigateway.example/log", 9, b"r" * 32, "a b"))
    text = head.to_bytes()
    assert read_checkpoint(text) == head
    for wrong in (
        text.replace(b"follows 9", b"follows 09"),
        text.replace(b"reason a b\n", b""),
        text.replace(b"reason a b", b"reason a  b"),
        text.replace(b"reason a b", "reason á".encode()),
        text + b"more\n",
        text[:-1],
    ):
        with pytest.raises(CheckpointInvalidError):
            read_checkpoint(wrong)
