"""What was stored at level B gets its time-stamp by a later pull, and is never lost or exchanged for it."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from archived import folder_of
from notigateway.client import NotificationClient, PullReport, pull
from notigateway.client.errors import SpoolError
from notigateway.client.spool import Spool
from notigateway.client.waiting import LIST
from notigateway.evidence.additions import take_apart
from notigateway.evidence.xades import verify_receipt
from pki import pki
from service_simulator import AVAILABLE_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from service_simulator import Item, Simulator


@pytest.fixture
def run(client: NotificationClient, tmp_path: Path) -> Callable[..., PullReport]:
    def run(**options: object) -> PullReport:
        chosen = {"seal_certificates": [pki().seal.certificate], "accept": True, **options}
        return pull(client, tmp_path / "inbox", **chosen)  # type: ignore[arg-type]

    return run


def stored(folder: Path, item: Item) -> tuple[bytes, dict[str, Any]]:
    """Return a stored receipt, and what is said of it."""
    inside = folder_of(folder / "inbox", item)
    (said,) = json.loads((inside / "notification.json").read_text())["receipts"]
    return (inside / said["file"]).read_bytes(), said


def asked(service: Simulator) -> int:
    return service.operations.count("RetrieveReceipts")


def test_what_was_pulled_at_once_is_time_stamped_by_the_next_pull(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(230)
    first = run()
    assert (first.stored, first.waiting, first.time_stamped, asked(service)) == (230, 230, 0, 0)
    before = [stored(tmp_path, one)[0] for one in items]
    service.time_stamp(*items)

    second = run()

    assert (second.time_stamped, second.waiting, asked(service)) == (230, 0, 3)
    for one, original in zip(items, before, strict=True):
        data, said = stored(tmp_path, one)
        held = take_apart(data)
        assert (held.original, data) == (original, one.receipt)
        assert held.token is not None
        assert said["sha256"] == hash_of(data)
        verify_receipt(data, seal_certificates=[pki().seal.certificate])
    third = run()
    assert (third.time_stamped, third.waiting, asked(service)) == (0, 0, 3)


def test_some_have_theirs_and_others_go_on_waiting(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(5)
    run()
    service.time_stamp(*items[:2])
    assert (run().time_stamped, run().waiting) == (2, 3)
    assert (tmp_path / "inbox" / LIST).read_text().count("\n") == 3
    service.time_stamp(*items[2:])
    assert (run().time_stamped, run().waiting) == (3, 0)


def test_another_receipt_in_the_place_of_a_stored_one_is_told_and_both_are_kept(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    (item,) = service.add(1)
    run()
    before, said = stored(tmp_path, item)
    item.subject = "Another act"
    item.receipt = service.seal(item)
    service.time_stamp(item)

    report = run()

    (left,) = report.not_verified
    assert (left.reason, report.time_stamped, report.waiting) == ("RECEIPT_DIFFERS", 0, 1)
    assert stored(tmp_path, item) == (before, said)
    (other,) = folder_of(tmp_path / "inbox", item).glob("differing-*.xml")
    assert other.read_bytes() == item.receipt
    run()
    assert len(list((tmp_path / "inbox").rglob("differing-*.xml"))) == 1


@pytest.mark.parametrize("damage", [None, b"no list", b"1-x one\n"])
def test_a_folder_without_a_list_is_looked_through_once(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path, damage: bytes | None
) -> None:
    items = service.add(3)
    run()
    service.time_stamp(*items)
    file = tmp_path / "inbox" / LIST
    file.unlink()
    if damage is not None:
        file.write_bytes(damage)
    assert (run().time_stamped, run().waiting) == (3, 0)


@pytest.mark.parametrize("reached", ["receipt", "description"])
def test_a_pull_that_is_killed_between_two_files_is_mended_by_the_next(
    service: Simulator,
    run: Callable[..., PullReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    reached: str,
) -> None:
    (item,) = service.add(1)
    run()
    service.time_stamp(item)
    whole = Spool.replace_stored

    def cut_off(spool: Spool, folder: str, files: dict[str, bytes]) -> None:
        """Die before the first, or before the second file."""
        if reached == "description":
            whole(spool, folder, dict(list(files.items())[:1]))
        raise SpoolError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "replace_stored", cut_off)
        with pytest.raises(SpoolError, match="killed"):
            run()
    data, said = stored(tmp_path, item)
    assert take_apart(data).original == take_apart(item.receipt).original
    run()
    data, said = stored(tmp_path, item)
    assert (data, said["sha256"]) == (item.receipt, hash_of(item.receipt))
    assert run().waiting == 0


def test_a_service_that_stamps_nothing_is_not_asked_for_everything_again(
    service: Simulator, run: Callable[..., PullReport]
) -> None:
    service.add(1_200)
    run()
    before = asked(service)
    with opened() as names:
        assert run().waiting == 1_200
    assert asked(service) - before < 12
    # Nor is everything read that waits: those that were asked for, three times each.
    assert 0 < names["notification.json"] < 900


@contextmanager
def opened() -> Iterator[Counter[str]]:
    """Count the files that are opened within the context, by their names."""
    names, is_over = Counter[str](), Event()

    def look(event: str, arguments: tuple[object, ...]) -> None:
        # `open` with an opener tells of itself, too, with a mode.
        if event == "open" and arguments[1] is None and not is_over.is_set():
            names[str(arguments[0])] += 1

    sys.addaudithook(look)  # for good
    try:
        yield names
    finally:
        is_over.set()


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_what_waits_is_counted_once_also_where_its_folder_changed(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    (item,) = service.add()
    run()
    service.report(item, "accepted", AVAILABLE_AT)
    report = run()
    files = list(folder_of(tmp_path / "inbox", item).glob("receipt-*.xml"))
    assert (len(report.corrections), report.waiting) == (1, len(files))


def test_a_folder_that_was_moved_goes_on_waiting(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(2)
    run()
    (tmp_path / "inbox" / "B00000000").rename(tmp_path / "inbox" / "B00000000 Ejemplo")
    assert (run().waiting, run().waiting) == (2, 2)
    service.time_stamp(*items)
    assert (run().time_stamped, run().waiting) == (2, 0)


def test_a_link_in_the_place_of_a_waiting_receipt_ends_no_run(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    (item,) = service.add()
    run()
    receipt = next(folder_of(tmp_path / "inbox", item).glob("receipt-*.xml"))
    receipt.rename(tmp_path / "elsewhere")
    receipt.symlink_to(tmp_path / "elsewhere")
    assert [(one.file, one.is_mended) for one in run().lost] == [(receipt.name, False)]
    assert [one.is_mended for one in run(full=True).lost] == [True]
    assert not receipt.is_symlink()


def test_what_somebody_did_to_a_waiting_receipt_is_not_held_against_the_service(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(3)
    run()
    cut, gone, other = (next(folder_of(tmp_path / "inbox", one).glob("receipt-*.xml")) for one in items)
    cut.write_bytes(cut.read_bytes()[:500])
    gone.unlink()
    gone.mkdir()
    service.time_stamp(*items)

    for stamped in (1, 0):
        report = run()
        found = sorted((Path(one.file or "").name, one.is_changed, one.is_mended) for one in report.lost)
        assert found == sorted([(cut.name, True, False), (gone.name, False, False)])
        assert (report.not_verified, report.time_stamped, report.waiting) == ([], stamped, 2)
    assert take_apart(other.read_bytes()).token is not None
    gone.rmdir()
    assert all(one.is_mended for one in run(full=True).lost)
    assert take_apart(cut.read_bytes()).token is not None
    assert (run().lost, run().waiting) == ([], 0)
