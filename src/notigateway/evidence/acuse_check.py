"""What comes back of an acuse: checked in the order of the contract's table, read only where we signed it.

Everything is found by its place, never by a search; a reference can only choose between the data and
the KeyInfo of its own signature. The inclusive canonical form is admitted here, unlike in envelopes,
because the limits of `ACUSE_LIMITS` were applied before.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from notigateway import errors
from notigateway.evidence.acuse import ACUSE_LIMITS, DATA, DATA_ID, ROOT, our_signed_info, read_terms
from notigateway.pki.fitness import check_key
from notigateway.pki.keys import fingerprint
from notigateway.wss.canonical import canonical, inclusive
from notigateway.wss.certificates import UNREADABLE
from notigateway.wss.envelope import parse_xml
from notigateway.wss.header import decode_base64, element_children, text_of
from notigateway.wss.ns import DS, ENVELOPED_SIGNATURE, EXC_C14N, INC_C14N, INCLUSIVE_NAMESPACES, ds
from notigateway.wss.policy import DigestMethod, SignatureMethod
from notigateway.wss.signature_value import check_signature_value, decode_signature_value, key_for

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.evidence.acuse import AcuseTerms
    from notigateway.wss.sign import Signer

_SIGNATURES: Final = 2  # ours and the party's
_MAX_REFERENCES: Final = 2  # the data and KeyInfo
_MAX_TRANSFORMS: Final = 2
_MAX_PREFIXES: Final = 32
_MAX_CERTIFICATES: Final = 4
_MAX_CERTIFICATE_BYTES: Final = 16 * 1024
_MAX_DIGEST_BYTES: Final = 64
_SHA1: Final = f"{DS}sha1"
_RSA_SHA1: Final = f"{DS}rsa-sha1"
_METHODS: Final = {one.value: one for one in SignatureMethod if "SHA1" not in one.name.split("_")}
_DIGESTS: Final = {one.value: one.hash_name for one in DigestMethod if one.name != "SHA1"}


@dataclass(frozen=True, slots=True)
class _Form:
    """A canonical form, as a signature names it."""

    uri: str
    prefixes: tuple[str, ...] = ()

    def of(self, element: _Element) -> bytes:
        return inclusive(element) if self.uri == INC_C14N else canonical(element, prefixes=self.prefixes)


def check_acuse(
    data: bytes, *, ours: Signer, caller_fingerprint: str, unsafe_accept_sha1: bool
) -> AcuseTerms:
    """Return what the caller decides by a signed acuse.

    1. Encoding: XML in UTF-8, within the limits.
    2. Number of signatures: not more than ours and one.
    3. Structure: the data and the signatures are the only children of the root; ids are unique.
    4. Ours: present, over exactly these data, made with our key.
    5. The party's: present.
    6. Valid: admitted algorithms; it covers the data and at most its own KeyInfo besides.
    7. By the caller: made with the key of the certificate that signed the message.

    Raises: `AcuseError` family, the first step that fails decides.
    """
    root = _parse(data)  # 1
    if sum(1 for _ in root.iter(ds("Signature"))) > _SIGNATURES:  # 2
        raise errors.AcuseSignatureCountError
    signed, signatures = _structure(root)  # 3
    own = fingerprint(ours.certificate)
    by_us = [one for one in signatures if own in _fingerprints(one)]
    others = [one for one in signatures if own not in _fingerprints(one)]
    if not by_us:  # 4
        raise errors.AcuseOursMissingError
    _check_ours(by_us[0], signed, ours)
    if not others:  # 5
        raise errors.AcuseUnsignedError
    certificate = _signer_of(others[0], caller_fingerprint)
    try:
        _check_party(others[0], signed, certificate, unsafe_accept_sha1=unsafe_accept_sha1)  # 6
    except errors.SecurityError as error:
        raise errors.AcuseSignatureError(error.detail) from error
    if fingerprint(certificate) != caller_fingerprint:  # 7
        raise errors.AcuseSignerError
    return read_terms(signed)


def _parse(data: bytes) -> _Element:
    try:
        return parse_xml(data, limits=ACUSE_LIMITS)
    except errors.MalformedXmlError as error:
        raise errors.AcuseEncodingError(error.detail) from error
    except errors.GatewayError as error:
        raise errors.AcuseInvalidError(error.detail) from error


def _structure(root: _Element) -> tuple[_Element, list[_Element]]:
    """Return the data and the signatures, each found at its only place."""
    try:
        children = element_children(root)
    except errors.SecurityError as error:
        raise errors.AcuseInvalidError("text in the root") from error
    signatures = [child for child in children if child.tag == ds("Signature")]
    rest = [child for child in children if child.tag != ds("Signature")]
    if root.tag != ROOT or dict(root.attrib) != {"id": "ELEMENTOAFIRMAR"}:
        raise errors.AcuseInvalidError("another root")
    if [child.tag for child in rest] != [DATA] or dict(rest[0].attrib) != {"Id": DATA_ID}:
        raise errors.AcuseInvalidError("the root must hold the data and signatures")
    if len(signatures) != sum(1 for _ in root.iter(ds("Signature"))):
        raise errors.AcuseInvalidError("a signature out of its place")
    ids = [
        str(value) for value in root.xpath("//@*[local-name()='Id' or local-name()='ID' or name()='xml:id']")
    ]
    if len(ids) != len(set(ids)):
        raise errors.AcuseInvalidError("an identifier occurs twice")
    return rest[0], signatures


def _certificates(signature: _Element) -> list[bytes]:
    """Return the certificates that a signature carries, in DER; none where it is not readable."""
    tokens = signature.findall(f"{ds('KeyInfo')}/{ds('X509Data')}/{ds('X509Certificate')}")
    try:
        return [
            decode_base64(text_of(token), max_bytes=_MAX_CERTIFICATE_BYTES)
            for token in tokens[:_MAX_CERTIFICATES]
        ]
    except (ValueError, errors.SecurityError):
        return []


def _fingerprints(signature: _Element) -> set[str]:
    return {hashlib.sha256(der).hexdigest() for der in _certificates(signature)}


# --- ours -----------------------------------------------------------------------------------------


def _check_ours(signature: _Element, signed: _Element, ours: Signer) -> None:
    """Check that our signature is the one we write for these very data."""
    try:
        signed_info, value, _ = _parts(signature)
        expected = our_signed_info(canonical(signed), ours.method.value)
        if canonical(signed_info) != expected:
            raise errors.AcuseAlteredError("the data are not those that were signed")
        key = key_for(ours.method, ours.certificate.public_key())
        octets = decode_signature_value(text_of(value), key)
        check_signature_value(octets, expected, key=key, method=ours.method)
    except (errors.SecurityError, errors.AcuseSignatureError) as error:
        raise errors.AcuseAlteredError(error.detail) from error


# --- the party's ----------------------------------------------------------------------------------


def _signer_of(signature: _Element, caller_fingerprint: str) -> x509.Certificate:
    """Return the caller's certificate if the signature carries it, otherwise the first one."""
    ders = _certificates(signature)
    mine = [der for der in ders if hashlib.sha256(der).hexdigest() == caller_fingerprint]
    try:
        return x509.load_der_x509_certificate((mine or ders)[0])
    except (IndexError, *UNREADABLE) as error:
        raise errors.AcuseSignatureError("the signature carries no readable certificate") from error


