"""`pull --accept` accepts nothing that it could not store: legal effect ends with the first failure."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from notigateway.client import ClientError, NotificationClient, PullReport, SpoolError, pull
from pki import pki
from service_simulator import Simulator, element, problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml.etree import _Element

    from service_simulator import Answer

BATCH = 100


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return tmp_path / "inbox"


@pytest.fixture
def run(client: NotificationClient, inbox: Path) -> Callable[..., PullReport]:
    def run(*, parallel: int = 4) -> PullReport:
        seals = [pki().seal.certificate]
        return pull(client, inbox, accept=True, seal_certificates=seals, parallel=parallel)

    return run


def at_the_first_accept(happens: Callable[[], object]) -> list[Answer]:
    """Return a plan: what is asked first is answered as always, and with the first batch that happens."""

    def accepted(simulator: Simulator, request: _Element) -> _Element:
        answer = simulator.ordinary(request)
        happens()
        return answer

    return [Simulator.ordinary, Simulator.ordinary, accepted]


def accepted(service: Simulator) -> int:
    return sum(item.state == "accepted" for item in service.items.values())


def stored(folder: Path) -> int:
    return len(list(folder.rglob("notification.json")))


@pytest.mark.parametrize("replaced", [True, False])
def test_a_folder_that_is_moved_away_ends_the_accepting(
    service: Simulator, run: Callable[..., PullReport], inbox: Path, *, replaced: bool
) -> None:
    service.add(299)
    moved = inbox.with_name("moved")

    def move() -> None:
        inbox.rename(moved)
        if replaced:
            inbox.mkdir()

    service.plan += at_the_first_accept(move)
    with pytest.raises(SpoolError, match="was moved away or replaced during the pull"):
        run()
    assert accepted(service) == BATCH
    assert not replaced or not any(inbox.iterdir())
    if replaced:
        inbox.rmdir()
    moved.rename(inbox)
    run()
    assert (accepted(service), stored(inbox)) == (299, 299)


def test_after_a_failure_to_store_no_other_batch_is_accepted(
    service: Simulator, run: Callable[..., PullReport], inbox: Path
) -> None:
    first, *_ = service.add(299)
    occupied = inbox / f".tmp-{first.code}-{first.id}"
    service.plan += at_the_first_accept(occupied.mkdir)
    with pytest.raises(SpoolError, match="cannot use"):
        run(parallel=1)
    assert accepted(service) == BATCH
    occupied.rmdir()
    run()
    assert (accepted(service), stored(inbox)) == (299, 299)


def test_without_room_on_the_disk_nothing_is_accepted(
    service: Simulator, run: Callable[..., PullReport], inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add(150)
    with monkeypatch.context() as small:
        small.setattr(os, "fstatvfs", lambda _: os.statvfs_result((4096, 4096, 999, 99, 90, 0, 0, 0, 0, 255)))
        with pytest.raises(SpoolError) as refusal:
            run()
    assert refusal.value.line() == (
        f"FOLDER_UNUSABLE: cannot use {inbox}: what is accepted next may need 6,555,200 bytes, and 368,640 "
        "are free"
    )
    assert (refusal.value.exit_code, accepted(service), stored(inbox)) == (3, 0, 0)
    run()
    assert (accepted(service), stored(inbox)) == (150, 150)
    assert {entry.name for entry in inbox.iterdir() if not entry.is_dir()} == {
        ".archive",
        "archive.db",
        ".lock",
        ".cursor",
        ".waiting",
    }


def test_a_disk_that_takes_no_file_is_told_before_anything_is_accepted(
    service: Simulator, run: Callable[..., PullReport], inbox: Path
) -> None:
    """What stands where the trial file goes is in the way, as a read-only disk would be."""
    service.add(3)

    def in_the_way(simulator: Simulator, request: _Element) -> _Element:
        (inbox / ".tmp-trial").mkdir()
        return simulator.ordinary(request)

    service.plan += [Simulator.ordinary, in_the_way]
    with pytest.raises(SpoolError, match=r"cannot use .*\.tmp-trial"):
        run()
    assert "AcceptNotifications" not in service.operations
    run()
    assert (accepted(service), stored(inbox)) == (3, 3)


def test_where_nothing_is_proven_no_more_is_accepted(
    service: Simulator, client: NotificationClient, inbox: Path
) -> None:
    """Another seal is pinned than the service's: with the right one what was accepted is fetched later."""
    service.add(299)
    with pytest.raises(ClientError) as refusal:
        pull(client, inbox, accept=True, seal_certificates=[pki().ec_company.certificate], parallel=1)
    assert (refusal.value.code, refusal.value.exit_code) == ("NOTHING_VERIFIED", 4)
    assert str(refusal.value).startswith(
        "nothing more is accepted: of the first 50 that were fetched none is stored: RECEIPT_NOT_VERIFIED: "
    )
    assert (accepted(service), stored(inbox)) == (BATCH, 0)
    pull(client, inbox, accept=True, seal_certificates=[pki().seal.certificate])
    assert (accepted(service), stored(inbox)) == (299, 299)


def test_where_nothing_is_delivered_no_more_is_accepted(
    service: Simulator, run: Callable[..., PullReport], inbox: Path
) -> None:
    items = service.add(299)

    def nothing(_simulator: Simulator, _request: _Element) -> _Element:
        return element(
            "RetrieveNotificationsResponse",
            *(
                element("item", element("id", one.id), problem("TEMPORARILY_UNAVAILABLE"))
                for one in items[:50]
            ),
        )

    service.plan += [*at_the_first_accept(lambda: None), nothing]
    with pytest.raises(ClientError) as refusal:
        run(parallel=1)
    assert (refusal.value.code, refusal.value.exit_code) == ("NOTHING_DELIVERED", 3)
    assert "none is stored: TEMPORARILY_UNAVAILABLE: " in str(refusal.value)
    assert accepted(service) == BATCH
    run()
    assert (accepted(service), stored(inbox)) == (299, 299)


def test_some_that_cannot_be_stored_keep_nobody_from_accepting_the_rest(
    service: Simulator, run: Callable[..., PullReport], inbox: Path
) -> None:
    first, *_ = service.add(299)
    service.accept(first)
    first.receipt = service.seal(first, addressee="A28000016")
    report = run(parallel=1)
    assert [left.id for left in report.not_verified] == [first.id]
    assert (accepted(service), stored(inbox)) == (299, 298)
