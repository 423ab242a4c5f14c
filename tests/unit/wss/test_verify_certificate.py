"""Steps 2 and 6: the token that the signature names, and whose it is."""

from __future__ import annotations

import base64
import dataclasses
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from envelopes import (
    BASE64,
    X509V3,
    Draft,
    key_info_text,
)
from notigateway.errors import (
    AlgorithmError,
    CertificateExpiredError,
    IssuerNotAuthorisedError,
    KeyUsageError,
    SecurityError,
    SecurityHeaderInvalidError,
    SignatureValueError,
    TokenInvalidError,
    TokenTypeError,
    TokenUnavailableError,
    TokenWeakError,
)
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations, Limits, SignatureMethod
from notigateway.wss.verify import verify_envelope
from pki import NOW, pki
from verifying import refused, verify

if TYPE_CHECKING:
    from datetime import datetime


STR = f'<wsse:Reference URI="#x509-1" ValueType="{X509V3}"/>'
TOKEN_REFERENCE = f"<wsse:SecurityTokenReference>{STR}</wsse:SecurityTokenReference>"
DS11 = "http://www.w3.org/2009/xmldsig11#"


@pytest.mark.parametrize(
    ("key_info", "error"),
    [
        pytest.param("", SecurityHeaderInvalidError, id="none"),
        pytest.param("<ds:KeyInfo/>", SecurityHeaderInvalidError, id="empty"),
        pytest.param("<ds:KeyInfo>x</ds:KeyInfo>", SecurityHeaderInvalidError, id="text"),
        pytest.param(key_info_text(""), SecurityHeaderInvalidError, id="empty reference"),
        pytest.param(key_info_text(STR + STR), SecurityHeaderInvalidError, id="two references"),
        pytest.param(
            f"<ds:KeyInfo>{2 * TOKEN_REFERENCE}</ds:KeyInfo>",
            SecurityHeaderInvalidError,
            id="two token references",
        ),
        pytest.param("<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>", SecurityHeaderInvalidError, id="KeyValue"),
        pytest.param(
            f"<ds:KeyInfo><ds:KeyValue/>{TOKEN_REFERENCE}</ds:KeyInfo>",
            SecurityHeaderInvalidError,
            id="KeyValue beside",
        ),
        pytest.param("<ds:KeyInfo><x/></ds:KeyInfo>", SecurityHeaderInvalidError, id="foreign"),
        pytest.param(
            f'<ds:KeyInfo><d:DEREncodedKeyValue xmlns:d="{DS11}"/></ds:KeyInfo>',
            SecurityHeaderInvalidError,
            id="DEREncodedKeyValue",
        ),
        pytest.param(
            '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/"/></ds:KeyInfo>',
            TokenUnavailableError,
            id="RetrievalMethod",
        ),
        pytest.param(
            f'<ds:KeyInfo><d:KeyInfoReference xmlns:d="{DS11}" URI="#x509-1"/></ds:KeyInfo>',
            TokenUnavailableError,
            id="KeyInfoReference",
        ),
        pytest.param("<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>", TokenTypeError, id="KeyName"),
        pytest.param("<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>", TokenTypeError, id="X509Data"),
        pytest.param("<ds:KeyInfo><ds:PGPData/></ds:KeyInfo>", TokenTypeError, id="PGPData"),
        pytest.param(key_info_text("<wsse:Embedded/>"), TokenTypeError, id="Embedded"),
        pytest.param(key_info_text("<wsse:KeyIdentifier/>"), TokenTypeError, id="KeyIdentifier"),
        pytest.param(key_info_text("<ds:X509Data/>"), TokenTypeError, id="X509Data by reference"),
        pytest.param(
            key_info_text('<wsse:Reference URI="#x509-1" ValueType="urn:other"/>'),
            TokenTypeError,
            id="value type",
        ),
        pytest.param(key_info_text("<wsse:Reference/>"), TokenUnavailableError, id="no URI"),
        pytest.param(key_info_text('<wsse:Reference URI="#x"/>'), TokenUnavailableError, id="dangling"),
        pytest.param(key_info_text('<wsse:Reference URI="#id-1"/>'), TokenUnavailableError, id="to the Body"),
        pytest.param(key_info_text('<wsse:Reference URI="#h1"/>'), TokenUnavailableError, id="to a header"),
        pytest.param(
            key_info_text('<wsse:Reference URI="http://127.0.0.1:9/c"/>'),
            TokenUnavailableError,
            id="external",
        ),
        pytest.param(
            key_info_text('<wsse:Reference URI="ldap://127.0.0.1:9/c"/>'),
            TokenUnavailableError,
            id="directory",
        ),
    ],
)
def test_every_other_key_info_is_refused(key_info: str, error: type[SecurityError]) -> None:
    header = '<h xmlns="urn:h" wsu:Id="h1"/>'
    refused(Draft(key_info=key_info, header_before=header).build(), error)


