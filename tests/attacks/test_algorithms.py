"""Rows 57 to 64 of the catalogue of attacks: algorithms, each one on the whitelist or refused."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from envelopes import (
    DS,
    EC,
    ENVELOPED,
    MORE,
    MORE_2007,
    NS,
    RSA_SHA256,
    Draft,
    Parts,
    Ref,
    signature_value,
)
from pki import pki
from refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack import Stack

INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0"
SWA = "http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1"


def public_key_as_secret(form: PublicFormat, encoding: Encoding, name: str) -> Callable[[bytes], bytes]:
    """Sign with an HMAC under what everybody knows: the certificate's public key."""
    secret = pki().company_seal.key.public_key().public_bytes(encoding, form)
    return lambda octets: hmac.new(secret, octets, name).digest()


@pytest.mark.parametrize(
    ("method", "name"),
    [(f"{DS}hmac-sha1", "sha1"), (f"{MORE}hmac-sha256", "sha256"), (f"{MORE}hmac-sha512", "sha512")],
    ids=["57-sha1", "57-sha256", "57-sha512"],
)
def test_an_hmac_under_the_public_key_is_refused(gateway: Stack, accept: str, method: str, name: str) -> None:
    for encoding in (Encoding.DER, Encoding.PEM):
        sign = public_key_as_secret(PublicFormat.SubjectPublicKeyInfo, encoding, name)
        draft = Draft(content=accept, signature_method=method, sign=sign)
        answer = refused(gateway, draft.build(), "ALGORITHM_UNSUPPORTED")
        assert answer.facts["received"] == method.partition("#")[2]


@pytest.mark.parametrize("length", ["0", "1", "8", "-1", "256"])
@pytest.mark.parametrize("method", [f"{DS}hmac-sha1", RSA_SHA256], ids=["58-hmac", "58-rsa"])
def test_a_shortened_signature_is_refused(gateway: Stack, accept: str, method: str, length: str) -> None:
    content = f"<ds:HMACOutputLength>{length}</ds:HMACOutputLength>"
    draft = Draft(content=accept, signature_method=method, signature_method_content=content)
    refused(gateway, draft.build(), "ALGORITHM_UNSUPPORTED")


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(f"{DS}rsa-sha1", id="59-rsa-sha1"),
        pytest.param(f"{MORE}rsa-md5", id="60-md5"),
        pytest.param(f"{DS}dsa-sha1", id="60-dsa"),
        pytest.param("http://www.w3.org/2009/xmldsig11#dsa-sha256", id="60-dsa-sha256"),
        pytest.param(f"{MORE_2007}rsa-pss", id="60-pss-with-parameters"),
        pytest.param("urn:unknown", id="60-unknown"),
        pytest.param("", id="60-empty"),
        pytest.param(f"{RSA_SHA256} ", id="60-space"),
        pytest.param(f"{MORE}RSA-SHA256", id="60-upper-case"),
        pytest.param(f"{MORE}ecdsa-sha256", id="61-ecdsa-with-rsa-key"),
    ],
)
def test_another_signature_method_is_refused(gateway: Stack, accept: str, method: str) -> None:
    pair = pki().company_seal
    draft = Draft(
        content=accept,
        signature_method=method,
        sign=lambda octets: signature_value(pair, method if "rsa-sha1" in method else RSA_SHA256, octets),
    )
    refused(gateway, draft.build(), "ALGORITHM_UNSUPPORTED")


def test_61_rsa_with_an_elliptic_key_is_refused(gateway: Stack, accept: str) -> None:
    draft = Draft(content=accept, pair=pki().ec_company, signature_method=RSA_SHA256)
    refused(gateway, draft.build(), "ALGORITHM_UNSUPPORTED")


def test_61_an_ecdsa_signature_in_der_is_refused(gateway: Stack, accept: str) -> None:
    pair = pki().ec_company
    key = pair.key
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    draft = Draft(content=accept, pair=pair, sign=lambda octets: key.sign(octets, ec.ECDSA(hashes.SHA256())))
    refused(gateway, draft.build(), "SIGNATURE_WRONG")


@pytest.mark.parametrize("method", [f"{DS}sha1", f"{MORE}md5", "urn:unknown", ""], ids=lambda m: f"60-{m}")
def test_another_digest_method_is_refused(gateway: Stack, accept: str, method: str) -> None:
    references = (Ref("Body", digest_method=method), Ref("Timestamp"))
    refused(gateway, Draft(content=accept, references=references).build(), "ALGORITHM_UNSUPPORTED")


@pytest.mark.parametrize(
    "path",
    [".//ds:CanonicalizationMethod", ".//ds:SignatureMethod", ".//ds:DigestMethod", ".//ds:Transform"],
)
def test_60_a_missing_algorithm_is_refused(gateway: Stack, accept: str, path: str) -> None:
    def remove(parts: Parts) -> None:
        element = parts.signature.find(path, NS)
        assert element is not None
        del element.attrib["Algorithm"]

    refused(gateway, Draft(content=accept, prepare=remove).build(), "ALGORITHM_UNSUPPORTED")


@pytest.mark.parametrize(
    "c14n",
    [
        INCLUSIVE,
        f"{INCLUSIVE}#WithComments",
        f"{EC}WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
        "http://www.w3.org/2010/xml-c14n2",
        "urn:x",
    ],
    ids=lambda uri: f"63-{uri}",
)
def test_another_canonicalisation_is_refused(gateway: Stack, accept: str, c14n: str) -> None:
    refused(gateway, Draft(content=accept, c14n=c14n).build(), "ALGORITHM_UNSUPPORTED")
    references = (Ref("Body", transforms=(c14n,)), Ref("Timestamp"))
    refused(gateway, Draft(content=accept, references=references).build(), "ALGORITHM_UNSUPPORTED")


@pytest.mark.parametrize(
    "transforms",
    [
        pytest.param((), id="63-none"),
        pytest.param(("http://www.w3.org/TR/1999/REC-xslt-19991116", EC), id="64-xslt"),
        pytest.param((f"{DS}base64", EC), id="64-base64"),
        pytest.param(("urn:unknown",), id="64-unknown"),
        pytest.param((EC,) * 50, id="64-fifty"),
        pytest.param((ENVELOPED, ENVELOPED, EC), id="64-enveloped-twice"),
        pytest.param((f"{WSS}#STR-Transform",), id="64-str"),
        pytest.param((f"{SWA}#Attachment-Content-Signature-Transform",), id="106-attachment"),
    ],
)
def test_another_transform_is_refused(gateway: Stack, accept: str, transforms: tuple[str, ...]) -> None:
    references = (Ref("Body", transforms=transforms), Ref("Timestamp"))
    refused(gateway, Draft(content=accept, references=references).build(), "ALGORITHM_UNSUPPORTED")


def test_64_a_stylesheet_is_not_run(gateway: Stack, accept: str) -> None:
    stylesheet = etree.fromstring(
        '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0">'
        '<x:template match="/" name="t"><x:call-template name="t"/>'
        "<x:copy-of select=\"document('file:///etc/passwd')\"/></x:template></x:stylesheet>"
    )

    def add(parts: Parts) -> None:
        transform = parts.signature.find(".//ds:Transform", NS)
        assert transform is not None
        transform.append(stylesheet)

    for transforms in (("http://www.w3.org/TR/1999/REC-xslt-19991116",), ("urn:x",)):
        references = (Ref("Body", transforms=transforms), Ref("Timestamp"))
        draft = Draft(content=accept, references=references, prepare=add)
        refused(gateway, draft.build(), "ALGORITHM_UNSUPPORTED")
