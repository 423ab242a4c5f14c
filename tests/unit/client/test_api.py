from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from notigateway.client import (
    DocumentMismatchError,
    Filter,
    GatewayFaultError,
    NotificationClient,
    ResponseNotVerifiedError,
    Retries,
    TransportFaultError,
    UnexpectedResponseError,
    UnreachableError,
)
from notigateway.client.transport import ANSWER_LIMITS
from notigateway.errors import ConfigurationError
from notigateway.wss.ns import soap, wsse
from notigateway.wss.sign import Signer
from patience import PATIENCE_SECONDS
from pki import pki, write_p12, write_pem
from service_simulator import element, gateway_fault, problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml.etree import _Element

    from service_simulator import Simulator


# --- what is believed -----------------------------------------------------------------------------


def test_ping_says_what_the_service_reads(client: NotificationClient) -> None:
    pong = client.ping()
    assert (pong.party.identifier, pong.known, pong.contract_version) == ("B00000000", True, "1.0")


def test_an_answer_signed_by_another_certificate_of_the_same_issuer_is_refused(
    service: Simulator, client: NotificationClient
) -> None:
    service.signer = Signer(pki().person.key, pki().person.certificate)
    with pytest.raises(ResponseNotVerifiedError, match="another certificate than the pinned one") as refused:
        client.ping()
    assert refused.value.step == "ISSUER_NOT_AUTHORISED"
    assert service.operations == ["Ping"]


@pytest.mark.parametrize(
    ("old", "new", "step"),
    [
        (b"<known>true", b"<known>fals", "DIGEST_DIFFERS"),
        (b"</softwareVersion>", b"</softwareVersion><extra></extra>", "DIGEST_DIFFERS"),
        (b"soap:Body", b"soap:Bod2", "ENVELOPE_STRUCTURE"),
        (b"PingResponse", b"Ping Response", "XML_NOT_WELL_FORMED"),
    ],
)
def test_a_tampered_answer_is_refused(
    service: Simulator, client: NotificationClient, old: bytes, new: bytes, step: str
) -> None:
    service.tamper = lambda body: body.replace(old, new)
    with pytest.raises(ResponseNotVerifiedError) as refused:
        client.ping()
    assert refused.value.step == step


def test_a_fault_without_a_signature_is_refused_and_not_repeated(
    service: Simulator, client: NotificationClient
) -> None:
    service.plan.append(gateway_fault("TEMPORARILY_UNAVAILABLE", retryable=True))
    service.tamper = _without_security
    with pytest.raises(ResponseNotVerifiedError, match="HTTP status 500"):
        client.ping()
    assert service.operations == ["Ping"]


def test_a_stale_answer_is_refused(service: Simulator) -> None:
    with (
        _client(service.url, clock=_hour_later_after_signing()) as ahead,
        pytest.raises(ResponseNotVerifiedError) as refused,
    ):
        ahead.ping()
    assert refused.value.step == "MESSAGE_EXPIRED"


def test_the_signed_answer_to_another_question_is_refused(
    service: Simulator, client: NotificationClient
) -> None:
    service.plan.append(lambda *_: element("RetrieveReceiptsResponse"))
    with pytest.raises(UnexpectedResponseError, match="not one to Ping"):
        client.ping()


def test_requests_are_marked_must_understand_and_signed_anew_each_time(
    service: Simulator, client: NotificationClient
) -> None:
    client.ping()
    client.ping()
    headers = [
        etree.fromstring(data).find(f"{soap('Header')}/{wsse('Security')}") for data in service.requests
    ]
    assert [one.get(soap("mustUnderstand")) for one in headers if one is not None] == ["1", "1"]
    assert service.requests[0] != service.requests[1]


# --- what is repeated -----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["TEMPORARILY_UNAVAILABLE", "MESSAGE_REPLAYED"])
def test_a_retryable_fault_is_repeated_with_a_new_signature(
    service: Simulator, client: NotificationClient, code: str
) -> None:
    service.plan += [gateway_fault(code, retryable=True)] * 2
    assert client.ping().known
    assert service.operations == ["Ping"] * 3
    values = [re.findall(rb"SignatureValue>([^<]+)<", data) for data in service.requests]
    assert len({value for (value,) in values}) == 3


def test_a_fault_that_is_not_retryable_is_told_at_once(
    service: Simulator, client: NotificationClient
) -> None:
    service.plan.append(gateway_fault("INVALID_CURSOR", retryable=False))
    with pytest.raises(GatewayFaultError) as fault:
        client.ping()
    assert fault.value.code == "INVALID_CURSOR"
    assert str(fault.value) == f"INVALID_CURSOR: {fault.value.text_en}"
    assert service.operations == ["Ping"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, one: client.accept(one),
        lambda client, one: client.reject(one),
        lambda client, one: client.retrieve(one),
        lambda client, one: client.receipts(one, format="pdf"),
        lambda client, one: client.mark(one, downloaded=True),
        lambda client, one: client.mark([one], labels="urgent"),
        lambda client, one: client.mark([one], remove_labels="urgent"),
        lambda client, one: client.set_contacts(one),
        lambda client, one: client.replay_deliveries(one, one),
    ],
    ids=["accept", "reject", "retrieve", "receipts", "mark", "labels", "remove", "contacts", "replay"],
)
def test_a_bare_text_is_not_taken_by_the_letter(
    service: Simulator, client: NotificationClient, ask: Callable[[NotificationClient, str], object]
) -> None:
    with pytest.raises(TypeError, match="pass a list, not a str: "):
        ask(client, "46d8a5ba-7e9f-4a7c-9f5a-1d1c2b3a4f5e")
    assert service.operations == []


