"""Signature wrapping: every place x every way to name x every order, for each signed part.

The attacker has a valid message, moves a signed part to where nobody reads it, and puts a part of
his own in its place. The signature still is right over the moved part; the verifier must not care.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import (
    DS,
    ENVELOPED,
    NS,
    PING,
    SIGN_BODY_AND_TIMESTAMP,
    SOAP,
    WSSE,
    WSU,
    Draft,
    Parts,
    Ref,
    instant,
)
from notigateway.errors import DuplicateIdError, RequestError, SecurityError
from oracles import signxml_accepts, xmlsec_accepts
from pki import NOW, pki
from verifying import refused, verify

if TYPE_CHECKING:
    from collections.abc import Callable

ID = f"{{{WSU}}}Id"
SECURITY = f"{{{WSSE}}}Security"
EVIL = PING.replace("hola", "evil")

# Where the signed part is hidden; each receives the envelope and the hidden part.
PLACES: dict[str, Callable[[Parts, etree._Element], None]] = {
    "header": lambda parts, part: parts.header.append(part),
    "header, first": lambda parts, part: parts.header.insert(0, part),
    "wrapper in header": lambda parts, part: wrapper(parts.header).append(part),
    "deep in header": lambda parts, part: wrapper(wrapper(wrapper(parts.header))).append(part),
    "security": lambda parts, part: parts.security.append(part),
    "wrapper in security": lambda parts, part: wrapper(parts.security).append(part),
    "object in signature": lambda parts, part: etree.SubElement(parts.signature, f"{{{DS}}}Object").append(
        part
    ),
    "key info": lambda parts, part: parts.signature[2].append(part),
    "signed info": lambda parts, part: parts.signature[0].append(part),
    "second security header": lambda parts, part: etree.SubElement(
        parts.header, f"{{{WSSE}}}Security"
    ).append(part),
    "security of somebody else": lambda parts, part: foreign_security(parts.header).append(part),
    "operation": lambda parts, part: body_of(parts).find("*").append(part),  # type: ignore[union-attr]
    "beside the operation": lambda parts, part: body_of(parts).append(part),
    "after the body": lambda parts, part: parts.root.append(part),
    "before the header": lambda parts, part: parts.root.insert(0, part),
    "wrapper in envelope": lambda parts, part: wrapper(parts.root).append(part),
}

# How the attacker's part is named; `value` is the id that the signature references.
NAMES: dict[str, Callable[[etree._Element, str], None]] = {
    "no id": lambda _part, _value: None,
    "another id": lambda part, _value: part.set(ID, "other"),
    "same id": lambda part, value: part.set(ID, value),
    "same id, unqualified": lambda part, value: part.set("Id", value),
    "same id, capitals": lambda part, value: part.set("ID", value),
    "same id, xml:id": lambda part, value: part.set("{http://www.w3.org/XML/1998/namespace}id", value),
    "same id, lower case": lambda part, value: part.set("id", value),
    "same id, other case": lambda part, value: part.set(ID, value.upper()),
    "same id, spaces": lambda part, value: part.set(ID, f" {value} "),
    "both": lambda part, value: part.attrib.update({ID: "other", "Id": value}),
}

ORDERS = ("evil first", "evil last")
PARTS = ("Body", "Timestamp", "Token", "h1")


# A header block moved among the blocks, or a token among the tokens, stays what it was.
NOT_MOVED_AWAY = {("h1", "header"), ("h1", "header, first"), ("Token", "security")}


def added(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, name)


def wrapper(parent: etree._Element) -> etree._Element:
    return added(parent, "{urn:wrapper}w")


def foreign_security(header: etree._Element) -> etree._Element:
    return etree.SubElement(header, SECURITY, {f"{{{SOAP}}}actor": "urn:other"})


def body_of(parts: Parts) -> etree._Element:
    return parts.root.findall("soap:Body", NS)[-1]


def part_of(parts: Parts, part: str) -> etree._Element:
    found = {"Body": parts.body, "Timestamp": parts.timestamp, "Token": parts.token}.get(part)
    return found if found is not None else parts.header[0]


def attackers(part: str, original: etree._Element) -> etree._Element:
    """Return what the attacker wants to be read instead."""
    copy = etree.fromstring(etree.tostring(original))
    copy.tail = None
    for name in (ID, "Id"):
        copy.attrib.pop(name, None)
    if part == "Body":
        copy[:] = [etree.fromstring(EVIL)]
    elif part == "Timestamp":
        copy[1].text = instant(NOW.replace(minute=30))
    elif part == "Token":
        token = Draft(pair=pki().stranger).tree().find(".//wsse:BinarySecurityToken", NS)
        assert token is not None
        copy.text = token.text
    else:
        copy.text = "evil"
    return copy


def wrap(part: str, place: str, naming: str, order: str) -> Callable[[Parts], None]:
    """Return the attack as a change of a signed envelope."""

    def attack(parts: Parts) -> None:
        original = part_of(parts, part)
        value = original.get(ID) or ""
        parent = original.getparent()
        assert parent is not None
        at = parent.index(original)
        evil = attackers(part, original)
        NAMES[naming](evil, value)
        parent.insert(at, evil)
        parent.remove(original)
        PLACES[place](parts, original)
        if order == "evil last":
            parent.append(evil)

    return attack


def envelope(attack: Callable[[Parts], None]) -> bytes:
    references = (*SIGN_BODY_AND_TIMESTAMP, Ref("Token"), Ref("h1"))
    return Draft(
        header_before='<h xmlns="urn:h" wsu:Id="h1">good</h>', references=references, tamper=attack
    ).build()


@pytest.mark.parametrize(
    ("part", "place"), [pair for pair in product(PARTS, PLACES) if pair not in NOT_MOVED_AWAY]
)
def test_a_wrapped_part_is_refused(part: str, place: str) -> None:
    for naming, order in product(NAMES, ORDERS):
        data = envelope(wrap(part, place, naming, order))
        with pytest.raises((SecurityError, RequestError)):
            pytest.fail(f"{part}, {place}, {naming}, {order}: accepted {verify(data)}")


@pytest.mark.parametrize(("part", "place"), sorted(NOT_MOVED_AWAY))
def test_what_is_added_beside_a_signed_part_is_not_read(part: str, place: str) -> None:
    for naming, order in product(("no id", "another id"), ORDERS):
        verified = verify(envelope(wrap(part, place, naming, order)))
        assert verified.certificate == pki().company_seal.certificate
        assert verified.operation[0].text == "hola"
    for naming in ("same id", "same id, unqualified", "same id, capitals", "same id, xml:id", "both"):
        refused(envelope(wrap(part, place, naming, ORDERS[0])), DuplicateIdError)


def test_the_attacks_would_deceive_a_verifier_that_searches() -> None:
    """The generator is no paper tiger: other libraries accept what it makes."""
    certificate = pki().company_seal.certificate
    deceived = {"xmlsec": 0, "signxml": 0}
    for place, naming in product(PLACES, NAMES):
        data = envelope(wrap("Body", place, naming, "evil first"))
        deceived["xmlsec"] += xmlsec_accepts(data, certificate)
        deceived["signxml"] += signxml_accepts(data, certificate)
    assert deceived["xmlsec"] > 20
    assert deceived["signxml"] > 20


@pytest.mark.parametrize("target", ["security", "header", "root", "signature"])
def test_an_enveloped_transform_on_what_contains_the_signature_is_refused(target: str) -> None:
    def name(parts: Parts) -> None:
        getattr(parts, target).set(ID, "whole")

    draft = Draft(prepare=name, references=(*SIGN_BODY_AND_TIMESTAMP, Ref("whole", transforms=(ENVELOPED,))))
    with pytest.raises(SecurityError):
        verify(draft.build())


def test_an_unsigned_header_never_becomes_an_argument() -> None:
    header = '<a id="x" xmlns="urn:h">evil</a>'
    content = '<n:Ping xmlns:n="urn:notigateway:v1"><n:text href="#x"/></n:Ping>'
    verified = verify(Draft(header_before=header, content=content).build())
    assert verified.operation[0].text is None
