"""The certificates that we know beforehand: what a message may name instead of carrying.

A key identifier proves nothing; it chooses among certificates that the operator registered, and the
chosen one is then verified like any other. An identifier of two certificates chooses neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from notigateway.pki.fitness import find_extension
from notigateway.pki.keys import fingerprint
from notigateway.pki.names import NameKey, key_of_name, key_of_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Key = TypeVar("_Key")


class _Index(Generic[_Key]):
    """One way to name certificates; a name of two belongs to none."""

    def __init__(self) -> None:
        self._found: dict[_Key, x509.Certificate | None] = {}

    def add(self, key: _Key, certificate: x509.Certificate) -> None:
        self._found[key] = None if key in self._found else certificate

    def get(self, key: _Key) -> x509.Certificate | None:
        return self._found.get(key)


class KnownCertificates:
    """Finds known certificates by issuer and serial number, subject, key identifier or thumbprint."""

    def __init__(self, certificates: Iterable[x509.Certificate] = ()) -> None:
        self._by_issuer_serial: _Index[tuple[NameKey, int]] = _Index()
        self._by_subject: _Index[NameKey] = _Index()
        self._by_key_identifier: _Index[bytes] = _Index()
        self._by_thumbprint: _Index[bytes] = _Index()
        self._all = tuple({fingerprint(one): one for one in certificates}.values())
        for certificate in self._all:
            self._by_issuer_serial.add(issuer_serial(certificate), certificate)
            self._by_subject.add(key_of_name(certificate.subject), certificate)
            self._by_key_identifier.add(subject_key_identifier(certificate), certificate)
            self._by_thumbprint.add(thumbprint(certificate), certificate)

    def __iter__(self) -> Iterator[x509.Certificate]:
        """Yield every one of them."""
        return iter(self._all)

    def by_issuer_serial(self, issuer: str, serial: int) -> x509.Certificate | None:
        """Find by the issuer's name, in whatever spelling, and the serial number."""
        try:
            return self._by_issuer_serial.get((key_of_text(issuer), serial))
        except ValueError:
            return None

    def by_subject(self, subject: str) -> x509.Certificate | None:
        """Find by the holder's name, in whatever spelling: a renewed certificate makes it nobody's."""
        try:
            return self._by_subject.get(key_of_text(subject))
        except ValueError:
            return None

    def by_key_identifier(self, identifier: bytes) -> x509.Certificate | None:
        """Find by the subject key identifier."""
        return self._by_key_identifier.get(identifier)

    def by_thumbprint(self, octets: bytes) -> x509.Certificate | None:
        """Find by the SHA-1 of the certificate: an index among few, so SHA-1 does no harm."""
        return self._by_thumbprint.get(octets)


def issuer_serial(certificate: x509.Certificate) -> tuple[NameKey, int]:
    """Return what a certificate is found by as IssuerSerial."""
    return key_of_name(certificate.issuer), certificate.serial_number


def subject_key_identifier(certificate: x509.Certificate) -> bytes:
    """Return the subject key identifier: of the extension, or as RFC 5280 §4.2.1.2 (1) makes it."""
    stated = find_extension(certificate, x509.SubjectKeyIdentifier)
    return (stated or x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())).digest


def thumbprint(certificate: x509.Certificate) -> bytes:
    """Return the SHA-1 of the DER form (X.509 Token Profile 1.1.1 §3.2.1)."""
    return certificate.fingerprint(hashes.SHA1())  # noqa: S303  (a name among known certificates)
