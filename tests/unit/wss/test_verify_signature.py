"""Steps 6 and 7: signature value and digests."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from envelopes import (
    BASE64,
    SIGN_BODY_AND_TIMESTAMP,
    Draft,
    Ref,
    exclusive,
    signature_value,
)
from notigateway.errors import (
    CanonicalFormError,
    DigestError,
    SignatureValueError,
)
from notigateway.wss.policy import SignatureMethod
from pki import pki
from verifying import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.pki.keys import KeyPair


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        (b">hola<", b">holb<", "Body"),
        (b"<n:text>", b'<n:text a="">', "Body"),
        (b"<wsu:Expires>2026-06-01T12:05", b"<wsu:Expires>2026-06-01T12:04", "Timestamp"),
        (b">signed<", b">Signed<", "header"),
        (
            b'Type="%b" Value' % BASE64.encode(),
            b"Type=\"%b\"  A='' Value" % BASE64.encode(),
            "BinarySecurityToken",
        ),
    ],
)
def test_a_change_of_a_signed_part_is_named(old: bytes, new: bytes, part: str) -> None:
    draft = Draft(
        header_before='<h xmlns="urn:h" wsu:Id="h1">signed</h>',
        references=(*SIGN_BODY_AND_TIMESTAMP, Ref("h1"), Ref("Token")),
    )
    data = draft.build()
    assert old in data
    changed = data.replace(old, new)
    assert refused(changed, DigestError).facts == {"part": part}


@pytest.mark.parametrize("digest", ["", "!", "AAAA", base64.b64encode(bytes(33)).decode(), "A" * 500])
def test_a_digest_of_another_form_is_wrong(digest: str) -> None:
    references = (Ref("Body", digest_value=digest or " "), Ref("Timestamp"))
    refused(Draft(references=references).build(), DigestError)


def test_a_signed_part_without_canonical_form_is_refused() -> None:
    data = Draft().build().replace(b"<n:text>", b'<n:text xmlns="relative">')
    refused(data, CanonicalFormError)


WRONG: dict[str, Callable[[bytes], bytes]] = {
    "one bit": lambda value: value[:-1] + bytes([value[-1] ^ 1]),
    "empty": lambda _value: b"",
    "truncated": lambda value: value[:-1],
    "longer": lambda value: value + b"\0",
    "longer at the front": lambda value: b"\0" + value,
    "zeros": lambda value: bytes(len(value)),
    "ones": lambda value: b"\xff" * len(value),
    "many": lambda value: value * 20,
}


@pytest.mark.parametrize("holder", ["company_seal", "ec_company"])
@pytest.mark.parametrize("change", WRONG)
def test_a_wrong_signature_value_is_refused(holder: str, change: str) -> None:
    pair: KeyPair = getattr(pki(), holder)
    wrong = WRONG[change]
    method = SignatureMethod.RSA_SHA256 if holder == "company_seal" else SignatureMethod.ECDSA_SHA256
    draft = Draft(pair=pair, sign=lambda octets: wrong(signature_value(pair, method.value, octets)))
    refused(draft.build(), SignatureValueError)


@pytest.mark.parametrize("text", ["", " ", "!!", "QUI", "á", "A" * 100_000])
def test_a_signature_value_that_is_not_base64_is_refused(text: str) -> None:
    data = Draft(tamper=lambda parts: setattr(parts.signature[1], "text", text)).build()
    refused(data, SignatureValueError)


def test_an_ecdsa_signature_in_der_is_refused() -> None:
    pair = pki().ec_company
    assert isinstance(pair.key, ec.EllipticCurvePrivateKey)
    key = pair.key
    draft = Draft(pair=pair, sign=lambda octets: key.sign(octets, ec.ECDSA(hashes.SHA256())))
    refused(draft.build(), SignatureValueError)


def test_the_public_key_is_no_secret() -> None:
    """An HMAC under the certificate's public key, and RSA with another padding."""
    pair = pki().company_seal
    pss = Draft(
        pair=pair,
        sign=lambda octets: signature_value(pair, SignatureMethod.RSA_PSS_SHA256.value, octets),
    )
    refused(pss.build(), SignatureValueError)


def test_a_change_of_signed_info_is_refused() -> None:
    data = Draft(references=(*SIGN_BODY_AND_TIMESTAMP, Ref("Token"))).build()
    reference = re.search(rb'<ds:Reference URI="#x509-1">.*?</ds:Reference>', data)
    assert reference
    refused(data.replace(reference[0], b""), SignatureValueError)


def test_another_holder_cannot_take_over_a_message() -> None:
    other = base64.b64encode(pki().stranger.certificate.public_bytes(Encoding.DER))
    mine = base64.b64encode(pki().company_seal.certificate.public_bytes(Encoding.DER))
    data = Draft(pair=pki().company_seal).build()
    assert mine in data
    refused(data.replace(mine, other), SignatureValueError)


def test_the_builder_canonicalises_as_the_verifier_does() -> None:
    root = Draft(root_attributes='xmlns="urn:default"').tree()
    assert exclusive(root[1], ["#default"]).startswith(b'<soap:Body xmlns="urn:default"')