def test_repetition_ends_and_tells_the_last_fault(service: Simulator, client: NotificationClient) -> None:
    service.plan += [gateway_fault("TEMPORARILY_UNAVAILABLE", retryable=True)] * 9
    with pytest.raises(GatewayFaultError, match="TEMPORARILY_UNAVAILABLE"):
        client.ping()
    assert service.operations == ["Ping"] * 4


def test_an_overloaded_service_is_asked_again(service: Simulator, client: NotificationClient) -> None:
    service.status += [503, 503]
    assert client.ping().known


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", 7.0), ("3600", 60.0), ("", 0.0), ("Wed, 25 Nov 2026 10:00:00 GMT", 0.0)]
)
def test_the_client_waits_as_long_as_the_service_asks_up_to_a_minute(
    service: Simulator, client: NotificationClient, monkeypatch: pytest.MonkeyPatch, asked: str, waited: float
) -> None:
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    service.status.append(429)
    service.retry_after = asked
    assert client.ping().known
    (seconds,) = slept
    assert waited <= seconds <= waited + 0.05


@pytest.mark.parametrize("status", [400, 404, 413, 415, 301])
def test_an_unsigned_refusal_is_a_failure_and_nothing_more(
    service: Simulator, client: NotificationClient, status: int
) -> None:
    service.status.append(status)
    with pytest.raises(TransportFaultError, match=str(status)) as refused:
        client.ping()
    assert (refused.value.status, refused.value.retryable) == (status, False)
    assert service.operations == ["Ping"]


def test_a_service_that_is_not_there_is_told_after_a_few_attempts() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with (
            _client(url) as client,
            pytest.raises(UnreachableError, match=r"127\.0\.0\.1"),
        ):
            client.ping()


def test_a_service_that_does_not_answer_in_time_is_told() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        _client(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_seconds=0.05) as client,
        pytest.raises(UnreachableError, match="in time"),
    ):
        client.ping()


def test_an_answer_without_end_is_not_read_to_its_end(service: Simulator, client: NotificationClient) -> None:
    service.tamper = lambda body: body + b" " * ANSWER_LIMITS.request_max_bytes
    with pytest.raises(UnexpectedResponseError, match="larger than 67108864 bytes"):
        client.ping()


