"""What the issuing bodies' contract and the Social Security's contract answer, and the forms of an envelope."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from lxml import etree

from client_shapes import cxf, node_soap, pki_path, wcf, wse_php, zeep_envelope
from envelopes import SOAP12, Draft
from golden_mailbox import ids, swept
from golden_recorder import Recorder
from notigateway.lifecycle import Kind
from notigateway.soap.wscn.environment import PRODUCTION, TEST
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import ISSUING_URL, PUBLIC_URL
from titles import accept_power, assign, attorney, grant, red, register_company
from wscn import CURSORS, START, Style, Wscn, sign

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.soap.wscn.environment import Environment
    from stack import Answer

PDF = b"%PDF-1.7 resolution"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
SOAP12_TYPE = "application/soap+xml; charset=utf-8"


# --- issuing


def act(
    reference: str, *, kind: str = "", document: str = "", addressee: str = COMPANY_NIF, more: str = ""
) -> str:
    """Return an act to be published."""
    inline = f"<content>{b64encode(PDF).decode()}</content>"
    return (
        f"<act><reference>{reference}</reference><subject>Reclamación de deuda</subject>"
        "<procedure>203546</procedure><matter>collection</matter>"
        f"{kind}<addressee><identifier>{addressee}</identifier><name>Conservas del Norte SL</name></addressee>"
        f"<document><name>acto.pdf</name><mediaType>application/pdf</mediaType>{document or inline}</document>"
        f"{more}</act>"
    )


def report(reference: str, at: str, *, channel: str = "sede", decision: str = "accepted", by: str = "") -> str:
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
    record.access_records()


def _report(record: Recorder, made: dict[str, str]) -> None:
    named = f"<decidedBy><identifier>{COMPANY_NIF}</identifier></decidedBy>"
    other = f"<decidedBy><identifier>{PERSON_NIF}</identifier><name>Ana García López</name></decidedBy>"
    record.issuing("reporting first", "ReportExternalDecisions", report("A", "2026-06-01T12:00:04Z", by=named))
    record.issuing("reporting it again", "ReportExternalDecisions", report("A", "2026-06-01T12:00:04Z", by=named))
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
        + report("G", "2025-06-01T12:00:05Z")
        + report("HEALTH", "2026-06-01T12:00:04Z", by=named.replace(COMPANY_NIF, "B12345675"))
        + report("NOTHING", "2026-06-01T12:00:05Z"),
    )


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


# --- the Social Security's contract


def wscn_test(record: Recorder) -> None:
    """The test environment."""
    _wscn(record, TEST)


def wscn_production(record: Recorder) -> None:
    """Production."""
    _wscn(record, PRODUCTION)


class _Client:
    """One holder's calls of one environment, each written down."""

    def __init__(self, record: Recorder, environment: Environment, pair: KeyPair, rol: int) -> None:
        self.record = record
        self.wire = Wscn(record.stack, environment, pair)
        self.rol = rol

    def call(self, title: str, operation: str, **values: object) -> etree._Element:
        """Ask, write the answer down and return its tree."""
        wire = self.wire
        content = wire.write(wire.environment, operation, **values)
        return self.record.answer(title, wire.send(wire.envelope(content), operation)).tree

    def page(self, title: str, places: tuple[int, ...] = START, **values: object) -> etree._Element:
        """Ask for a page of the list."""
        asked = {"rol": self.rol, **values, **dict(zip(CURSORS, places, strict=True))}
        return self.call(title, "consultarListadoNotificaciones", **asked)

    def acuse(self, title: str, code: int, *, accepts: bool = True) -> bytes:
        """Ask for a receipt to sign."""
        asked = {"rol": self.rol, "codigoNotificacion": code, "esDeAceptacion": accepts}
        return b64decode(self.call(title, "solicitarAcuseNotificacion", **asked).findtext(".//XML") or "")

    def send(self, title: str, signed: bytes) -> None:
        """Send a receipt that is signed."""
        self.call(title, "enviarAcuseNotificacion", rol=self.rol, xmlAcuseFirmado=signed)

    def view(self, title: str, code: int) -> None:
        """Ask for an accepted notification again."""
        self.call(title, "verNotificacionAceptada", rol=self.rol, codigoNotificacion=code)