def _check_party(
    signature: _Element, signed: _Element, certificate: x509.Certificate, *, unsafe_accept_sha1: bool
) -> None:
    """Verify the party's signature with the key of its certificate.

    Raises: `AcuseAlgorithmError`, `AcuseSignatureError`, and the `SecurityError` of what is shared
    with envelopes.
    """
    signed_info, value, key_info = _parts(signature)
    children = element_children(signed_info)
    tags = [child.tag for child in children]
    if tags[:2] != [ds("CanonicalizationMethod"), ds("SignatureMethod")] or set(tags[2:]) != {
        ds("Reference")
    }:
        raise errors.AcuseSignatureError("structure of SignedInfo")
    if len(children) - 2 > _MAX_REFERENCES:
        raise errors.AcuseSignatureError("too many references")
    form = _form(children[0])
    method = children[1].get("Algorithm", "")
    if len(children[1]) or not (method in _METHODS or (unsafe_accept_sha1 and method == _RSA_SHA1)):
        raise errors.AcuseAlgorithmError(f"signature method {method}"[:100])
    _check_value(text_of(value), form.of(signed_info), certificate=certificate, method=method)
    targets = [
        _check_reference(one, signed, key_info, unsafe_accept_sha1=unsafe_accept_sha1) for one in children[2:]
    ]
    if sum(target is signed for target in targets) != 1 or len(targets) != len({id(one) for one in targets}):
        raise errors.AcuseSignatureError("the data are not signed, or a part is signed twice")


