"""What a signature must cover and how: each request is wrong in one way, and is refused for that."""

from __future__ import annotations

import base64
import hmac
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from notigateway.conformance.expecting import answered, refused
from notigateway.conformance.kit import BOTH, check
from notigateway.conformance.verdict import SkippedError
from notigateway.instants import instant_text
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import DS, INC_C14N, SOAP11, WSSE, WSU_ID, XENC
from notigateway.wss.policy import DigestMethod, SignatureMethod

if TYPE_CHECKING:
    from notigateway.conformance.drafting import Parts
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/security.md, Required, tolerated, refused"
_LATER: Final = timedelta(seconds=200)
_HMAC: Final = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
_XSLT: Final = "http://www.w3.org/TR/1999/REC-xslt-19991116"


@check(
    "SIG-01",
    "a request without a Security header is refused",
    "docs/errors.md, SECURITY_HEADER_MISSING",
    contracts=BOTH,
)
def _no_security(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.header.remove(parts.security))
    refused(target, draft, "SECURITY_HEADER_MISSING")


@check(
    "SIG-02", "token and Timestamp without a signature prove nothing", f"{_SOURCE}: inside it", contracts=BOTH
)
def _no_signature(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.security.remove(parts.signature))
    refused(target, draft, "SECURITY_HEADER_MISSING")


@check(
    "SIG-03",
    "a Body that is not signed is refused",
    "WSS 1.1.1 §8; docs/errors.md, PART_NOT_SIGNED",
    contracts=BOTH,
)
def _unsigned_body(target: Target) -> None:
    refused(target, target.draft(signs=("Timestamp",)), "PART_NOT_SIGNED")


@check(
    "SIG-04",
    "a Timestamp that is not signed is refused",
    "WSS 1.1.1 §10; docs/errors.md, PART_NOT_SIGNED",
    contracts=BOTH,
)
def _unsigned_timestamp(target: Target) -> None:
    refused(target, target.draft(signs=("Body",)), "PART_NOT_SIGNED")


@check(
    "SIG-05",
    "an operation that is signed in an unsigned Body is not the Body",
    f"{_SOURCE}: signed parts",
    contracts=BOTH,
)
def _signed_operation(target: Target) -> None:
    def rename(parts: Parts) -> None:
        parts.body[0].set(WSU_ID, parts.body.attrib.pop(WSU_ID))

    draft = target.draft(before=rename)
    refused(target, draft, "PART_NOT_SIGNED", "REFERENCE_NOT_RESOLVED")


@check(
    "SIG-06",
    "a Body that was changed after signing is refused",
    "XML-DSig 1.1 §3.2.1; docs/errors.md, DIGEST_DIFFERS",
    contracts=BOTH,
)
def _changed_body(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.body[0].set("changed", "afterwards"))
    refused(target, draft, "DIGEST_DIFFERS")


@check(
    "SIG-07",
    "a Timestamp that was changed after signing is refused",
    "XML-DSig 1.1 §3.2.1; docs/errors.md, DIGEST_DIFFERS",
    contracts=BOTH,
)
def _changed_timestamp(target: Target) -> None:
    def prolong(parts: Parts) -> None:
        parts.timestamp[1].text = instant_text(target.now() + _LATER)

    refused(target, target.draft(after=prolong), "DIGEST_DIFFERS")