def _wscn(record: Recorder, environment: Environment) -> None:
    stack = record.stack
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    stack.pass_time(seconds=1)
    wanted = [record.publish(f"ACT-{number}") for number in range(1, 8)]
    record.publish("INFO", kind=Kind.COMMUNICATION)
    record.publish("TEXT", addressee=PERSON_NIF)
    own = _Client(record, environment, pki().company_seal, 1)
    red_person, proxy = _Client(record, environment, red(), 2), _Client(record, environment, attorney(), 3)
    own.page("the list")
    own.page("the list from a place", (4, -1, -1))
    for client, name in ((red_person, "RED person"), (proxy, "attorney")):
        client.page(f"the list of the {name}")
        client.page(f"all lists of the {name}", rol=0)
    proxy.page("the list of one grantor", identificadorPoderdante=COMPANY_NIF)
    proxy.page("the list of who granted nothing", identificadorPoderdante=PERSON_NIF)
    proxy.call("the grantors", "solicitarPoderdantes")
    own.call("no grantors", "solicitarPoderdantes")
    for number, (client, name) in enumerate(((own, "company"), (red_person, "RED person"), (proxy, "attorney"))):
        accepted, rejected = 2 * number + 1, 2 * number + 2
        pair = client.wire.pair
        acuse = client.acuse(f"a receipt to accept, for the {name}", accepted)
        client.send(f"accepted by the {name}", sign(acuse, pair))
        client.send(f"sent again by the {name}", sign(acuse, pair))
        client.view(f"seen again by the {name}", accepted)
        acuse = client.acuse(f"a receipt to reject, for the {name}", rejected, accepts=False)
        client.send(f"rejected by the {name}", sign(acuse, pair))
        client.view(f"what the {name} rejected is not seen", rejected)
        client.acuse(f"a receipt of what the {name} rejected", rejected)
        client.acuse(f"a receipt of nothing, for the {name}", 77)
        client.view(f"what the {name} does not have", 77)
        client.view(f"what the {name} did not decide", 7)
    record.ask("the receipts", "RetrieveReceipts", ids(*wanted[:6]))
    _wscn_refusals(own)
    stack.now = NOW + timedelta(days=12)
    for client, name in ((own, "company"), (red_person, "RED person"), (proxy, "attorney")):
        client.acuse(f"a receipt of what lapsed, for the {name}", 7)
    own.page("the list at the end")
    record.access_records()


def _wscn_refusals(client: _Client) -> None:
    pair = client.wire.pair
    acuse = client.acuse("a receipt to spoil", 7)
    for title, signed in {
        "not signed": acuse,
        "signed by another": sign(acuse, pki().representative),
        "signed twice": sign(sign(acuse, pair), pair),
        "changed": sign(acuse.replace(b"ACEPTACION", b"RECHAZO"), pair),
        "cut off": sign(acuse, pair)[:-10],
        "no receipt any more": sign(acuse, pair).replace(b"</ProsaSignature>", b"<x/></ProsaSignature>"),
        "without our signature": sign(_without_ours(acuse), pair),
        "signed with SHA-1": sign(acuse, pair, Style(hash_name="sha1")),
        "signed by nobody": _spoilt(sign(acuse, pair)),
    }.items():
        client.send(f"a receipt that is {title}", signed)
    client.call("no receipt", "enviarAcuseNotificacion", rol=1)
    client.page("an unknown role", rol=9)
    client.record.stack.pass_time(hours=1)
    client.send("a receipt that is too old", sign(acuse, pair))
    stranger = _Client(client.record, client.wire.environment, pki().stranger, 1)
    stranger.page("a stranger")
    client.call("no such operation", "noHayTal")


def _without_ours(acuse: bytes) -> bytes:
    root = etree.fromstring(acuse)
    root.remove(root.findall("{*}Signature")[0])
    return etree.tostring(root)


def _spoilt(signed: bytes) -> bytes:
    root = etree.fromstring(signed)
    root.findall("{*}Signature/{*}SignatureValue")[1].text = b64encode(bytes(256)).decode()
    return etree.tostring(root)


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
    for namespace, media in ((SOAP12, SOAP12_TYPE), ("http://schemas.xmlsoap.org/soap/envelope/", "text/xml")):
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