def _parts(signature: _Element) -> tuple[_Element, _Element, _Element]:
    """Return SignedInfo, SignatureValue and KeyInfo: these three in this order, no ds:Object."""
    children = element_children(signature)
    if [child.tag for child in children] != [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]:
        raise errors.AcuseSignatureError("structure of Signature")
    signed_info, value, key_info = children
    return signed_info, value, key_info


def _check_value(text: str, octets: bytes, *, certificate: x509.Certificate, method: str) -> None:
    public = certificate.public_key()
    if method != _RSA_SHA1:
        key = key_for(_METHODS[method], public)
        check_signature_value(decode_signature_value(text, key), octets, key=key, method=_METHODS[method])
        return
    check_key(public)
    if not isinstance(public, RSAPublicKey):
        raise errors.AcuseSignatureError("rsa-sha1 with another kind of key")
    try:
        value = decode_signature_value(text, public)
        public.verify(value, octets, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  (the operator's setting)
    except InvalidSignature as error:
        raise errors.AcuseSignatureError("the signature value does not verify") from error


def _check_reference(
    reference: _Element, signed: _Element, key_info: _Element, *, unsafe_accept_sha1: bool
) -> _Element:
    """Return the part that a reference names, once its digest is proven."""
    children = element_children(reference)
    transforms = children.pop(0) if children and children[0].tag == ds("Transforms") else None
    if [child.tag for child in children] != [ds("DigestMethod"), ds("DigestValue")]:
        raise errors.AcuseSignatureError("structure of Reference")
    named = {f"#{DATA_ID}": signed}
    if key_info.get("Id"):
        named[f"#{key_info.get('Id')}"] = key_info
    target = named.get(reference.get("URI", ""))
    if target is None:
        raise errors.AcuseSignatureError("a reference to something else than the data and KeyInfo")
    algorithm = children[0].get("Algorithm", "")
    digest = "sha1" if unsafe_accept_sha1 and algorithm == _SHA1 else _DIGESTS.get(algorithm)
    if digest is None or len(children[0]):
        raise errors.AcuseAlgorithmError("digest method")
    try:
        expected = decode_base64(text_of(children[1]), max_bytes=_MAX_DIGEST_BYTES)
    except ValueError as error:
        raise errors.AcuseSignatureError("DigestValue is not base64") from error
    octets = _transformed(transforms).of(target)
    if not octets or not hmac.compare_digest(hashlib.new(digest, octets).digest(), expected):
        raise errors.AcuseSignatureError("a digest differs")
    return target


def _transformed(transforms: _Element | None) -> _Form:
    """Return the form that the transforms give; none at all means the inclusive one (XML-DSig §4.4.3.2).

    Enveloped-signature may precede it: no part that can be named contains the signature.
    """
    if transforms is None:
        return _Form(INC_C14N)
    children = element_children(transforms)
    if not 1 <= len(children) <= _MAX_TRANSFORMS or any(one.tag != ds("Transform") for one in children):
        raise errors.AcuseAlgorithmError("transforms")
    if any(one.get("Algorithm") != ENVELOPED_SIGNATURE or len(one) for one in children[:-1]):
        raise errors.AcuseAlgorithmError("transforms")
    if children[-1].get("Algorithm") == ENVELOPED_SIGNATURE and not len(children[-1]):
        return _Form(INC_C14N)
    return _form(children[-1])


def _form(element: _Element) -> _Form:
    """Return the canonical form that an element names: inclusive or exclusive, without comments."""
    uri = element.get("Algorithm", "")
    if uri == INC_C14N and not len(element):
        return _Form(uri)
    if uri != EXC_C14N:
        raise errors.AcuseAlgorithmError("canonical form")
    parameters = element_children(element)
    if [one.tag for one in parameters] not in ([], [INCLUSIVE_NAMESPACES]):
        raise errors.AcuseAlgorithmError("parameters of exclusive C14N")
    prefixes = parameters[0].get("PrefixList", "").split() if parameters else []
    if len(prefixes) > _MAX_PREFIXES:
        raise errors.AcuseAlgorithmError("PrefixList")
    return _Form(uri, tuple(one for one in dict.fromkeys(prefixes) if one != "xml"))