def test_a_tls_certificate_of_an_unknown_issuer_is_refused_at_once(tmp_path: Path) -> None:
    key, certificate = write_pem(pki().service, tmp_path, "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    attempts = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_SECONDS)

        def serve() -> None:
            connection, _ = listener.accept()
            connection.settimeout(PATIENCE_SECONDS)
            attempts.append(connection)
            with connection, contextlib.suppress(OSError):
                context.wrap_socket(connection, server_side=True).close()

        server = threading.Thread(target=serve)
        server.start()
        with (
            _client(f"https://127.0.0.1:{listener.getsockname()[1]}/") as client,
            pytest.raises(UnreachableError, match="certificate") as refused,
        ):
            client.ping()
        server.join(PATIENCE_SECONDS)
    assert (len(attempts), refused.value.retryable) == (1, False)


# --- operations -----------------------------------------------------------------------------------


def test_a_list_goes_on_over_all_pages(service: Simulator, client: NotificationClient) -> None:
    service.page_size = 2
    items = service.add(5)
    assert [one.id for one in client.list_notifications()] == [item.id for item in items]
    assert service.operations == ["ListNotifications"] * 3


def test_a_page_that_leads_back_to_itself_is_refused(service: Simulator, client: NotificationClient) -> None:
    service.page_size = 1
    service.add(3)
    page = client.list_page()
    service.plan.append(lambda *_: _page_leading_to(page.next_cursor or ""))
    with pytest.raises(UnexpectedResponseError, match="next"):
        client.list_page(cursor=page.next_cursor)


def test_more_ids_than_a_request_takes_travel_in_several(
    service: Simulator, client: NotificationClient
) -> None:
    ids = [item.id for item in service.add(501)]
    outcomes = client.accept(ids)
    assert [one.id for one in outcomes] == ids
    assert all(one.is_done for one in outcomes)
    assert len(list(client.receipts(ids[:101]))) == 101
    assert service.operations == ["Ping", *["AcceptNotifications"] * 2, *["RetrieveReceipts"] * 2]
    assert client.accept([]) == []


def test_a_repeated_accept_gives_the_same_receipt(service: Simulator, client: NotificationClient) -> None:
    (item,) = service.add()
    first, again = client.accept([item.id]), client.accept([item.id])
    assert (first[0].outcome, again[0].outcome) == ("decided", "already_decided_by_you")
    assert first[0].receipt == again[0].receipt


def test_an_unknown_notification_is_an_outcome_beside_the_others(
    service: Simulator, client: NotificationClient
) -> None:
    (item,) = service.add()
    unknown = "01931e7c-5c00-7cc3-98c4-dc0c0c07398f"
    outcomes = client.accept([unknown, item.id])
    assert [one.is_done for one in outcomes] == [False, True]
    assert outcomes[0].problem is not None
    assert outcomes[0].problem.code == "NOTIFICATION_UNKNOWN"


def test_a_reason_travels_with_every_rejection(service: Simulator, client: NotificationClient) -> None:
    (item,) = service.add()
    client.ping()
    service.plan.append(lambda *_: _rejected(item.id))
    (outcome,) = client.reject([item.id], reason="No es mía & <basta>")
    assert outcome.outcome == "refused"
    assert "No es mía &amp; &lt;basta&gt;".encode() in service.requests[1]


def test_a_document_is_fetched_in_pieces_and_checked(service: Simulator, client: NotificationClient) -> None:
    (item,) = service.add(content=b"0123456789" * 5)
    pieces = list(client.retrieve_document(item.id, item.document_id, sha256=item.sha256))
    assert b"".join(pieces) == item.content
    assert len(pieces) == 8


def test_a_document_that_is_not_the_announced_one_is_refused(
    service: Simulator, client: NotificationClient
) -> None:
    (item,) = service.add(content=b"0123456789")
    with pytest.raises(DocumentMismatchError, match="announced"):
        list(client.retrieve_document(item.id, item.document_id, sha256="0" * 64))
    item.sha256 = "0" * 64
    with pytest.raises(DocumentMismatchError, match="hash"):
        list(client.retrieve_document(item.id, item.document_id))


def test_a_document_that_does_not_get_on_is_refused(service: Simulator, client: NotificationClient) -> None:
    (item,) = service.add(content=b"0123456789")
    service.chunk_bytes = 0
    with pytest.raises(UnexpectedResponseError, match="byte 0 of 10"):
        list(client.retrieve_document(item.id, item.document_id))


def test_a_filter_reaches_the_service(service: Simulator, client: NotificationClient) -> None:
    service.add(2)
    (accepted,) = service.add(state="accepted")
    assert [one.id for one in client.list_notifications(Filter(states=("accepted",)))] == [accepted.id]


# --- keys and addresses ---------------------------------------------------------------------------


def test_a_client_is_made_from_pem_or_p12_files(service: Simulator, tmp_path: Path) -> None:
    key, certificate = write_pem(pki().company_seal, tmp_path, "company", b"secret")
    _, pinned = write_pem(pki().service, tmp_path, "service")
    p12 = write_p12(pki().company_seal, tmp_path / "company.p12", b"secret")
    with NotificationClient.from_files(
        service.url, key=key, certificate=certificate, password=b"secret", server_certificates=[pinned]
    ) as client:
        assert client.ping().known
    with NotificationClient.from_files(
        service.url, p12=p12, password=b"secret", server_certificates=[pinned]
    ) as client:
        assert client.ping().known
    with pytest.raises(ValueError, match="either"):
        NotificationClient.from_files(service.url, p12=p12, key=key, server_certificates=[pinned])


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "notigateway", "http://", "http://[::1"])
def test_an_address_that_is_none_is_told_before_anything_is_sent(url: str) -> None:
    with pytest.raises(ConfigurationError, match="URL"):
        _client(url)


def _client(
    url: str, *, timeout_seconds: float = 5, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> NotificationClient:
    return NotificationClient(
        url,
        key=pki().company_seal.key,
        certificate=pki().company_seal.certificate,
        server_certificates=[pki().service.certificate],
        timeout_seconds=timeout_seconds,
        retries=Retries(attempts=2, first_wait_seconds=0.01),
        clock=clock,
    )


def _without_security(body: bytes) -> bytes:
    root = etree.fromstring(body)
    header = root.find(soap("Header"))
    assert header is not None
    root.remove(header)
    return etree.tostring(root)


def _hour_later_after_signing() -> Callable[[], datetime]:
    instants = iter([datetime.now(UTC), datetime.now(UTC) + timedelta(hours=1)])
    return lambda: next(instants)


def _page_leading_to(cursor: str) -> _Element:
    return element(
        "ListNotificationsResponse",
        element("asOf", "2026-11-23T09:00:00Z"),
        element("hasMore", "true"),
        element("nextCursor", cursor),
    )


def _rejected(identifier: str) -> _Element:
    item = element(
        "item", element("id", identifier), element("outcome", "refused"), problem("NOT_REJECTABLE")
    )
    return element("RejectNotificationsResponse", item)
