"""Which certificates are admitted, and why the others are not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from envelopes import Draft
from notigateway.errors import (
    CertificateExpiredError,
    GatewayError,
    IssuerNotAuthorisedError,
    KeyUsageError,
    TokenInvalidError,
    TokenTypeError,
    TokenWeakError,
)
from notigateway.pki.anchors import TrustStore
from notigateway.pki.keys import KeyPair
from notigateway.sandbox.certifying import name
from pki import COMPANY_NIF, NOW, authority, company_subject, ec_key, pki, rsa_key
from verifying import refused

if TYPE_CHECKING:
    pass

SUBJECT = company_subject(COMPANY_NIF)


@pytest.fixture
def trust() -> TrustStore:
    return TrustStore(pki().anchors)


# --- admitted -------------------------------------------------------------------------------------


@pytest.mark.parametrize("holder", ["company_seal", "representative", "person", "stranger", "ec_company"])
def test_a_certificate_of_an_authorised_issuer_is_admitted(trust: TrustStore, holder: str) -> None:
    trust.check(getattr(pki(), holder).certificate, NOW)


def test_an_issuer_with_an_rsa_key_is_as_good(trust: TrustStore) -> None:
    trust.check(pki().holder(SUBJECT, rsa_key("company"), by=pki().rsa_issuing).certificate, NOW)


@pytest.mark.parametrize("usage", ["digital_signature", "content_commitment"])
def test_either_signing_usage_is_enough(trust: TrustStore, usage: str) -> None:
    pair = pki().holder(SUBJECT, rsa_key("company"), usages=frozenset({usage}))
    trust.check(pair.certificate, NOW)


@pytest.mark.parametrize(
    "purposes",
    [
        (),
        (ExtendedKeyUsageOID.CLIENT_AUTH,),
        (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION),
        (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,),
        (x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"),),
    ],
    ids=["none", "client", "mail", "any", "documents"],
)
def test_every_signing_purpose_is_admitted(
    trust: TrustStore, purposes: tuple[x509.ObjectIdentifier, ...]
) -> None:
    trust.check(pki().holder(SUBJECT, rsa_key("company"), purposes=purposes).certificate, NOW)


def test_the_first_and_the_last_second_are_valid(trust: TrustStore) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    pair = pki().holder(SUBJECT, rsa_key("company"), not_before=start, not_after=end)
    for instant in (start, end):
        trust.check(pair.certificate, instant)
    for instant in (start - timedelta(seconds=1), end + timedelta(seconds=1)):
        with pytest.raises(CertificateExpiredError):
            trust.check(pair.certificate, instant)


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "error", "facts"),
    [
        ("expired", CertificateExpiredError, {"not_after": datetime(2021, 1, 1, tzinfo=UTC)}),
        ("not_yet_valid", CertificateExpiredError, {"not_before": datetime(2045, 1, 1, tzinfo=UTC)}),
        ("wrong_issuer", IssuerNotAuthorisedError, {"reason": "issuer-unknown"}),
        ("self_signed", IssuerNotAuthorisedError, {"reason": "path-not-valid"}),
        ("weak_rsa", TokenWeakError, {"key_bits": 1024}),
        ("key_encipherment_only", KeyUsageError, {"reason": "key-usage"}),
        ("wrong_purpose", KeyUsageError, {"reason": "extended-key-usage"}),
        ("ca_as_signer", KeyUsageError, {"reason": "certificate-authority"}),
        ("issuing", KeyUsageError, {"reason": "certificate-authority"}),
        ("root", KeyUsageError, {"reason": "certificate-authority"}),
    ],
)
def test_a_certificate_is_refused_for_its_own_reason(
    trust: TrustStore, holder: str, error: type[GatewayError], facts: dict[str, object]
) -> None:
    for _ in range(2):
        with pytest.raises(error) as caught:
            trust.check(getattr(pki(), holder).certificate, NOW)
        assert facts.items() <= caught.value.facts.items()


def test_a_certificate_without_key_usage_may_not_sign(trust: TrustStore) -> None:
    with pytest.raises(KeyUsageError):
        trust.check(pki().holder(SUBJECT, rsa_key("company"), usages=None).certificate, NOW)


def test_another_curve_is_too_weak(trust: TrustStore) -> None:
    pair = pki().holder(SUBJECT, ec_key("koblitz", ec.SECP256K1))
    with pytest.raises(TokenWeakError):
        trust.check(pair.certificate, NOW)


def test_a_certificate_signed_with_sha1_is_too_weak(trust: TrustStore) -> None:
    with pytest.raises(TokenWeakError):
        trust.check(pki().sha1_signed.certificate, NOW)


def test_an_unknown_critical_extension_is_refused(trust: TrustStore) -> None:
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    ignored = pki().holder(SUBJECT, rsa_key("company"), extra=[(extension, False)])
    trust.check(ignored.certificate, NOW)
    critical = pki().holder(SUBJECT, rsa_key("company"), extra=[(extension, True)])
    with pytest.raises(IssuerNotAuthorisedError) as caught:
        trust.check(critical.certificate, NOW)
    assert caught.value.facts == {"reason": "critical-extension-unknown"}


def test_the_same_name_with_another_key_is_no_issuer(trust: TrustStore) -> None:
    imposter = KeyPair(
        ec_key("imposter"), authority("imposter", subject=pki().issuing.certificate.subject).certificate
    )
    with pytest.raises(IssuerNotAuthorisedError):
        trust.check(pki().holder(SUBJECT, rsa_key("company"), by=imposter).certificate, NOW)


def test_an_end_entity_issues_nothing(trust: TrustStore) -> None:
    with pytest.raises(IssuerNotAuthorisedError):
        trust.check(pki().holder(SUBJECT, rsa_key("person"), by=pki().company_seal).certificate, NOW)


def test_an_end_entity_with_an_issuers_name_and_key_is_no_caller(trust: TrustStore) -> None:
    issuing = pki().issuing
    pair = pki().holder(issuing.certificate.subject, ec_key("issuing"))
    with pytest.raises(IssuerNotAuthorisedError):
        trust.check(pair.certificate, NOW)


def test_a_kind_of_key_that_cannot_sign_envelopes_is_refused(trust: TrustStore) -> None:
    issuing = pki().issuing
    certificate = (
        x509.CertificateBuilder()
        .subject_name(SUBJECT)
        .issuer_name(issuing.certificate.subject)
        .public_key(Ed25519PrivateKey.generate().public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .sign(issuing.key, hashes.SHA256())
    )
    with pytest.raises(TokenTypeError):
        trust.check(certificate, NOW)


@pytest.mark.parametrize("change", ["version", "serial"])
def test_a_certificate_outside_rfc_5280_is_not_read(change: str) -> None:
    form = asn1.Certificate.load(pki().person.certificate.public_bytes(Encoding.DER))
    body = form["tbs_certificate"]
    if change == "version":
        body["version"] = "v1"
        body["extensions"] = None
    else:
        body["serial_number"] = -5
    token = base64.b64encode(form.dump(force=True)).decode()
    refused(Draft(token_text=token).build(), TokenInvalidError)


def test_an_expired_issuer_admits_nobody() -> None:
    old = authority("old issuer", not_after=datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(IssuerNotAuthorisedError):
        TrustStore([old.certificate]).check(
            pki().holder(SUBJECT, rsa_key("company"), by=old).certificate, NOW
        )


def test_a_renewed_issuer_certificate_wins_over_the_expired_one() -> None:
    old = authority("renewed issuer", not_after=datetime(2025, 1, 1, tzinfo=UTC))
    new = authority("renewed issuer")
    holder = pki().holder(SUBJECT, rsa_key("company"), by=old)
    for order in ([old, new], [new, old]):
        TrustStore([pair.certificate for pair in order]).check(holder.certificate, NOW)


def test_name_constraints_of_an_issuer_bind() -> None:
    permitted = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.ORGANIZATION_NAME, "Otra"))
    constraints = x509.NameConstraints(
        permitted_subtrees=[x509.DirectoryName(permitted)], excluded_subtrees=None
    )
    issuer = authority("constrained issuer", extra=constraints)
    store = TrustStore([issuer.certificate])
    with pytest.raises(IssuerNotAuthorisedError):
        store.check(pki().holder(SUBJECT, rsa_key("company"), by=issuer).certificate, NOW)
    inside = company_subject(COMPANY_NIF, "Otra")
    store.check(pki().holder(inside, rsa_key("company"), by=issuer).certificate, NOW)


def test_certificate_policies_of_an_issuer_do_not_bind() -> None:
    def policies(oid: str) -> x509.CertificatePolicies:
        return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None)])

    issuer = authority("issuer with a policy", extra=policies("1.3.6.1.4.1.5734.3.1"))
    holder = pki().holder(SUBJECT, rsa_key("company"), by=issuer, named_policies=["1.3.6.1.4.1.5734.3.2"])
    TrustStore([issuer.certificate]).check(holder.certificate, NOW)
