"""`pull` after the first time: only what has changed is looked at, and nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from archived import readable
from notigateway.client import (
    Filter,
    GatewayFaultError,
    NotificationClient,
    PullReport,
    UnexpectedResponseError,
    pull,
)
from pki import pki
from service_simulator import DEADLINE, fault_element, gateway_fault

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


def ids(*items: Item) -> set[str]:
    return {item.id for item in items}


def test_a_second_run_moves_only_what_changed(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(300)
    first = run()
    assert (first.walked_list, first.stored) == (True, 300)
    service.time_stamp(*items)
    assert run().time_stamped == 300
    before = len(service.operations)
    nothing = run()
    assert (nothing.walked_list, nothing.changes, nothing.listed) == (False, 0, 0)
    assert service.operations[before:] == ["ListChanges"]
    new = service.add(2)
    before = len(service.operations)
    second = run()
    assert (second.walked_list, second.accepted, second.stored) == (False, 2, 2)
    assert service.operations[before:] == [
        "ListChanges",
        "AcceptNotifications",
        "RetrieveNotifications",
    ]
    assert readable(tmp_path) == ids(*items, *new)


def test_what_somebody_else_accepted_is_stored_without_accepting_anything(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    one, _other = service.add(2)
    assert run(accept=False).stored == 0
    service.accept(one)
    report = run(accept=False)
    assert (report.walked_list, report.stored, readable(tmp_path)) == (False, 1, ids(one))
    assert "AcceptNotifications" not in service.operations


def test_another_purpose_looks_at_everything_again(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    items = service.add(2)
    run(accept=False)
    report = run(accept=True)
    assert (report.walked_list, readable(tmp_path)) == (True, ids(*items))
    assert run(accept=True, where=Filter(kind="communication")).walked_list


def test_changes_are_filtered_like_the_list(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    where = Filter(issuer_id="EA0041778", addressee_id="B00000000", kind="notification", role="own")
    run(where=where)
    items = service.add(2)
    assert (run(where=where).stored, readable(tmp_path)) == (2, ids(*items))
    elsewhere = Filter(issuer_id="EA0000000")
    run(where=elsewhere)
    service.add(1)
    report = run(where=elsewhere)
    assert (report.walked_list, report.changes, report.listed) == (False, 1, 0)


def test_a_filter_by_deadline_walks_the_list_every_time(
    service: Simulator, run: Callable[..., PullReport]
) -> None:
    service.add()
    where = Filter(deadline_before=DEADLINE)
    assert [run(where=where).walked_list for _ in range(2)] == [True, True]
    assert "ListChanges" not in service.operations


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"format": 1}', '{"format": 2, "cursor": "x"}'])
def test_a_damaged_bookmark_is_no_bookmark(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path, damage: str
) -> None:
    service.add(2)
    run()
    (tmp_path / ".cursor").write_text(damage)
    report = run()
    assert (report.walked_list, report.already_stored, report.stored) == (True, 2, 0)


def test_a_lost_or_refused_cursor_falls_back_to_the_list(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    service.add(2)
    run()
    (tmp_path / ".cursor").unlink()
    assert run().walked_list
    kept = json.loads((tmp_path / ".cursor").read_text())
    (tmp_path / ".cursor").write_text(json.dumps({**kept, "cursor": "99.0"}))
    new = service.add(1)
    report = run()
    assert (report.walked_list, report.stored) == (True, 1)
    assert ids(*new) <= readable(tmp_path)
    assert not run().walked_list


def test_a_service_that_refuses_its_own_cursor_is_told_once(
    service: Simulator, run: Callable[..., PullReport]
) -> None:
    def refuse(simulator: Simulator, request: _Element) -> _Element:
        if etree.QName(request).localname == "ListChanges" and request.findtext("{*}cursor"):
            return fault_element("INVALID_CURSOR", retryable=False)
        return simulator.ordinary(request)

    service.add(2)
    service.plan += [refuse] * 20
    with pytest.raises(GatewayFaultError, match="INVALID_CURSOR"):
        run()
    assert service.operations.count("ListNotifications") == 1


def test_a_right_that_begins_is_met_by_walking_the_list(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    service.add(2)
    run()
    gained = service.add(3)
    service.changes.clear()  # their changes lie before the cursor
    service.changes += [(item, "available") for item in service.items.values()][:2] * 2
    service.rights += 1
    report = run()
    assert (report.walked_list, report.stored) == (True, 3)
    assert ids(*gained) <= readable(tmp_path)
    assert not run().walked_list


def test_the_cursor_stays_before_what_was_left(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    service.add(2)
    run()
    kept = (tmp_path / ".cursor").read_bytes()
    (damaged,) = service.add()
    right, damaged.sha256 = damaged.sha256, "0" * 64
    assert len(run().not_verified) == 1
    assert (tmp_path / ".cursor").read_bytes() == kept
    damaged.sha256 = right
    report = run()
    assert (report.walked_list, report.stored) == (False, 1)


def test_a_failure_among_the_changes_keeps_the_cursor_of_the_page_before(
    service: Simulator, run: Callable[..., PullReport], tmp_path: Path
) -> None:
    run()
    service.page_size = 10
    items = service.add(25)
    ordinary = [lambda simulator, request: simulator.ordinary(request)] * 5
    service.plan += [*ordinary, *[gateway_fault("INTERNAL_ERROR", retryable=False)] * 2]
    with pytest.raises(GatewayFaultError):
        run(parallel=1)
    service.plan.clear()
    assert len(readable(tmp_path)) == 10
    report = run()
    assert (report.walked_list, report.stored) == (False, 15)
    assert readable(tmp_path) == ids(*items)


def test_a_page_that_does_not_lead_on_is_refused(service: Simulator, client: NotificationClient) -> None:
    def stuck(simulator: Simulator, request: _Element) -> _Element:
        answer = simulator.ordinary(request)
        answer.find("{*}hasMore").text = "true"  # type: ignore[union-attr]
        return answer

    service.plan.append(stuck)
    with pytest.raises(UnexpectedResponseError, match="does not lead"):
        client.changes_page("0.0")


def test_an_answer_about_another_notification_is_refused(
    service: Simulator, client: NotificationClient
) -> None:
    one, other = service.add(2)
    service.plan.append(lambda simulator, request: _about(simulator, request, other))
    with pytest.raises(UnexpectedResponseError, match="another notification"):
        client.history(one.id)


def _about(simulator: Simulator, request: _Element, item: Item) -> _Element:
    request.find("{*}id").text = item.id  # type: ignore[union-attr]
    return simulator.ordinary(request)
