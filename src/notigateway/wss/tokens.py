"""From KeyInfo to the certificate: a token of the same header, a certificate, or the name of a known one.

KeyInfo is what the attacker would write as well. Therefore a bare key counts for nothing, nothing
is fetched, a name only chooses among certificates known beforehand, and several ways to designate
a certificate in one place must all designate the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    SecurityHeaderInvalidError,
    TokenInvalidError,
    TokenTypeError,
    TokenUnavailableError,
)
from notigateway.pki.known import issuer_serial, subject_key_identifier
from notigateway.pki.names import key_of_name, key_of_text
from notigateway.wss import certificates
from notigateway.wss.header import decode_base64, element_children, text_of
from notigateway.wss.ns import (
    BASE64,
    DS,
    DS11,
    KEY_IDENTIFIER,
    PKCS7,
    THUMBPRINT,
    X509_PKI_PATH,
    X509V3,
    ds,
    namespace_of,
    wsse,
)
from notigateway.wss.references import find_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from lxml.etree import _Element

    from notigateway.pki.known import KnownCertificates
    from notigateway.wss.certificates import Found
    from notigateway.wss.header import SecurityHeader
    from notigateway.wss.policy import Expectations

_MAX_IDENTIFIER_BYTES: Final = 64
_DECIMAL: Final = re.compile(r"\+?0*([0-9]{1,50})", re.ASCII)
# X.509 Token Profile 1.1.1 §3.1, with the most octets and the reader of each
_KINDS: Final = {
    X509V3: (certificates.MAX_CERTIFICATE_BYTES, certificates.load),
    X509_PKI_PATH: (certificates.MAX_PATH_BYTES, certificates.load_pki_path),
    PKCS7: (certificates.MAX_PATH_BYTES, certificates.load_pkcs7),
}
# What X509Data may call a certificate, in the order of `_Names`.
_NAMES: Final = (ds("X509IssuerSerial"), ds("X509SubjectName"), ds("X509SKI"))
# XML-DSig §4.5.3, XML-DSig 1.1 §4.5.10: keys to be fetched from elsewhere
_ELSEWHERE: Final = frozenset({ds("RetrievalMethod"), f"{{{DS11}}}KeyInfoReference"})
# A bare key proves nobody's identity.
_BARE_KEYS: Final = frozenset({ds("KeyValue"), f"{{{DS11}}}DEREncodedKeyValue"})


@dataclass(frozen=True, slots=True)
class Token:
    """The certificate that the signature is said to be by: nothing about it is proven yet.

    `is_bare`: it stands in KeyInfo itself, without a SecurityTokenReference. `element` is the
    BinarySecurityToken that holds it, where one does: a part that may be signed.
    """

    certificate: x509.Certificate
    public_key: PublicKeyTypes
    is_bare: bool = False
    element: _Element | None = None


def read_token(header: SecurityHeader, parts: dict[str, _Element], known: KnownCertificates) -> Token:
    """Return the certificate that KeyInfo designates.

    Raises: `TokenUnavailableError`, `TokenTypeError`, `TokenInvalidError`;
    `SecurityHeaderInvalidError` for another structure of KeyInfo.
    """
    child = _only_child(header.key_info)
    if child.tag == ds("X509Data"):
        return Token(*_x509_data(child, known), is_bare=True)
    _check_key_info_child(str(child.tag))
    reference = _only_child(child)
    if reference.tag == ds("X509Data"):
        return Token(*_x509_data(reference, known))
    if reference.tag == wsse("KeyIdentifier"):
        return Token(*_key_identifier(reference, known))
    if reference.tag != wsse("Reference"):
        raise TokenTypeError("kind of token reference", part="SecurityTokenReference")
    return _referenced(reference, header, parts)


def check_place(token: Token, expectations: Expectations) -> None:
    """Check that X509Data stands in a SecurityTokenReference unless agreed otherwise.

    Raises: `TokenTypeError`.
    """
    # WSS 1.1.1 §7.2; SignedXml and xmlsec write it without unless told
    if token.is_bare and not expectations.bare_x509_data:
        raise TokenTypeError("kind of KeyInfo", part="KeyInfo")


def check_signed_tokens(targets: Sequence[_Element], header: SecurityHeader, token: Token) -> None:
    """Check that a signed token is the one that KeyInfo designates.

    KeyInfo itself is never signed. So whoever stands between could leave the signed token where it is and
    point to another certificate of the same key.

    Raises: `SecurityHeaderInvalidError`.
    """
    signed = [one for one in header.tokens if any(one is target for target in targets)]
    if any(one is not token.element for one in signed):
        raise SecurityHeaderInvalidError("KeyInfo designates another token than a signed one", part="KeyInfo")


def _only_child(parent: _Element) -> _Element:
    children = element_children(parent)
    if len(children) != 1:
        raise SecurityHeaderInvalidError("KeyInfo and what it holds need exactly one child")
    return children[0]


def _check_key_info_child(tag: str) -> None:
    if tag == wsse("SecurityTokenReference"):
        return
    if tag in _ELSEWHERE:
        raise TokenUnavailableError
    if tag in _BARE_KEYS or namespace_of(tag) not in {DS, DS11}:
        raise SecurityHeaderInvalidError("KeyInfo holds no SecurityTokenReference")
    raise TokenTypeError("kind of KeyInfo", part="KeyInfo")


# --- a token of the same header -------------------------------------------------------------------


def _referenced(reference: _Element, header: SecurityHeader, parts: dict[str, _Element]) -> Token:
    if len(reference):
        raise SecurityHeaderInvalidError("Reference to a token must be empty")
    if reference.get("ValueType", X509V3) not in _KINDS:
        raise TokenTypeError("ValueType of the reference", part="SecurityTokenReference")
    token = find_part(reference.get("URI"), parts)
    if token is None or not any(token is one for one in header.tokens):
        raise TokenUnavailableError
    kind = token.get("ValueType", "")
    if kind not in _KINDS:
        raise TokenTypeError("ValueType of the token", part="BinarySecurityToken")
    # BSP R3058
    if reference.get("ValueType", kind) != kind:
        raise TokenTypeError("ValueType of reference and token differ", part="SecurityTokenReference")
    return Token(*_certificate(token, kind), element=token)


def _certificate(element: _Element, kind: str) -> Found:
    """Read the certificate in an element: of a token, of a KeyIdentifier, of X509Data."""
    most, load = _KINDS[kind]
    octets = _octets(element, most)
    try:
        return load(octets)
    except certificates.UNREADABLE as error:
        raise TokenInvalidError("the token is not a readable certificate") from error


def _octets(element: _Element, most: int) -> bytes:
    if element.get("EncodingType", BASE64) != BASE64 or len(element):
        raise TokenInvalidError("the token is not base64 text")
    try:
        return decode_base64(element.text or "", max_bytes=most)
    except ValueError as error:
        raise TokenInvalidError("the token is not base64 text") from error


# --- the name of a known certificate, or a certificate in place -----------------------------------


def _key_identifier(element: _Element, known: KnownCertificates) -> Found:
    # X.509 Token Profile 1.1.1 §3.2.1, BSP R3063
    kind = element.get("ValueType", "")
    if kind == X509V3:
        return _certificate(element, kind)
    if kind not in {KEY_IDENTIFIER, THUMBPRINT}:
        raise TokenTypeError("ValueType of the KeyIdentifier", part="SecurityTokenReference")
    octets = _octets(element, _MAX_IDENTIFIER_BYTES)
    return _known(known.by_key_identifier(octets) if kind == KEY_IDENTIFIER else known.by_thumbprint(octets))


def _x509_data(element: _Element, known: KnownCertificates) -> Found:
    """Read X509Data: the signer's certificate, alone or with its path, or names of a known one.

    XML-DSig 1.1 §4.5.4: every name that appears beside them must be a name of the signer's.
    """
    children = element_children(element)
    embedded = [child for child in children if child.tag == ds("X509Certificate")]
    named = {str(child.tag): child for child in children if child.tag in _NAMES}
    if len(embedded) + len(named) != len(children):
        raise TokenTypeError("kinds of X509Data", part="X509Data")
    names = _Names(named)
    found = _loose(embedded) if embedded else _known(names.find(known))
    try:
        agree = names.agree(found[0])
    except certificates.UNREADABLE as error:
        raise TokenInvalidError("a name in X509Data cannot be read") from error
    if not agree:
        raise TokenInvalidError("X509Data designates more than one certificate")
    return found


class _Names:
    """The names of a certificate in X509Data: issuer and serial number, subject, key identifier."""

    def __init__(self, named: dict[str, _Element]) -> None:
        """Read them. Raises: `SecurityHeaderInvalidError`, `TokenInvalidError` for what is none."""
        serial, subject, identifier = (named.get(tag) for tag in _NAMES)
        self._serial = None if serial is None else _issuer_serial(serial)
        self._subject = None if subject is None else text_of(subject)
        self._identifier = None if identifier is None else _octets(identifier, _MAX_IDENTIFIER_BYTES)

    def find(self, known: KnownCertificates) -> x509.Certificate | None:
        """Return the known certificate of the first of the names. Raises: `TokenTypeError` for none."""
        if self._serial is not None:
            return known.by_issuer_serial(*self._serial)
        if self._identifier is not None:
            return known.by_key_identifier(self._identifier)
        if self._subject is not None:
            return known.by_subject(self._subject)
        raise TokenTypeError("X509Data is empty", part="X509Data")

    def agree(self, certificate: x509.Certificate) -> bool:
        """Tell whether all are names of that certificate. Raises: one of `UNREADABLE`."""
        if self._serial is not None:
            issuer, number = self._serial
            if issuer_serial(certificate) != (key_of_text(issuer), number):
                return False
        if self._subject is not None and key_of_name(certificate.subject) != key_of_text(self._subject):
            return False
        return self._identifier in {None, subject_key_identifier(certificate)}


def _loose(elements: Sequence[_Element]) -> Found:
    """Read the certificates that stand beside each other in X509Data."""
    ders = [_octets(element, certificates.MAX_CERTIFICATE_BYTES) for element in elements]
    try:
        return certificates.load_several(ders)
    except certificates.UNREADABLE as error:
        raise TokenInvalidError("X509Data holds no certificate, or more than one path of them") from error


def _issuer_serial(element: _Element) -> tuple[str, int]:
    children = element_children(element)
    if [child.tag for child in children] != [ds("X509IssuerName"), ds("X509SerialNumber")]:
        raise SecurityHeaderInvalidError("X509IssuerSerial needs a name and a number")
    name, number = map(text_of, children)
    decimal = _DECIMAL.fullmatch(number.strip())
    if decimal is None:
        raise SecurityHeaderInvalidError("X509SerialNumber is not a decimal number")
    return name, int(decimal[1])


def _known(certificate: x509.Certificate | None) -> Found:
    if certificate is None:
        raise TokenUnavailableError("not the name of exactly one registered certificate")
    return certificate, certificate.public_key()