@check(
    "SIG-08",
    "a wrong signature value is refused",
    "XML-DSig 1.1 §3.2.2; docs/errors.md, SIGNATURE_WRONG",
    contracts=BOTH,
)
def _wrong_value(target: Target) -> None:
    def change(parts: Parts) -> None:
        value = bytearray(base64.b64decode(parts.signature[1].text or ""))
        value[len(value) // 2] ^= 1
        parts.signature[1].text = base64.b64encode(value).decode()

    refused(target, target.draft(after=change), "SIGNATURE_WRONG")


@check(
    "SIG-09",
    "a reference that was put into a signature afterwards is refused",
    "XML-DSig 1.1 §3.2.2",
    contracts=BOTH,
)
def _changed_info(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.signature[0][-1].set("Type", "urn:x"))
    refused(target, draft, "SIGNATURE_WRONG", "SECURITY_HEADER_INVALID")


@check("SIG-10", "rsa-sha1 is refused", f"{_SOURCE}: signature", contracts=BOTH)
def _sha1(target: Target) -> None:
    if not isinstance(target.signer.key, RSAPrivateKey):
        raise SkippedError("the caller's key is no RSA key")
    refused(target, target.draft(method=SignatureMethod.RSA_SHA1), "ALGORITHM_UNSUPPORTED")


@check("SIG-11", "a SHA-1 digest is refused", f"{_SOURCE}: digest", contracts=BOTH)
def _sha1_digest(target: Target) -> None:
    refused(target, target.draft(digest=DigestMethod.SHA1), "ALGORITHM_UNSUPPORTED")


@check("SIG-12", "an HMAC under the public key is refused", f"{_SOURCE}: signature", contracts=BOTH)
def _hmac(target: Target) -> None:
    public = target.signer.certificate.public_key()
    secret = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(parts: Parts) -> None:
        value = hmac.digest(secret, canonical(parts.signature[0]), "sha256")
        parts.signature[1].text = base64.b64encode(value).decode()

    draft = target.draft(stated={"method": _HMAC}, after=sign)
    refused(target, draft, "ALGORITHM_UNSUPPORTED")


@check("SIG-13", "inclusive canonicalisation is refused", f"{_SOURCE}: canonicalisation", contracts=BOTH)
def _inclusive(target: Target) -> None:
    refused(target, target.draft(c14n=INC_C14N), "ALGORITHM_UNSUPPORTED")


@check("SIG-14", "a stylesheet as a transform is refused", f"{_SOURCE}: canonicalisation", contracts=BOTH)
def _stylesheet(target: Target) -> None:
    refused(target, target.draft(stated={"transform": _XSLT}), "ALGORITHM_UNSUPPORTED")


@check("SIG-15", "two parts with one id are refused", "docs/errors.md, ID_DUPLICATE", contracts=BOTH)
def _same_id(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.token.set(WSU_ID, str(parts.body.get(WSU_ID))))
    refused(target, draft, "ID_DUPLICATE")


@check(
    "SIG-16",
    "a reference to nothing in the message is refused",
    "docs/errors.md, REFERENCE_NOT_RESOLVED",
    contracts=BOTH,
)
def _to_nothing(target: Target) -> None:
    refused(target, target.draft(stated={"uri": "#nothing"}), "REFERENCE_NOT_RESOLVED")


@check(
    "SIG-17",
    "a reference to somewhere else is refused, and nothing is fetched",
    f"{_SOURCE}: signed parts",
    contracts=BOTH,
)
def _to_elsewhere(target: Target) -> None:
    for uri in ("http://127.0.0.1:9/part", "file:///etc/hostname", "cid:part", ""):
        refused(target, target.draft(stated={"uri": uri}), "REFERENCE_NOT_RESOLVED")


@check(
    "SIG-18",
    "a second Security header for the service is refused",
    f"{_SOURCE}: Security header",
    contracts=BOTH,
)
def _second_header(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.header.append(etree.Element(f"{{{WSSE}}}Security")))
    refused(target, draft, "SECURITY_HEADER_INVALID")


@check("SIG-19", "a second signature is refused", f"{_SOURCE}: inside it", contracts=BOTH)
def _second_signature(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.security.append(deepcopy(parts.signature)))
    refused(target, draft, "SECURITY_HEADER_INVALID")


@check("SIG-20", "a Security header for somebody else is none", f"{_SOURCE}: Security header", contracts=BOTH)
def _for_another(target: Target) -> None:
    def address(parts: Parts) -> None:
        parts.security.set(f"{{{SOAP11}}}actor", "urn:somebody-else")

    refused(target, target.draft(after=address), "SECURITY_HEADER_MISSING")


@check("SIG-21", "an Object in the signature is refused", f"{_SOURCE}: inside it", contracts=BOTH)
def _object(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.signature.append(etree.Element(f"{{{DS}}}Object")))
    refused(target, draft, "SECURITY_HEADER_INVALID")


@check("SIG-22", "what is encrypted is refused", f"{_SOURCE}: inside it", contracts=BOTH)
def _encrypted(target: Target) -> None:
    draft = target.draft(after=lambda parts: parts.security.append(etree.Element(f"{{{XENC}}}EncryptedKey")))
    refused(target, draft, "ALGORITHM_UNSUPPORTED", "SECURITY_HEADER_INVALID")


@check("SIG-23", "the token may be signed too", f"{_SOURCE}: signed parts", contracts=BOTH)
def _signed_token(target: Target) -> None:
    answered(target, target.send(target.draft(signs=("Timestamp", "Body", "Token"))))
