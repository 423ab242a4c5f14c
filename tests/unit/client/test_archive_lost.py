"""What disappears from an archive, or is changed in it, is noticed, told aloud and fetched again."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from archived import described, everything, folder_of
from notigateway.client import PullReport
from notigateway.client.archive.commands import archive_app
from notigateway.client.errors import ArchiveExportError
from service_simulator import AVAILABLE_AT, Item

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from service_simulator import Simulator

EARLIER = AVAILABLE_AT + timedelta(hours=5)
NAME = "01-providencia.pdf"


@pytest.fixture
def filled(service: Simulator, store: Callable[..., PullReport]) -> list[Item]:
    """An archive of two accepted, a pending one, and a pending one of another client."""
    items = [*service.add(3), Item(code=9, addressee="A28000016")]
    service.items[items[3].id] = items[3]
    service.accept(items[0])
    service.accept(items[1])
    store()
    return items


def checked(archive: Path) -> tuple[int, list[tuple[str, str | None]]]:
    """Run `archive check`; return its exit code and what it found, by its JSON."""
    done = CliRunner().invoke(archive_app, ["check", str(archive), "--json"])
    said = json.loads(done.stdout)
    return done.exit_code, [(one["what"], one.get("file")) for one in said["wrong"]]


def of_index(archive: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(archive / "archive.db")) as index:
        return list(index.execute(query))


def lost(report: PullReport) -> list[tuple[int, str | None, bool, bool]]:
    return [(one.code, one.file, one.is_changed, one.is_mended) for one in report.lost]


def test_a_document_that_is_lost_is_told_and_fetched_again_by_a_full_run(
    store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    assert checked(archive) == (0, [])
    file = folder_of(archive, filled[0]) / NAME
    file.unlink()
    assert checked(archive) == (4, [("missing", NAME)])
    assert lost(store()) == []  # who looks at changes alone opens no file

    report = store(full=True)

    assert lost(report) == [(1, NAME, False, True)]
    assert (report.stored, report.already_stored) == (1, 3)
    assert file.read_bytes() == filled[0].content
    assert checked(archive) == (0, [])
    assert lost(store(full=True)) == []


def test_what_was_changed_is_kept_beside_what_is_fetched_again(
    store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    folder = folder_of(archive, filled[1])
    (receipt,) = folder.glob("receipt-*.xml")
    sealed = receipt.read_bytes()
    receipt.write_bytes(sealed[:-1])
    (folder / NAME).write_bytes(filled[1].content + b"more")
    assert sorted(checked(archive)[1]) == [("changed", NAME), ("changed", receipt.name)]

    report = store(full=True)

    assert sorted(lost(report)) == [(2, NAME, True, True), (2, receipt.name, True, True)]
    assert (folder / NAME).read_bytes() == filled[1].content
    assert receipt.read_bytes() == sealed
    kept = {one["of"]: folder / one["file"] for one in described(folder)["changed"]}
    assert kept[NAME].read_bytes() == filled[1].content + b"more"
    assert kept[receipt.name].read_bytes() == sealed[:-1]
    assert {one.kept for one in report.lost} == {one.name for one in kept.values()}
    assert checked(archive) == (0, [])
    again = store(full=True)
    assert (lost(again), again.updated) == ([], 0)
    (folder / NAME).write_bytes(b"again")
    store(full=True)
    assert len(described(folder)["changed"]) == 3
    receipt.unlink()
    receipt.symlink_to(folder / NAME)
    assert lost(store(full=True)) == [(2, receipt.name, False, True)]
    assert receipt.read_bytes() == sealed
    assert not receipt.is_symlink()


@pytest.mark.parametrize("full", [False, True])
def test_a_folder_that_is_lost_stays_in_the_index_and_is_fetched_again(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item], *, full: bool
) -> None:
    before = everything(archive)
    shutil.rmtree(archive / "A28000016")
    (folder_of(archive, filled[0]) / "notification.json").unlink()
    assert sorted(checked(archive)[1], key=str) == [("missing", None), ("missing", None)]
    asked = len(service.requests)

    report = store(full=full)

    assert sorted(lost(report)) == [(1, None, False, True), (9, None, False, True)]
    assert report.walked_list == full
    assert len([one for one in service.requests[asked:] if b"ListNotifications" in one]) == (1 if full else 2)
    after = everything(archive)
    assert after.keys() == before.keys()
    for identifier, about in after.items():
        assert (about["state"], about["documents"], about["decision"]) == (
            before[identifier]["state"],
            before[identifier]["documents"],
            before[identifier]["decision"],
        )
        assert not about["former"]
    assert of_index(archive, "SELECT count(*), count(lost_since) FROM notifications") == [(4, 0)]
    assert checked(archive) == (0, [])
    assert lost(store()) == []


def test_what_cannot_be_fetched_again_is_told_until_it_is_there_or_the_folders_are_said_to_be_right(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item], tmp_path: Path
) -> None:
    service.lose("A28000016")
    store()
    shutil.move(archive / "A28000016", tmp_path / "elsewhere")
    for _ in range(2):
        assert lost(store()) == [(9, None, False, False)]
    assert of_index(archive, "SELECT code FROM notifications WHERE lost_since IS NOT NULL") == [(9,)]
    assert of_index(archive, "SELECT DISTINCT code, reason FROM failures") == [(9, "LOST")]
    shutil.move(tmp_path / "elsewhere", archive / "A28000016")
    assert lost(store()) == []
    assert of_index(archive, "SELECT count(*) FROM notifications WHERE lost_since IS NOT NULL") == [(0,)]
    shutil.move(archive / "A28000016", archive / "moved")
    assert lost(store()) == []  # one that was moved is found
    shutil.rmtree(archive / "moved")
    done = CliRunner().invoke(archive_app, ["rebuild", str(archive)])
    assert done.stdout == "3 notifications\n"
    assert lost(store()) == []
    assert len(filled) == 4


def test_a_document_that_the_service_does_not_deliver_any_more_is_told_as_lost(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    service.report(
        filled[0], "rejected", EARLIER
    )  # before it was accepted here: nothing is delivered any more
    assert len(store().corrections) == 1
    (folder_of(archive, filled[0]) / NAME).unlink()
    assert lost(store(full=True)) == [(1, NAME, False, False)]
    assert checked(archive) == (4, [("missing", NAME)])


def test_what_no_index_knows_is_told_and_a_file_that_nobody_names_harms_nothing(
    store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    (folder_of(archive, filled[0]) / "notes.txt").write_text("call them")
    assert checked(archive) == (0, [("not_named", "notes.txt")])
    copied = archive / "B00000000" / "2026" / "77"
    shutil.copytree(folder_of(archive, filled[1]), copied)
    assert sorted(checked(archive)[1], key=str) == [("not_indexed", None), ("not_named", "notes.txt")]
    said = CliRunner().invoke(archive_app, ["check", str(archive)])
    assert said.exit_code == 4
    assert "4 notifications" in said.stdout.splitlines()[-1]
    assert "B00000000/2026/77" in said.stdout
    assert store().lost == []


def test_a_lost_description_comes_back_with_its_history_and_what_stands_there_is_kept(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    item, folder = filled[0], folder_of(archive, filled[0])
    service.report(item, "accepted", EARLIER)
    store()
    history, first = described(folder)["former"], (folder / "former-1.json").read_bytes()
    (folder / "notification.json").write_bytes(b"")
    (folder / NAME).write_bytes(b"edited")

    report = store()

    assert sorted(lost(report), key=str) == [(1, NAME, True, True), (1, None, False, True)]
    assert (folder / NAME).read_bytes() == item.content
    (kept,) = described(folder)["changed"]
    assert ((folder / kept["file"]).read_bytes(), kept["of"]) == (b"edited", NAME)
    said = ("file", "state", "decided_at", "deadline", "replaced_at", "is_corrected")
    restored = described(folder)["former"]
    assert [[one[name] for name in said] for one in restored] == [
        [one[name] for name in said] for one in history
    ]
    service.report(item, "accepted", EARLIER - timedelta(hours=1))
    assert len(store().corrections) == 1
    assert (folder / "former-1.json").read_bytes() == first
    assert [one["file"] for one in described(folder)["former"]] == ["former-1.json", "former-2.json"]
    assert of_index(archive, "SELECT file FROM versions ORDER BY file") == [
        ("former-1.json",),
        ("former-2.json",),
    ]


def test_a_code_of_two_notifications_names_both(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    """A service that was restored gives codes again: they come in one batch, and both are stored at once."""
    twins = [Item(code=7), Item(code=7)]
    service.items.update({one.id: one for one in twins})
    report = store(accept=True)
    assert (report.stored, report.refused) == (2, [])
    assert len(everything(archive)) == 2
    done = CliRunner().invoke(
        archive_app, ["zip", str(archive), "7", "--output", str(archive.parent / "7.zip")]
    )
    assert isinstance(done.exception, ArchiveExportError)
    for one in twins:
        assert one.id in str(done.exception)


def test_what_runs_could_not_do_outlives_their_index(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    blocked, _other = service.add(2)
    archive.mkdir()
    (archive / str(blocked.code)).write_text("a file of somebody's")
    store(folders="{code}/{id}")
    query = "SELECT code, reason FROM failures"
    assert of_index(archive, query) == [(blocked.code, "FOLDER_UNUSABLE")]
    assert CliRunner().invoke(archive_app, ["rebuild", str(archive)]).exit_code == 0
    assert of_index(archive, query) == [(blocked.code, "FOLDER_UNUSABLE")]