def test_a_reference_without_value_type_is_enough() -> None:
    data = Draft(key_info=key_info_text('<wsse:Reference URI="#x509-1"/>')).build()
    assert verify(data).created == NOW


@pytest.mark.parametrize(
    ("attributes", "text", "error"),
    [
        (None, "", TokenInvalidError),
        (None, "!!!!", TokenInvalidError),
        (None, "QUJD", TokenInvalidError),
        (None, "QUJ", TokenInvalidError),
        (None, "QUI=QUI=", TokenInvalidError),
        (None, "QUJ=", TokenInvalidError),
        (None, "ñññ=", TokenInvalidError),
        (None, "A" * 40_000, TokenInvalidError),
        (
            None,
            '<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:x"/>',
            TokenInvalidError,
        ),
        (f'EncodingType="{BASE64.replace("Base64", "Hex")}" ValueType="{X509V3}"', None, TokenInvalidError),
        (f'EncodingType="{BASE64}"', None, TokenTypeError),
        (f'ValueType="{X509V3.replace("X509v3", "X509v1")}"', None, TokenTypeError),
        (
            f'ValueType="{X509V3.replace("X509v3", "X509PKIPathv1")}"',
            None,
            TokenTypeError,
        ),  # not as referenced
        (
            'ValueType="http://docs.oasis-open.org/wss/oasis-wss-kerberos-token-profile-1.1#Kerberos"',
            None,
            TokenTypeError,
        ),
    ],
)
def test_another_token_is_refused(
    attributes: str | None, text: str | None, error: type[SecurityError]
) -> None:
    draft = Draft(token_text=text)
    if attributes is not None:
        draft = dataclasses.replace(draft, token_attributes=attributes)
    refused(draft.build(), error)


def test_an_encoding_type_may_be_missing() -> None:
    assert verify(Draft(token_attributes=f'ValueType="{X509V3}"').build()).created == NOW


@pytest.mark.parametrize(
    ("holder", "error"),
    [
        ("expired", CertificateExpiredError),
        ("not_yet_valid", CertificateExpiredError),
        ("wrong_issuer", IssuerNotAuthorisedError),
        ("self_signed", IssuerNotAuthorisedError),
        ("weak_rsa", TokenWeakError),
        ("key_encipherment_only", KeyUsageError),
        ("wrong_purpose", KeyUsageError),
        ("ca_as_signer", KeyUsageError),
    ],
)
def test_a_holder_who_is_not_admitted_is_refused(holder: str, error: type[SecurityError]) -> None:
    refused(Draft(pair=getattr(pki(), holder)).build(), error)


def test_the_signature_must_use_the_token_that_it_names() -> None:
    mine, other = pki().company_seal, pki().stranger
    token = base64.b64encode(other.certificate.public_bytes(Encoding.DER)).decode()
    second = (
        f'<wsse:BinarySecurityToken wsu:Id="second" ValueType="{X509V3}">{token}</wsse:BinarySecurityToken>'
    )
    naming_second = key_info_text('<wsse:Reference URI="#second"/>')
    refused(Draft(pair=mine, security_extra=second, key_info=naming_second).build(), SignatureValueError)
    assert verify(Draft(pair=mine, security_extra=second).build()).certificate == mine.certificate


@pytest.mark.parametrize(
    ("holder", "method"),
    [("company_seal", SignatureMethod.ECDSA_SHA256), ("ec_company", SignatureMethod.RSA_SHA256)],
)
def test_a_method_of_another_kind_of_key_is_refused(holder: str, method: SignatureMethod) -> None:
    pair = getattr(pki(), holder)
    draft = Draft(pair=pair, signature_method=method.value, sign=lambda _: bytes(256))
    refused(draft.build(), AlgorithmError)


def test_the_certificate_check_is_given_certificate_and_time() -> None:
    seen: list[tuple[object, datetime]] = []
    pair = pki().wrong_issuer
    verify_envelope(
        parse_envelope(Draft(pair=pair).build(), limits=Limits()),
        now=NOW,
        expectations=Expectations(),
        check_certificate=lambda certificate, now: seen.append((certificate, now)),
    )
    assert seen == [(pair.certificate, NOW)]
