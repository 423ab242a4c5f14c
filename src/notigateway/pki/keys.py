"""Private keys and certificates, read once from the operator's files.

Keys never leave this process and never appear in a message of ours. A key whose certificate does
not belong to it stops the start, not the first signature.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

# RFC 4514 has no words for these, and a number tells a person nothing.
_WORDS = {
    NameOID.ORGANIZATION_IDENTIFIER: "organizationIdentifier",
    NameOID.SERIAL_NUMBER: "serialNumber",
    NameOID.GIVEN_NAME: "givenName",
    NameOID.SURNAME: "SN",
}
CERTIFICATE_MAX_BYTES: Final = 64 * 1024
_PEM_MARK = b"-----BEGIN "
_PFX_VERSION = "v3"  # RFC 7292 §4


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key with the certificate of its public half.

    Raises: `ConfigurationError` when the two do not belong together.
    """

    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate

    def __post_init__(self) -> None:
        """Check that the certificate certifies this very key."""
        if _spki(self.key.public_key()) != _spki(self.certificate.public_key()):
            raise ConfigurationError(
                f"the private key does not belong to the certificate of {subject_of(self.certificate)}"
            )


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that never leaves its device, as its certificate and what makes signatures with it.

    `sign` returns ECDSA with SHA-256 in DER, in its low form, or RSA-PSS with SHA-256 and a salt of 32 bytes.
    """

    certificate: x509.Certificate
    sign: Callable[[bytes], bytes] = field(repr=False)


def load_key_pair(key_file: Path, certificate_file: Path, password: bytes | None = None) -> KeyPair:
    """Read a private key and its certificate, each PEM or DER; the certificate is the file's first.

    Raises: `ConfigurationError` naming the file, never its content.
    """
    data = read_file(key_file)
    load = load_pem_private_key if _PEM_MARK in data else load_der_private_key
    try:
        key = load(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(_why_no_key(data, key_file, has_password=password is not None)) from error
    certificate = load_certificates(certificate_file)[0]
    return _paired(_usable(key, key_file), certificate, f"{key_file} and {certificate_file}")


def load_p12(file: Path, password: bytes | None = None) -> KeyPair:
    """Read a private key and its certificate from a PKCS #12 file.

    Raises: `ConfigurationError` for a wrong password, a damaged file or one without key or certificate.
    """
    data = read_file(file)
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(_why_no_p12(data, file, has_password=password is not None)) from error
    if key is None or certificate is None:
        raise ConfigurationError(f"{file} must hold a private key and its certificate")
    return _paired(_usable(key, file), certificate, str(file))


def load_certificates(file: Path) -> list[x509.Certificate]:
    """Read the certificates of a file, one DER or any number in PEM, in the file's order.

    Raises: `ConfigurationError` when there is none or one cannot be read.
    """
    data = read_file(file)
    try:
        if _PEM_MARK in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError as error:
        if b"PRIVATE KEY-----" in data:
            raise ConfigurationError(f"{file} holds a private key, and no certificate") from error
        raise ConfigurationError(f"{file} holds no readable certificate") from error


def read_certificate(der: bytes) -> x509.Certificate:
    """Return a certificate that foreign bytes are, with names and a key that can be read.

    Raises: `ValueError`, whatever is wrong with them: `cryptography` says it in several ways, and of names
    and key only to who asks for them.
    """
    if len(der) > CERTIFICATE_MAX_BYTES:
        raise ValueError("larger than any certificate")
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.subject, certificate.issuer, certificate.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, Warning) as error:
        raise ValueError("no readable certificate") from error
    return certificate


@lru_cache(maxsize=1024)  # asked several times for each request
def fingerprint(certificate: x509.Certificate) -> str:
    """Return the lower-case hexadecimal SHA-256 of the certificate's DER form."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def subject_of(certificate: x509.Certificate) -> str:
    """Return the name of the holder for people; RFC 4514, each attribute by a word where there is one."""
    return certificate.subject.rfc4514_string(_WORDS)


def _paired(
    key: RSAPrivateKey | EllipticCurvePrivateKey, certificate: x509.Certificate, files: str
) -> KeyPair:
    """Return a key with its certificate. Raises: `ConfigurationError` naming the files of both."""
    try:
        return KeyPair(key, certificate)
    except ConfigurationError as error:
        raise ConfigurationError(f"{files}: {error.detail}") from error


def _why_no_key(data: bytes, file: Path, *, has_password: bool) -> str:
    """Return what is wrong with a file from which no private key could be read: each its own cure."""
    load = load_pem_private_key if _PEM_MARK in data else load_der_private_key
    try:
        load(data, None)
    except TypeError:  # it is encrypted
        if has_password:
            return f"the password does not open the private key in {file}"
        return f"the private key in {file} is encrypted, and its password is missing"
    except UnsupportedAlgorithm:
        return f"the private key in {file} is of a kind that is not read: use RSA or elliptic curve"
    except ValueError:
        return _what_instead_of_key(data, file)
    return f"a password is given, but the private key in {file} is not encrypted"


def _why_no_p12(data: bytes, file: Path, *, has_password: bool) -> str:
    # Only who brings such a file that cannot be read needs all this.
    from asn1crypto import pkcs12 as asn1  # type: ignore[import-untyped]  # noqa: PLC0415

    from notigateway.pki.asn1_classes import complete_classes  # noqa: PLC0415

    complete_classes()
    try:
        is_p12 = asn1.Pfx.load(data, strict=True)["version"].native == _PFX_VERSION
    except (ValueError, TypeError, KeyError):
        is_p12 = False
    if not is_p12:
        return f"{file} is not PKCS #12"
    if has_password:
        return f"the password does not open {file}, or the file is damaged"
    return f"{file} is encrypted, and its password is missing"


def _what_instead_of_key(data: bytes, file: Path) -> str:
    if b"PRIVATE KEY-----" in data:
        return f"the private key in {file} is damaged"
    if _holds_certificate(data):
        return f"{file} holds a certificate, and no private key"
    return f"{file} holds no private key, neither in PEM nor in DER"


def _holds_certificate(data: bytes) -> bool:
    if b"-----BEGIN CERTIFICATE-----" in data:
        return True
    try:
        x509.load_der_x509_certificate(data)
    except ValueError:
        return False
    return True


def _usable(key: PrivateKeyTypes, file: Path) -> RSAPrivateKey | EllipticCurvePrivateKey:
    if isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        return key
    kind = type(key).__name__.removeprefix("_").removesuffix("PrivateKey")
    raise ConfigurationError(f"the private key in {file} is {kind}, and must be RSA or elliptic curve")


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
