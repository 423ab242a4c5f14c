"""zeep, built from the served WSDL, calls every operation with the class that we publish for it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import xmlsec
import zeep
from lxml import etree
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.plugins import HistoryPlugin
from zeep.wsa import WsAddressingPlugin
from zeep.wsse.signature import BinarySignature, _make_verify_key, _verify_envelope_with_key
from zeep.wsse.signature import Signature as PlainSignature
from zeep.wsse.utils import get_security_header

from envelopes import NS, SOAP12, WSU
from interop.clients import ZEEP_SAMPLE
from notigateway.evidence.xades import verify_receipt
from notigateway.law.lifecycle import Kind
from oracles import xmlsec_accepts
from pki import COMPANY_NIF, PERSON_NIF, pki

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    # The fixture `served` comes from conftest.py beside this file.
    from interop.conftest import Served


@pytest.fixture
def client(served: Served, sample: ModuleType) -> Any:  # noqa: ANN401  (zeep has no types)
    """Connect as the company."""
    return sample.connect(served.url, *served.files("company_seal"), served.service_certificate)


def fault_of(sample: ModuleType, client: Any, call: Callable[[], object]) -> Any:  # noqa: ANN401
    """Return the typed detail of the fault that a call raises."""
    with pytest.raises(Fault) as caught:
        call()
    return sample.gateway_fault(client, caught.value)


def test_ping_shows_what_was_read_in_the_certificate(served: Served, client: Any) -> None:  # noqa: ANN401
    served.stack.publish()
    answer = client.service.Ping()
    assert (answer.party.identifier, answer.signer.identifier) == (COMPANY_NIF, COMPANY_NIF)
    assert answer.known is True
    assert answer.contractVersion == "1.0"
    assert answer.serverTime == served.stack.now


def test_lists_with_filters_and_pages(served: Served, client: Any, sample: ModuleType) -> None:  # noqa: ANN401
    served.stack.publish_many(5)
    served.stack.publish("NOTE", subject="Nota & <aviso>", kind=Kind.COMMUNICATION)
    page = client.service.ListNotifications(pageSize=4)
    assert (len(page.notification), page.hasMore) == (4, True)
    again = client.service.ListNotifications(cursor=page.nextCursor, pageSize=4)
    assert (len(again.notification), again.hasMore, again.nextCursor) == (2, False, None)
    (note,) = client.service.ListNotifications(filter={"kind": "communication"}).notification
    assert (note.subject, note.deadline, note.timeLeft) == ("Nota & <aviso>", None, None)
    first = page.notification[0]
    assert first.deadline - page.asOf == first.timeLeft
    assert first.documentSize == [13]
    since = served.stack.now + timedelta(hours=1)
    assert client.service.ListNotifications(filter={"availableFrom": since}).notification == []
    found = list(sample.all_notifications(client, page_size=2, state=["available", "lapsed"]))
    assert [one.code for one in found] == [1, 2, 3, 4, 5, 6]


def test_accepts_retrieves_and_keeps_the_receipt(served: Served, client: Any) -> None:  # noqa: ANN401
    large = b"%PDF-1.7 " + b"x" * 5000
    wanted = str(served.stack.publish(documents=(b"%PDF-1.7 uno", large)))
    (before,) = client.service.RetrieveNotifications([wanted])
    assert (before.problem.code, before.document) == ("NOT_ACCEPTED", [])

    (outcome,) = client.service.AcceptNotifications([wanted])
    assert (outcome.outcome, outcome.decision.state, outcome.problem) == ("decided", "accepted", None)
    assert hashlib.sha256(outcome.receipt.xml).hexdigest() == outcome.receipt.sha256
    facts = verify_receipt(outcome.receipt.xml, seal_certificates=[pki().seal.certificate])
    assert str(facts.notification_id) == wanted

    (item,) = client.service.RetrieveNotifications([wanted])
    small, by_reference = item.document
    assert (small.content, by_reference.content) == (b"%PDF-1.7 uno", None)
    found = b""
    while len(found) < by_reference.size:
        piece = client.service.RetrieveDocument(
            id=wanted, documentId=by_reference.documentId, offset=len(found), length=2000
        )
        found += piece.content
    assert found == large
    assert hashlib.sha256(found).hexdigest() == by_reference.sha256

    (kept,) = client.service.RetrieveReceipts([wanted])
    assert [one.state for one in kept.receipt] == ["available", "accepted", "read"]
    assert kept.receipt[1].xml == outcome.receipt.xml


def test_rejects_with_a_reason_and_learns_what_cannot_be_decided(served: Served, client: Any) -> None:  # noqa: ANN401
    wanted, other = str(served.stack.publish("A")), str(served.stack.publish("B"))
    unknown = str(uuid4())
    first, second = client.service.RejectNotifications(id=[wanted, unknown], reason="No procede & <punto>")
    assert (first.outcome, second.outcome) == ("decided", "unknown")
    assert second.problem.code == "NOTIFICATION_UNKNOWN"
    assert b"No procede &amp; &lt;punto&gt;" in first.receipt.xml
    again, accepted = client.service.AcceptNotifications([wanted, other])
    assert (again.outcome, again.decision.state, accepted.outcome) == (
        "already_decided",
        "rejected",
        "decided",
    )


# One fault that each operation can give, and its code; what the schema forbids zeep refuses itself.
FAULTS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "ListNotifications": ("INVALID_CURSOR", lambda service: service.ListNotifications(cursor="AAAA")),
    "RetrieveNotifications": (
        "INVALID_REQUEST",
        lambda service: service.RetrieveNotifications([str(uuid4()), "1"]),
    ),
    "RetrieveDocument": (
        "NOTIFICATION_UNKNOWN",
        lambda service: service.RetrieveDocument(id=str(uuid4()), documentId=str(uuid4())),
    ),
    "AcceptNotifications": ("INVALID_REQUEST", lambda service: service.AcceptNotifications(["no uuid"])),
    "RejectNotifications": (
        "INVALID_REQUEST",
        lambda service: service.RejectNotifications(id=[str(uuid4())], reason="x" * 1001),
    ),
    "RetrieveReceipts": ("INVALID_REQUEST", lambda service: service.RetrieveReceipts(["0"])),
}


@pytest.mark.parametrize("operation", FAULTS)
def test_a_fault_of_each_operation_has_a_typed_detail(
    served: Served,
    client: Any,  # noqa: ANN401
    sample: ModuleType,
    operation: str,
) -> None:
    served.stack.publish()
    code, call = FAULTS[operation]
    detail = fault_of(sample, client, lambda: call(client.service))
    assert (detail.code, detail.retryable) == (code, False)
    assert detail.textEs
    assert detail.textEn
    assert detail.documentation == f"{served.url.removesuffix('v1')}errors#{code}"
    if code == "INVALID_REQUEST":
        assert {one.name for one in detail.fact} == {"element", "rule"}


def test_the_fault_of_ping_is_one_of_the_certificate(served: Served, sample: ModuleType) -> None:
    client = sample.connect(served.url, *served.files("expired"), served.service_certificate)
    with pytest.raises(SignatureVerificationFailed) as caught:
        client.service.Ping()
    # Whoever is refused before he has proven himself is told why, by a fault that relates to nothing.
    assert "not proven to be about this request: [CERTIFICATE_NOT_VALID_NOW]" in str(caught.value)


def test_somebody_elses_notification_is_unknown(served: Served, client: Any) -> None:  # noqa: ANN401
    foreign = served.stack.publish(addressee=PERSON_NIF)
    served.stack.publish("B")
    (item,) = client.service.AcceptNotifications([str(foreign)])
    assert (item.outcome, item.decision, item.receipt) == ("unknown", None, None)


# --- signatures on both ways ----------------------------------------------------------------------


def test_what_zeep_sends_is_signed_with_timestamp_and_sha256(served: Served, sample: ModuleType) -> None:
    history = HistoryPlugin()  # type: ignore[no-untyped-call]
    key, certificate = served.files("company_seal")
    signature = sample.GatewaySignature(key, certificate, service=served.service_certificate)
    client = zeep.Client(  # type: ignore[no-untyped-call]
        f"{served.url}?wsdl", wsse=signature, plugins=[history]
    )
    client.service.Ping()
    assert history.last_sent
    assert history.last_received
    sent, received = history.last_sent["envelope"], history.last_received["envelope"]
    signed = {one.get("URI", "")[1:] for one in sent.findall(".//ds:SignedInfo/ds:Reference", NS)}
    parts = [one for one in sent.iter() if one.get(f"{{{WSU}}}Id") in signed]
    assert {etree.QName(one).localname for one in parts} == {"Body", "Timestamp", "Action", "MessageID"}
    assert len(parts) == len(signed)
    assert sent.find(".//wsse:Security/wsu:Timestamp/wsu:Expires", NS) is not None
    assert b"sha1" not in etree.tostring(sent.find(".//ds:SignedInfo", NS))
    assert xmlsec_accepts(etree.tostring(received), pki().service.certificate)


def test_an_answer_of_another_service_is_not_believed(served: Served, sample: ModuleType) -> None:
    other = served.files("person")[1]
    client = sample.connect(served.url, *served.files("company_seal"), other)
    with pytest.raises(SignatureVerificationFailed):
        client.service.Ping()


def test_zeep_without_the_subclass_cannot_verify_and_is_told_what_is_missing(served: Served) -> None:
    """What makes the subclass necessary: SHA-1, no Timestamp, and the client's own certificate."""
    plain = BinarySignature(*served.files("company_seal"))  # type: ignore[no-untyped-call]
    client = zeep.Client(f"{served.url}?wsdl", wsse=plain)  # type: ignore[no-untyped-call]
    with pytest.raises(SignatureVerificationFailed):
        client.service.Ping()


