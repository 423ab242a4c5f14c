from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from archived import described, folder_of, readable
from notigateway.client import (
    Filter,
    GatewayFaultError,
    NotificationClient,
    PullReport,
    SpoolError,
    TransportFaultError,
    pull,
)
from notigateway.client.pulled import Step
from notigateway.client.spool import Spool
from notigateway.law.lifecycle import State
from pki import pki
from service_simulator import element, gateway_fault, problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml.etree import _Element

    from service_simulator import Item, Simulator


@pytest.fixture
def run(client: NotificationClient, tmp_path: Path) -> Callable[..., PullReport]:
    def run(*, accept: bool = True, **options: object) -> PullReport:
        chosen = {"seal_certificates": [pki().seal.certificate], **options}
        return pull(client, tmp_path, accept=accept, **chosen)  # type: ignore[arg-type]

    return run


def names(items: list[Item]) -> set[str]:
    return {item.id for item in items}


def test_everything_at_disposal_is_accepted_and_stored_once(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(230)
    report = run()
    assert (report.listed, report.accepted, report.stored, report.receipts_verified) == (230, 230, 230, 230)
    assert (report.refused, report.not_verified) == ([], [])
    assert readable(tmp_path) == names(items)
    service.time_stamp(*items)
    run()
    again = run(full=True)
    assert (again.listed, again.already_stored, again.accepted, again.stored) == (230, 230, 0, 0)
    assert service.operations[-3:] == ["ListNotifications", "ListChanges", "ListChanges"]


def test_without_accept_nothing_has_legal_effect(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    waiting, accepted = service.add(3), service.add(2)
    for item in accepted:
        service.accept(item)
    report = run(accept=False)
    assert (report.listed, report.stored, report.noted) == (5, 2, 3)
    assert readable(tmp_path) == names(accepted)
    assert "AcceptNotifications" not in service.operations
    assert {item.state for item in waiting} == {"available"}


def test_what_was_accepted_but_not_stored_is_fetched_by_the_next_run(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(3)
    service.accept(items[1])
    report = run()
    assert (report.accepted, report.stored) == (2, 3)
    assert readable(tmp_path) == names(items)


def test_what_the_service_has_lost_is_told_at_every_pull_until_it_knows_it_again(
    service: Simulator, run: Callable[..., PullReport]
) -> None:
    """As after a restored backup: the folder has the receipt, and the service says undecided."""
    lost, *others = service.add(3)
    run()
    lost.state = "available"
    for full in (True, False):
        report = run(full=full)
        assert [(one.id, one.reason) for one in report.not_verified] == [(lost.id, "STATE_GONE_BACK")]
        assert (report.accepted, report.stored) == (0, 0)
    assert "decide" not in str(service.operations[-4:]).lower()
    lost.state = "accepted"
    assert run(full=True).not_verified == []
    assert run().walked_list is False
    assert {one.state for one in others} == {"accepted"}


def test_large_documents_arrive_in_pieces(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    (item,) = service.add(inline=False, content=b"0123456789" * 100)
    service.chunk_bytes = 300
    report = run()
    assert (report.documents, report.document_bytes) == (1, 1000)
    assert (folder_of(tmp_path, item) / "01-providencia.pdf").read_bytes() == item.content


def test_a_receipt_of_another_seal_is_not_believed_nor_its_notification_stored(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    service.add()
    report = run(seal_certificates=[pki().ec_company.certificate])
    assert [left.reason for left in report.not_verified] == ["RECEIPT_NOT_VERIFIED"]
    assert readable(tmp_path) == set()
    assert run().stored == 1


def test_a_receipt_about_something_else_is_not_believed(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    good, wrong, rejected = service.add(3)
    service.accept(wrong)
    wrong.receipt, wrong.receipt_id = service.seal(good), good.receipt_id
    service.accept(rejected)
    rejected.receipt = service.seal(rejected, event=State.REJECTED)
    report = run()
    assert {left.id for left in report.not_verified} == {wrong.id, rejected.id}
    assert all("about something else" in left.text for left in report.not_verified)
    assert readable(tmp_path) == names([good])


def test_a_receipt_for_another_addressee_or_of_a_rejection_releases_nothing(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    foreign, rejected = service.add(2)
    for item in (foreign, rejected):
        service.accept(item)
    foreign.receipt = service.seal(foreign, addressee="A28000016")
    rejected.receipt, rejected.receipt_state = service.seal(rejected, event=State.REJECTED), "rejected"
    report = run()
    assert [left.text for left in report.not_verified] == [
        "a receipt is about another notification",
        "no receipt proves that the content may be read",
    ]
    assert readable(tmp_path) == set()


def test_documents_other_than_those_of_the_receipt_are_not_stored(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    good, swapped = service.add(2)
    service.accept(swapped)
    swapped.content = b"%PDF-1.7 another act"
    swapped.sha256 = hashlib.sha256(swapped.content).hexdigest()
    report = run()
    assert [(left.id, left.reason) for left in report.not_verified] == [(swapped.id, "DOCUMENT_MISMATCH")]
    assert readable(tmp_path) == names([good])


@pytest.mark.parametrize("inline", [True, False])
def test_bytes_that_do_not_match_their_hash_are_not_stored(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path, *, inline: bool
) -> None:
    (damaged,) = service.add(inline=inline)
    service.accept(damaged)
    damaged.content = damaged.content.replace(b"act", b"art")
    report = run()
    assert [left.reason for left in report.not_verified] == ["DOCUMENT_MISMATCH"]
    assert readable(tmp_path) == set()


def test_a_notification_that_is_refused_is_told_and_its_neighbours_go_on(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    gone, good = service.add(2)
    service.plan += [_everything, lambda simulator, request: _list_then_lapse(simulator, request, gone)]
    report = run()
    assert [(left.id, left.reason) for left in report.refused] == [(gone.id, "NOTIFICATION_UNKNOWN")]
    assert readable(tmp_path) == names([good])


def test_a_problem_at_retrieval_is_told_and_its_neighbours_go_on(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    damaged, good = service.add(2)
    for item in (damaged, good):
        service.accept(item)
    service.plan += [_everything, _everything, lambda *_: _one_damaged(damaged, good)]
    report = run(parallel=1)
    assert [(left.id, left.reason) for left in report.refused] == [(damaged.id, "DOCUMENT_DAMAGED")]
    assert readable(tmp_path) == names([good])


def test_a_failure_in_the_middle_keeps_what_is_stored_and_the_next_run_completes_it(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(120)
    service.plan += [_everything, _everything, _everything]
    service.plan += [gateway_fault("INTERNAL_ERROR", retryable=False)] * 2
    with pytest.raises(GatewayFaultError, match="INTERNAL_ERROR"):
        run(parallel=1)
    service.plan.clear()
    run()
    assert readable(tmp_path) == names(items)


def test_a_service_that_goes_away_for_a_moment_is_waited_for(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(3)
    service.status += [503, 503]
    run()
    assert readable(tmp_path) == names(items)
    service.status += [503] * 9
    with pytest.raises(TransportFaultError, match="503"):
        run()


def test_two_pulls_into_one_folder_do_not_meet(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    with Spool(tmp_path), pytest.raises(SpoolError, match="another process"):
        run()
    assert service.operations == []


def test_a_filter_restricts_what_is_accepted(service: Simulator, run: Callable[..., PullReport]) -> None:
    service.add()
    run(where=Filter(addressee_id="B00000000"))
    assert b"<addresseeId>B00000000</addresseeId>" in service.requests[1]
    assert b"<state>" not in service.requests[1]


def test_documents_and_receipts_come_in_one_answer(
    service: Simulator, run: Callable[..., PullReport]
) -> None:
    service.add(60)
    assert run().stored == 60
    assert service.operations.count("RetrieveNotifications") == 2
    assert "RetrieveReceipts" not in service.operations


def test_an_earlier_service_is_asked_for_the_receipts_apart(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    service.is_early = True
    items = service.add(120)
    assert run(parallel=1).stored == 120
    assert readable(tmp_path) == names(items)
    asked = [one for one in service.operations if one.startswith("Retrieve")]
    assert asked == ["RetrieveNotifications", *["RetrieveNotifications", "RetrieveReceipts"] * 3]


def test_progress_is_told_step_by_step(service: Simulator, run: Callable[..., PullReport]) -> None:
    service.add(3)
    told: dict[Step, int] = {}
    run(progress=lambda step, count: told.update({step: told.get(step, 0) + count}))
    assert told == {Step.LISTED: 3, Step.ACCEPTED: 3, Step.STORED: 3}


def test_what_is_stored_says_what_was_delivered(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    (item,) = service.add(subject="Ñandú <&>", name="../acta\u202e.pdf")
    run()
    said = described(folder_of(tmp_path, item))
    assert (said["subject"], said["state"]) == ("Ñandú <&>", "accepted")
    assert said["documents"][0]["name"] == "../acta\u202e.pdf"
    assert said["documents"][0]["file"] == "01-acta.pdf"


def _everything(simulator: Simulator, request: _Element) -> _Element:
    return simulator.ordinary(request)


def _list_then_lapse(simulator: Simulator, request: _Element, item: Item) -> _Element:
    answer = simulator.ordinary(request)
    item.state = "lapsed"
    return answer


def _one_damaged(damaged: Item, good: Item) -> _Element:
    return element(
        "RetrieveNotificationsResponse",
        element("item", element("id", damaged.id), damaged.metadata(), problem("DOCUMENT_DAMAGED")),
        element("item", element("id", good.id), good.metadata(), good.document()),
    )
