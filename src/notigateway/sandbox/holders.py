"""The sandbox's certificates on disk: two authorities, the gateway's own keys, and holders of every kind.

All identities are fictitious, with valid check digits. A sandbox keeps its keys: a folder that has
them is used as it is.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from notigateway.errors import ConfigurationError
from notigateway.pki.fitness import find_extension
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.sandbox import certifying
from notigateway.sandbox.cache import digest_of, write_files
from notigateway.sandbox.certifying import (
    AUTHORITY_USAGES,
    STAMPING,
    CertificateWish,
    authority_name,
    certificate_pem,
    entity_name,
    key_pem,
    name,
    new_ec_key,
    new_rsa_key,
    p12,
    person_name,
    policies,
    policies_for,
    representative_name,
    revocation_list,
)

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.cache import Cache, Files
    from notigateway.sandbox.certifying import PrivateKey

COMPANY: Final = ("B99999997", "Ejemplo de Nóminas, S.L. (ficticia)")
# Also the NIF of an issuing body of the sandbox's acts.
ISSUER: Final = ("Q9999901C", "Tesorería General de la Seguridad Social")
PERSON: Final = ("99999999R", "Ada", "Ejemplo Ficticio")
REPRESENTATIVE: Final = ("99999998T", "Blas", "Muestra Ficticia")
RED: Final = ("99999997E", "Celia", "Prueba Ficticia")
STRANGER: Final = ("99999996K", "Dario", "Nadie Ficticio")
GATEWAY: Final = "Pasarela de pruebas (ficticia)"

# Published on purpose: these keys open nothing but the sandboxes of the user who made them.
PASSPHRASE: Final = "sandbox"  # noqa: S105

# A world may stand at a fixed day of years ago, or be moved ahead for years.
_VALID_BEFORE: Final = timedelta(days=3650)
_VALID_AFTER: Final = timedelta(days=3650)
# How long what is kept is begun with: its `expired` ended a day before, and some days later still did.
_KEPT_SECONDS: Final = 7 * 86_400
_PRIVATE: Final = 0o600
PUBLIC_FILE: Final = 0o644


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
    def evidence_issuers(self) -> Path:
        """Return the folder of who issued the certificates of seal and time-stamp authority."""
        return self.folder / "evidence-issuers"

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


def ensure_pki(folder: Path, now: datetime, cache: Cache | None = None) -> Pki:
    """Return the PKI of that folder, made now where there is none, or that of the cache.

    It is made beside its place and renamed once complete: a killed sandbox leaves no half of it.
    """
    if not folder.is_dir():
        making = folder.with_name(f".{folder.name}-making")
        shutil.rmtree(making, ignore_errors=True)
        kept = None if cache is None else _kept(cache, now)
        if kept is None:
            making.mkdir(mode=0o700)
            _make(Pki(making), now)
        else:
            write_files(making, kept)
        making.rename(folder)
    pki = Pki(folder)
    made = folder / "issuing.crl", folder / "root.crl"
    if not (
        all(one.is_file() for one in (*made, pki.key("issuing"))) and _states_policies(pki.holder("company"))
    ):
        raise ConfigurationError(f"{folder.parent} was made by an earlier version: delete it, or use another")
    for target, source in (
        (pki.issuers / "issuing.cert.pem", pki.certificate("issuing")),
        *((pki.revocation / one.name, one) for one in made),
    ):
        if not target.is_file():
            target.parent.mkdir(exist_ok=True)
            write_new(target, source.read_bytes(), PUBLIC_FILE)
    _write_trust(pki)
    return pki


def _kept(cache: Cache, now: datetime) -> Files | None:
    """Return the PKI of this week; None where its `expired` has not ended yet, because a clock went back."""
    code = digest_of(Path(__file__), Path(certifying.__file__))
    name = f"pki-{code}-{int(now.timestamp()) // _KEPT_SECONDS}"
    files = cache.files(name, lambda folder: _make(Pki(folder), now), now=now)
    expired = None if files is None else files.get("holders/expired.cert.pem")
    if expired is None or x509.load_pem_x509_certificate(expired).not_valid_after_utc >= now:
        return None
    return files


def _states_policies(holder: Holder) -> bool:
    """Tell whether a certificate says of which family it is: without that no seal is read as one."""
    (certificate,) = load_certificates(holder.certificate)
    return find_extension(certificate, x509.CertificatePolicies) is not None


def _write_trust(pki: Pki) -> None:
    """Write what a verifier of this sandbox's evidence trusts, as an operator would publish it.

    The root has issued no caller's certificate, but the time-stamp authority's, and is the anchor of the
    seal's: of level LT it must be known who says that they were good.
    """
    trusted = ("seals", "seal"), ("timestamp", "tsa"), ("issuers", "issuing"), ("issuers", "root")
    for kind, stem in trusted:
        source, target = pki.certificate(stem), pki.trust / kind / f"{stem}.cert.pem"
        if source.is_file() and not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_new(target, source.read_bytes(), PUBLIC_FILE)


def _make(pki: Pki, now: datetime) -> None:
    root = _authority("Raíz de pruebas (ficticia)", now)
    issuing = _authority("Emisora de pruebas (ficticia)", now, by=root)
    outsider = _outsider(now)
    for stem, authority in (("root", root), ("issuing", issuing)):
        write_new(pki.certificate(stem), certificate_pem(authority.certificate), PUBLIC_FILE)
    # The issuing authority goes on: worlds revoke certificates.
    write_new(pki.key("issuing"), key_pem(issuing), _PRIVATE)
    # What only faults sign with: one ended yesterday, one is of nobody whom anybody trusts.
    yesterday = now - timedelta(days=1)
    for stem, by, until in (("service-expired", issuing, yesterday), ("service-foreign", outsider, None)):
        pair = _certify(_gateway_name("service"), new_rsa_key(), by=by, now=now, valid_until=until)
        _write_gateway(pki, stem, pair)
    _write_gateway(pki, "service", _certify(_gateway_name("service"), new_rsa_key(), by=issuing, now=now))
    _write_gateway(pki, "seal", _certify(_gateway_name("seal"), new_ec_key(), by=issuing, now=now))
    # Certified by the root, so that `openssl ts -verify -CAfile` needs nothing else.
    tsa = _certify(_gateway_name("tsa"), new_ec_key(), by=root, now=now, is_stamping=True)
    _write_gateway(pki, "tsa", tsa)
    pki.evidence_issuers.mkdir()
    for stem in ("root", "issuing"):
        write_new(pki.evidence_issuers / f"{stem}.cert.pem", pki.certificate(stem).read_bytes(), PUBLIC_FILE)
    write_new(pki.folder / "root.crl", _list_of(by=root, now=now), PUBLIC_FILE)
    pki.authorities.mkdir()
    write_new(pki.authorities / "tsa.cert.pem", certificate_pem(tsa.certificate), PUBLIC_FILE)
    _make_holders(pki, issuing, outsider, now=now)


def renew_holders(pki: Pki, now: datetime) -> None:
    """Certify other keys for the same holders, by the same authority: nobody is known by the former ones."""
    shutil.rmtree(pki.passphrase.parent)
    issuing = load_key_pair(pki.key("issuing"), pki.certificate("issuing"))
    _make_holders(pki, issuing, _outsider(now), now=now)


def _make_holders(pki: Pki, issuing: KeyPair, outsider: KeyPair, *, now: datetime) -> None:
    pki.passphrase.parent.mkdir(mode=0o700)
    write_new(pki.passphrase, f"{PASSPHRASE}\n".encode(), _PRIVATE)
    for stem, subject in _SUBJECTS.items():
        # `untrusted` names the company too, but its authority is not on the authorised list; `expired`
        # ended yesterday; `revoked` is on the list.
        valid_until = now - timedelta(days=1) if stem == "expired" else None
        by = outsider if stem == "untrusted" else issuing
        pair = _certify(subject, new_rsa_key(), by=by, now=now, valid_until=valid_until)
        _write_holder(pki.holder(stem), stem, pair, by.certificate)
        if stem == "revoked":
            write_new(
                pki.folder / "issuing.crl", _list_of(pair.certificate, by=issuing, now=now), PUBLIC_FILE
            )


def _write_gateway(pki: Pki, stem: str, pair: KeyPair) -> None:
    write_new(pki.key(stem), key_pem(pair), _PRIVATE)
    write_new(pki.certificate(stem), certificate_pem(pair.certificate), PUBLIC_FILE)


def _write_holder(files: Holder, label: str, pair: KeyPair, authority: x509.Certificate) -> None:
    write_new(files.key, key_pem(pair), _PRIVATE)
    write_new(files.certificate, certificate_pem(pair.certificate), PUBLIC_FILE)
    write_new(files.p12, p12(pair, PASSPHRASE.encode(), label=label, by=authority), _PRIVATE)


def _gateway_name(purpose: str) -> x509.Name:
    return name(
        (NameOID.COUNTRY_NAME, "ES"),
        (NameOID.ORGANIZATION_NAME, GATEWAY),
        (NameOID.COMMON_NAME, f"{GATEWAY}: {purpose}"),
    )


_SUBJECTS: Final = {
    "company": entity_name(*COMPANY),
    "issuer": entity_name(*ISSUER),
    "person": person_name(*PERSON),
    "representative": representative_name(REPRESENTATIVE, COMPANY),
    "red": person_name(*RED),
    "stranger": person_name(*STRANGER),
    "expired": entity_name(*COMPANY),
    "untrusted": entity_name(*COMPANY),
    "revoked": entity_name(*COMPANY),
}
# The names of all holders.
HOLDERS: Final = tuple(_SUBJECTS)


def _outsider(now: datetime) -> KeyPair:
    return _authority("Emisora no autorizada (ficticia)", now)


def _authority(common_name: str, now: datetime, by: KeyPair | None = None) -> KeyPair:
    return CertificateWish(
        authority_name(common_name),
        new_ec_key(),
        by=by,
        not_before=now - _VALID_BEFORE,
        not_after=now + _VALID_AFTER,
        usages=AUTHORITY_USAGES,
        ca=True,
    ).make()


def _certify(
    subject: x509.Name,
    key: PrivateKey,
    *,
    by: KeyPair,
    now: datetime,
    valid_until: datetime | None = None,
    is_stamping: bool = False,
) -> KeyPair:
    return CertificateWish(
        subject,
        key,
        by=by,
        not_before=now - _VALID_BEFORE,
        not_after=valid_until or now + _VALID_AFTER,
        purposes=[] if is_stamping else [ExtendedKeyUsageOID.CLIENT_AUTH],
        extra=[STAMPING] if is_stamping else [policies(*policies_for(subject))],
    ).make()


def _list_of(*revoked: x509.Certificate, by: KeyPair, now: datetime) -> bytes:
    """Return the revocation list with those certificates, valid as long as the authority."""
    begin = now - _VALID_BEFORE
    entries = [(one, begin) for one in revoked]
    return revocation_list(by, entries, this_update=begin, next_update=now + _VALID_AFTER)


def write_new(file: Path, data: bytes, mode: int) -> None:
    """Write a new file that never had a wider mode."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as target:
        target.write(data)
