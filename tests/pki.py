"""A test PKI, made when it is first asked for: no key is ever stored in the repository.

`pki()` is cached for the whole run, because RSA keys are slow to make. Everything is valid from
2020 to 2049 unless its name says otherwise, so tests may use any instant between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from notigateway.pki.keys import KeyPair, fingerprint
from notigateway.sandbox.certifying import (
    AUTHORITY_USAGES,
    SIGNING_USAGES,
    CertificateWish,
    PrivateKey,
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
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

COMPANY_NIF = "B12345674"
COMPANY_NAME = "Conservas del Norte SL"
OTHER_COMPANY_NIF = "A28000016"
REPRESENTATIVE_NIF = "12345678Z"
PERSON_NIF = "00000001R"
FOREIGNER_NIE = "X0000001R"
ISSUER_NIF = "Q2827003A"
STRANGER_NIF = "00000002W"

SERIAL_NUMBER = NameOID.SERIAL_NUMBER
ORGANIZATION_IDENTIFIER = NameOID.ORGANIZATION_IDENTIFIER
FNMT_NIF = x509.ObjectIdentifier("1.3.6.1.4.1.5734.1.4")
FNMT_CIF = x509.ObjectIdentifier("1.3.6.1.4.1.5734.1.7")

_START = datetime(2020, 1, 1, tzinfo=UTC)
_END = datetime(2049, 12, 31, tzinfo=UTC)


def person_subject(nif: str, given_name: str = "Ana", surname: str = "García López") -> x509.Name:
    return person_name(nif, given_name, surname)


def company_subject(nif: str, company: str = COMPANY_NAME) -> x509.Name:
    return entity_name(nif, company, serial_number=nif)


def representative_subject(person: str, company: str, company_name: str = COMPANY_NAME) -> x509.Name:
    return representative_name(
        (person, "Luis", "Pérez Díaz"), (company, company_name), common_name="LUIS PEREZ"
    )


@dataclass
class Issue(CertificateWish):
    """The wish for a certificate, valid from 2020 to 2049 unless it says otherwise."""

    not_before: datetime = _START
    not_after: datetime = _END

    def make(self) -> KeyPair:
        """Sign the certificate and return it with its key; an authority's list can be made ever after."""
        pair = super().make()
        if self.ca:
            _authorities[fingerprint(pair.certificate)] = pair
        return pair


# Every authority of the run by its fingerprint: whoever has its certificate can have its list made.
_authorities: dict[str, KeyPair] = {}


def crl(
    issuer: KeyPair,
    *revoked: tuple[x509.Certificate, datetime],
    this_update: datetime = _START,
    next_update: datetime | None = _END,
    reason: x509.ReasonFlags | None = None,
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    key: PrivateKey | None = None,
) -> bytes:
    """Return a revocation list in DER; `key` signs instead of the issuer's."""
    return revocation_list(
        issuer,
        revoked,
        this_update=this_update,
        next_update=next_update,
        reason=reason,
        extra=extra,
        key=key,
    )


def write_lists(folder: Path, issuers: Sequence[x509.Certificate]) -> Path:
    """Write the list of every authority of these, revoking nobody and fresh until 2049."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, certificate in enumerate(issuers):
        (folder / f"issuer-{number}.crl").write_bytes(_empty_list(fingerprint(certificate)))
    return folder


@cache
def _empty_list(authority_fingerprint: str) -> bytes:
    return crl(_authorities[authority_fingerprint])


def ocsp_answer(
    certificate: x509.Certificate,
    issuer: KeyPair,
    *,
    responder: KeyPair | None = None,
    this_update: datetime = _START,
    next_update: datetime | None = _END,
    revoked_at: datetime | None = None,
    status: ocsp.OCSPCertStatus | None = None,
    reason: x509.ReasonFlags | None = None,
) -> bytes:
    """Return an OCSP answer in DER, by the issuer or by a responder that it certified."""
    default = ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
    signer = responder or issuer
    builder = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=certificate,
            issuer=issuer.certificate,
            algorithm=hashes.SHA1(),  # noqa: S303  (the one that responders use)
            cert_status=status or default,
            this_update=this_update,
            next_update=next_update,
            revocation_time=revoked_at,
            revocation_reason=reason,
        )
        .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
    )
    if responder is not None:
        builder = builder.certificates([responder.certificate])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def responder(issuer: KeyPair, *, certified: bool = True, no_check: bool = True) -> KeyPair:
    """Issue the certificate of an OCSP responder; `certified` gives it that purpose."""
    purpose = ExtendedKeyUsageOID.OCSP_SIGNING if certified else ExtendedKeyUsageOID.CLIENT_AUTH
    return Issue(
        name((NameOID.COMMON_NAME, "Estado de certificados de pruebas")),
        ec_key("responder"),
        by=issuer,
        purposes=[purpose],
        extra=[(x509.OCSPNoCheck(), False)] if no_check else [],
    ).make()


@cache
def rsa_key(label: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return the run's RSA key of that label: the same one for every certificate that asks for it."""
    return new_rsa_key(bits)


