"""Makes certificates, keys and revocation lists: for a sandbox here, and for the tests of everything.

What is made is fictitious, and shaped as Spanish certificates are (ETSI EN 319 412). A certificate is
described whole before it is made, so that a test can have one with any single thing wrong.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from notigateway.pki.keys import KeyPair

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

# What a certificate says of itself (ETSI EN 319 411-2, and the national profiles beside it).
PERSON_POLICIES: Final = ("0.4.0.194112.1.0",)
SEAL_POLICIES: Final = ("0.4.0.194112.1.1",)
REPRESENTATIVE_POLICIES: Final = ("2.16.724.1.3.5.8", "0.4.0.194112.1.0")
_OF_ENTITIES: Final = frozenset({NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER})
SIGNING_USAGES: Final = frozenset({"digital_signature", "content_commitment"})
AUTHORITY_USAGES: Final = frozenset({"key_cert_sign", "crl_sign"})
# RFC 3161 §2.3: the only purpose of the certificate, and critical.
STAMPING: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True
_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass
class CertificateWish:
    """A certificate that is wished for; `by` certifies it, and None means self-signed."""

    subject: x509.Name
    key: PrivateKey
    _: KW_ONLY
    not_before: datetime
    not_after: datetime
    by: KeyPair | None = None
    usages: frozenset[str] | None = SIGNING_USAGES
    purposes: Sequence[x509.ObjectIdentifier] = ()
    ca: bool = False
    path_length: int | None = None
    serial: int = field(default_factory=x509.random_serial_number)
    extra: Sequence[tuple[x509.ExtensionType, bool]] = ()

    def make(self) -> KeyPair:
        """Sign the certificate and return it with its key."""
        by_name, by_key = (self.by.certificate.subject, self.by.key) if self.by else (self.subject, self.key)
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(by_key.public_key())
        builder = (
            x509.CertificateBuilder(by_name, self.subject, self.key.public_key(), self.serial)
            .not_valid_before(self.not_before)
            .not_valid_after(self.not_after)
            .add_extension(x509.BasicConstraints(ca=self.ca, path_length=self.path_length), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(authority_key, critical=False)
        )
        if self.usages is not None:
            usage = x509.KeyUsage(**{flag: flag in self.usages for flag in _USAGES})
            builder = builder.add_extension(usage, critical=True)
        if self.purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(self.purposes), critical=False)
        for extension, critical in self.extra:
            builder = builder.add_extension(extension, critical=critical)
        return KeyPair(self.key, builder.sign(by_key, hashes.SHA256()))


def revocation_list(
    authority: KeyPair,
    revoked: Sequence[tuple[x509.Certificate, datetime]],
    *,
    this_update: datetime,
    next_update: datetime | None,
    reason: x509.ReasonFlags | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    key: PrivateKey | None = None,
) -> bytes:
    """Return a revocation list in DER; `key` signs instead of the authority's."""
    subject = authority.certificate.subject
    builder = x509.CertificateRevocationListBuilder(subject, this_update, next_update)
    for certificate, at in revoked:
        entry = x509.RevokedCertificateBuilder(certificate.serial_number, at)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(key or authority.key, hashes.SHA256()).public_bytes(Encoding.DER)


def new_rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a new RSA key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def new_ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Return a new elliptic-curve key."""
    return ec.generate_private_key(curve())


def name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Return a name of these attributes, one in each of its parts."""
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def authority_name(common_name: str) -> x509.Name:
    """Name an authority."""
    return name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, common_name))


def person_name(nif: str, given: str, surname: str) -> x509.Name:
    """Name a person as ETSI EN 319 412-2 does."""
    return name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.SERIAL_NUMBER, f"IDCES-{nif}"),
        (NameOID.GIVEN_NAME, given),
        (NameOID.SURNAME, surname),
        (NameOID.COMMON_NAME, f"{given} {surname} - {nif}"),
    )


def entity_name(nif: str, entity: str, *, serial_number: str | None = None) -> x509.Name:
    """Name a company or a public body as ETSI EN 319 412-3 does; some seals bear a serial number too."""
    return name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.ORGANIZATION_NAME, entity),
        (NameOID.ORGANIZATION_IDENTIFIER, f"VATES-{nif}"),
        *([(NameOID.SERIAL_NUMBER, serial_number)] if serial_number else []),
        (NameOID.COMMON_NAME, f"Sello de {entity}"),
    )


def representative_name(
    person: tuple[str, str, str], entity: tuple[str, str], *, common_name: str | None = None
) -> x509.Name:
    """Name a person (NIF, given name, surname) and the entity (NIF, name) that it represents."""
    nif, given, surname = person
    entity_nif, entity_title = entity
    return name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.ORGANIZATION_NAME, entity_title),
        (NameOID.ORGANIZATION_IDENTIFIER, f"VATES-{entity_nif}"),
        (NameOID.SERIAL_NUMBER, f"IDCES-{nif}"),
        (NameOID.GIVEN_NAME, given),
        (NameOID.SURNAME, surname),
        (NameOID.COMMON_NAME, f"{nif} {common_name or f'{given} {surname}'} (R: {entity_nif})"),
    )


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    """Return the extension that names these policies."""
    named = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]
    return x509.CertificatePolicies(named), False


def policies_for(subject: x509.Name) -> tuple[str, ...]:
    """Return the policies that fit a name of these: a person's, an entity's, a representative's."""
    has = {attribute.oid for attribute in subject}
    if NameOID.GIVEN_NAME in has:
        return REPRESENTATIVE_POLICIES if NameOID.ORGANIZATION_IDENTIFIER in has else PERSON_POLICIES
    return SEAL_POLICIES if has & _OF_ENTITIES else PERSON_POLICIES


def key_pem(pair: KeyPair, passphrase: bytes | None = None) -> bytes:
    """Return the private key as a PEM file holds it, encrypted where there is a passphrase."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """Return the certificate as a PEM file holds it."""
    return certificate.public_bytes(Encoding.PEM)


def p12(pair: KeyPair, passphrase: bytes, *, label: str, by: x509.Certificate | None = None) -> bytes:
    """Return a PKCS #12 file with key and certificate, and that of the authority where it is given."""
    return pkcs12.serialize_key_and_certificates(
        label.encode(),
        pair.key,
        pair.certificate,
        None if by is None else [by],
        BestAvailableEncryption(passphrase),
    )
