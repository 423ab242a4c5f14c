"""Keys of the operator's own, and the requests by which an issuer certifies them (PKCS #10, RFC 2986).

A new key is made on the machine that will use it, and only its request leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from notigateway.errors import ConfigurationError
from notigateway.pki.key_kinds import KeyKind

if TYPE_CHECKING:
    from datetime import datetime

    PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_PUBLIC_EXPONENT: Final = 65537
_NAME_MAX_CHARS: Final = 64
# A certificate is used on machines whose clocks differ a little from that of its maker.
_BEFORE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """For whom a key is to be certified: the operator, its NIF where it says it, and what the key is for.

    Raises: `ConfigurationError` for a name that no certificate holds.
    """

    organisation: str
    nif: str | None
    purpose: str

    def __post_init__(self) -> None:
        """Check that it can be written (RFC 5280, appendix A.1: ub-organization-name)."""
        if not 1 <= len(self.organisation) <= _NAME_MAX_CHARS or not self.organisation.isprintable():
            raise ConfigurationError(f"a name in a certificate has 1 to {_NAME_MAX_CHARS} characters")

    @property
    def name(self) -> x509.Name:
        """Return it as ETSI EN 319 412-3 §4.2.1 writes an entity in Spain; an issuer may write another."""
        attributes = [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "ES"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
        ]
        if self.nif:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, f"VATES-{self.nif}"))
        return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, self.purpose)])


def new_key(kind: KeyKind) -> PrivateKey:
    """Return a new private key."""
    if kind is KeyKind.P_256:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(_PUBLIC_EXPONENT, int(kind.removeprefix("rsa-")))


def key_pem(key: PrivateKey) -> bytes:
    """Return the key as the gateway reads it: PKCS #8, without a passphrase that would lie beside it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request_pem(key: PrivateKey, subject: Subject) -> bytes:
    """Return the request to certify the key for signatures, signed by the key itself."""
    request = x509.CertificateSigningRequestBuilder(subject.name).add_extension(_USAGE, critical=True)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def self_signed_pem(key: PrivateKey, subject: Subject, *, now: datetime, days: int) -> bytes:
    """Return a certificate of the key by itself: nobody vouches for it but who pins it."""
    public = key.public_key()
    name = subject.name
    return (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )


# ETSI EN 319 412-2 §4.3.2: to sign what its holder stands by
_USAGE: Final = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
