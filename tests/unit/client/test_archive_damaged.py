"""An archive in which something is damaged, old or in the way: that is told, and its neighbours go on."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from archived import described, folder_of
from notigateway.client import PullReport
from notigateway.client.archive.commands import archive_app
from notigateway.client.archive.export import write_xlsx
from notigateway.client.archive.index import CHANGED
from notigateway.client.archive.reading import reading
from notigateway.client.errors import ArchiveExportError, SpoolError
from service_simulator import Item

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from service_simulator import Simulator


def indexed(archive: Path) -> dict[int, str]:
    with closing(sqlite3.connect(archive / "archive.db")) as index:
        return dict(index.execute("SELECT code, folder FROM notifications ORDER BY code"))


def damage_one(folder: Path, damage: str) -> None:
    said = folder / "notification.json"
    match damage:
        case "empty":
            said.write_bytes(b"")
        case "odd subject":
            said.write_text(json.dumps({**described(folder), "subject": ["x"]}))
        case "half a letter":
            said.write_text(json.dumps({**described(folder), "subject": "\ud800"}))
        case _:
            said.unlink()
            said.symlink_to("elsewhere.json")


@contextmanager
def full_disk(left: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.mark.parametrize("damage", ["empty", "odd subject", "half a letter", "a link"])
def test_a_damaged_folder_is_told_and_mended_and_its_neighbours_are_accepted_and_stored(
    service: Simulator, store: Callable[..., PullReport], run: Callable[..., Any], archive: Path, damage: str
) -> None:
    hurt, *_ = service.add(2)
    store(accept=True)
    new = service.add(2)
    damage_one(folder_of(archive, hurt), damage)

    done = run("pull", archive, "--full", "--accept")

    where = f"B00000000/2026/{hurt.code}"
    assert (done.code, f"LOST: {hurt.code} of B00000000: {where} " in done.err) == (4, True), done.err
    assert {one.state for one in new} == {"accepted"}
    about = described(archive / where)
    assert (len(about["documents"]), len(about["receipts"])) == (1, 1)
    assert indexed(archive).keys() == {one.code for one in service.items.values()}
    assert run("pull", archive).code == 0


@pytest.mark.parametrize("damage", ["empty", "odd subject", "a link"])
def test_a_damaged_folder_that_nothing_knows_stays_and_what_it_held_is_stored_beside_it(
    service: Simulator, store: Callable[..., PullReport], run: Callable[..., Any], archive: Path, damage: str
) -> None:
    hurt, *_ = service.add(2)
    store(accept=True)
    new = service.add(2)
    damage_one(folder_of(archive, hurt), damage)
    (archive / "archive.db").unlink()

    done = run("pull", archive, "--accept")

    where = f"B00000000/2026/{hurt.code}"
    assert (done.code, f"DAMAGED: {where}:" in done.err) == (4, True), done.err
    assert {one.state for one in new} == {"accepted"}
    found = indexed(archive)
    assert found[hurt.code] == f"{where}-{hurt.id}"
    assert found.keys() == {one.code for one in service.items.values()}
    assert described(archive / found[hurt.code])["documents"]
    assert len(list((archive / where).iterdir())) == 3
    assert run("pull", archive).code == 0


def test_a_plain_pull_notices_an_empty_description_and_fetches_what_it_held(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    hurt, other = service.add(2)
    store(accept=True)
    damage_one(folder_of(archive, hurt), "empty")
    report = store()
    assert (report.stored, [(one.code, one.is_mended) for one in report.lost]) == (1, [(hurt.code, True)])
    damage_one(folder_of(archive, other), "odd subject")
    done = CliRunner().invoke(archive_app, ["rebuild", str(archive)])
    assert (done.exit_code, f"DAMAGED: B00000000/2026/{other.code}" in done.stderr) == (4, True)
    assert indexed(archive).keys() == {hurt.code, other.code}
    assert [(one.code, one.is_mended) for one in store().lost] == [(other.code, True)]
    assert (store().lost, store().damaged) == ([], [])


def test_what_is_no_folder_in_the_place_of_one_is_told_before_anything_is_accepted(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    blocked, other = service.add(2)
    archive.mkdir()
    (archive / str(blocked.code)).write_text("a file of somebody's")
    report = store(accept=True, folders="{code}/{id}")
    assert [(one.code, one.reason) for one in report.refused] == [(blocked.code, "FOLDER_UNUSABLE")]
    assert str(archive / str(blocked.code) / blocked.id) in report.refused[0].text
    assert (blocked.state, other.state, report.stored) == ("available", "accepted", 1)
    (archive / str(blocked.code)).unlink()
    assert store(accept=True).stored == 1


@pytest.mark.parametrize(
    "what", ["its client is a link", "it is a link", "it is a file", "its description is a folder"]
)
def test_what_stands_in_the_place_of_what_is_stored_is_told_before_it_is_accepted(
    service: Simulator, store: Callable[..., PullReport], archive: Path, tmp_path: Path, what: str
) -> None:
    blocked = Item(code=9, addressee="A28000016")
    service.items[blocked.id] = blocked
    others = service.add(2)
    store()
    folder = archive / "A28000016" / "2026" / "9"
    place = folder.parents[1] if what == "its client is a link" else folder
    if what == "its description is a folder":
        place = folder / "notification.json"
        place.unlink()
        place.mkdir()
    else:
        place.rename(tmp_path / "elsewhere")
        if what == "it is a file":
            place.write_text("a file of somebody's")
        else:
            place.symlink_to(tmp_path / "elsewhere")
    for accepted in (2, 0):
        report = store(accept=True)
        assert [(one.code, one.reason) for one in report.refused] == [(9, "FOLDER_UNUSABLE")]
        assert report.accepted == accepted
    assert blocked.state == "available"
    assert all(described(folder_of(archive, one))["documents"] for one in others)
    done = CliRunner().invoke(archive_app, ["check", str(archive), "--json"])
    assert (done.exit_code, [one["what"] for one in json.loads(done.stdout)["wrong"]][:1]) == (4, ["missing"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("documents", 5), ("documents", [{"file": "notification.json/.."}]), ("former", 7), ("decision", 7)],
)
def test_a_description_of_another_shape_is_a_lost_one(
    service: Simulator, store: Callable[..., PullReport], archive: Path, name: str, value: object
) -> None:
    (item,) = service.add()
    store(accept=True)
    folder = folder_of(archive, item)
    before = described(folder)
    (folder / "notification.json").write_text(json.dumps({**before, name: value}))
    done = CliRunner().invoke(archive_app, ["check", str(archive), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["wrong"][0]["what"]) == (4, "missing")
    assert [one.is_mended for one in store(full=True).lost] == [True]
    assert described(folder)["documents"] == before["documents"]


def test_a_folder_that_is_gone_with_its_index_is_fetched_again(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    gone, kept = service.add(2)
    store(accept=True)
    (archive / "archive.db").write_bytes(b"x" * 5000)
    shutil.rmtree(folder_of(archive, gone))
    assert store().stored == 1
    assert indexed(archive).keys() == {gone.code, kept.code}


def test_a_copy_of_a_folder_is_not_gone_on_with(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    store()
    shutil.copytree(archive / "B00000000", archive / "A copy")
    shutil.copytree(archive / "B00000000", archive / "Z copy")
    store(full=True)
    assert indexed(archive) == {item.code: f"B00000000/2026/{item.code}"}
    assert store(accept=True).accepted == 1
    assert described(folder_of(archive, item))["state"] == "accepted"


def test_a_flat_folder_of_earlier_versions_is_made_whole_where_it_is(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    (item,) = service.add()
    store(accept=True)
    flat = archive / f"{item.code}-{item.id}"
    folder_of(archive, item).rename(flat)
    (flat / "notification.json").write_text("{")
    (archive / "archive.db").unlink()
    report = store()
    assert (report.damaged, report.corrections, report.stored) == ([flat.name], [], 1)
    about = described(flat)
    assert (len(about["documents"]), len(about["receipts"])) == (1, 1)
    assert (flat / about["documents"][0]["file"]).read_bytes() == item.content


def test_a_rebuild_that_dies_leaves_the_former_index(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    service.add(40)
    store()
    before = indexed(archive)
    with full_disk(32_768):
        done = CliRunner().invoke(archive_app, ["rebuild", str(archive)])
    assert isinstance(done.exception, SpoolError)
    assert indexed(archive) == before
    (archive / "archive.db").unlink()
    with full_disk(32_768), pytest.raises(SpoolError, match=r"archive\.db"):
        store()
    assert not (archive / "archive.db").exists()
    store()
    assert indexed(archive) == before
    assert [one.name for one in archive.glob(".tmp-*")] == []


def test_an_index_older_than_the_folders_takes_them_in(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    service.add(1)
    store(accept=True)
    former = (archive / "archive.db").read_bytes()
    service.add(3)
    store(accept=True)
    (archive / "archive.db").write_bytes(former)
    (archive / ".cursor").unlink()
    report = store(accept=True)
    assert (report.already_stored, report.stored, report.refused, report.damaged) == (4, 0, [], [])
    assert len(indexed(archive)) == 4


def test_an_index_with_other_columns_is_made_anew_and_a_link_is_never_written(
    service: Simulator, store: Callable[..., PullReport], archive: Path, tmp_path: Path
) -> None:
    service.add(2)
    store()
    file, foreign = archive / "archive.db", tmp_path / "foreign.db"
    file.unlink()
    with closing(sqlite3.connect(foreign)) as other:
        other.executescript("CREATE TABLE notifications (id TEXT); PRAGMA user_version = 1")
    file.write_bytes(foreign.read_bytes())
    store()
    assert len(indexed(archive)) == 2
    file.unlink()
    file.symlink_to(foreign)
    before = foreign.read_bytes()
    with pytest.raises(SpoolError, match="is a link"):
        store()
    assert foreign.read_bytes() == before


@pytest.mark.parametrize("name", ["x" * 200_000, "../outside", "/etc", "a\x00b"])
def test_a_damaged_note_of_changes_has_everything_read(
    service: Simulator, store: Callable[..., PullReport], archive: Path, name: str
) -> None:
    (item,) = service.add()
    store()
    said = folder_of(archive, item) / "notification.json"
    said.write_text(json.dumps({**described(said.parent), "naf": "read"}))
    (archive / CHANGED).write_text(f"{name}\n")
    store()
    with closing(sqlite3.connect(archive / "archive.db")) as index:
        assert index.execute("SELECT naf FROM notifications").fetchone() == ("read",)


def test_a_damaged_cursor_is_a_walk(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    service.add()
    store()
    (archive / ".cursor").write_text("[" * 200_000)
    assert store().walked_list


def test_an_output_replaces_no_device_no_link_and_no_file_of_the_archive(
    service: Simulator, store: Callable[..., PullReport], archive: Path, tmp_path: Path
) -> None:
    (item,) = service.add()
    store()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "kept.csv")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    own = folder_of(archive, item)
    for output in (link, pipe, archive / "archive.db", archive / ".cursor", own / "notification.json"):
        done = CliRunner().invoke(archive_app, ["export", str(archive), "--csv", "--output", str(output)])
        assert isinstance(done.exception, ArchiveExportError), output
    assert (link.is_symlink(), pipe.is_fifo(), described(own)["code"]) == (True, True, item.code)
    done = CliRunner().invoke(archive_app, ["export", str(archive), "--output", str(archive / "day.csv")])
    assert (done.exit_code, (archive / "day.csv").is_file()) == (0, True)


def test_a_workbook_that_the_disk_does_not_take_is_told_as_such(tmp_path: Path) -> None:
    with full_disk(4_096), pytest.raises(OSError, match="File too large"):
        write_xlsx(iter(()), tmp_path / "day.xlsx")


def test_an_archive_where_nothing_can_be_written_is_read(
    service: Simulator, store: Callable[..., PullReport], archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add(2)
    store()
    archive.chmod(0o500)
    if os.geteuid() == 0:  # whom modes keep from nothing
        monkeypatch.setattr(os, "access", lambda *_: False)
    with reading(archive) as index:
        assert index.execute("SELECT count(*) FROM notifications").fetchone()[0] == 2
    assert not (archive / "archive.db-shm").exists()
    archive.chmod(0o700)


def test_no_archive_is_made_of_an_empty_name(run: Callable[..., Any]) -> None:
    done = run("pull", "")
    assert (done.code, "DIRECTORY" in done.err) == (2, True)
