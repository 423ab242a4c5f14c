"""Step 2: every algorithm is on the whitelist, and SignedInfo has one structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from envelopes import (
    DS,
    EC,
    ENVELOPED,
    MORE,
    MORE_2007,
    NS,
    Draft,
    Parts,
    Ref,
)
from notigateway.errors import (
    AlgorithmError,
    SecurityHeaderInvalidError,
)
from notigateway.wss.policy import Expectations, SignatureMethod
from verifying import refused, verify

if TYPE_CHECKING:
    from collections.abc import Callable


INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@pytest.mark.parametrize(
    ("method", "received"),
    [
        (f"{DS}rsa-sha1", "rsa-sha1"),
        (f"{DS}dsa-sha1", "dsa-sha1"),
        (f"{DS}hmac-sha1", "hmac-sha1"),
        (f"{MORE}hmac-sha256", "hmac-sha256"),
        (f"{MORE}rsa-md5", "rsa-md5"),
        (f"{MORE}ecdsa-sha1", "ecdsa-sha1"),
        (f"{MORE_2007}rsa-pss", "unknown"),
        ("urn:unknown", "unknown"),
        ("", "unknown"),
    ],
)
def test_another_signature_method_is_refused_and_named(method: str, received: str) -> None:
    error = refused(Draft(signature_method=method).build(), AlgorithmError)
    assert error.facts["part"] == "SignatureMethod"
    assert error.facts["received"] == received
    assert "rsa-sha256" in str(error.facts["allowed"]).split()


@pytest.mark.parametrize("length", ["0", "1", "8", "256"])
def test_parameters_of_a_signature_method_are_refused(length: str) -> None:
    content = f"<ds:HMACOutputLength>{length}</ds:HMACOutputLength>"
    refused(Draft(signature_method_content=content).build(), AlgorithmError)
    hmac = Draft(signature_method=f"{DS}hmac-sha1", signature_method_content=content, sign=lambda _: b"x")
    refused(hmac.build(), AlgorithmError)


@pytest.mark.parametrize("method", [f"{DS}sha1", f"{MORE}md5", "urn:unknown", ""])
def test_another_digest_is_refused(method: str) -> None:
    references = (Ref("Body"), Ref("Timestamp", digest_method=method))
    assert refused(Draft(references=references).build(), AlgorithmError).facts["part"] == "DigestMethod"


@pytest.mark.parametrize(
    "c14n",
    [
        INCLUSIVE,
        f"{INCLUSIVE}#WithComments",
        f"{EC}WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "urn:x",
        "",
    ],
)
def test_another_canonicalisation_is_refused(c14n: str) -> None:
    refused(Draft(c14n=c14n).build(), AlgorithmError)
    references = (Ref("Body", transforms=(c14n,)), Ref("Timestamp"))
    refused(Draft(references=references).build(), AlgorithmError)


@pytest.mark.parametrize(
    "transforms",
    [
        (),
        (ENVELOPED,),
        (EC, ENVELOPED),
        (EC, EC),
        (EC,) * 50,
        (ENVELOPED, ENVELOPED, EC),
        (f"{DS}base64", EC),
        ("http://www.w3.org/TR/1999/REC-xpath-19991116", EC),
        ("http://www.w3.org/2002/06/xmldsig-filter2", EC),
        ("http://www.w3.org/TR/1999/REC-xslt-19991116", EC),
        ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",),
        ("http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform",),
        ("urn:unknown",),
    ],
)
def test_other_transforms_are_refused(transforms: tuple[str, ...]) -> None:
    references = (Ref("Body", transforms=transforms), Ref("Timestamp"))
    refused(Draft(references=references).build(), AlgorithmError)


@pytest.mark.parametrize(
    "path", [".//ds:CanonicalizationMethod", ".//ds:SignatureMethod", ".//ds:DigestMethod"]
)
def test_a_method_without_algorithm_is_refused(path: str) -> None:
    def remove(parts: Parts) -> None:
        element = parts.signature.find(path, NS)
        assert element is not None
        del element.attrib["Algorithm"]

    refused(Draft(prepare=remove).build(), AlgorithmError)


def test_expectations_narrow_the_algorithms() -> None:
    narrow = Expectations(signature_methods=frozenset({SignatureMethod.RSA_PSS_SHA256}))
    with pytest.raises(AlgorithmError) as caught:
        verify(Draft().build(), expectations=narrow)
    assert caught.value.facts["allowed"] == "sha256-rsa-MGF1"


@pytest.mark.parametrize(
    "prepare",
    [
        pytest.param(lambda parts: parts.signature[0].append(parts.signature[0][0]), id="methods last"),
        pytest.param(lambda parts: parts.signature[0].remove(parts.signature[0][1]), id="no method"),
        pytest.param(
            lambda parts: parts.signature[0][2].remove(parts.signature[0][2][2]), id="no digest value"
        ),
        pytest.param(
            lambda parts: parts.signature[0][2].append(parts.signature[0][2][0]), id="transforms last"
        ),
        pytest.param(lambda parts: etree.SubElement(parts.signature[0], "x"), id="foreign child"),
        pytest.param(lambda parts: etree.SubElement(parts.signature[0][0], "x"), id="foreign parameter"),
        pytest.param(lambda parts: etree.SubElement(parts.signature[0][2][0], "x"), id="foreign transform"),
        pytest.param(
            lambda parts: etree.SubElement(parts.signature[0][2][2], "x"), id="child of digest value"
        ),
        pytest.param(lambda parts: setattr(parts.signature[0], "text", "x"), id="text"),
    ],
)
def test_another_structure_of_signed_info_is_refused(prepare: Callable[[Parts], None]) -> None:
    refused(Draft(tamper=prepare).build(), SecurityHeaderInvalidError)


def test_no_reference_and_too_many_are_refused() -> None:
    refused(Draft(references=()).build(), SecurityHeaderInvalidError)
    many = Draft(references=(Ref("Body"),) * 1000).build()
    assert refused(many, SecurityHeaderInvalidError).facts == {"limit_references": 12}


def test_a_long_prefix_list_is_refused_before_any_work() -> None:
    prefixes = " ".join(f"p{number}" for number in range(3_000))
    references = (Ref("Body", prefixes=prefixes), Ref("Timestamp"))
    error = refused(Draft(references=references).build(), SecurityHeaderInvalidError)
    assert error.facts == {"limit_prefixes": 32}
    refused(Draft(c14n_prefixes=prefixes).build(), SecurityHeaderInvalidError)
