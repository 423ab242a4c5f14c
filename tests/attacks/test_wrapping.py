"""Rows 31 to 51 of the catalogue of attacks: signatures left out, doubled, and wrapped."""

from __future__ import annotations

from copy import deepcopy
from itertools import product
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lxml import etree

from envelopes import (
    EC,
    ENVELOPED,
    NS,
    SIGN_BODY_AND_TIMESTAMP,
    SOAP,
    WSSE,
    WSU,
    Draft,
    Parts,
    Ref,
    plain_envelope,
)
from pki import pki
from refusals import assert_refusal, assert_still_answers, refused
from stack import NG
from wrapping import DOUBLED, hidings, wrappings

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack import Stack

ID = f"{{{WSU}}}Id"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"


def detached(element: etree._Element) -> etree._Element:
    copy = deepcopy(element)
    copy.tail = None
    return copy


# --- 31 to 38: left out, misplaced, doubled -------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        lambda content: f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{content}</s:Body></s:Envelope>'.encode(),
        plain_envelope,
        lambda content: plain_envelope(content, f'<wsse:Security xmlns:wsse="{WSSE}"/>'),
        lambda content: plain_envelope(content, '<Security xmlns="urn:other"/>'),
    ],
    ids=["31-no-header", "31-empty-header", "31-empty-security", "31-foreign-security"],
)
def test_without_security_nothing_is_executed(
    gateway: Stack, accept: str, data: Callable[[str], bytes]
) -> None:
    refused(gateway, data(accept), "SECURITY_HEADER_MISSING")


def test_31_security_for_somebody_else_is_no_security(gateway: Stack, accept: str) -> None:
    data = Draft(content=accept, security_attributes='soap:actor="http://other.example/"').build()
    refused(gateway, data, "SECURITY_HEADER_MISSING")


def test_32_token_and_timestamp_without_signature_prove_nothing(gateway: Stack, accept: str) -> None:
    draft = Draft(content=accept, tamper=lambda parts: parts.security.remove(parts.signature))
    refused(gateway, draft.build(), "SECURITY_HEADER_MISSING")


@pytest.mark.parametrize(
    ("changes", "code", "part"),
    [
        pytest.param({"references": (Ref("Timestamp"),)}, "PART_NOT_SIGNED", "Body", id="33-timestamp-only"),
        pytest.param({"references": (Ref("Body"),)}, "PART_NOT_SIGNED", "Timestamp", id="34-body-only"),
        pytest.param({"references": (Ref("Token"),)}, "PART_NOT_SIGNED", "Body", id="33-token-only"),
        pytest.param({"references": ()}, "SECURITY_HEADER_INVALID", None, id="35-no-reference"),
    ],
)
def test_body_and_timestamp_must_both_be_signed(
    gateway: Stack, accept: str, changes: dict[str, Any], code: str, part: str | None
) -> None:
    answer = refused(gateway, Draft(content=accept, **changes).build(), code)
    assert answer.facts.get("part") == part


@pytest.mark.parametrize("place", ["header", "body", "operation", "envelope", "timestamp", "foreign header"])
def test_36_a_signature_elsewhere_is_no_signature(gateway: Stack, accept: str, place: str) -> None:
    def move(parts: Parts) -> None:
        assert parts.timestamp is not None
        target = {
            "header": parts.header,
            "body": parts.body,
            "operation": parts.body[0],
            "envelope": parts.root,
            "timestamp": parts.timestamp,
            "foreign header": etree.SubElement(parts.header, "{urn:x}x"),
        }[place]
        target.append(parts.signature)

    code = "ENVELOPE_STRUCTURE" if place in {"body", "envelope"} else "SECURITY_HEADER_MISSING"
    refused(gateway, Draft(content=accept, tamper=move).build(), code)


