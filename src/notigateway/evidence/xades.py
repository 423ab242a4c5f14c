"""The seal on a receipt: made by a template of signxml's, verified with xmlsec.

XAdES-EPES, enveloped, the last child of the root; ECDSA P-256 or RSA-PSS, with SHA-256 (Spain's ENS at
level ALTO does not recommend RSA PKCS#1 v1.5); exclusive C14N throughout; three references: the root,
the SignedProperties, the KeyInfo. The verifier admits this one form and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import DigestAlgorithm

from notigateway.errors import (
    ConfigurationError,
    ReceiptInvalidError,
    StampInvalidError,
)
from notigateway.evidence.additions import Held, take_apart
from notigateway.evidence.frames import Frames, Sealed, dated_pins
from notigateway.evidence.naming import not_in_use, not_pinned
from notigateway.evidence.seal_stamps import stamps_on_seal
from notigateway.evidence.shape import (
    check_attributes,
    check_spelling,
    children,
    digest_at,
    is_algorithm,
    property_of,
)
from notigateway.evidence.statement import (
    EITHER_FORM,
    POLICIES,
    ROOT,
    ReceiptFacts,
    parse_receipt,
    read_facts,
)
from notigateway.evidence.template import XADES, Profile, profile_of
from notigateway.pki.keys import read_certificate
from notigateway.pki.low_form import in_der, is_low
from notigateway.wss.ns import ENVELOPED_SIGNATURE, EXC_C14N, ds, names_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography import x509
    from lxml.etree import _Element

    from notigateway.evidence.history import DatedCertificate, Pin

SIGNED_PROPERTIES_TYPE: Final = "http://uri.etsi.org/01903#SignedProperties"
_METHODS: Final = frozenset(profile.value.value for profile in Profile)
_xades: Final = names_in(XADES)
RECEIPT_MAX_BYTES: Final = 4 * 1024 * 1024
_POLICY: Final = "SignaturePolicyIdentifier", "SignaturePolicyId"
_FRAMES: Final = Frames()


def verify_receipt(
    data: bytes,
    *,
    seal_certificates: Sequence[Pin],
    timestamp_certificates: Sequence[x509.Certificate] = (),
    frames: Frames = _FRAMES,
) -> ReceiptFacts:
    """Return what a receipt proves if one of the pinned seal certificates sealed exactly these bytes.

    A receipt may carry a time-stamp (XAdES-T). It must be of this very seal, whoever made it; what it says
    counts, as `timestamped_at`, only where its authority is pinned too.

    Another certificate of the same authority is refused: pinning, not a path, makes the seal the
    gateway's. The steps:

    0. The time-stamp is taken out, and what others have added: what remains is the original.
    1. Its bytes are the exclusive canonical form of one tree: no DTD, entity, comment or instruction.
    2. One seal, the last child of the root, in the fixed structure; its signature value in base64.
    3. SignedInfo names the fixed algorithms and covers root, SignedProperties and KeyInfo, no more.
    4. KeyInfo and SigningCertificateV2 name a pinned certificate; the policy is the published one.
    5. xmlsec verifies digests and signature with that certificate's key; of ECDSA it is in the low form where
       the policy says so.
    6. The facts are read from the signed bytes, parsed again on their own.
    7. SigningTime is the event's instant, or that of its report, inside the period of the seal certificate.
    8. The time-stamp is of this signature value, and not from before the seal.

    A seal that repeats a proven one of `frames` takes steps 1 to 5 by its bytes, with the same verdict.

    Raises: `ReceiptInvalidError` with the reason.
    """
    try:
        held = take_apart(data)  # 0
        original = held.original
        sealed = _proven_again(original, seal_certificates, frames)  # 1 to 5, or
        if sealed is None:
            sealed = _proven_receipt(original, seal_certificates, frames)  # 1 to 5
        facts = read_facts(sealed.evidence)  # 6
        _check_instant(sealed, facts.sealed_at)  # 7
        at = _check_timestamp(held, authorities=timestamp_certificates)  # 8
        facts = replace(facts, timestamped_at=at)
    except (ValueError, TypeError, LookupError, etree.LxmlError, xmlsec.Error) as error:
        raise ReceiptInvalidError(f"the receipt cannot be read or verified: {error}") from error
    except (ConfigurationError, StampInvalidError) as error:
        raise ReceiptInvalidError(str(error)) from error
    return replace(facts, sha256=hashlib.sha256(original).hexdigest())


def verify_sealed(
    data: bytes, *, tag: str, sealed_at: Callable[[_Element], datetime], seal_certificates: Sequence[Pin]
) -> _Element:
    """Return an element of another name, sealed like a receipt, as it was signed; it has no time-stamp.

    Steps 1 to 5 of `verify_receipt` and its step 7; `sealed_at` reads the instant that SigningTime repeats.

    Raises: `ReceiptInvalidError` with the reason.
    """
    try:
        sealed, _ = _proven(data, tag, seal_certificates)
        _check_instant(sealed, sealed_at(sealed.evidence))
    except (ValueError, TypeError, LookupError, etree.LxmlError, xmlsec.Error) as error:
        raise ReceiptInvalidError(f"it cannot be read or verified: {error}") from error
    except ConfigurationError as error:
        raise ReceiptInvalidError(str(error)) from error
    return sealed.evidence


def _proven_again(original: bytes, pins: Sequence[Pin], frames: Frames) -> Sealed | None:
    return frames.prove(original, pins) if len(original) <= RECEIPT_MAX_BYTES else None


def _proven_receipt(original: bytes, pins: Sequence[Pin], frames: Frames) -> Sealed:
    sealed, seal = _proven(original, ROOT, pins)
    frames.learn(
        original,
        signed_info=seal.signed_info,
        signed_properties=seal.signed_properties,
        pinned=sealed.pinned,
        either_form=_policy_of(seal) in EITHER_FORM,
    )
    return sealed


def _proven(data: bytes, tag: str, pins: Sequence[Pin]) -> tuple[Sealed, _SealParts]:
    """Return what was sealed, when, the pinned certificate that made it, and the seal: steps 1 to 5."""
    root = _parse(data, tag)  # 1
    seal = _read_seal(root)  # 2
    _check_signed_info(seal)  # 3
    pinned = _pinned(seal, pins)  # 4
    _check_signature(seal, pinned.certificate)  # 5
    _check_form(seal, pinned.certificate)
    stated = property_of(seal.signed_properties, "SigningTime").text or ""
    return Sealed(_signed_root(root, seal), stated, pinned), seal


def seal_certificate_of(receipt: bytes) -> x509.Certificate:
    """Return the certificate that is named on the seal of a receipt. Raises: `ValueError`."""
    path = f"{ds('Signature')}/{ds('KeyInfo')}/{ds('X509Data')}/{ds('X509Certificate')}"
    token = parse_receipt(receipt).findtext(path)
    return read_certificate(base64.b64decode(token or ""))


@dataclass(frozen=True, slots=True)
class _SealParts:
    """The elements of a seal, each found at its only place."""

    signature: _Element
    signed_info: _Element
    key_info: _Element
    signed_properties: _Element


def _parse(data: bytes, tag: str) -> _Element:
    """Return the root of a receipt whose bytes are canonical; any other spelling is refused."""
    if len(data) > RECEIPT_MAX_BYTES:
        raise ReceiptInvalidError("the receipt is larger than any the gateway issues")
    if not data.startswith(f"<{etree.QName(tag).localname} ".encode()):
        raise ReceiptInvalidError("the receipt is not in canonical form")
    check_spelling(data)
    root = parse_receipt(data)
    if root.tag != tag or etree.tostring(root, method="c14n", exclusive=True) != data:
        raise ReceiptInvalidError("the receipt is not in canonical form")
    return root


def _read_seal(root: _Element) -> _SealParts:
    signature = root[-1] if len(root) else root
    if [*root.iter(ds("Signature"))] != [signature] or signature.tail:
        raise ReceiptInvalidError("the receipt must end with its one signature")
    check_attributes(signature, "Id")
    signed_info, value, key_info, holder = children(
        signature, ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo"), ds("Object")
    )
    # What the signature does not cover must leave nothing to vary.
    raw = base64.b64decode(value.text or "", validate=True)
    if base64.b64encode(raw).decode() != value.text:
        raise ReceiptInvalidError("the signature value is not in its one base64 form")
    check_attributes(value)
    check_attributes(holder)
    (qualifying,) = children(holder, _xades("QualifyingProperties"))
    check_attributes(qualifying, "Target")
    if qualifying.get("Target") != f"#{signature.get('Id')}":
        raise ReceiptInvalidError("the qualifying properties belong to another signature")
    (properties,) = children(qualifying, _xades("SignedProperties"))
    return _SealParts(signature, signed_info, key_info, properties)


def _check_signed_info(seal: _SealParts) -> None:
    c14n, method, *references = seal.signed_info
    if not (is_algorithm(c14n, ds("CanonicalizationMethod"), EXC_C14N) and len(references) == 3):  # noqa: PLR2004
        raise ReceiptInvalidError("the signature must cover the root, its properties and the key")
    if not (is_algorithm(method, ds("SignatureMethod")) and method.get("Algorithm") in _METHODS):
        raise ReceiptInvalidError("the signature must be ECDSA or RSA-PSS, with SHA-256")
    properties_id, key_id = seal.signed_properties.get("Id"), seal.key_info.get("Id")
    if not properties_id or not key_id or properties_id == key_id:
        raise ReceiptInvalidError("the signed parts of the seal need their own identifiers")
    root_reference, properties_reference, key_reference = references
    _check_reference(root_reference, "", [ENVELOPED_SIGNATURE, EXC_C14N])
    _check_reference(properties_reference, f"#{properties_id}", [EXC_C14N])
    _check_reference(key_reference, f"#{key_id}", [EXC_C14N])
    if properties_reference.get("Type") != SIGNED_PROPERTIES_TYPE:  # ETSI EN 319 132-1 §4.4.2
        raise ReceiptInvalidError("the reference to the signed properties has no type")


def _check_reference(reference: _Element, uri: str, transforms: list[str]) -> None:
    if reference.tag != ds("Reference") or reference.get("URI") != uri:
        raise ReceiptInvalidError("the signature does not cover the receipt")
    chain, digest, _ = children(reference, ds("Transforms"), ds("DigestMethod"), ds("DigestValue"))
    found = [step.get("Algorithm") for step in chain if is_algorithm(step, ds("Transform"))]
    if found != transforms or len(chain) != len(found):
        raise ReceiptInvalidError("the signature uses other transforms than the profile's")
    if not is_algorithm(digest, ds("DigestMethod"), DigestAlgorithm.SHA256.value):
        raise ReceiptInvalidError("the digests must be SHA-256")


def _pinned(seal: _SealParts, pins: Sequence[Pin]) -> DatedCertificate:
    (data,) = children(seal.key_info, ds("X509Data"))
    (token,) = children(data, ds("X509Certificate"))
    der = base64.b64decode(token.text or "")
    named = hashlib.sha256(der).hexdigest()
    pinned = dated_pins(tuple(pins)).get(named)
    if pinned is None:
        raise ReceiptInvalidError(not_pinned("the receipt", der))
    cert = "SigningCertificateV2", "Cert", "CertDigest"
    if digest_at(seal.signed_properties, *cert) != named:
        raise ReceiptInvalidError("the signed properties name another certificate")
    digest = digest_at(seal.signed_properties, *_POLICY, "SigPolicyHash")
    if POLICIES.get(_policy_of(seal)) != digest:
        raise ReceiptInvalidError("the receipt follows another policy than the published ones")
    return pinned


def _policy_of(seal: _SealParts) -> str:
    return property_of(seal.signed_properties, *_POLICY, "SigPolicyId", "Identifier").text or ""


def _check_signature(seal: _SealParts, certificate: x509.Certificate) -> None:
    profile = profile_of(certificate.public_key())
    if seal.signed_info[1].get("Algorithm") != profile.value.value:
        raise ReceiptInvalidError("the signature is not by the algorithm of the pinned key")
    context = xmlsec.SignatureContext()
    context.key = _verification_key(certificate.public_bytes(Encoding.PEM))
    context.set_enabled_key_data([])  # the pinned key, never one from the receipt
    exclusive, sha256 = xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformSha256
    for transform in (xmlsec.constants.TransformEnveloped, exclusive, sha256):
        context.enable_reference_transform(transform)
    if profile is Profile.ECDSA:  # xmlsec's Python names no RSA-PSS; step 3 has read the names anyway
        for transform in (exclusive, xmlsec.constants.TransformEcdsaSha256):
            context.enable_signature_transform(transform)
    # "#id" reaches these two elements and nothing else: xmlsec knows only registered identifiers.
    for element in (seal.signed_properties, seal.key_info):
        context.register_id(element, "Id")
    context.verify(seal.signature)


def _check_form(seal: _SealParts, certificate: x509.Certificate) -> None:
    """Check that an ECDSA signature is in the low form, under a policy that says so."""
    if profile_of(certificate.public_key()) is not Profile.ECDSA or _policy_of(seal) in EITHER_FORM:
        return
    if not is_low(in_der(base64.b64decode(seal.signature[1].text or ""))):
        raise ReceiptInvalidError("the signature value is in the form that the seal does not write")


@lru_cache(maxsize=8)
def _verification_key(pem: bytes) -> xmlsec.Key:
    return xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)


def _signed_root(root: _Element, seal: _SealParts) -> _Element:
    """Return the root as it was signed: without its seal, parsed again from the hashed bytes."""
    root.remove(seal.signature)
    signed = etree.tostring(root, method="c14n", exclusive=True)
    digest = seal.signed_info[2].findtext(ds("DigestValue"))
    if base64.b64encode(hashlib.sha256(signed).digest()).decode() != digest:
        raise ReceiptInvalidError("the content differs from the content that was signed")
    return parse_receipt(signed)


def _check_instant(sealed: Sealed, sealed_at: datetime) -> None:
    if datetime.fromisoformat(sealed.stated) != sealed_at:
        raise ReceiptInvalidError("the signing time is not the instant of the event")
    if not sealed.pinned.covers(sealed_at):
        raise ReceiptInvalidError(not_in_use(sealed.pinned, sealed_at))


def _check_timestamp(held: Held, *, authorities: Sequence[x509.Certificate]) -> datetime | None:
    """Return what the time-stamp of a pinned authority says; None without one, or where nobody is pinned."""
    found = [stamp.at for _, stamp in stamps_on_seal(held, authorities)]
    return min(found) if found and authorities else None
