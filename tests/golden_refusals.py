"""Faults as they come over the wire: what is refused before, by and after the signature."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.x509.oid import NameOID
from sqlalchemy import text as sql

from client_shapes import by_name, wcf
from envelopes import MORE, PING, SOAP, SOAP12, Draft, Ref, key_info_text, plain_envelope
from golden_mailbox import NOBODY, ids
from golden_recorder import Recorder
from notigateway.sandbox.certifying import name
from notigateway.soap.wscn.environment import PRODUCTION
from pki import COMPANY_NIF, NOW, Issue, company_subject, crl, ec_key, pki, rsa_key

if TYPE_CHECKING:
    from stack import Stack

SOAP12_TYPE = "application/soap+xml; charset=utf-8"
# One address may fail twice a minute; the tests' own requests come from addresses of their own.
REFUSALS_SETTINGS = {"failed_authentications_per_minute": 2, "request_max_bytes": 60_000}
SOAP12_TOO = frozenset(
    {
        "XML_NOT_WELL_FORMED",
        "REQUEST_TOO_LARGE",
        "HEADER_NOT_UNDERSTOOD",
        "OPERATION_UNKNOWN",
        "INVALID_REQUEST",
        "SECURITY_HEADER_INVALID",
        "TOKEN_WEAK",
        "CERTIFICATE_NOT_VALID_NOW",
        "CALLER_UNKNOWN",
        "PART_NOT_SIGNED",
        "ALGORITHM_UNSUPPORTED",
        "MESSAGE_EXPIRED",
    }
)
EMPTY = '<n:Ping xmlns:n="urn:notigateway:v1"/>'


def drafts(soap_namespace: str = SOAP) -> dict[str, bytes]:
    """Return messages that are refused, each for one reason."""
    draft = Draft(content=EMPTY, soap_namespace=soap_namespace)
    seal = pki().company_seal
    wrong_address = wcf(seal, EMPTY, to="http://127.0.0.1:8080/other")
    reply = wcf(seal, EMPTY)
    elsewhere = replace(
        reply, header_before=reply.header_before.replace("addressing/anonymous", "addressing/none")
    )
    return {
        "XML_NOT_WELL_FORMED": draft.build()[:-1],
        "XML_DOCTYPE_FORBIDDEN": b"<!DOCTYPE x>" + replace(draft, prolog="").build(),
        "XML_LIMIT_EXCEEDED": plain_envelope("<a>" * 80 + "</a>" * 80),
        "REQUEST_TOO_LARGE": draft.build() + b" " * 60_000,
        "SOAP_VERSION_MISMATCH": replace(draft, soap_namespace=SOAP12).build(),
        "HEADER_NOT_UNDERSTOOD": replace(
            draft, header_before="<x xmlns='urn:x' soap:mustUnderstand='1'/>"
        ).build(),
        "ENVELOPE_STRUCTURE": plain_envelope(""),
        "OPERATION_UNKNOWN": replace(draft, content='<n:No xmlns:n="urn:notigateway:v1"/>').build(),
        "INVALID_REQUEST": replace(draft, content=PING).build(),
        "ADDRESSING_INVALID": wrong_address.build(),
        "REPLY_ADDRESS_UNSUPPORTED": elsewhere.build(),
        "SECURITY_HEADER_MISSING": plain_envelope(EMPTY),
        "SECURITY_HEADER_INVALID": replace(draft, key_info="").build(),
        "ID_DUPLICATE": replace(draft, header_before='<x wsu:Id="id-1"/>').build(),
        "TIMESTAMP_INVALID": replace(draft, timestamp="", references=(Ref("Body"),)).build(),
        "TOKEN_INVALID": replace(draft, token_text=b64encode(b"none").decode()).build(),
        "TOKEN_WEAK": replace(draft, pair=pki().weak_rsa).build(),
        "TOKEN_UNAVAILABLE": replace(
            draft, key_info=key_info_text('<wsse:Reference URI="#nothing"/>')
        ).build(),
        "TOKEN_TYPE_UNSUPPORTED": by_name(seal, key_info_text("<wsse:Embedded/>"), EMPTY).build(),
        "CERTIFICATE_NOT_VALID_NOW": replace(draft, pair=pki().expired).build(),
        "ISSUER_NOT_AUTHORISED": replace(draft, pair=pki().wrong_issuer).build(),
        "CERTIFICATE_MAY_NOT_SIGN": replace(draft, pair=pki().key_encipherment_only).build(),
        "IDENTITY_NOT_READABLE": replace(
            draft, pair=pki().holder(name((NameOID.COMMON_NAME, "NOBODY")), rsa_key("company"))
        ).build(),
        "CALLER_UNKNOWN": replace(
            draft,
            pair=pki().stranger,
            content='<n:ListNotifications xmlns:n="urn:notigateway:v1"/>',
        ).build(),
        "PART_NOT_SIGNED": replace(draft, references=(Ref("Timestamp"),)).build(),
        "REFERENCE_NOT_RESOLVED": replace(
            draft, references=(Ref("Body"), Ref("Timestamp"), Ref("x", uri="#nothing"))
        ).build(),
        "DIGEST_DIFFERS": draft.build().replace(b"urn:notigateway:v1", b"urn:notigateway:v2"),
        "SIGNATURE_WRONG": replace(draft, sign=lambda _: bytes(256)).build(),
        "ALGORITHM_UNSUPPORTED": replace(draft, signature_method=f"{MORE}rsa-md5").build(),
        "MESSAGE_EXPIRED": replace(draft, now=NOW - timedelta(minutes=7)).build(),
    }


def refusals(record: Recorder) -> None:
    """Every refusal that a message alone can cause, in both versions of SOAP and of both contracts."""
    stack = record.stack
    record.publish("A")
    address = iter(range(1, 250))

    def send(title: str, data: bytes, **environ: object) -> None:
        stack.now = NOW + timedelta(seconds=1)
        told = stack.send(data, **{"REMOTE_ADDR": f"198.51.100.{next(address)}", **environ})
        record.answer(f"{title}: {told.code}", told)

    send("another method", b"", REQUEST_METHOD="PUT")
    send("reading nothing", b"", REQUEST_METHOD="GET", QUERY_STRING="nothing")
    send("another path", b"", PATH_INFO="/nothing")
    send("another type", b"x", CONTENT_TYPE="application/json")
    send("cut off", b"x", CONTENT_LENGTH="10")
    send("another action", Draft(content=EMPTY, now=NOW).build(), HTTP_SOAPACTION='"urn:notigateway:v1:No"')
    made = drafts()
    for code, data in made.items():
        send(f"made for {code}", data)
    for code, data in drafts(SOAP12).items():
        if code in SOAP12_TOO:
            send(f"SOAP 1.2, made for {code}", data, CONTENT_TYPE=SOAP12_TYPE)
    for code in (
        "XML_NOT_WELL_FORMED",
        "SECURITY_HEADER_MISSING",
        "PART_NOT_SIGNED",
        "TOKEN_WEAK",
        "DIGEST_DIFFERS",
    ):
        send(f"the Social Security's contract, made for {code}", made[code], PATH_INFO=PRODUCTION.path)
    for code in ("XML_NOT_WELL_FORMED", "SECURITY_HEADER_MISSING", "OPERATION_UNKNOWN"):
        send(f"the issuing contract, made for {code}", made[code], PATH_INFO="/notigateway/issuing/v1")
    once = Draft(content=EMPTY, now=NOW, ids={"Body": "twice"}).build()
    send("a message", once)
    send("the same again", once)
    forged = made["ISSUER_NOT_AUTHORISED"]
    for title in ("failing", "failing again", "failing too often"):
        send(title, forged, REMOTE_ADDR="203.0.113.9")
    record.access_records()


def troubles(record: Recorder) -> None:
    """Refusals that need another world: revoked, unknown, too many, a defect, a damaged document."""
    stack = record.stack
    wanted = record.publish("A")
    record.ask("accepting", "AcceptNotifications", ids(wanted))
    thief = Issue(company_subject(COMPANY_NIF), ec_key("thief"), by=pki().issuing).make()
    revoked_at = NOW - timedelta(hours=1)
    _replace_list(stack, crl(pki().issuing, (thief.certificate, revoked_at), this_update=revoked_at))
    record.ask("revoked", "Ping", holder=thief)
    record.ask("not registered", "Ping", holder=pki().person)
    _replace_list(
        stack,
        crl(pki().issuing, this_update=NOW - timedelta(minutes=30), next_update=NOW + timedelta(hours=1)),
    )
    stack.pass_time(hours=2)
    record.ask("of unknown status", "AcceptNotifications", ids(wanted))
    _replace_list(stack, crl(pki().issuing, this_update=NOW))
    for file in (stack.folder / "documents").glob("*/*/*"):
        if file.is_file():
            file.write_bytes(b"damaged")
    record.ask("a damaged document", "RetrieveNotifications", ids(wanted))
    stack.now = stack.now.replace(second=0)
    for number in range(4):
        record.ask(f"asking often, {number}", "ListNotifications")
    stack.pass_time(minutes=2)
    record.publish("B")
    with stack.engine.begin() as connection:
        connection.execute(sql("ALTER TABLE receipts RENAME TO gone"))
    record.ask("a defect", "RetrieveReceipts", ids(wanted, NOBODY))


def _replace_list(stack: Stack, data: bytes) -> None:
    """Replace the issuing authority's list of revoked certificates, and let a new process take it in."""
    (stack.folder / "revocation" / "issuer-1.crl").write_bytes(data)
    assert stack.refresh_trust().failures == []
    stack.start()