def second_signature(holder: str, place: str) -> Callable[[Parts], None]:
    """Add a right signature of the same parts by another holder, in the same or in a second header."""

    def add(parts: Parts) -> None:
        other = Draft(
            content=etree.tostring(parts.body[0]).decode(),
            pair=getattr(pki(), holder),
            ids={"Token": "x509-2"},
        ).tree()
        security = etree.SubElement(parts.header, f"{{{WSSE}}}Security")
        target = parts.security if place == "same header" else security
        for name in ("wsse:BinarySecurityToken", "ds:Signature"):
            found = other.find(f".//{name}", NS)
            assert found is not None
            found.attrib.pop("Id", None)
            target.append(found)
        if place == "same header":
            parts.header.remove(security)

    return add


@pytest.mark.parametrize(
    ("holder", "place"),
    list(product(["stranger", "person", "company_seal"], ["same header", "second header"])),
)
def test_38_two_signatures_are_refused(gateway: Stack, accept: str, holder: str, place: str) -> None:
    draft = Draft(content=accept, tamper=second_signature(holder, place))
    refused(gateway, draft.build(), "SECURITY_HEADER_INVALID")


# --- 39 to 45: wrapping ---------------------------------------------------------------------------

# What refuses a wrapping, by the step that meets it first; with two equal ids nothing later may.
STRUCTURE = {
    "ALGORITHM_UNSUPPORTED",
    "ENVELOPE_STRUCTURE",
    "SECURITY_HEADER_INVALID",
    "TIMESTAMP_INVALID",
    "TOKEN_TYPE_UNSUPPORTED",
}
LATER = {
    "DIGEST_DIFFERS",
    "MESSAGE_EXPIRED",
    "PART_NOT_SIGNED",
    "REFERENCE_NOT_RESOLVED",
    "SIGNATURE_WRONG",
    "TOKEN_UNAVAILABLE",
}
ROWS = {"Body": "39-42", "Timestamp": "44", "Token": "45", "h1": "100"}


@pytest.mark.parametrize(
    ("part", "place"), [pytest.param(*pair, id=f"{ROWS[pair[0]]}-{'-'.join(pair)}") for pair in hidings()]
)
def test_a_wrapped_part_is_refused(gateway: Stack, accept: str, part: str, place: str) -> None:
    before = gateway.contents()
    answers = {}
    for attack in wrappings(part, place):
        answer = gateway.send(attack.build(accept))
        codes = STRUCTURE | ({"ID_DUPLICATE"} if attack.naming in DOUBLED else LATER)
        assert answer.code in codes, attack
        answers[answer.code] = answer
    for code, answer in answers.items():
        assert_refusal(gateway, answer, code)
    assert gateway.contents() == before
    assert_still_answers(gateway)


@pytest.mark.parametrize(
    "place", [pytest.param(place, id=f"39-42-{place}") for part, place in hidings() if part == "Body"]
)
def test_a_wrapped_body_is_refused_where_the_key_is_a_path(gateway: Stack, accept: str, place: str) -> None:
    before = gateway.contents()
    for attack in wrappings("Body", place, "path"):
        answer = gateway.send(attack.build(accept))
        assert answer.code in STRUCTURE | ({"ID_DUPLICATE"} if attack.naming in DOUBLED else LATER), attack
    assert gateway.contents() == before
    assert_still_answers(gateway)


def test_the_generator_makes_more_than_a_thousand_attacks() -> None:
    made = {attack for part, place in hidings() for attack in wrappings(part, place)}
    assert len(made) == 1220


@pytest.mark.parametrize("position", [0, 3])
def test_45_a_second_token_with_the_same_id_is_refused(gateway: Stack, accept: str, position: int) -> None:
    token = Draft(pair=pki().stranger).tree().find(".//wsse:BinarySecurityToken", NS)
    assert token is not None
    draft = Draft(content=accept, tamper=lambda parts: parts.security.insert(position, detached(token)))
    refused(gateway, draft.build(), "ID_DUPLICATE")


# --- 47 to 51: what the signature may point to ----------------------------------------------------