@cache
def ec_key(label: str, curve: type[ec.EllipticCurve] = ec.SECP256R1) -> ec.EllipticCurvePrivateKey:
    """Return the run's elliptic-curve key of that label."""
    return new_ec_key(curve)


def authority(
    label: str,
    *,
    subject: x509.Name | None = None,
    not_after: datetime = _END,
    extra: x509.ExtensionType | None = None,
) -> KeyPair:
    """Issue a self-signed authority with the EC key of that label; `extra` becomes critical."""
    return Issue(
        subject or authority_name(label),
        ec_key(label),
        not_after=not_after,
        ca=True,
        usages=AUTHORITY_USAGES,
        extra=[(extra, True)] if extra else [],
    ).make()


class TestPki:
    """A root, an issuing CA, and holders of every kind, each made when first used."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    @cached_property
    def root(self) -> KeyPair:
        return self._ca("Raíz de pruebas", ec_key("root"))

    @cached_property
    def issuing(self) -> KeyPair:
        return self._ca("Emisora de pruebas", ec_key("issuing"), by=self.root)

    @cached_property
    def rsa_issuing(self) -> KeyPair:
        """An issuer with an RSA key, as most real ones are."""
        return self._ca("Emisora RSA de pruebas", rsa_key("rsa issuing"), by=self.root)

    @cached_property
    def other_root(self) -> KeyPair:
        """A root that nobody authorised."""
        return self._ca("Raíz ajena", ec_key("other root"))

    @property
    def anchors(self) -> list[x509.Certificate]:
        return [self.root.certificate, self.issuing.certificate, self.rsa_issuing.certificate]

    # --- holders that are admitted

    @cached_property
    def company_seal(self) -> KeyPair:
        return self.holder(company_subject(COMPANY_NIF), rsa_key("company"))

    @cached_property
    def representative(self) -> KeyPair:
        return self.holder(representative_subject(REPRESENTATIVE_NIF, COMPANY_NIF), rsa_key("representative"))

    @cached_property
    def person(self) -> KeyPair:
        return self.holder(person_subject(PERSON_NIF), rsa_key("person"))

    @cached_property
    def issuer(self) -> KeyPair:
        """Return the seal of the issuing body that `stack` registers."""
        return self.holder(
            company_subject(ISSUER_NIF, "Tesorería General de la Seguridad Social"), rsa_key("issuer")
        )

    @cached_property
    def stranger(self) -> KeyPair:
        """Admitted by trust, known to nobody."""
        return self.holder(person_subject(STRANGER_NIF, "Eva", "Nadie"), rsa_key("stranger"))

    @cached_property
    def ec_company(self) -> KeyPair:
        return self.holder(company_subject(COMPANY_NIF), ec_key("ec company"))

    @cached_property
    def service(self) -> KeyPair:
        """The gateway's own key for answers."""
        return self.holder(company_subject(OTHER_COMPANY_NIF, "Pasarela de pruebas"), rsa_key("service"))

    @cached_property
    def seal(self) -> KeyPair:
        """The gateway's own key for receipts."""
        return self.holder(company_subject(OTHER_COMPANY_NIF, "Sello de la pasarela"), ec_key("seal"))

    # --- holders that are refused, each for one reason

    @cached_property
    def expired(self) -> KeyPair:
        return self.holder(
            company_subject(COMPANY_NIF), rsa_key("company"), not_after=datetime(2021, 1, 1, tzinfo=UTC)
        )

    @cached_property
    def not_yet_valid(self) -> KeyPair:
        return self.holder(
            company_subject(COMPANY_NIF), rsa_key("company"), not_before=datetime(2045, 1, 1, tzinfo=UTC)
        )

    @cached_property
    def wrong_issuer(self) -> KeyPair:
        return self.holder(company_subject(COMPANY_NIF), rsa_key("company"), by=self.other_root)

    @cached_property
    def self_signed(self) -> KeyPair:
        """Says of itself that the issuing CA issued it (signature faking)."""
        forged = KeyPair(ec_key("forger"), self._ca("Emisora de pruebas", ec_key("forger")).certificate)
        return self.holder(company_subject(COMPANY_NIF), rsa_key("person"), by=forged)

    @cached_property
    def weak_rsa(self) -> KeyPair:
        return self.holder(company_subject(COMPANY_NIF), rsa_key("weak", 1024))

    @cached_property
    def key_encipherment_only(self) -> KeyPair:
        return self.holder(
            company_subject(COMPANY_NIF), rsa_key("company"), usages=frozenset({"key_encipherment"})
        )

    @cached_property
    def wrong_purpose(self) -> KeyPair:
        return self.holder(
            company_subject(COMPANY_NIF), rsa_key("company"), purposes=[ExtendedKeyUsageOID.SERVER_AUTH]
        )

    @cached_property
    def sha1_signed(self) -> KeyPair:
        """A good certificate but for its issuer's signature, which is RSA over SHA-1."""
        good = self.holder(company_subject(COMPANY_NIF), rsa_key("company"), by=self.rsa_issuing)
        weak = asn1.Certificate.load(good.certificate.public_bytes(Encoding.DER))
        for algorithm in (weak["tbs_certificate"]["signature"], weak["signature_algorithm"]):
            algorithm["algorithm"] = "sha1_rsa"
        body = weak["tbs_certificate"].dump(force=True)
        key = rsa_key("rsa issuing")
        weak["signature_value"] = key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        return KeyPair(good.key, x509.load_der_x509_certificate(weak.dump(force=True)))

    @cached_property
    def ca_as_signer(self) -> KeyPair:
        return Issue(
            company_subject(COMPANY_NIF),
            rsa_key("company"),
            by=self.issuing,
            ca=True,
            usages=AUTHORITY_USAGES | SIGNING_USAGES,
        ).make()

    def holder(
        self,
        subject: x509.Name,
        key: PrivateKey,
        *,
        by: KeyPair | None = None,
        not_before: datetime = _START,
        not_after: datetime = _END,
        usages: frozenset[str] | None = SIGNING_USAGES,
        purposes: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH,),
        extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
        named_policies: Sequence[str] | None = None,
    ) -> KeyPair:
        """Issue an end-entity certificate, by the issuing CA and with fitting policies by default."""
        named = policies_for(subject) if named_policies is None else named_policies
        return Issue(
            subject,
            key,
            by=by or self.issuing,
            not_before=not_before,
            not_after=not_after,
            usages=usages,
            purposes=purposes,
            extra=[*extra, *([policies(*named)] if named else [])],
        ).make()

    def _ca(self, common_name: str, key: PrivateKey, by: KeyPair | None = None) -> KeyPair:
        return Issue(authority_name(common_name), key, by=by, ca=True, usages=AUTHORITY_USAGES).make()


@cache
def pki() -> TestPki:
    """Return the run's PKI."""
    return TestPki()


# --- files, as operators and integrators have them ------------------------------------------------


def write_pem(pair: KeyPair, folder: Path, stem: str, password: bytes | None = None) -> tuple[Path, Path]:
    """Write `<stem>.key.pem` and `<stem>.cert.pem` and return both paths."""
    key_file, certificate_file = folder / f"{stem}.key.pem", folder / f"{stem}.cert.pem"
    key_file.touch(mode=0o600)  # production refuses a key that others may read
    key_file.write_bytes(key_pem(pair, password))
    certificate_file.write_bytes(certificate_pem(pair.certificate))
    return key_file, certificate_file


def write_p12(pair: KeyPair, file: Path, password: bytes) -> Path:
    """Write a PKCS #12 file with key and certificate."""
    file.write_bytes(p12(pair, password, label="holder"))
    return file


def write_issuers(folder: Path, certificates: Sequence[x509.Certificate]) -> Path:
    """Write a folder of authorised issuers and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, certificate in enumerate(certificates):
        (folder / f"issuer-{number}.pem").write_bytes(certificate_pem(certificate))
    return folder
