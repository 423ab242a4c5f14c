"""What is made of an archive: its index, whoever damages it; tables, the report of a day, a ZIP."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import openpyxl
import pytest
import typer
from lxml import html
from pyarrow import parquet
from typer.testing import CliRunner

from archived import described, folder_of
from notigateway.client import PullReport, SpoolError
from notigateway.client.archive.commands import archive_app
from notigateway.client.archive.index import CHANGED
from notigateway.client.archive.reading import reading
from notigateway.client.archive.report import Report
from notigateway.client.errors import ArchiveExportError, ArchiveIndexError, DocumentMismatchError
from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID
from service_simulator import AVAILABLE_AT, DEADLINE, DECIDED_AT, Item

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from service_simulator import Simulator

EARLIER = AVAILABLE_AT + timedelta(hours=5)


@pytest.fixture
def filled(service: Simulator, store: Callable[..., PullReport]) -> list[Item]:
    """An archive of a pending, an accepted, a lapsed one; and one that was corrected."""
    items = service.add(4, subject='=HYPERLINK("http://evil.example";"<b>pay</b>")')
    pending, accepted, lapsed, corrected = items
    service.accept(accepted)
    service.accept(corrected)
    lapsed.state = "lapsed"
    store()
    service.report(corrected, "accepted", EARLIER)
    store()
    assert pending.state == "available"
    return items


def made(*arguments: object) -> bytes:
    """Run a command of `archive`; return what it printed."""
    done = CliRunner().invoke(archive_app, [str(one) for one in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout_bytes


def of_index(archive: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(archive / "archive.db")) as index:
        return list(index.execute(query))


def test_the_index_says_what_the_folders_say(archive: Path, filled: list[Item]) -> None:
    found = of_index(
        archive, "SELECT id, folder, state, decided_at, has_content FROM notifications ORDER BY code"
    )
    for item, (identifier, folder, state, decided_at, has_content) in zip(filled, found, strict=True):
        about = described(archive / folder)
        assert (identifier, state, bool(has_content)) == (item.id, about["state"], bool(about["documents"]))
        assert decided_at == (about["decision"] or {}).get("at")
    (version,) = of_index(archive, "SELECT state, is_corrected, to_state FROM versions")
    assert version == ("accepted", 1, "accepted")
    assert of_index(archive, "SELECT count(*) FROM receipts") == [(3,)]
    assert of_index(archive, "SELECT stored, noted, updated, corrections FROM runs") == [
        (2, 2, 0, 0),
        (0, 0, 1, 1),
    ]
    assert not (archive / CHANGED).exists()


@pytest.mark.parametrize("damage", ["missing", "torn", "other version"])
def test_an_index_that_cannot_be_used_is_made_anew_and_nothing_is_fetched(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item], damage: str
) -> None:
    before = of_index(archive, "SELECT * FROM notifications ORDER BY code")
    file = archive / "archive.db"
    if damage == "missing":
        file.unlink()
    elif damage == "torn":
        file.write_bytes(file.read_bytes()[:3000] + b"torn")
    else:
        with closing(sqlite3.connect(file)) as index:
            index.execute("PRAGMA user_version = 99")
    asked = len(service.operations)
    report = store()
    assert (report.stored, report.noted, report.updated) == (0, 0, 0)
    assert service.operations[asked:].count("RetrieveReceipts") == 1  # for a time-stamp
    assert "RetrieveNotifications" not in service.operations[asked:]
    assert report.walked_list == (damage != "other version")  # nobody knows what is gone meanwhile
    assert of_index(archive, "SELECT * FROM notifications ORDER BY code") == before
    assert len(filled) == len(before)
    assert made("rebuild", archive) == b"4 notifications\n"
    assert of_index(archive, "SELECT * FROM notifications ORDER BY code") == before


def test_a_run_that_died_before_its_index_is_mended_without_reading_everything(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    file, changed = archive / "archive.db", archive / CHANGED
    service.add(1)
    store()
    former = file.read_bytes()
    service.accept(filled[0])
    store()
    (found,) = of_index(archive, "SELECT folder FROM notifications WHERE code = 1")
    (quiet,) = of_index(archive, "SELECT folder FROM notifications ORDER BY code DESC LIMIT 1")
    # What a kill between the folders and the index leaves.
    file.write_bytes(former)
    changed.write_text(f"\n{found[0]}\n")
    unread = archive / str(quiet[0]) / "notification.json"
    about = json.loads(unread.read_text())
    unread.write_text(json.dumps({**about, "subject": "Never read"}))
    store()
    assert of_index(archive, "SELECT state FROM notifications WHERE code = 1") == [("accepted",)]
    assert of_index(archive, "SELECT count(*) FROM notifications WHERE subject LIKE '%Never%'") == [(0,)]
    assert not changed.exists()


def test_others_read_the_index_while_a_pull_writes(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item]
) -> None:
    with reading(archive) as index:
        assert index.execute("SELECT count(*) FROM notifications").fetchone()[0] == len(filled)
        service.add(1)
        assert store().noted == 1
        assert index.execute("SELECT count(*) FROM notifications").fetchone()[0] == len(filled)


def test_csv_opens_in_a_spreadsheet_and_computes_nothing(archive: Path, filled: list[Item]) -> None:
    data = made("export", archive, "--csv")
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert [one["code"] for one in rows] == ["1", "2", "3", "4"]
    assert rows[0]["subject"].startswith("'=HYPERLINK")
    assert rows[1]["decided_at"] == f"{DECIDED_AT.astimezone(MADRID):%Y-%m-%d %H:%M:%S}"
    assert (rows[0]["last_day"], rows[3]["corrections"]) == ("2026-11-30", "1")
    accepted = made(
        "export", archive, "--state", "accepted", "--nif", "B00000000", "--since", "2026-01-01T00:00:00Z"
    )
    assert accepted.count(b"\r\n") == 3
    assert made("export", archive, "--nif", "b00000000", "--since", "2026-11-20").count(b"\r\n") == 5
    assert made("export", archive, "--since", "2026-11-21").count(b"\r\n") == 1
    assert made("export", archive, "--nif", "B12345674").count(b"\r\n") == 1
    assert made("export", archive, "--matter", "none of them").count(b"\r\n") == 1
    assert made("export", archive, "--ccc", "08100101396", "--naf", "281234567840").count(b"\r\n") == 1
    assert len(filled) == 4


def test_a_workbook_has_dates_and_texts_as_what_they_are(
    archive: Path, filled: list[Item], tmp_path: Path
) -> None:
    file = tmp_path / "all.xlsx"
    made("export", archive, "--xlsx", "--output", file)
    book = openpyxl.load_workbook(file)
    head, *rows = book.active.iter_rows(values_only=True)
    first = dict(zip(head, rows[1], strict=True))
    assert len(rows) == len(filled)
    assert first["decided_at"] == DECIDED_AT.astimezone(MADRID).replace(tzinfo=None)
    assert (first["addressee"], first["code"]) == ("B00000000", 2)
    cell = book.active.cell(2, head.index("subject") + 1)
    assert (cell.data_type, cell.value) == ("s", filled[0].subject)


def test_json_and_parquet_tell_utc(archive: Path, filled: list[Item], tmp_path: Path) -> None:
    lines = [json.loads(line) for line in made("export", archive, "--json").splitlines()]
    assert (lines[1]["decided_at"], lines[0]["last_day"]) == (instant_text(DECIDED_AT), "2026-11-30")
    file = tmp_path / "all.parquet"
    made("export", archive, "--format", "parquet", "--output", file)
    table = parquet.read_table(file).to_pylist()
    assert [one["id"] for one in table] == [item.id for item in filled]
    assert (table[1]["decided_at"], table[0]["last_day"]) == (DECIDED_AT, date(2026, 11, 30))


def test_what_cannot_be_exported_is_told(
    archive: Path, filled: list[Item], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ArchiveExportError, match="--output FILE"):
        made("export", archive, "--xlsx")
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(ArchiveExportError, match=r"notigateway\[parquet\]"):
            made("export", archive, "--parquet", "--output", tmp_path / "x.parquet")
    with pytest.raises(ArchiveIndexError, match=r"no archive: no pull was made into it$"):
        made("export", tmp_path / "nothing")
    (archive / "archive.db").rename(archive / ".aside")
    with pytest.raises(ArchiveIndexError, match=r"is not there; .*archive rebuild"):
        made("export", archive)
    (archive / ".aside").rename(archive / "archive.db")
    with pytest.raises(ArchiveIndexError, match=r"no archive: no pull was made into it$"):
        made("rebuild", tmp_path)
    with pytest.raises(SpoolError, match="cannot write"):
        made("export", archive, "--output", tmp_path / "missing" / "x.csv")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["archive"]
    assert len(filled) == 4


@pytest.mark.parametrize(("language", "loud"), [("es", "Correcciones (1)"), ("en", "Corrections (1)")])
def test_the_report_of_a_day_tells_what_hurts_first(
    archive: Path, filled: list[Item], language: str, loud: str, tmp_path: Path
) -> None:
    file = tmp_path / "day.html"
    made("report", archive, "--output", file, "--language", language)
    text = file.read_text("utf-8")
    page = html.document_fromstring(text.encode())
    assert page.get("lang") == language
    assert next(one.text for one in page.iter("h2")) == loud
    assert not list(page.iter("script", "img", "link", "b0", "iframe"))
    assert "<b>pay</b>" not in text
    assert "&lt;b&gt;pay&lt;/b&gt;" in text
    with reading(archive) as index:
        day = Report(
            index, DEADLINE.astimezone(MADRID).date() - timedelta(days=1), now=DEADLINE, language=language
        )
        other = html.document_fromstring(day.html("x").encode())
    assert len(other.get_element_by_id("lapsed").findall(".//tbody/tr")) == 1
    (pending,) = other.get_element_by_id("pending").findall(".//tbody/tr")
    assert pending.findtext("td/b") in {"hoy", "today"}
    assert len(filled) == 4


def test_the_report_of_a_past_day_says_what_stood_at_its_end(
    service: Simulator, store: Callable[..., PullReport], archive: Path, filled: list[Item], tmp_path: Path
) -> None:
    service.add(1)
    store()
    with closing(sqlite3.connect(archive / "archive.db")) as index, index:
        a_day_later = instant_text(AVAILABLE_AT + timedelta(days=1))
        index.execute("UPDATE notifications SET available_at = ? WHERE code = 5", (a_day_later,))
    days = {}
    with reading(archive) as index:
        for number in (0, 1, 2):
            day = AVAILABLE_AT.astimezone(MADRID).date() + timedelta(days=number)
            page = html.document_fromstring(Report(index, day, now=DEADLINE).html("x").encode())
            days[number] = {
                key: [
                    row.text_content().split()[0]
                    for row in page.get_element_by_id(key).iterfind(".//tbody/tr/td[@data-is='Código']")
                ]
                for key in ("pending", "decided", "lapsed", "arrived")
            }
            shown = [code for found in days[number].values() for code in found]
            assert len(shown) == len(set(shown))
    # The fourth was accepted elsewhere the very day it came; the second a day later.
    assert (days[0]["pending"], days[0]["decided"], days[0]["arrived"]) == (["1", "2", "3"], ["4"], [])
    assert (sorted(days[1]["pending"]), days[1]["decided"]) == (["1", "3", "5"], ["2"])
    assert (sorted(days[2]["pending"]), days[2]["decided"]) == (["1", "3", "5"], [])
    with pytest.raises(typer.BadParameter, match="has not begun yet"):
        CliRunner().invoke(
            archive_app,
            ["report", str(archive), "--day", "2999-01-01", "--output", str(tmp_path / "x.html")],
            standalone_mode=False,
            catch_exceptions=False,
        )
    assert not (tmp_path / "x.html").exists()
    assert len(filled) == 4


def test_the_report_counts_by_client_and_marks_what_is_new(archive: Path, filled: list[Item]) -> None:
    with reading(archive) as index:
        text = Report(index, AVAILABLE_AT.date(), now=DEADLINE).html("x")
    page = html.document_fromstring(text.encode())
    (row,) = page.get_element_by_id("clients").iterfind(".//tbody/tr")
    counts = {cell.get("data-is"): cell.text_content() for cell in row}
    assert counts["Cliente"].startswith("B00000000")
    assert (counts["Pendientes"], counts["Llegadas"], counts["Decididas"]) == ("3", "4", "1")
    assert len(page.get_element_by_id("pending").findall(".//mark")) == 3
    assert len(filled) == 4


def test_the_report_says_who_decided_and_that_no_pull_ended(archive: Path, filled: list[Item]) -> None:
    with reading(archive) as index:
        text = Report(index, DECIDED_AT.date(), now=datetime(2026, 11, 22, tzinfo=UTC)).html("x")
    page = html.document_fromstring(text.encode())
    (row,) = page.get_element_by_id("decided").findall(".//tbody/tr")
    assert row.findtext("td") == str(filled[1].code)
    assert "00000000T Ana Ñuñez" in row.text_content()
    assert "puede no estar completo" in text


def test_a_zip_has_everything_of_one_notification(archive: Path, filled: list[Item], tmp_path: Path) -> None:
    accepted, corrected = filled[1], filled[3]
    file = tmp_path / "one.zip"
    for named in (accepted.code, accepted.id, accepted.id[:13].upper()):
        made("zip", archive, named, "--output", file)
        with ZipFile(file) as found:
            assert found.read("providencia.pdf") == accepted.content
            assert {one.partition("/")[0] for one in found.namelist()} == {
                "providencia.pdf",
                "receipts",
                "notification.json",
            }
    made("zip", archive, corrected.code, "--output", file)
    with ZipFile(file) as found:
        assert sum(one.startswith("receipts/") for one in found.namelist()) == 2
        assert "former/former-1.json" in found.namelist()
    (folder_of(archive, accepted) / "01-providencia.pdf").write_bytes(b"another")
    file.unlink()
    with pytest.raises(DocumentMismatchError):
        made("zip", archive, accepted.code, "--output", file)
    (folder_of(archive, accepted) / "01-providencia.pdf").unlink()
    with pytest.raises(DocumentMismatchError, match=r"01-providencia.pdf is not there any more: pull --full"):
        made("zip", archive, accepted.code, "--output", file)
    with pytest.raises(ArchiveExportError, match="neither a code"):
        made("zip", archive, "../x", "--output", file)
    assert [one.name for one in tmp_path.iterdir()] == ["archive"]


def test_documents_of_one_name_are_kept_apart_in_a_zip(
    service: Simulator, store: Callable[..., PullReport], archive: Path, tmp_path: Path
) -> None:
    (item,) = service.add(name="CON.pdf")
    store(accept=True)
    folder = folder_of(archive, item)
    about = described(folder)
    about["documents"].append({**about["documents"][0], "name": "../con.PDF"})
    (folder / "notification.json").write_text(json.dumps(about))
    made("zip", archive, item.code, "--output", tmp_path / "one.zip")
    with ZipFile(tmp_path / "one.zip") as found:
        assert {"_CON.pdf", "_con (2).PDF"} <= set(found.namelist())


def test_a_power_gained_and_one_lost_look_at_that_client_alone(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    mine = service.add(2)
    store()
    theirs = [Item(code=10 + place, addressee="A28000016") for place in range(3)]
    service.gain("A28000016", *theirs)
    asked = len(service.requests)
    report = store()
    assert (report.walked_list, report.listed, report.noted) == (False, 3, 3)
    listed = [
        one
        for one in service.requests[asked:]
        if b"<ListNotifications" in one or b":ListNotifications" in one
    ]
    assert len(listed) == 1
    assert b"A28000016" in listed[0]
    service.lose("A28000016")
    report = store()
    assert (report.walked_list, report.unseen) == (False, 3)
    assert of_index(archive, "SELECT count(*) FROM notifications WHERE unseen_since IS NOT NULL") == [(3,)]
    assert described(archive / "A28000016" / "2026" / "10")["unseen_since"]
    service.gain("A28000016", *theirs)
    assert store().updated == 3
    assert of_index(archive, "SELECT count(*) FROM notifications WHERE unseen_since IS NOT NULL") == [(0,)]
    assert len(mine) == 2


def test_a_code_that_is_given_again_stands_beside_the_former(
    service: Simulator, store: Callable[..., PullReport], archive: Path
) -> None:
    """As after a restore to an earlier point: nothing of what was archived is touched."""
    (former,) = service.add(1)
    store()
    del service.items[former.id]
    again = Item(code=former.code)
    service.items[again.id] = again
    assert store(full=True).noted == 1
    folder = archive / "B00000000" / "2026"
    assert {one.name for one in folder.iterdir()} == {"1", f"1-{again.id}"}
    assert described(folder / "1")["id"] == former.id
    assert store(full=True).already_stored == 1