def test_47_a_header_element_never_becomes_an_argument(gateway: Stack) -> None:
    wanted = gateway.publish("SMUGGLED")
    header = f'<n:id xmlns:n="urn:notigateway:v1" id="x">{wanted}</n:id>'
    for inner in ('<n:id href="#x"/>', f'<n:id href="#x">{UUID(int=0)}</n:id>'):
        content = f'<n:AcceptNotifications xmlns:n="urn:notigateway:v1">{inner}</n:AcceptNotifications>'
        refused(gateway, Draft(content=content, header_before=header).build(), "INVALID_REQUEST")
    whole = '<n:AcceptNotifications xmlns:n="urn:notigateway:v1" href="#x"/>'
    refused(gateway, Draft(content=whole, header_before=header).build(), "INVALID_REQUEST")
    item = gateway.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree
    assert item.findtext("ng:item/ng:notification/ng:state", namespaces=NG) == "available"


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        pytest.param(Ref(uri="", transforms=(ENVELOPED, EC)), "REFERENCE_NOT_RESOLVED", id="48-empty"),
        pytest.param(Ref(uri="#xpointer(/)"), "REFERENCE_NOT_RESOLVED", id="48-xpointer"),
        pytest.param(Ref(uri="#xpointer(id('id-1'))"), "REFERENCE_NOT_RESOLVED", id="48-xpointer-id"),
        pytest.param(Ref(uri="#xpointer(//*[local-name()='Body'])"), "REFERENCE_NOT_RESOLVED", id="48-xpath"),
        pytest.param(Ref(uri="#element(/1/2)"), "REFERENCE_NOT_RESOLVED", id="48-element"),
        pytest.param(Ref(uri="#"), "REFERENCE_NOT_RESOLVED", id="48-fragment-only"),
        pytest.param(Ref(uri="#id-1 "), "REFERENCE_NOT_RESOLVED", id="48-space"),
        pytest.param(Ref(uri="#id%2D1"), "REFERENCE_NOT_RESOLVED", id="48-escaped"),
        pytest.param(Ref(transforms=(XPATH, EC)), "ALGORITHM_UNSUPPORTED", id="49-xpath"),
        pytest.param(Ref(transforms=(XPATH,)), "ALGORITHM_UNSUPPORTED", id="49-xpath-alone"),
        pytest.param(Ref(transforms=(FILTER2, EC)), "ALGORITHM_UNSUPPORTED", id="49-filter2"),
        pytest.param(Ref(transforms=(EC, XPATH)), "ALGORITHM_UNSUPPORTED", id="49-xpath-last"),
        pytest.param(Ref(transforms=(ENVELOPED,)), "ALGORITHM_UNSUPPORTED", id="50-enveloped-alone"),
        pytest.param(Ref(transforms=(EC, ENVELOPED)), "ALGORITHM_UNSUPPORTED", id="50-enveloped-last"),
    ],
)
def test_a_reference_that_selects_by_itself_is_refused(
    gateway: Stack, accept: str, reference: Ref, code: str
) -> None:
    refused(gateway, Draft(content=accept, references=(reference, Ref("Timestamp"))).build(), code)


@pytest.mark.parametrize("target", ["security", "header", "root", "signature"])
def test_50_what_contains_the_signature_cannot_be_signed(gateway: Stack, accept: str, target: str) -> None:
    def name(parts: Parts) -> None:
        getattr(parts, target).set(ID, "whole")

    whole = Ref("whole", transforms=(ENVELOPED, EC))
    draft = Draft(content=accept, prepare=name, references=(*SIGN_BODY_AND_TIMESTAMP, whole))
    refused(gateway, draft.build(), "REFERENCE_NOT_RESOLVED")


@pytest.mark.parametrize("target", ["operation", "argument"])
def test_51_a_signed_operation_in_an_unsigned_body_is_refused(
    gateway: Stack, accept: str, target: str
) -> None:
    def name(parts: Parts) -> None:
        (parts.body[0] if target == "operation" else parts.body[0][0]).set(ID, "inner")

    draft = Draft(content=accept, prepare=name, references=(Ref("inner"), Ref("Timestamp")))
    refused(gateway, draft.build(), "REFERENCE_NOT_RESOLVED")
