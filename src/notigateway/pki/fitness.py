"""The certificate by itself: valid now, strong enough, and allowed to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from notigateway.errors import (
    CertificateExpiredError,
    IssuerNotAuthorisedError,
    KeyUsageError,
    TokenTooLargeError,
    TokenTypeError,
    TokenWeakError,
)
from notigateway.pki.validity import Validity

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

_Kind = TypeVar("_Kind", bound=x509.ExtensionType)

_MIN_RSA_BITS: Final = 2048
# An issuer may certify what it likes, and whoever has it certified makes us compute with it: 2048 bits and
# 65537, which everybody uses, cost 0.02 ms to verify with, 8192 bits and an exponent of 64 bits 0.9 ms, 16384
# bits 4 ms, and 3072 bits with an exponent as long as the modulus 5 ms. OpenSSL bounds exponents above 3072
# bits only, at 64. The least, 3, and that it is odd, `cryptography` checks as it reads the key.
_MAX_RSA_BITS: Final = 8192
_MAX_EXPONENT_BITS: Final = 64
_CURVES: Final = (SECP256R1, SECP384R1, SECP521R1)
STRONG_HASHES: Final = frozenset({"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"})
# RFC 5280 §4.2.1.12, RFC 9336 and its two predecessors: purposes under which a message may be signed
_SIGNING_PURPOSES: Final = frozenset(
    {
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.EMAIL_PROTECTION,
        ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
        x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),  # documentSigning
        x509.ObjectIdentifier("1.3.6.1.4.1.311.10.3.12"),  # Microsoft's
        x509.ObjectIdentifier("1.2.840.113583.1.1.5"),  # Adobe's
    }
)
# The extensions of a signing certificate that somebody here looks at; a critical one beside these
# says something that we would ignore. RFC 5280 §4.2
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)


def check_validity(certificate: x509.Certificate, now: datetime) -> None:
    """Check that `now` lies within the certificate's validity, both ends included.

    Raises: `CertificateExpiredError` with the two ends.
    """
    validity = Validity.of(certificate)
    if not validity.covers(now):
        raise CertificateExpiredError(
            "outside its validity", not_before=validity.since, not_after=validity.until
        )


def check_fit_to_sign(certificate: x509.Certificate) -> None:
    """Check key, signature, extensions and usages of a certificate that signs messages.

    Raises: `TokenWeakError`, `TokenTooLargeError`, `TokenTypeError`, `KeyUsageError`,
    `IssuerNotAuthorisedError`.
    """
    _check_strength(certificate)
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD:
            raise IssuerNotAuthorisedError("critical extension", reason="critical-extension-unknown")
    _check_usage(certificate)


def check_key(key: PublicKeyTypes) -> None:
    """Check the kind and the size of a public key, before anything is computed with it.

    Raises: `TokenWeakError`, `TokenTooLargeError`, `TokenTypeError`.
    """
    if isinstance(key, RSAPublicKey):
        if key.key_size < _MIN_RSA_BITS:
            raise TokenWeakError("RSA key", key_bits=key.key_size)
        if key.key_size > _MAX_RSA_BITS or key.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
            raise TokenTooLargeError("RSA key", key_bits=key.key_size)
    elif not isinstance(key, EllipticCurvePublicKey):
        raise TokenTypeError("kind of key", part="certificate")
    elif not isinstance(key.curve, _CURVES):
        raise TokenWeakError("curve", key_bits=key.key_size)


def _check_strength(certificate: x509.Certificate) -> None:
    check_key(certificate.public_key())
    algorithm = certificate.signature_hash_algorithm
    if algorithm is None or algorithm.name not in STRONG_HASHES:
        raise TokenWeakError(
            "the certificate's own signature is not over SHA-2", part="certificate-signature"
        )


def is_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says of itself that it is one of an authority (RFC 5280 §4.2.1.9)."""
    basic = find_extension(certificate, x509.BasicConstraints)
    return basic is not None and basic.ca


def _check_usage(certificate: x509.Certificate) -> None:
    if is_authority(certificate):
        raise KeyUsageError("a certificate authority is no caller", reason="certificate-authority")
    usage = find_extension(certificate, x509.KeyUsage)
    # ETSI EN 319 412-2 §4.3.2: signing certificates always carry the extension
    if usage is None or not (usage.digital_signature or usage.content_commitment):
        raise KeyUsageError("key usage", reason="key-usage")
    purposes = find_extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not _SIGNING_PURPOSES & set(purposes):
        raise KeyUsageError("extended key usage", reason="extended-key-usage")


def find_extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    """Return what an extension of a certificate says; None where it has none of that kind."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
