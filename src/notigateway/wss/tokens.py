"""From KeyInfo to the certificate: one direct reference to one token of the same header.

Everything else that KeyInfo can say is refused, because each of them is another way to make the
verifier use a key of the attacker's choice.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.utils import CryptographyDeprecationWarning

from notigateway.errors import (
    SecurityHeaderInvalidError,
    TokenInvalidError,
    TokenTypeError,
    TokenUnavailableError,
)
from notigateway.wss.header import decode_base64, element_children
from notigateway.wss.ns import BASE64, DS, DS11, X509V3, ds, namespace_of, wsse
from notigateway.wss.references import find_part

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
    from lxml.etree import _Element

    from notigateway.wss.header import SecurityHeader

_MAX_CERTIFICATE_BYTES: Final = 16 * 1024
# A deprecation of `cryptography` is a certificate against RFC 5280, and an error where warnings are.
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    CryptographyDeprecationWarning,
)
# XML-DSig §4.5.3, XML-DSig 1.1 §4.5.10: keys to be fetched from elsewhere
_ELSEWHERE: Final = frozenset({ds("RetrievalMethod"), f"{{{DS11}}}KeyInfoReference"})
# A bare key proves nobody's identity.
_BARE_KEYS: Final = frozenset({ds("KeyValue"), f"{{{DS11}}}DEREncodedKeyValue"})


def read_certificate(
    header: SecurityHeader, parts: dict[str, _Element]
) -> tuple[x509.Certificate, PublicKeyTypes]:
    """Return the certificate that the signature points to, and its public key.

    Raises: `TokenUnavailableError`, `TokenTypeError`, `TokenInvalidError`;
    `SecurityHeaderInvalidError` for another structure of KeyInfo.
    """
    token = _token(header, parts)
    # X.509 Token Profile 1.1.1 §3.1
    if token.get("ValueType") != X509V3:
        raise TokenTypeError("ValueType of the token", part="BinarySecurityToken")
    if token.get("EncodingType", BASE64) != BASE64 or len(token):
        raise TokenInvalidError("the token is not base64 text")
    try:
        return _load(decode_base64(token.text or "", max_bytes=_MAX_CERTIFICATE_BYTES))
    except _UNREADABLE as error:
        raise TokenInvalidError("the token is not a readable certificate") from error


def _token(header: SecurityHeader, parts: dict[str, _Element]) -> _Element:
    reference = _reference(header.key_info)
    if reference.get("ValueType", X509V3) != X509V3:
        raise TokenTypeError("ValueType of the reference", part="SecurityTokenReference")
    found = find_part(reference.get("URI"), parts)
    if found is None or not any(found is token for token in header.tokens):
        raise TokenUnavailableError
    return found


def _reference(key_info: _Element) -> _Element:
    """Return the one wsse:Reference in the one SecurityTokenReference of KeyInfo."""
    children = element_children(key_info)
    if len(children) != 1:
        raise SecurityHeaderInvalidError("KeyInfo needs exactly one child", children=len(children))
    _check_key_info_child(str(children[0].tag))
    references = element_children(children[0])
    if len(references) != 1:
        raise SecurityHeaderInvalidError("SecurityTokenReference needs exactly one child")
    reference = references[0]
    if reference.tag != wsse("Reference"):
        raise TokenTypeError("kind of token reference", part="SecurityTokenReference")
    if len(reference):
        raise SecurityHeaderInvalidError("Reference to a token must be empty")
    return reference


def _check_key_info_child(tag: str) -> None:
    if tag == wsse("SecurityTokenReference"):
        return
    if tag in _ELSEWHERE:
        raise TokenUnavailableError
    if tag in _BARE_KEYS or namespace_of(tag) not in {DS, DS11}:
        raise SecurityHeaderInvalidError("KeyInfo holds no SecurityTokenReference")
    raise TokenTypeError("kind of KeyInfo", part="KeyInfo")


@lru_cache(maxsize=1024)
def _load(der: bytes) -> tuple[x509.Certificate, PublicKeyTypes]:
    """Parse a certificate once; the cache compares the whole DER, so nobody can take another's place."""
    certificate = x509.load_der_x509_certificate(der)
    if certificate.version is not x509.Version.v3 or certificate.serial_number <= 0:
        raise ValueError("not an X.509 v3 certificate of RFC 5280")
    return certificate, certificate.public_key()
