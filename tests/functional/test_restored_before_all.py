"""One restored log before all who watch it: a witness, a monitor and a client, each by what it saw itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.client import LogRenamedError, LogSplitError
from notigateway.log.growing import advance
from notigateway.log.witnessing import Collected, Place, Witnesses, collect
from notigateway.pki.keys import fingerprint
from notigateway.repository.cosignatures import list_cosignatures
from notigateway.repository.engine import reading
from notigateway.repository.log import find_last_checkpoint
from notigateway.tlog.submission import PATH
from operating import app
from pki import pki
from restored import (
    HELD,
    NEW,
    grow,
    monitored,
    named_anew,
    pulled,
    report_of,
    restore,
    resume,
    started_anew,
)
from watched import ORIGIN, room, witnessing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack import Stack
    from watched import Room

SPLIT, ASKS = 3, 2


@contextmanager
def witnessed(stack: Stack, made: Room) -> Iterator[Witnesses]:
    """Have a witness run beside the gateway."""
    seal = pki().seal.certificate
    with witnessing(made, lambda: stack.now) as url:
        yield Witnesses([Place(made.me, url + PATH)], 1, 2, {fingerprint(seal): seal})


def cosigned(stack: Stack, made: Room) -> Collected:
    """Ask the witness, later than it would be asked again after its second failure."""
    stack.pass_time(seconds=65)
    with witnessed(stack, made) as witnesses:
        return collect(stack.engine, witnesses, now=stack.now)


def said_by(made: Room, *words: str, answer: str = "") -> tuple[int, str]:
    """Run a command of the witness's; return its exit code and what it printed."""
    group, *more = words
    done = CliRunner().invoke(app, ["witness", group, str(made.file), *more], input=answer)
    return done.exit_code, done.output


@pytest.fixture
def made(tmp_path: Path) -> Room:
    return room(tmp_path / "witness")


@pytest.fixture
def before(sqlite_stack: Stack, made: Room, tmp_path: Path) -> Stack:
    """A gateway of whose log all three know more than the backup that was restored."""
    stack = sqlite_stack
    assert stack.settings.log_origin == ORIGIN
    grow(stack, "ACT-1")

    def meanwhile() -> None:
        grow(stack, "ACT-2")
        assert cosigned(stack, made) == Collected(cosigned=1)
        assert pulled(stack, tmp_path / "inbox")
        assert monitored(stack, tmp_path) == 0

    restore(stack, tmp_path, meanwhile)
    return stack


def test_under_its_old_name_witness_monitor_and_client_each_name_a_split_view(
    before: Stack, made: Room, tmp_path: Path
) -> None:
    found = cosigned(before, made)
    assert (found.cosigned, found.failed) == (0, 1)
    assert "it has gone back" in found.failures.pop()

    grow(before, "ACT-3")  # as many entries as all of them know, and others
    found = cosigned(before, made)
    assert (found.cosigned, "a split view" in found.failures.pop()) == (0, True)
    told = said_by(made, "heads")[1]
    assert f"SPLIT VIEW of {ORIGIN}" in told
    assert told.count(f"    {ORIGIN}\n") == 2  # both notes, as they were sealed
    assert monitored(before, tmp_path) == SPLIT
    with pytest.raises(LogSplitError, match="SPLIT VIEW"):
        pulled(before, tmp_path / "inbox")

    grow(before, "ACT-4")  # longer than what they know, and never its continuation
    found = cosigned(before, made)
    assert found.cosigned == 0
    assert found.failed == 1
    assert monitored(before, tmp_path) == SPLIT
    with pytest.raises(LogSplitError, match="SPLIT VIEW"):
        pulled(before, tmp_path / "inbox")


def test_under_a_new_name_each_asks_a_person_and_goes_on(before: Stack, made: Room, tmp_path: Path) -> None:
    stack, folder = before, tmp_path / "inbox"
    named_anew(stack)
    assert resume(stack, folder / HELD) == 0
    started_anew(stack)

    assert cosigned(stack, made).cosigned == 0
    assert f"waits for `notigateway witness accept`: {NEW}" in said_by(made, "heads")[1]
    code, told = said_by(made, "accept", NEW, answer="n\n")
    assert code == 1
    assert f"\n    {ORIGIN}\n" in told
    assert f"\n    {NEW}\n" in told
    assert cosigned(stack, made).cosigned == 0
    assert "the operator quotes" in told
    assert "restored from the backup of 2 a.m." in told
    stack.publish("ACT-LATER")
    advance(
        stack.engine, seal=stack.office.seal, origin=NEW, now=stack.now
    )  # whoever comes after the first head is told as well
    with pytest.raises(
        LogRenamedError, match=r"restored from the backup of 2 a\.m\.; this folder knows the same head"
    ):
        pulled(stack, folder)
    assert monitored(stack, tmp_path) == ASKS

    assert said_by(made, "accept", NEW, answer="y\n")[0] == 0
    assert cosigned(stack, made) == Collected(cosigned=1)
    assert pulled(stack, folder, accepted=NEW)
    assert monitored(stack, tmp_path, "--accept-name", NEW) == 0
    grow(stack, "ACT-5")
    assert cosigned(stack, made) == Collected(cosigned=1)
    with reading(stack.engine) as session:
        head = find_last_checkpoint(session)
        assert head is not None
        assert [one.witness for one in list_cosignatures(session, head.size)] == [made.me.name]
    told = said_by(made, "heads")[1]
    assert f"{NEW}: {head.size} entries" in told
    assert "waits" not in told
    assert "SPLIT VIEW" not in told
    assert pulled(stack, folder)
    assert monitored(stack, tmp_path) == 0


def test_an_acceptance_that_a_restore_has_lost_is_told_at_every_pull(
    sqlite_stack: Stack, tmp_path: Path
) -> None:
    """The folder has its receipt; the service that was restored says that nothing is decided."""
    stack, folder = sqlite_stack, tmp_path / "inbox"
    wanted = stack.publish("ACT-LOST")
    advance(stack.engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now)
    assert pulled(stack, folder)

    def meanwhile() -> None:
        stack.accept(wanted)
        advance(stack.engine, seal=stack.office.seal, origin=ORIGIN, now=stack.now)
        assert report_of(stack, folder).stored == 1

    restore(stack, tmp_path, meanwhile)
    named_anew(stack)
    assert resume(stack, folder / HELD) == 0
    started_anew(stack)
    for accepted in (NEW, None):
        report = report_of(stack, folder, accepted=accepted)
        (told,) = report.not_verified
        assert (told.id, told.reason) == (str(wanted), "STATE_GONE_BACK")
        assert "and lapsed to the service" in told.text  # its term has ended meanwhile
