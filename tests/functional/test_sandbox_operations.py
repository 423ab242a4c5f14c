"""Each operation's page: its sample is signed now, and is accepted when it is sent, the second time too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from leafing import Reader
from notigateway.sandbox.pages.published_operations import published_operations
from notigateway.soap.served import SERVED

if TYPE_CHECKING:
    from worlds import Harness, Sandboxed

OPERATIONS = [(contract, name) for contract, found in published_operations().items() for name in found]
# Enough of them to see that the pages work; whether each sample is right no interpreter changes.
SOME = {
    "AcceptNotifications",
    "AcceptPower",
    "EndUser",
    "Unsubscribe",
    "CloseOutage",
    "enviarAcuseNotificacion",
}


@pytest.fixture(scope="module")
def world(sandboxed_once: Sandboxed) -> Harness:
    """Give a world for all of them, one after the other: what one does is at hand for the next."""
    return sandboxed_once.make()


def test_every_operation_of_every_contract_has_its_page() -> None:
    contracts = {name: one.contract("http://127.0.0.1/") for name, one in SERVED.items()}
    wanted = {(name, one) for name, contract in contracts.items() for one in contract.operations}
    assert set(OPERATIONS) == wanted


def test_a_request_may_be_sent_wrongly_on_purpose_and_is_none_of_the_clients(world: Harness) -> None:
    reader = Reader(world.base)
    page = reader.open("/pages/operations/v1/Ping?holder=person")
    sent = reader.press(page, "Send", wrong="digest")
    assert "Sent: DIGEST_DIFFERS." in sent.note
    assert "✕ Signature, certificate and freshness: failed" in sent.text
    (row, *_) = reader.open("/pages/journal").rows()
    assert (row[2], row[3]) == ("Ping", "person (by the sandbox)")
    assert not reader.press(
        reader.open("/pages/journal"), "Search", clients="true", code="DIGEST_DIFFERS"
    ).rows()


def test_a_sample_is_downloaded_signed_anew_each_time_and_accepted_over_http(world: Harness) -> None:
    reader = Reader(world.base)
    page = reader.open("/pages/operations/v1/GetSummary")
    (link,) = [one for one in page.links() if "/request.xml" in one]
    first, second = (reader.open(link).answer.content for _ in range(2))
    assert first != second
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"urn:notigateway:v1:GetSummary"'}
    for data in (first, second):
        assert httpx.post(f"{world.base}/notigateway/v1", content=data, headers=headers).status_code == 200
    for path in ("v1/Nothing", "none/Ping", "v1/Nothing/request.xml"):
        assert reader.open(f"/pages/operations/{path}").status == 404


def test_what_lacks_is_told_where_a_sample_is_downloaded(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as empty:
        answer = Reader(empty.base).open("/pages/operations/wscn/enviarAcuseNotificacion/request.xml")
        assert (answer.status, "LACKING" in answer.refusal) == (409, True)


def test_a_notification_leads_to_requests_that_decide_it(world: Harness) -> None:
    reader, published = Reader(world.base), world.publish(addressee="person", ground="a")
    page = reader.open(f"/pages/notifications/{published['id']}")
    accept, reject = [link for link in page.links() if "/operations/v1/" in link]
    assert published["id"] in reader.open(reject).text
    sent = reader.press(reader.open(accept), "Send")
    assert "Sent: OK." in sent.note
    assert world.state(published["id"]) == "accepted"


def test_the_clock_of_the_callers_dates_a_sample(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as ahead:
        ahead.post("/clock", advance="P30D")
        url, reader = f"{ahead.base}/notigateway/v1", Reader(ahead.base)
        for callers in ("world", "real", "-PT3M", "either"):
            ahead.post("/clock", callers=callers if callers != "-PT3M" else {"company": callers})
            data = reader.open("/pages/operations/v1/Ping/request.xml").answer.content
            answer = httpx.post(url, content=data, headers={"Content-Type": "text/xml; charset=utf-8"})
            assert answer.status_code == 200, callers


@pytest.mark.parametrize(
    ("contract", "operation"),
    [
        pytest.param(*one, marks=() if one[1] in SOME else pytest.mark.once, id="-".join(one))
        for one in OPERATIONS
    ],
)
def test_a_sample_is_accepted_when_it_is_sent(world: Harness, contract: str, operation: str) -> None:
    reader = Reader(world.base)
    for _ in range(2):
        page = reader.open(f"/pages/operations/{contract}/{operation}")
        assert (page.status, page.heading) == (200, operation)
        if "Make it" in page.text:
            page = reader.press(page, "Make it")
        assert "Make it" not in page.text, page.text
        sent = reader.press(page, "Send")
        assert "Sent: OK." in sent.note, sent.note + sent.refusal + sent.text
        assert sent.heading.startswith("Exchange ")
