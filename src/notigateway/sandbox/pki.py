"""The sandbox's certificates: two authorities, the gateway's own keys, and holders of every kind.

All identities are fictitious, with valid check digits. A sandbox keeps its keys: a folder that has
them is used as it is.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
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

from notigateway.errors import ConfigurationError
from notigateway.pki.keys import KeyPair

if TYPE_CHECKING:
    from pathlib import Path

COMPANY: Final = ("B99999997", "Ejemplo de Nóminas, S.L. (ficticia)")
# Also the NIF of an issuing body of the sandbox's acts.
ISSUER: Final = ("Q9999901C", "Tesorería General de la Seguridad Social")
PERSON: Final = ("99999999R", "Ada", "Ejemplo Ficticio")
REPRESENTATIVE: Final = ("99999998T", "Blas", "Muestra Ficticia")
RED: Final = ("99999997E", "Celia", "Prueba Ficticia")
STRANGER: Final = ("99999996K", "Dario", "Nadie Ficticio")
GATEWAY: Final = "Pasarela de pruebas (ficticia)"

# Published on purpose: these keys open nothing but the sandbox that made them.
PASSPHRASE: Final = "sandbox"  # noqa: S105

_CALLING: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False
_VALID_BEFORE: Final = timedelta(days=30)
_VALID_AFTER: Final = timedelta(days=3650)
_PRIVATE: Final = 0o600
_PUBLIC: Final = 0o644
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


@dataclass(frozen=True, slots=True)
class Holder:
    """The files of one holder; the PKCS #12 file opens with the passphrase of the sandbox."""

    key: Path
    certificate: Path
    p12: Path


@dataclass(frozen=True, slots=True)
class Pki:
    """Where the certificates and keys of a sandbox are."""

    folder: Path

    def key(self, name: str) -> Path:
        """Return the private key file of `service`, `seal` or `tsa`, the time-stamp authority."""
        return self.folder / f"{name}.key.pem"

    def certificate(self, name: str) -> Path:
        """Return the certificate file of `root`, `issuing`, `service`, `seal` or `tsa`."""
        return self.folder / f"{name}.cert.pem"

    @property
    def issuers(self) -> Path:
        """Return the folder of the authorised issuers."""
        return self.folder.parent / "issuers"

    @property
    def revocation(self) -> Path:
        """Return the folder of the revocation lists."""
        return self.folder.parent / "revocation"

    @property
    def authorities(self) -> Path:
        """Return the folder of the pinned time-stamp authorities."""
        return self.folder / "timestamp-authorities"

    @property
    def trust(self) -> Path:
        """Return the folder that `notigateway-verify --trust` takes."""
        return self.folder.parent / "trust"

    @property
    def passphrase(self) -> Path:
        """Return the file with the passphrase of every PKCS #12 file."""
        return self.folder / "holders" / "passphrase.txt"

    def holders(self) -> dict[str, Holder]:
        """Return the files of every holder, by its name."""
        return {name: self.holder(name) for name in _SUBJECTS}

    def holder(self, name: str) -> Holder:
        """Return the files of one holder."""
        stem = self.folder / "holders" / name
        return Holder(*(stem.with_name(f"{name}{suffix}") for suffix in (".key.pem", ".cert.pem", ".p12")))


def ensure_pki(folder: Path, now: datetime) -> Pki:
    """Return the PKI of that folder, made now where there is none.

    It is made beside its place and renamed once complete: a killed sandbox leaves no half of it.
    """
    if not folder.is_dir():
        making = folder.with_name(f".{folder.name}-making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        _make(Pki(making), now)
        making.rename(folder)
    pki = Pki(folder)
    made = folder / "issuing.crl"
    if not made.is_file():
        raise ConfigurationError(f"{folder.parent} was made by an earlier version: delete it, or use another")
    for target, source in (
        (pki.issuers / "issuing.cert.pem", pki.certificate("issuing")),
        (pki.revocation / "issuing.crl", made),
    ):
        if not target.is_file():
            target.parent.mkdir(exist_ok=True)
            _write(target, source.read_bytes(), _PUBLIC)
    _write_trust(pki)
    return pki


def _write_trust(pki: Pki) -> None:
    """Write what a verifier of this sandbox's evidence trusts, as an operator would publish it."""
    for kind, name in (("seals", "seal"), ("timestamp", "tsa"), ("issuers", "issuing")):
        source, target = pki.certificate(name), pki.trust / kind / f"{name}.cert.pem"
        if source.is_file() and not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, source.read_bytes(), _PUBLIC)


