from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archived import folder_of
from notigateway.client import wire
from notigateway.client.errors import DocumentMismatchError, SpoolError
from notigateway.client.file_names import safe_name
from notigateway.client.spool import Spool
from notigateway.client.values import Document, Notification, Receipt
from service_simulator import Item

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def item() -> Item:
    return Item(code=7, state="accepted", receipt=b"<receipt/>")


@pytest.fixture
def notification(item: Item) -> Notification:
    return wire.read(Notification, item.metadata())


@pytest.fixture
def document(item: Item) -> Document:
    return wire.read(Document, item.document())


@pytest.fixture
def receipt(item: Item) -> Receipt:
    return wire.read(Receipt, item.sealed())


def test_a_stored_notification_has_its_data_documents_and_receipts(
    tmp_path: Path, item: Item, notification: Notification, document: Document, receipt: Receipt
) -> None:
    with Spool(tmp_path / "new" / "folder") as spool:
        assert notification.id not in spool
        spool.store(notification, documents=[(document, [b"%PDF-1.7", b" the act"])], receipts=[receipt])
        spool.settle()
        assert notification.id in spool
    folder = folder_of(tmp_path / "new" / "folder", item)
    assert (folder / "01-providencia.pdf").read_bytes() == item.content
    assert (folder / f"receipt-{item.receipt_id}.xml").read_bytes() == b"<receipt/>"
    described = json.loads((folder / "notification.json").read_text())
    assert (described["code"], described["id"], described["subject"]) == (7, item.id, item.subject)
    assert described["deadline"] == "2026-11-30T23:00:00.000Z"
    assert described["documents"] == [
        {
            "file": "01-providencia.pdf",
            "document_id": item.document_id,
            "name": "providencia.pdf",
            "media_type": "application/pdf",
            "size": 16,
            "sha256": item.sha256,
        }
    ]
    assert described["receipts"][0]["file"] == f"receipt-{item.receipt_id}.xml"


def test_what_is_stored_is_known_at_the_next_start(tmp_path: Path, notification: Notification) -> None:
    with Spool(tmp_path) as spool:
        spool.store(notification, documents=[], receipts=[])
    with Spool(tmp_path) as spool:
        assert notification.id in spool
        assert notification.id.upper() in spool
        assert len(spool) == 1


def test_an_error_while_storing_leaves_no_trace(
    tmp_path: Path, notification: Notification, document: Document
) -> None:
    def broken() -> Iterator[bytes]:
        yield b"%PDF"
        raise DocumentMismatchError("torn")

    with Spool(tmp_path) as spool:
        with pytest.raises(DocumentMismatchError):
            spool.store(notification, documents=[(document, broken())], receipts=[])
        assert notification.id not in spool
    assert [entry.name for entry in tmp_path.iterdir()] == [".lock"]


KILLED = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
from dataclasses import replace
from pathlib import Path
from notigateway.client import wire
from notigateway.client.values import Document, Notification
from notigateway.client.spool import Spool
from service_simulator import Item

def pieces():
    yield b"half of it"
    os.kill(os.getpid(), signal.SIGKILL)

item = Item(code=1, id="01931e7c-5c00-7cc3-98c4-dc0c0c07398f")
notification, document = wire.read(Notification, item.metadata()), wire.read(Document, item.document())
with Spool(Path(sys.argv[1])) as spool:
    spool.store(notification, documents=[(document, [item.content])], receipts=[])
    other = replace(notification, code=2, id="01931e7c-5c00-7cc3-98c4-dc0c0c073990")
    spool.store(other, documents=[(document, pieces())], receipts=[])
