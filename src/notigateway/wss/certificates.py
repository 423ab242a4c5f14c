"""From octets to the one certificate of a token: X.509 v3, PKIPath, PKCS #7 and loose ones.

Of a path only the end is used: which issuers are authorised is never learnt from a message. The
rest must be exactly its path all the same, so that nobody can disagree which certificate is meant.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from asn1crypto import parser  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.utils import CryptographyDeprecationWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    Found = tuple[x509.Certificate, PublicKeyTypes]

MAX_CERTIFICATE_BYTES: Final = 16 * 1024
MAX_PATH_BYTES: Final = 64 * 1024
_MAX_PATH: Final = 8
_SEQUENCE: Final = 16
# A deprecation of `cryptography` is a certificate against RFC 5280, and an error where warnings are.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    CryptographyDeprecationWarning,
)


@lru_cache(maxsize=1024)
def load(der: bytes) -> Found:
    """Parse a certificate once; the cache compares the whole DER, so nobody can take another's place.

    Raises: one of `UNREADABLE`.
    """
    certificate = x509.load_der_x509_certificate(der)
    if certificate.version is not x509.Version.v3 or certificate.serial_number <= 0:
        raise ValueError("not an X.509 v3 certificate of RFC 5280")
    return certificate, certificate.public_key()


@lru_cache(maxsize=256)
def load_pki_path(der: bytes) -> Found:
    """Return the last certificate of a PKIPath, which leads from an authority down to it.

    X.509 Token Profile 1.1.1 §3.1, ITU-T X.509 §7.7. Raises: one of `UNREADABLE`.
    """
    path = [x509.load_der_x509_certificate(piece) for piece in _elements(der)]
    if _path_from(path[-1], path) != path[::-1]:
        raise ValueError("a PKIPath must lead from each certificate to the next")
    return load(path[-1].public_bytes(Encoding.DER))


@lru_cache(maxsize=256)
def load_pkcs7(der: bytes) -> Found:
    """Return the certificate in a PKCS #7 that issued none of the others, whatever their order.

    Raises: one of `UNREADABLE`.
    """
    return load(_end_of(pkcs7.load_der_pkcs7_certificates(der)))


def load_several(ders: Sequence[bytes]) -> Found:
    """Return the one of several certificates that issued none of the others, whatever their order.

    XML-DSig 1.1 §4.5.4: beside the signer's own X509Data may hold those that lead to it, in any order.

    Raises: one of `UNREADABLE`.
    """
    if len(ders) > _MAX_PATH:
        raise ValueError("more certificates than a path has")
    if len(ders) == 1:
        return load(ders[0])
    return load(_end_of([x509.load_der_x509_certificate(der) for der in ders]))


def _end_of(found: Sequence[x509.Certificate]) -> bytes:
    """Return the DER of the certificate that issued none of the others, if they are its path."""
    if not 1 <= len(found) <= _MAX_PATH:
        raise ValueError("no certificate, or more than a path has")
    ends = [
        one for one in found if not any(one.subject == other.issuer for other in found if other is not one)
    ]
    if len(ends) != 1 or len(_path_from(ends[0], found)) != len(found):
        raise ValueError("the certificates are not one path")
    return ends[0].public_bytes(Encoding.DER)


def _path_from(end: x509.Certificate, certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Return the certificates from `end` upwards by their names, each at most once."""
    path = [end]
    left = [one for one in certificates if one is not end]
    while issuers := [one for one in left if one.subject == path[-1].issuer]:
        path.append(issuers[0])
        left.remove(issuers[0])
    return path


def _elements(der: bytes) -> Iterator[bytes]:
    """Yield the DER of each element of a SEQUENCE."""
    _, _, tag, _, content, trailer = parser.parse(der, strict=True)
    if tag != _SEQUENCE or trailer or not content:
        raise ValueError("not a sequence")
    for _ in range(_MAX_PATH):
        length = parser.peek(content)
        yield content[:length]
        content = content[length:]
        if not content:
            return
    raise ValueError("more certificates than a path has")