def signer_of(sample: ModuleType, base: type, served: Served) -> Any:  # noqa: ANN401
    """Return zeep's own class with the sample's Timestamp, which verifies with the service's certificate."""

    class Signature(base):  # type: ignore[misc]
        def apply(self, envelope: Any, headers: Any) -> Any:  # noqa: ANN401
            security = get_security_header(envelope)  # type: ignore[no-untyped-call]
            timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
            etree.SubElement(timestamp, f"{{{WSU}}}Created").text = served.stack.now.isoformat()
            return super().apply(envelope, headers)

        def verify(self, envelope: Any) -> Any:  # noqa: ANN401
            service = _make_verify_key(served.service_certificate.read_bytes())  # type: ignore[no-untyped-call]
            _verify_envelope_with_key(envelope, service)  # type: ignore[no-untyped-call]
            return envelope

    return Signature(
        *served.files("company_seal"),
        None,
        xmlsec.constants.TransformRsaSha256,
        xmlsec.constants.TransformSha256,
    )


@pytest.mark.parametrize("query", ["wsdl", "wsdl=soap12"])
@pytest.mark.parametrize("base", [BinarySignature, PlainSignature])
def test_both_signatures_in_both_versions_with_addressing(
    served: Served, sample: ModuleType, query: str, base: type
) -> None:
    served.stack.publish()
    history = HistoryPlugin()  # type: ignore[no-untyped-call]
    plugins = [WsAddressingPlugin(), history]
    client = zeep.Client(  # type: ignore[no-untyped-call]
        f"{served.url}?{query}", wsse=signer_of(sample, base, served), plugins=plugins
    )
    assert client.service.Ping().known is True
    assert len(client.service.ListNotifications().notification) == 1
    with pytest.raises(Fault) as caught:
        client.service.ListNotifications(cursor="AAAA")
    assert sample.gateway_fault(client, caught.value).code == "INVALID_CURSOR"
    assert history.last_received
    version = etree.QName(history.last_received["envelope"]).namespace
    assert (version == SOAP12) == (query == "wsdl=soap12")


def run_sample(served: Served, holder: str) -> subprocess.CompletedProcess[str]:
    files = (*served.files(holder), served.service_certificate)
    command = [sys.executable, str(ZEEP_SAMPLE), served.url, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_sample_runs_as_a_program(served: Served) -> None:
    served.stack.publish_many(3)
    shown = run_sample(served, "representative")
    assert (shown.returncode, shown.stderr) == (0, "")
    head, *rows = shown.stdout.splitlines()
    assert head.startswith(f"Luis Pérez Díaz for Conservas del Norte SL ({COMPANY_NIF})")
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]


def test_the_sample_says_why_a_stranger_is_refused(served: Served) -> None:
    shown = run_sample(served, "stranger")
    assert shown.returncode == 1
    assert shown.stderr.startswith("CALLER_UNKNOWN: The identity in the certificate is not known")
