"""What the issuing bodies' contract answers, and the forms of an envelope."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from client_shapes import cxf, node_soap, pki_path, wcf, wse_php, zeep_envelope
from envelopes import SOAP12, Draft
from golden_mailbox import ids, swept
from golden_recorder import Recorder
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import ISSUING_URL, PUBLIC_URL

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from stack import Answer

PDF = b"%PDF-1.7 resolution"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
SOAP12_TYPE = "application/soap+xml; charset=utf-8"


# --- issuing


def act(
    reference: str, *, kind: str = "", document: str = "", addressee: str = COMPANY_NIF, more: str = ""
) -> str:
    """Return an act to be published."""
    content = document or f"<content>{b64encode(PDF).decode()}</content>"
    return (
        f"<act><reference>{reference}</reference><subject>Reclamación de deuda</subject>"
        "<procedure>203546</procedure><matter>collection</matter>"
        f"{kind}<addressee><identifier>{addressee}</identifier><name>Conservas del Norte SL</name>"
        f"</addressee><document><name>acto.pdf</name><mediaType>application/pdf</mediaType>{content}"
        f"</document>{more}</act>"
    )


def report(
    reference: str, at: str, *, channel: str = "sede", decision: str = "accepted", by: str = ""
) -> str:
    """Return a report of a decision that was taken elsewhere."""
    return (
        f"<report><reference>{reference}</reference><channel>{channel}</channel><decision>{decision}</decision>"
        f"<at>{at}</at>{by}<evidence>PRUEBA-{reference}</evidence></report>"
    )


def extension(reference: str, deadline: str) -> str:
    """Return the wish for a later deadline."""
    return (
        f"<extension><reference>{reference}</reference><deadline>{deadline}</deadline>"
        "<reason>Incidencia técnica</reason></extension>"
    )


def cancellation(*references: str) -> str:
    """Return the wish to withdraw acts."""
    return "".join(
        f"<cancellation><reference>{one}</reference><reason>Error material</reason></cancellation>"
        for one in references
    )


def issuing(record: Recorder) -> None:
    """Publishing, amending, reporting, and what became of it."""
    stack = record.stack
    content = f"<content>{b64encode(PDF).decode()}</content>"
    record.issuing("uploading", "UploadDocuments", f"{content}<content></content>")
    by_hash = f"<sha256>{hashlib.sha256(PDF).hexdigest()}</sha256>"
    record.issuing(
        "publishing all kinds",
        "PublishActs",
        act("A")
        + act("B", document=by_hash)
        + act("INFO", kind="<kind>communication</kind>")
        + act("LATER", more="<availableAt>2026-06-05T00:00:00+02:00</availableAt>")
        + act("VOLUNTARY", addressee=PERSON_NIF, more="<voluntary>true</voluntary>")
        + act("HEALTH", more="<specialCategory>true</specialCategory>")
        + act("A")
        + act("A", more="<voluntary>true</voluntary>")
        + act("BAD", addressee="B12345675")
        + act("MONEY", more="<meansOfPayment>true</meansOfPayment>")
        + act("THING", more="<nonConvertible>true</nonConvertible>")
        + act("NOWHERE", document=f"<sha256>{'0' * 64}</sha256>")
        + act("PAST", more="<availableAt>2026-05-01T00:00:00Z</availableAt>"),
    )
    record.issuing("publishing again", "PublishActs", act("A"))
    made = {name: record.publish(name) for name in "CDEFG"}
    record.issuing("withdrawing", "CancelNotifications", cancellation("C", "LATER", "INFO", "NOTHING"))
    record.issuing("withdrawing again", "CancelNotifications", cancellation("C"))
    record.issuing(
        "extending",
        "ExtendDeadlines",
        extension("D", "2026-06-20T00:00:00+02:00")
        + extension("C", "2026-06-20T00:00:00Z")
        + extension("A", "2026-06-02T00:00:00Z")
        + extension("VOLUNTARY", "2026-06-20T00:00:00Z")
        + extension("NOTHING", "2026-06-20T00:00:00Z"),
    )
    record.issuing("extending again", "ExtendDeadlines", extension("D", "2026-06-19T22:00:00Z"))
    _report(record, made)
    record.issuing("the outcomes", "ListOutcomes")
    page = record.issuing("a page of the outcomes", "ListOutcomes", "<pageSize>2</pageSize>")
    cursor = page.tree.findtext("{*}nextCursor")
    record.issuing("the next page", "ListOutcomes", f"<cursor>{cursor}</cursor><pageSize>3</pageSize>")
    stack.now = NOW + timedelta(days=40)
    swept(stack)
    record.issuing("after the lapse: withdrawing", "CancelNotifications", cancellation("G", "A"))
    record.issuing("after the lapse: extending", "ExtendDeadlines", extension("G", "2026-08-01T00:00:00Z"))
    record.issuing("after the lapse: outcomes", "ListOutcomes", "<pageSize>500</pageSize>")
    record.issuing("a cursor of nobody", "ListOutcomes", "<cursor>abc</cursor>")
    record.issuing("another body", "PublishActs", act("A"), issuer="EA9999999")
    record.issuing("who is no issuing body", "PublishActs", act("A"), holder=pki().company_seal)
    record.issuing("what the schema refuses", "ListOutcomes", "<pageSize>0</pageSize>")
    _outages(record)
    _registers(record)
    record.access_records()


def _report(record: Recorder, made: dict[str, str]) -> None:
    named = f"<decidedBy><identifier>{COMPANY_NIF}</identifier></decidedBy>"
    other = f"<decidedBy><identifier>{PERSON_NIF}</identifier><name>Ana García López</name></decidedBy>"
    record.issuing(
        "reporting first", "ReportExternalDecisions", report("A", "2026-06-01T12:00:04Z", by=named)
    )
    record.issuing(
        "reporting it again", "ReportExternalDecisions", report("A", "2026-06-01T12:00:04Z", by=named)
    )
    record.ask("deciding two here", "AcceptNotifications", ids(made["D"], made["E"]))
    record.issuing(
        "reporting more",
        "ReportExternalDecisions",
        report("B", "2026-06-01T12:00:05Z", channel="postal", decision="rejected", by=other)
        + report("D", "2026-06-01T12:00:06Z", channel="dehu", decision="rejected")
        + report("E", "2026-06-01T12:00:07Z", channel="in_person", by=other)
        + report("F", "2026-06-01T12:00:08Z", channel="citizen_folder", by=named)
        + report("A", "2026-06-01T12:00:03Z", channel="postal", decision="rejected")
        + report("A", "2026-06-01T12:00:05Z", channel="sede")
        + report("C", "2026-06-01T12:00:05Z")
        + report("G", "2027-06-01T12:00:05Z")
        + report("G", "2024-06-01T12:00:05Z")
        + report("HEALTH", "2026-06-01T12:00:04Z", by=named.replace(COMPANY_NIF, "B12345675"))
        + report("NOTHING", "2026-06-01T12:00:05Z"),
    )


def _registers(record: Recorder) -> None:
    addressee = "<addressee><identifier>{}</identifier><name>Otra SA</name><ccc>28123456742</ccc></addressee>"
    assignment = (
        f"<assignment><addressee>{COMPANY_NIF}</addressee><addresseeName>Conservas</addresseeName>"
        "<account>{}</account><redPerson><identifier>00000004G</identifier><name>Celia Prueba</name>"
        "</redPerson><authorisation>12345</authorisation><startsAt>2026-01-01T00:00:00Z</startsAt></assignment>"
    )
    entered = addressee.format("A28000016") + addressee.format("A28000017")
    for title in ("addressees", "addressees again"):
        record.issuing(title, "RegisterAddressees", entered)
    assigned = assignment.format("08999999904") + assignment.format("28123456742")
    for title in ("assignments", "assignments again"):
        record.issuing(title, "RegisterRedAssignments", assigned)


def _outages(record: Recorder) -> None:
    def declare(title: str, start: str, end: str | None, pair: KeyPair | None = None) -> Answer:
        ended = f"<endedAt>{end}</endedAt>" if end else ""
        inner = f"<startedAt>{start}</startedAt>{ended}<reason>Corte de luz</reason>"
        return record.issuing(title, "DeclareOutage", inner, issuer=None, holder=pair)

    declare("an outage", "2026-07-01T08:00:00Z", "2026-07-01T09:00:00+02:00")
    declare("an outage of some hours", "2026-07-01T08:00:00Z", "2026-07-01T20:00:01Z")
    declare("an outage that overlaps", "2026-07-01T10:00:00Z", "2026-07-02T08:00:00Z")
    opened = declare("an outage that lasts", "2026-07-11T08:00:00Z", None)
    declare("who is no operator", "2026-07-11T08:00:00Z", None, pki().company_seal)
    named = f"<outageId>{opened.tree.findtext('.//{*}outageId')}</outageId>"
    for title, inner in {
        "closing an outage": f"{named}<endedAt>2026-07-11T09:00:00Z</endedAt>",
        "closing it again": f"{named}<endedAt>2026-07-11T09:00:00Z</endedAt>",
        "closing it otherwise": f"{named}<endedAt>2026-07-11T09:30:00Z</endedAt>",
        "closing what is unknown": "<outageId>00000000-0000-0000-0000-000000000000</outageId>"
        "<endedAt>2026-07-11T09:00:00Z</endedAt>",
    }.items():
        record.issuing(title, "CloseOutage", inner, issuer=None)


# --- the envelope


def envelope(record: Recorder) -> None:
    """Both versions of SOAP, addressing, the shapes of real clients, and the published files."""
    stack = record.stack
    record.publish("A")
    holder = pki().company_seal
    shapes = {
        "zeep": zeep_envelope(holder, PING),
        "node-soap": node_soap(holder, PING).build(),
        "wse-php": wse_php(holder, PING).build(),
        "CXF": cxf(holder, PING).build(),
        "SoapUI": pki_path(holder, PING).build(),
    }
    for name, data in shapes.items():
        stack.now = NOW + timedelta(seconds=1)
        record.answer(f"as {name} writes", stack.send(data))
    for namespace, media in (
        (SOAP12, SOAP12_TYPE),
        ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml"),
    ):
        for title, content in {"ping": PING, "a fault": PING.replace("/>", "><n:no/></n:Ping>")}.items():
            stack.now = NOW + timedelta(seconds=1)
            draft = replace(wcf(holder, content), soap_namespace=namespace)
            record.answer(f"with addressing, {media}: {title}", stack.send(draft.build(), CONTENT_TYPE=media))
    stack.now = NOW + timedelta(minutes=1)
    for title, content in {
        "a list": '<n:ListNotifications xmlns:n="urn:notigateway:v1"/>',
        "an unknown operation": '<n:No xmlns:n="urn:notigateway:v1"/>',
    }.items():
        data = Draft(content=content, soap_namespace=SOAP12, now=stack.now).build()
        action = content.partition(":")[2].partition(" ")[0]
        record.answer(
            f"SOAP 1.2: {title}",
            stack.send(data, CONTENT_TYPE=f'{SOAP12_TYPE}; action="urn:notigateway:v1:{action}"'),
        )
    _published(record)
    record.access_records()


def _published(record: Recorder) -> None:
    """Note the hashes of the published files, their address aside."""
    lines = []
    paths = {
        "/notigateway/v1": "notigateway-v1",
        "/notigateway/issuing/v1": "notigateway-issuing-v1",
        PRODUCTION.path: PRODUCTION.contract,
        TEST.path: TEST.contract,
    }
    for path, contract in paths.items():
        for query in ("wsdl", "WSDL", "singleWsdl", "wsdl=soap12", f"xsd={contract}.xsd"):
            answer = record.stack.send(b"", REQUEST_METHOD="GET", PATH_INFO=path, QUERY_STRING=query)
            body = answer.body
            for address in (ISSUING_URL, PUBLIC_URL):
                body = body.replace(address.encode(), b"URL")
            kind = answer.headers["Content-Type"]
            lines.append(f"{path}?{query}: {answer.status} {kind} {len(body)} SHA-256 is {_sha256(body)}")
    record.sections.append("=== the published files\n" + "\n".join(lines) + "\n")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