"""


def test_a_kill_in_the_middle_of_a_file_leaves_only_complete_folders_and_no_lock(tmp_path: Path) -> None:
    tests = str(Path(__file__).parents[2])
    died = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), tests], check=False)
    assert died.returncode == -signal.SIGKILL
    assert [entry.name[:6] for entry in sorted(tmp_path.iterdir())] == [".lock", ".tmp-2", "B00000"]
    with Spool(tmp_path) as spool:
        assert len(spool) == 1
    assert [entry.name[:6] for entry in sorted(tmp_path.iterdir())] == [".lock", "B00000"]


def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    with Spool(tmp_path), pytest.raises(SpoolError, match="another process is pulling"), Spool(tmp_path):
        pass
    with Spool(tmp_path):
        pass


def test_what_others_keep_in_the_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "7-notes").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".tmp-link").symlink_to(tmp_path / "7-notes")
    with Spool(tmp_path) as spool:
        assert len(spool) == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        ".lock",
        ".tmp-link",
        "7-notes",
        "notes.txt",
    ]


def test_a_folder_that_cannot_be_used_is_told_with_its_name(
    tmp_path: Path, notification: Notification
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SpoolError, match=str(file)), Spool(file):
        pass
    (tmp_path / "spool" / "7" / "occupied").mkdir(parents=True)
    with Spool(tmp_path / "spool") as spool, pytest.raises(SpoolError, match="spool/7"):
        spool.store(notification, documents=[], receipts=[], folder="7")


@pytest.mark.parametrize("replaced", [True, False])
def test_a_folder_that_is_moved_away_ends_the_pull_and_what_stands_there_stays(
    tmp_path: Path, notification: Notification, document: Document, replaced: bool
) -> None:
    """Before a notification is stored or while its document arrives: nothing goes to the new folder."""
    place, moved = tmp_path / "inbox", tmp_path / "moved"

    def move() -> None:
        place.rename(moved)
        if replaced:
            place.mkdir()

    def arriving() -> Iterator[bytes]:
        yield b"%PDF"
        move()
        yield b"-1.7"

    with Spool(place) as spool:
        with pytest.raises(SpoolError, match="was moved away or replaced during the pull"):
            spool.store(notification, documents=[(document, arriving())], receipts=[])
        for write in (
            partial(spool.store, notification, documents=[], receipts=[]),
            partial(spool.keep_bookmark, "purpose", "cursor"),
            spool.forget_bookmark,
            spool.settle,
        ):
            with pytest.raises(SpoolError, match="nothing is written to what stands there now"):
                write()
        with pytest.raises(SpoolError, match="another process is pulling"), Spool(moved):
            pass
    assert not replaced or list(place.iterdir()) == []
    assert [one.name for one in moved.iterdir()] == [".lock"]


def test_a_new_folder_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    with Spool(tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@given(st.integers(min_value=1, max_value=999), st.text(max_size=300))
@example(1, "../../etc/passwd")
@example(1, "C:\\windows\\system32\\evil.dll")
@example(1, "notification.json")
@example(1, "receipt-01931e7c-5c00-7cc3-98c4-dc0c0c07398f.xml")
@example(1, "CON.pdf")
@example(1, ".hidden")
@example(1, "a\x00b\r\n.pdf")
@example(1, "informe\u202efdp.exe")
@example(1, "ñ" * 300 + ".pdf")
@example(1, "x." + "y" * 300)
@example(1, "")
def test_any_name_becomes_a_file_of_this_folder(position: int, name: str) -> None:
    safe = safe_name(position, name)
    assert Path(safe).name == safe
    assert safe.startswith(f"{position:02d}-")
    assert safe.isprintable()
    assert len(safe.encode()) <= 140
    assert not set(safe) & set('<>:"/\\|?*\0')
    assert safe[-1] not in ". "


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("resolución.pdf", "01-resolución.pdf"),
        ("../../etc/passwd", "01-passwd"),
        ("C:\\Temp\\a.pdf", "01-a.pdf"),
        ("a:b|c.pdf", "01-a_b_c.pdf"),
        ("informe\u202efdp.exe", "01-informefdp.exe"),
        ("...", "01-document"),
        (".pdf", "01-pdf"),
    ],
)
def test_a_name_stays_readable(name: str, safe: str) -> None:
    assert safe_name(1, name) == safe


def test_equal_names_of_two_documents_are_kept_apart(
    tmp_path: Path, notification: Notification, document: Document
) -> None:
    with Spool(tmp_path) as spool:
        other = replace(document, name="PROVIDENCIA.pdf")
        spool.store(notification, documents=[(document, [b"1"]), (other, [b"2"])], receipts=[])
    folder = tmp_path / "B00000000" / "2026" / "7"
    assert (folder / "01-providencia.pdf").read_bytes() == b"1"
    assert (folder / "02-PROVIDENCIA.pdf").read_bytes() == b"2"
