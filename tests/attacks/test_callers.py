"""Rows 85 to 97 of the catalogue of attacks: who signs, and when."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from envelopes import Draft, instant, parts_of
from notigateway.sandbox.certifying import AUTHORITY_USAGES, name
from pki import (
    COMPANY_NIF,
    FOREIGNER_NIE,
    NOW,
    Issue,
    authority,
    company_subject,
    ec_key,
    person_subject,
    pki,
    representative_subject,
    rsa_key,
)
from refusals import assert_answered, refused
from stack import Stack, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.pki.keys import KeyPair

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'

# --- 85 to 88: trust ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "code"),
    [
        pytest.param("self_signed", "ISSUER_NOT_AUTHORISED", id="85-forged-issuer"),
        pytest.param("wrong_issuer", "ISSUER_NOT_AUTHORISED", id="85-another-issuer"),
        pytest.param("expired", "CERTIFICATE_NOT_VALID_NOW", id="87-expired"),
        pytest.param("not_yet_valid", "CERTIFICATE_NOT_VALID_NOW", id="87-not-yet-valid"),
        pytest.param("weak_rsa", "TOKEN_WEAK", id="88-rsa-1024"),
        pytest.param("key_encipherment_only", "CERTIFICATE_MAY_NOT_SIGN", id="88-key-encipherment"),
        pytest.param("wrong_purpose", "CERTIFICATE_MAY_NOT_SIGN", id="88-server-auth"),
        pytest.param("ca_as_signer", "CERTIFICATE_MAY_NOT_SIGN", id="88-authority"),
        pytest.param("issuing", "CERTIFICATE_MAY_NOT_SIGN", id="88-the-issuer-itself"),
        pytest.param("sha1_signed", "TOKEN_WEAK", id="88-signed-with-sha1"),
    ],
)
def test_a_holder_who_is_not_admitted_is_refused(gateway: Stack, accept: str, holder: str, code: str) -> None:
    refused(gateway, Draft(content=accept, pair=getattr(pki(), holder)).build(), code)


def test_85_a_self_signed_twin_is_refused(gateway: Stack, accept: str) -> None:
    """Same subject, same issuer, same serial number as an admitted certificate, but not its signature."""
    genuine = pki().company_seal.certificate
    forger = Issue(genuine.issuer, ec_key("forger"), ca=True, usages=AUTHORITY_USAGES).make()
    twin = Issue(genuine.subject, rsa_key("person"), by=forger, serial=genuine.serial_number).make()
    assert (twin.certificate.issuer, twin.certificate.subject) == (genuine.issuer, genuine.subject)
    refused(gateway, Draft(content=accept, pair=twin).build(), "ISSUER_NOT_AUTHORISED")


def test_85_a_self_signed_certificate_is_refused(gateway: Stack, accept: str) -> None:
    own = Issue(company_subject(COMPANY_NIF), rsa_key("person")).make()
    refused(gateway, Draft(content=accept, pair=own).build(), "ISSUER_NOT_AUTHORISED")


def test_85_a_certificate_below_an_admitted_holder_is_refused(gateway: Stack, accept: str) -> None:
    below = Issue(company_subject(COMPANY_NIF), rsa_key("person"), by=pki().company_seal).make()
    refused(gateway, Draft(content=accept, pair=below).build(), "ISSUER_NOT_AUTHORISED")


@pytest.fixture
def outdated(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[Stack, KeyPair]]:
    """Give a gateway whose authorised issuer has expired, and a holder of that issuer."""
    subject = name((x509.NameOID.COMMON_NAME, "Emisora caducada"))
    until = datetime(2026, 1, 1, tzinfo=UTC)
    issuer = Issue(subject, ec_key("outdated"), ca=True, usages=AUTHORITY_USAGES, not_after=until).make()
    holder = pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), by=issuer)
    stack = Stack(sqlite_url, tmp_path, anchors=[issuer.certificate, pki().issuing.certificate])
    yield stack, holder
    stack.close()


def test_87_an_expired_issuer_admits_nobody(outdated: tuple[Stack, KeyPair]) -> None:
    stack, holder = outdated
    stack.publish()
    refused(stack, Draft(content=PING, pair=holder).build(), "TEMPORARILY_UNAVAILABLE")


def test_88_an_issuer_certifies_no_names_beyond_its_constraints(sqlite_url: str, tmp_path: Path) -> None:
    permitted = name((x509.NameOID.COUNTRY_NAME, "ES"), (x509.NameOID.ORGANIZATION_NAME, "Otra"))
    bounds = x509.NameConstraints(permitted_subtrees=[x509.DirectoryName(permitted)], excluded_subtrees=None)
    issuer = authority("constrained issuer", extra=bounds)
    stack = Stack(sqlite_url, tmp_path, anchors=[issuer.certificate, pki().issuing.certificate])
    stack.publish()
    holder = pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), by=issuer)
    refused(stack, Draft(content=PING, pair=holder).build(), "ISSUER_NOT_AUTHORISED")
    stack.close()


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(name((x509.NameOID.COMMON_NAME, f"CONSERVAS - {COMPANY_NIF}")), id="common-name-only"),
        pytest.param(person_subject("00000001T"), id="wrong-check-letter"),
        pytest.param(person_subject(f"{COMPANY_NIF} "), id="space"),
        pytest.param(person_subject("' OR 1=1"), id="sql"),
        pytest.param(
            name(
                (x509.NameOID.SERIAL_NUMBER, "00000001R"),
                (x509.NameOID.SERIAL_NUMBER, "00000002W"),
            ),
            id="two-persons",
        ),
        pytest.param(
            name(
                (x509.NameOID.SERIAL_NUMBER, COMPANY_NIF),
                (x509.NameOID.ORGANIZATION_IDENTIFIER, "VATES-A28000016"),
            ),
            id="two-companies",
        ),
        pytest.param(
            name((x509.NameOID.ORGANIZATION_IDENTIFIER, f"VATFR-{COMPANY_NIF}")), id="another-country"
        ),
    ],
)
def test_a_certificate_without_one_clear_identity_is_refused(
    gateway: Stack, accept: str, subject: x509.Name
) -> None:
    holder = pki().holder(subject, rsa_key("company"))
    refused(gateway, Draft(content=accept, pair=holder).build(), "IDENTITY_NOT_READABLE")


@pytest.mark.parametrize("nif", [FOREIGNER_NIE, "00000002W"])
def test_an_admitted_stranger_is_not_known(gateway: Stack, accept: str, nif: str) -> None:
    holder = pki().holder(person_subject(nif), rsa_key("stranger"))
    refused(gateway, Draft(content=accept, pair=holder).build(), "CALLER_UNKNOWN")


def test_a_representative_of_another_company_is_not_known(gateway: Stack, accept: str) -> None:
    other = pki().holder(representative_subject("12345678Z", "A28000016"), rsa_key("representative"))
    refused(gateway, Draft(content=accept, pair=other).build(), "CALLER_UNKNOWN")


# --- 91 to 94: time -------------------------------------------------------------------------------


def at(seconds: int) -> str:
    return instant(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("created", "expires", "reason"),
    [
        pytest.param(at(-120), at(-61), "expired", id="91-expired"),
        pytest.param(at(61), at(300), "created-in-future", id="91-future"),
        pytest.param(at(-361), at(300), "created-too-old", id="91-too-old"),
        pytest.param("2016-06-01T12:00:00Z", "2036-06-01T12:00:00Z", "created-too-old", id="94-ten-years"),
        pytest.param("2026-06-01T12:00:00+02:00", at(300), "created-too-old", id="93-local-time"),
    ],
)
def test_a_message_that_is_not_fresh_is_refused(
    gateway: Stack, accept: str, created: str, expires: str, reason: str
) -> None:
    answer = refused(
        gateway, Draft(content=accept, created=created, expires=expires).build(), "MESSAGE_EXPIRED"
    )
    assert answer.facts == {"reason": reason, "serverTime": "2026-06-01T12:00:00.000Z"}


STAMP = "<wsu:Timestamp wsu:Id='ts-1'>{}</wsu:Timestamp>"
CREATED = f"<wsu:Created>{at(0)}</wsu:Created>"
EXPIRES = f"<wsu:Expires>{at(60)}</wsu:Expires>"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"timestamp": ""}, id="92-none"),
        pytest.param({"security_extra": "<wsu:Timestamp/>"}, id="92-two"),
        pytest.param({"timestamp": STAMP.format(EXPIRES)}, id="92-no-created"),
        pytest.param({"timestamp": STAMP.format(CREATED * 2)}, id="92-two-created"),
        pytest.param({"timestamp": STAMP.format(CREATED + EXPIRES * 2)}, id="92-two-expires"),
        pytest.param({"timestamp": STAMP.format(EXPIRES + CREATED)}, id="92-expires-first"),
        pytest.param({"timestamp": STAMP.format(CREATED + "<x/>")}, id="92-another-element"),
        pytest.param({"expires": at(0)}, id="92-expires-at-once"),
        pytest.param({"created": at(0), "expires": at(-1)}, id="92-expires-before"),
        pytest.param({"created": "2026-06-01T12:00:00"}, id="93-no-zone"),
        pytest.param({"created": "2026-06-01T24:00:00Z"}, id="93-hour-24"),
        pytest.param({"created": "2026-06-01T12:00:60Z"}, id="93-second-60"),
        pytest.param({"created": "12026-06-01T12:00:00Z"}, id="93-year-12026"),
        pytest.param({"created": "2026-06-01 12:00:00Z"}, id="93-space"),
        pytest.param({"created": "２026-06-01T12:00:00Z"}, id="93-wide-digit"),
        pytest.param({"created": "2026-02-30T12:00:00Z"}, id="93-no-such-day"),
        pytest.param({"created": "1780315200"}, id="93-seconds"),
        pytest.param({"expires": "9" * 10_000}, id="93-long"),
        pytest.param(
            {"timestamp": STAMP.format(CREATED.replace("<wsu:Created", '<wsu:Created ValueType="x"'))},
            id="93-value-type",
        ),
    ],
)
def test_a_timestamp_of_another_form_is_refused(gateway: Stack, accept: str, changes: dict[str, Any]) -> None:
    if changes == {"timestamp": ""}:
        changes["references"] = (Draft().references[0],)
    refused(gateway, Draft(content=accept, **changes).build(), "TIMESTAMP_INVALID")


@pytest.mark.parametrize(
    ("created", "expires"),
    [
        ("2026-06-01T14:00:00+02:00", None),
        ("2026-06-01T12:00:00+00:00", None),
        ("2026-06-01T12:00:00.123456Z", None),
        ("2026-06-01T11:59:59.123456789Z", None),
        (at(60), at(360)),
        (at(-359), at(300)),
        (at(-120), at(-59)),
        (at(0), "2036-06-01T12:00:00Z"),
    ],
)
def test_93_every_usual_spelling_within_the_window_is_welcome(
    gateway: Stack, created: str, expires: str | None
) -> None:
    draft = Draft(content=PING, created=created, expires=expires, ids={"Body": "usual"})
    assert_answered(gateway, gateway.send(draft.build()), "Ping")


def test_94_a_long_life_is_cut(gateway: Stack) -> None:
    data = Draft(content=PING, created=at(0), expires="2036-06-01T12:00:00Z", ids={"Body": "long"}).build()
    assert gateway.send(data).status == 200
    refused(gateway, data, "MESSAGE_REPLAYED")
    gateway.pass_time(seconds=361)
    try:
        refused(gateway, data, "MESSAGE_EXPIRED")
    finally:
        gateway.now = NOW


# --- 95 to 97: replay -----------------------------------------------------------------------------


def respelled(data: bytes) -> bytes:
    """Break the signature value into lines and change what is not signed: the same message."""
    found = re.search(rb"<ds:SignatureValue>(.+?)</ds:SignatureValue>", data)
    assert found
    lines = b"\n".join(re.findall(rb".{1,64}", found[1]))
    return data.replace(found[1], lines).replace(b"<soap:Header>", b"<soap:Header><x xmlns='urn:x'/>")


def test_95_a_message_is_let_in_once(gateway: Stack) -> None:
    data = Draft(content=PING, ids={"Body": "once"}).build()
    assert gateway.send(data).status == 200
    for again in (data, respelled(data), data + b"\n", b"\xef\xbb\xbf" + data):
        refused(gateway, again, "MESSAGE_REPLAYED")


def test_95_another_form_of_an_ecdsa_signature_is_the_same_message(gateway: Stack) -> None:
    root = Draft(content=PING, pair=pki().ec_company, ids={"Body": "mirror"}).tree()
    assert gateway.send(etree.tostring(root)).status == 200
    value = parts_of(root).signature[1]
    raw = base64.b64decode(value.text or "")
    mirrored = ec.SECP256R1().group_order - int.from_bytes(raw[32:], "big")
    value.text = base64.b64encode(raw[:32] + mirrored.to_bytes(32, "big")).decode()
    refused(gateway, etree.tostring(root), "MESSAGE_REPLAYED")


def test_95_the_same_key_in_another_certificate_is_the_same_message(gateway: Stack) -> None:
    pair = pki().company_seal
    renewed = pki().holder(company_subject(COMPANY_NIF), pair.key)
    data = Draft(content=PING, pair=pair, ids={"Body": "renewed"}).build()
    assert gateway.send(data).status == 200
    old, new = (base64.b64encode(one.certificate.public_bytes(Encoding.DER)) for one in (pair, renewed))
    refused(gateway, data.replace(old, new), "MESSAGE_REPLAYED")


def test_95_of_fifty_at_once_one_is_let_in(stack: Stack) -> None:
    wanted = stack.publish()
    content = (
        f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1"><n:id>{wanted}</n:id></n:AcceptNotifications>'
    )
    data = Draft(content=content).build()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stack.send(data), range(50)))
    welcome = [answer for answer in answers if answer.status == 200]
    assert len(welcome) == 1
    assert text(stack.check(welcome[0])[0], "outcome") == "decided"
    assert {answer.code for answer in answers if answer.status != 200} == {"MESSAGE_REPLAYED"}
    assert (stack.rows()["replay_keys"], stack.rows()["receipts"]) == (1, 2)


def test_97_an_old_accept_is_expired_and_a_new_one_changes_nothing(stack: Stack) -> None:
    wanted = stack.publish()
    content = (
        f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1"><n:id>{wanted}</n:id></n:AcceptNotifications>'
    )
    data = Draft(content=content).build()
    assert stack.send(data).status == 200
    stack.pass_time(hours=25)
    stack.ask("Ping")  # an honest message; it also makes the gateway forget what has expired
    refused(stack, data, "MESSAGE_EXPIRED")
    (item,) = stack.accept(wanted)
    assert text(item, "outcome") == "already_decided_by_you"
    assert stack.rows()["receipts"] == 2