def _make(pki: Pki, now: datetime) -> None:
    root = _authority("Raíz de pruebas (ficticia)", now)
    issuing = _authority("Emisora de pruebas (ficticia)", now, by=root)
    outsider = _authority("Emisora no autorizada (ficticia)", now)
    for name, authority in (("root", root), ("issuing", issuing)):
        _write(pki.certificate(name), _pem(authority.certificate), _PUBLIC)
    for name, key in (("service", _rsa_key()), ("seal", ec.generate_private_key(ec.SECP256R1()))):
        pair = _issue(_gateway_subject(name), key, by=issuing, now=now)
        _write(pki.key(name), _key_pem(pair), _PRIVATE)
        _write(pki.certificate(name), _pem(pair.certificate), _PUBLIC)
    # Issued by the root, so that `openssl ts -verify -CAfile` needs nothing else.
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True
    key = ec.generate_private_key(ec.SECP256R1())
    tsa = _issue(_gateway_subject("tsa"), key, by=root, now=now, purpose=stamping)
    _write(pki.key("tsa"), _key_pem(tsa), _PRIVATE)
    _write(pki.certificate("tsa"), _pem(tsa.certificate), _PUBLIC)
    pki.authorities.mkdir()
    _write(pki.authorities / "tsa.cert.pem", _pem(tsa.certificate), _PUBLIC)
    pki.passphrase.parent.mkdir(mode=0o700)
    _write(pki.passphrase, f"{PASSPHRASE}\n".encode(), _PRIVATE)
    for name, subject in _SUBJECTS.items():
        # `untrusted` names the company too, but its issuer is not on the authorised list; `expired`
        # ended yesterday; `revoked` is on the list.
        valid_until = now - timedelta(days=1) if name == "expired" else now + _VALID_AFTER
        by = outsider if name == "untrusted" else issuing
        pair = _issue(subject, _rsa_key(), by=by, now=now, valid_until=valid_until)
        _write_holder(pki.holder(name), name, pair, by.certificate)
        if name == "revoked":
            _write(pki.folder / "issuing.crl", _list_of(pair.certificate, by=issuing, now=now), _PUBLIC)


def _write_holder(files: Holder, name: str, pair: KeyPair, issuer: x509.Certificate) -> None:
    _write(files.key, _key_pem(pair), _PRIVATE)
    _write(files.certificate, _pem(pair.certificate), _PUBLIC)
    encryption = BestAvailableEncryption(PASSPHRASE.encode())
    bundle = pkcs12.serialize_key_and_certificates(
        name.encode(), pair.key, pair.certificate, [issuer], encryption
    )
    _write(files.p12, bundle, _PRIVATE)


def _person(nif: str, given: str, surname: str) -> x509.Name:
    """Name a person as ETSI EN 319 412-2 does."""
    return _name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.SERIAL_NUMBER, f"IDCES-{nif}"),
        (NameOID.GIVEN_NAME, given),
        (NameOID.SURNAME, surname),
        (NameOID.COMMON_NAME, f"{given} {surname} - {nif}"),
    )


def _entity(nif: str, name: str) -> x509.Name:
    """Name a company or a public body as ETSI EN 319 412-3 does."""
    return _name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.ORGANIZATION_NAME, name),
        (NameOID.ORGANIZATION_IDENTIFIER, f"VATES-{nif}"),
        (NameOID.COMMON_NAME, f"Sello de {name}"),
    )


def _representative() -> x509.Name:
    """Name a person and the entity it represents: both identities stay apart."""
    nif, given, surname = REPRESENTATIVE
    company_nif, company = COMPANY
    return _name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.ORGANIZATION_NAME, company),
        (NameOID.ORGANIZATION_IDENTIFIER, f"VATES-{company_nif}"),
        (NameOID.SERIAL_NUMBER, f"IDCES-{nif}"),
        (NameOID.GIVEN_NAME, given),
        (NameOID.SURNAME, surname),
        (NameOID.COMMON_NAME, f"{nif} {given} {surname} (R: {company_nif})"),
    )


def _gateway_subject(purpose: str) -> x509.Name:
    return _name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.ORGANIZATION_NAME, GATEWAY),
        (NameOID.COMMON_NAME, f"{GATEWAY}: {purpose}"),
    )


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


_SUBJECTS: Final = {
    "company": _entity(*COMPANY),
    "issuer": _entity(*ISSUER),
    "person": _person(*PERSON),
    "representative": _representative(),
    "red": _person(*RED),
    "stranger": _person(*STRANGER),
    "expired": _entity(*COMPANY),
    "untrusted": _entity(*COMPANY),
    "revoked": _entity(*COMPANY),
}


def _authority(common_name: str, now: datetime, by: KeyPair | None = None) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, common_name))
    return _issue(subject, key, by=by, now=now, is_authority=True)


def _issue(
    subject: x509.Name,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    *,
    by: KeyPair | None,
    now: datetime,
    valid_until: datetime | None = None,
    is_authority: bool = False,
    purpose: tuple[x509.ExtendedKeyUsage, bool] = _CALLING,
) -> KeyPair:
    """Issue a certificate for a key, self-signed where nobody issues it."""
    issuer_name, issuer_key = (by.certificate.subject, by.key) if by else (subject, key)
    usages = {"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature", "content_commitment"}
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder(issuer_name, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _VALID_BEFORE)
        .not_valid_after(valid_until or now + _VALID_AFTER)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{usage: usage in usages for usage in _USAGES}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority_key, critical=False)
    )
    if not is_authority:
        usage, is_critical = purpose
        builder = builder.add_extension(usage, critical=is_critical)
    return KeyPair(key, builder.sign(issuer_key, hashes.SHA256()))


def _list_of(revoked: x509.Certificate, *, by: KeyPair, now: datetime) -> bytes:
    """Return the revocation list with that one certificate, valid as long as the authority."""
    entry = x509.RevokedCertificateBuilder(revoked.serial_number, now - timedelta(days=1)).build()
    subject, until = by.certificate.subject, now + _VALID_AFTER
    builder = x509.CertificateRevocationListBuilder(subject, now - timedelta(days=1), until)
    signed = builder.add_revoked_certificate(entry).sign(by.key, hashes.SHA256())
    return signed.public_bytes(Encoding.DER)


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _key_pem(pair: KeyPair) -> bytes:
    return pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(file: Path, data: bytes, mode: int) -> None:
    """Write a new file that never had a wider mode."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as target:
        target.write(data)
