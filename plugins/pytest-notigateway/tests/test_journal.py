"""What a client did, and what it was expected to do."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from notigateway.client import GatewayFaultError, NotificationClient, Retries
from pytest_notigateway import FaultNeverStruckWarning, SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_notigateway import Journal, World


def test_a_busy_service_is_asked_again(
    notigateway_world: World, as_holder: Callable[..., NotificationClient], journal: Journal
) -> None:
    notigateway_world.fault("status", status=503, retry_after=0, operation="Ping", times=2)
    journal.expect("Ping", count=3)
    journal.expect("AcceptNotifications", never=True)
    as_holder("company", retries=Retries(first_wait_seconds=0)).ping()
    assert [one.status for one in journal.search("Ping")] == [503, 503, 200]
    assert (journal.count("Ping"), journal.count("Ping", status=503)) == (3, 2)


def test_a_fault_of_the_contract_comes_when_it_is_asked_for(
    notigateway_world: World, as_holder: Callable[..., NotificationClient], journal: Journal
) -> None:
    planned = notigateway_world.fault("fault", code="TEMPORARILY_UNAVAILABLE", operation="Ping", nth=1)
    with pytest.raises(GatewayFaultError) as refused:
        as_holder("company", retries=Retries(attempts=1)).ping()
    assert refused.value.code == "TEMPORARILY_UNAVAILABLE"
    assert journal.count(code="TEMPORARILY_UNAVAILABLE") == 1
    assert [one.faults for one in journal.search()] == [(planned,)]
    assert [one["struck"] for one in notigateway_world.faults()] == [1]
    notigateway_world.drop_faults()
    assert notigateway_world.faults() == []


def test_an_item_that_was_refused_is_told(
    notigateway_world: World, as_person: NotificationClient, journal: Journal
) -> None:
    of_another = notigateway_world.publish(addressee="company")
    as_person.accept([of_another.id])
    (entry,) = journal.search("AcceptNotifications")
    assert (entry.code, entry.refused_items, entry.is_refused) == ("OK", {"NOTIFICATION_UNKNOWN": 1}, True)
    assert str(entry).endswith(": 200 OK (NOTIFICATION_UNKNOWN 1)")
    assert "NOTIFICATION_UNKNOWN" in httpx.get(journal.page(entry)).text


def test_what_comes_later_is_awaited(as_company: NotificationClient, journal: Journal) -> None:
    calling = threading.Thread(target=as_company.ping)
    calling.start()
    (entry,) = journal.await_("Ping")
    calling.join()
    assert (entry.holder, entry.caller, entry.code) == ("company", "B99999997", "OK")
    assert b"Ping" in journal.request(entry)
    assert b"PingResponse" in journal.answer(entry.number)
    assert journal.explain(entry)
    assert b"Ping" in journal.har()
    assert journal.zip().startswith(b"PK")
    journal.clear()
    assert journal.count() == 0


def test_what_does_not_come_is_told(journal: Journal) -> None:
    with pytest.raises(SandboxError, match="NOT_REACHED"):
        journal.await_("AcceptNotifications", count=2, timeout=0.05)


def test_what_is_not_met_is_told_in_words(as_company: NotificationClient, notigateway_world: World) -> None:
    notigateway_world.fault("status", status=500, operation="RejectNotifications")
    notigateway_world.journal.expect("Ping", at_least=2, caller="company")
    as_company.ping()
    found = notigateway_world.journal.expectations()
    assert found.unmet == ["Ping company: expected at least 2, found 1"]
    assert len(found.faults_never_struck) == 1
    as_company.ping()
    with pytest.warns(FaultNeverStruckWarning, match="never struck: fault 1"):
        notigateway_world.journal.verify()
    notigateway_world.drop_faults()


def test_how_often_is_wanted(journal: Journal) -> None:
    with pytest.raises(SandboxError, match="INVALID"):
        journal.expect("Ping")
