"""Step 1: the Security header and its signature have one structure, and nothing is encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import (
    PING,
    SHA256,
    SOAP,
    WSSE,
    Draft,
    Parts,
    plain_envelope,
)
from notigateway.errors import (
    AlgorithmError,
    SecurityError,
    SecurityHeaderInvalidError,
    SecurityHeaderMissingError,
    TimestampInvalidError,
    TokenTypeError,
)
from verifying import refused

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    "data",
    [
        plain_envelope(),
        f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{PING}</soap:Body></soap:Envelope>'.encode(),
        plain_envelope(header=f'<wsse:Security xmlns:wsse="{WSSE}"/>'),
        plain_envelope(header='<Security xmlns="urn:other"/>'),
    ],
    ids=["empty header", "no header", "empty security", "foreign security"],
)
def test_a_message_without_signature_is_refused(data: bytes) -> None:
    refused(data, SecurityHeaderMissingError)


def test_timestamp_and_token_without_signature_are_no_security() -> None:
    data = Draft(tamper=lambda parts: parts.security.remove(parts.signature)).build()
    refused(data, SecurityHeaderMissingError)


@pytest.mark.parametrize("place", ["header", "body", "operation"])
def test_a_signature_outside_the_security_header_is_none(place: str) -> None:
    def move(parts: Parts) -> None:
        target = {"header": parts.header, "body": parts.body[0], "operation": parts.body[0][0]}[place]
        target.append(parts.signature)

    refused(Draft(tamper=move).build(), SecurityHeaderMissingError)


def test_two_security_headers_for_us_are_refused() -> None:
    for other in (
        "<wsse:Security/>",
        f'<wsse:Security soap:actor="{SOAP.replace("envelope/", "actor/next")}"/>',
    ):
        refused(Draft(header_before=other).build(), SecurityHeaderInvalidError)


def test_a_second_signature_is_refused_even_if_both_are_right() -> None:
    def double(parts: Parts) -> None:
        copy = etree.fromstring(etree.tostring(parts.signature))
        copy.set("Id", "sig-2")
        parts.security.append(copy)

    refused(Draft(tamper=double).build(), SecurityHeaderInvalidError)


def test_a_username_token_alone_is_refused() -> None:
    header = f'<wsse:Security xmlns:wsse="{WSSE}"><wsse:UsernameToken/></wsse:Security>'
    refused(plain_envelope(header=header), TokenTypeError)


@pytest.mark.parametrize(
    ("extra", "error"),
    [
        ('<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>', TokenTypeError),
        ("<wsse:Embedded/>", SecurityHeaderInvalidError),
        ("<ds:KeyInfo/>", SecurityHeaderInvalidError),
        ("text", SecurityHeaderInvalidError),
        ("<wsse:BinarySecurityToken/>" * 4, SecurityHeaderInvalidError),
        ("<wsu:Timestamp/>", TimestampInvalidError),
    ],
)
def test_an_unknown_child_of_security_is_refused(extra: str, error: type[SecurityError]) -> None:
    refused(Draft(security_extra=extra).build(), error)


def signature_children(*order: str) -> Callable[[Parts], None]:
    """Rearrange the children of Signature; a name given twice is copied."""

    def rearrange(parts: Parts) -> None:
        by_name = {etree.QName(child).localname: child for child in parts.signature}
        parts.signature[:] = [etree.fromstring(etree.tostring(by_name[name])) for name in order]

    return rearrange


@pytest.mark.parametrize(
    "order",
    [
        ("SignatureValue", "SignedInfo", "KeyInfo"),
        ("SignedInfo", "KeyInfo", "SignatureValue"),
        ("SignedInfo", "SignedInfo", "SignatureValue", "KeyInfo"),
        ("SignedInfo", "SignatureValue", "SignatureValue", "KeyInfo"),
        ("SignedInfo", "SignatureValue"),
        ("SignedInfo", "SignatureValue", "KeyInfo", "KeyInfo"),
        ("SignatureValue", "KeyInfo"),
        ("SignedInfo", "KeyInfo"),
    ],
)
def test_another_order_of_the_signature_is_refused(order: tuple[str, ...]) -> None:
    refused(Draft(tamper=signature_children(*order)).build(), SecurityHeaderInvalidError)


@pytest.mark.parametrize(
    "extra",
    [
        "<ds:Object/>",
        (
            '<ds:Object><ds:Manifest Id="m1"><ds:Reference URI="#id-1">'
            f'<ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue/></ds:Reference>'
            "</ds:Manifest></ds:Object>"
        ),
        "<ds:Object><ds:SignatureProperties/></ds:Object>",
        "text",
    ],
)
def test_objects_in_the_signature_are_refused(extra: str) -> None:
    refused(Draft(signature_extra=extra).build(), SecurityHeaderInvalidError)


def test_a_nested_signed_info_is_refused() -> None:
    def nest(parts: Parts) -> None:
        parts.signature[0].append(etree.fromstring(etree.tostring(parts.signature[0])))

    refused(Draft(prepare=None, tamper=nest).build(), SecurityHeaderInvalidError)


XENC = 'xmlns:x="http://www.w3.org/2001/04/xmlenc#"'
XENC11 = 'xmlns:x="http://www.w3.org/2009/xmlenc11#"'
WSSE11 = 'xmlns:x="http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"'


@pytest.mark.parametrize(
    "encrypted",
    [
        {"content": f"<x:EncryptedData {XENC}><x:CipherData/></x:EncryptedData>"},
        {"security_extra": f"<x:EncryptedKey {XENC}/>"},
        {"security_extra": f"<x:ReferenceList {XENC}/>"},
        {"header_before": f'<x:EncryptedData soap:mustUnderstand="1" {XENC}/>'},
        {"header_before": f'<x:EncryptedHeader soap:mustUnderstand="1" {WSSE11}/>'},
        {"signature_method_content": f'<x:MGF {XENC11} Algorithm="a"/>'},
    ],
)
def test_everything_encrypted_gets_one_and_the_same_answer(encrypted: dict[str, str]) -> None:
    error = refused(Draft(**encrypted).build(), AlgorithmError)  # type: ignore[arg-type]
    assert (error.detail, error.facts, str(error)) == ("", {}, AlgorithmError.code)
