"""Private keys and certificates, read once from the operator's files.

Keys never leave this process and never appear in a message of ours. A key whose certificate does
not belong to it stops the start, not the first signature.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

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

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_PEM_MARK = b"-----BEGIN "


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
            raise ConfigurationError("the private key does not belong to the certificate")


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key that never leaves its device, as its certificate and what makes signatures with it.

    `sign` returns ECDSA with SHA-256 in DER, or RSA-PSS with SHA-256 and a salt of 32 bytes.
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
        # TypeError: a password is missing, or given for a key that has none
        raise ConfigurationError(f"cannot read the private key in {key_file}") from error
    return KeyPair(_usable(key, key_file), load_certificates(certificate_file)[0])


def load_p12(file: Path, password: bytes | None = None) -> KeyPair:
    """Read a private key and its certificate from a PKCS #12 file.

    Raises: `ConfigurationError` for a wrong password, a damaged file or one without key or certificate.
    """
    data = read_file(file)
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(data, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigurationError(f"cannot read {file}: wrong password or not PKCS #12") from error
    if key is None or certificate is None:
        raise ConfigurationError(f"{file} must hold a private key and its certificate")
    return KeyPair(_usable(key, file), certificate)


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
        raise ConfigurationError(f"{file} holds no readable certificate") from error


@lru_cache(maxsize=1024)  # asked several times for each request
def fingerprint(certificate: x509.Certificate) -> str:
    """Return the lower-case hexadecimal SHA-256 of the certificate's DER form."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def read_file(file: Path) -> bytes:
    """Return the bytes of an operator's file. Raises: `ConfigurationError` naming it."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error


def _usable(key: PrivateKeyTypes, file: Path) -> RSAPrivateKey | EllipticCurvePrivateKey:
    if isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        return key
    raise ConfigurationError(f"the private key in {file} must be RSA or elliptic curve")


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
