"""A head that somebody kept, in each shape that there is of one, given to each command that takes one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.errors import ConfigurationError
from notigateway.tlog.note import read_note
from operating import app
from overdue import settings_file
from restored import HELD, NEW, grow, monitored, named_anew, pulled, restore, resume, started_anew

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Stack

pytestmark = pytest.mark.once

SIGNED = ["note", "client", "monitor", "split#older", "split#newer"]
UNSIGNED = ["text", "line", "lines"]


@dataclass(frozen=True)
class Told:
    exit_code: int
    out: str
    said: str


def told(stack: Stack, *words: object) -> Told:
    run = CliRunner().invoke(app, [*map(str, words), "--settings", str(settings_file(stack))])
    if isinstance(run.exception, ConfigurationError):
        return Told(2, "", run.exception.detail)
    return Told(run.exit_code, run.stdout, run.output)


@pytest.fixture
def heads(sqlite_stack: Stack, tmp_path: Path) -> Path:
    """A folder with one head of the log in every shape; the log has grown since."""
    stack, folder = sqlite_stack, tmp_path / "heads"
    folder.mkdir()
    grow(stack, "ACT-1")
    (folder / "line").write_text(told(stack, "checkpoint").out)
    assert pulled(stack, tmp_path / "inbox")
    assert monitored(stack, tmp_path) == 0
    client = (tmp_path / "inbox" / HELD).read_bytes()
    note = json.loads(client)["head"]
    (folder / "client").write_bytes(client)
    (folder / "monitor").write_bytes((tmp_path / "state.json").read_bytes())
    (folder / "note").write_text(note)
    (folder / "text").write_bytes(read_note(note.encode()).text)
    (folder / "split").write_text(json.dumps({"older": {"note": note}, "newer": {"note": note}}))
    grow(stack, "ACT-2")
    (folder / "lines").write_text((folder / "line").read_text() + told(stack, "checkpoint").out)
    return folder


def test_every_shape_is_taken_where_an_unsigned_head_is_enough(sqlite_stack: Stack, heads: Path) -> None:
    for shape in (*SIGNED, *UNSIGNED):
        run = told(sqlite_stack, "log", "verify", "--against", heads / shape)
        assert run.exit_code == 0, (shape, run)
        assert run.said.startswith("the log is whole")
        assert run.said.endswith(f"all heads given by --against: {2 if shape == 'lines' else 1}\n")
    for shape in (*SIGNED, "text", "line"):
        run = told(sqlite_stack, "log", "prove", heads / shape)
        assert run.exit_code == 0, (shape, run)
        assert json.loads(run.out)["old_size"] == 1
    run = told(sqlite_stack, "log", "prove", heads / "lines")
    assert run.exit_code == 2
    assert "holds 2 heads" in run.said


def test_a_wrong_head_in_a_line_is_found(sqlite_stack: Stack, heads: Path) -> None:
    origin, _, root, at = (heads / "line").read_text().split()
    (heads / "wrong").write_text(f"{origin} 2 {root} {at}\n")
    for words in (("log", "verify", "--against"), ("log", "prove")):
        run = told(sqlite_stack, *words, heads / "wrong")
        assert (run.exit_code, run.out) == (1, "")
        assert "LOG_DAMAGED" in run.said


@pytest.mark.parametrize("shape", ["note", "client"])
def test_a_note_that_was_changed_accuses_nobody(sqlite_stack: Stack, heads: Path, shape: str) -> None:
    """Its seal is not right any more, so it says nothing about the log."""
    root = (heads / "line").read_text().split()[2]
    (heads / "changed").write_text((heads / shape).read_text().replace(root, "A" * 43 + "="))
    for words in (("log", "verify", "--against"), ("log", "prove")):
        run = told(sqlite_stack, *words, heads / "changed")
        assert (run.exit_code, run.out) == (2, "")
        assert run.said.startswith(f"{heads / 'changed'}: ")


def test_every_signed_shape_is_compared_by_the_monitor_and_quoted_by_resume(
    sqlite_stack: Stack, heads: Path, tmp_path: Path
) -> None:
    given = [word for shape in SIGNED for word in ("--head", str(heads / shape))]
    assert monitored(sqlite_stack, tmp_path, *given) == 0
    named_anew(sqlite_stack)
    for shape in SIGNED:
        assert "nothing was lost" in str(resume(sqlite_stack, heads / shape))


def test_an_unsigned_head_accuses_nobody_and_is_not_quoted(
    sqlite_stack: Stack, heads: Path, tmp_path: Path
) -> None:
    for shape in UNSIGNED[:2]:
        assert monitored(sqlite_stack, tmp_path, "--head", str(heads / shape)) == 2
        refused = str(resume(sqlite_stack, heads / shape))
        assert f"{heads / shape} holds a head without its signature" in refused
        assert "has to be signed" in refused


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        (b"", "form of a checkpoint"),
        (b"\xff\x00", "cannot be read"),
        (b"{}", "of nobody who keeps heads"),
        (b'{"head": 3}', "of nobody who keeps heads"),
        (b'{"note": "", "edge": {}}', "has seen no head yet"),
        (b'{"older": {"note": "x"}, "newer": {"note": "x"}}', "#older or #newer"),
        (b"[" * 100_000, "cannot be read|form of"),
        (b'{"head":' * 100_000, "of nobody"),
        (b"some\n\ntext\n", "signature"),
    ],
)
def test_what_holds_no_head_is_named_with_what_is_taken(
    sqlite_stack: Stack, tmp_path: Path, kept: bytes, why: str
) -> None:
    file = tmp_path / "kept"
    file.write_bytes(kept)
    for words in (("verify", "--against"), ("prove",)):
        run = told(sqlite_stack, "log", *words, file)
        assert run.exit_code == 2
        assert f"{file} holds no head of a log" in run.said
        assert any(one in run.said for one in why.split("|")), run.said
        assert "a client's .log-head" in run.said


def test_a_head_of_a_former_name_is_proven_and_one_of_what_was_lost_is_told(
    sqlite_stack: Stack, tmp_path: Path
) -> None:
    stack = sqlite_stack
    grow(stack, "ACT-1")

    def meanwhile() -> None:
        grow(stack, "ACT-2")
        assert pulled(stack, tmp_path / "inbox")

    restore(stack, tmp_path, meanwhile)
    lost, before = tmp_path / "inbox" / HELD, tmp_path / "before.txt"
    before.write_text(told(stack, "checkpoint").out)
    named_anew(stack)
    assert resume(stack, lost) == 0
    started_anew(stack)
    run = told(stack, "log", "prove", before)
    assert run.exit_code == 0, run
    said = json.loads(run.out)
    assert (said["log"], said["old_log"]) == (NEW, NEW.removesuffix("-2"))
    assert "before it was restored" in run.said
    assert told(stack, "log", "verify", "--against", before).exit_code == 0

    run = told(stack, "log", "prove", lost)
    assert run.exit_code == 1
    assert "which is of what was lost: the log was restored" in run.said
    assert "restored from the backup of 2 a.m." in run.said

    run = told(stack, "log", "verify", "--against", lost)
    assert run.exit_code == 1
    assert (
        "kept elsewhere is not one of this log, which is of what was lost: the log was restored" in run.said
    )

    other = tmp_path / "other.txt"
    other.write_text(before.read_text().replace("notigateway", "another"))
    run = told(stack, "log", "prove", other)
    assert run.exit_code == 2
    assert 'that head is of "another' in run.said
