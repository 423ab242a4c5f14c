"""A restore to an earlier point heals: the log goes on under a new name, and a person is asked."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from listeners import client_of
from notigateway.app import build_app
from notigateway.client import LogRenamedError, LogSplitError, pull
from notigateway.errors import CheckpointInvalidError, ConfigurationError
from notigateway.log.growing import advance
from notigateway.repository.engine import reading
from notigateway.repository.log import find_last_checkpoint
from notigateway.settings import load_settings
from notigateway.tlog.checkpoint import Checkpoint, Follows, read_checkpoint
from operating import app
from overdue import settings_file
from pki import NOW, pki, write_issuers
from watched import at_a_door

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stack import Stack

SEALS = [pki().seal.certificate]
NEW = "notigateway.example/log-2"
HELD = ".log-head"


def grow(stack: Stack, name: str) -> None:
    stack.pass_time(minutes=1)
    stack.publish(name)
    advance(stack.engine, seal=stack.office.seal, origin=stack.settings.log_origin, now=stack.now)


def serve(stack: Stack) -> object:
    def answer(environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        return stack.endpoint(environ, start_response)  # type: ignore[arg-type]

    return answer


def pulled(stack: Stack, folder: Path, *, accepted: str | None = None) -> int | None:
    about = {"public_url": str(stack.settings.public_url), "clock": lambda: stack.now}
    with at_a_door(serve(stack)) as address, client_of(f"{address}/notigateway/v1", **about) as client:  # type: ignore[arg-type]
        return pull(
            client, folder, seal_certificates=SEALS, accept=False, accepted_log_name=accepted
        ).log_size


def monitored(stack: Stack, folder: Path, *more: str) -> int:
    write_issuers(folder / "trust" / "seals", SEALS)
    known = ["--trust", str(folder / "trust"), "--state", str(folder / "state.json")]
    with at_a_door(serve(stack)) as address:  # type: ignore[arg-type]
        url = f"{address}/notigateway/log"
        return CliRunner().invoke(app, ["monitor", url, *known, *more]).exit_code


def resume(stack: Stack, head: Path, reason: str = "restored from the backup of 2 a.m.") -> object:
    arguments = ["log", "resume", "--last-head", str(head), "--reason", reason]
    run = CliRunner().invoke(app, [*arguments, "--settings", str(settings_file(stack))])
    return run.exception if isinstance(run.exception, ConfigurationError) else run.exit_code


@pytest.fixture
def restored(sqlite_stack: Stack, tmp_path: Path) -> Stack:
    """A gateway whose client and monitor know more of its log than the backup that was restored."""
    stack = sqlite_stack
    grow(stack, "ACT-1")
    database, backup = Path(stack.engine.url.database or ""), tmp_path / "backup.db"
    stack.engine.dispose()
    shutil.copyfile(database, backup)
    grow(stack, "ACT-2")
    assert pulled(stack, tmp_path / "inbox")
    assert monitored(stack, tmp_path) == 0
    stack.engine.dispose()
    for one in database.parent.glob(f"{database.name}-*"):
        one.unlink()
    shutil.copyfile(backup, database)
    return stack


def named_anew(stack: Stack) -> None:
    stack.engine.dispose()
    stack.overrides["log_origin"] = NEW
    stack.settings = load_settings(None, overrides=stack.overrides)


def started_anew(stack: Stack) -> None:
    stack.now = datetime.now(UTC)  # the command has signed by this machine's clock
    stack.office.engine.dispose()
    endpoint = build_app(stack.settings, lambda: stack.now)
    stack.endpoint, stack.gate, stack.office = endpoint, endpoint.gate, endpoint.gate.office
    stack.engine = stack.office.engine


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
