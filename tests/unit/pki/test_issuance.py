"""Whether an issuer's key made a certificate's signature, which decides who is worth a path."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notigateway.errors import IssuerNotAuthorisedError
from notigateway.pki.anchors import TrustStore
from notigateway.pki.issuance import is_signed_by
from notigateway.sandbox.certifying import name
from pki import COMPANY_NIF, NOW, authority, company_subject, ec_key, pki, rsa_key

SUBJECT = company_subject(COMPANY_NIF)
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)


def builder(issuer: x509.Name) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(SUBJECT)
        .issuer_name(issuer)
        .public_key(rsa_key("company").public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )


@pytest.mark.parametrize("form", [None, padding.PKCS1v15(), PSS])
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA512()])
def test_every_form_of_an_rsa_signature_is_known(
    form: padding.PSS | padding.PKCS1v15 | None, digest: hashes.SHA256 | hashes.SHA512
) -> None:
    issuer = pki().rsa_issuing
    certificate = builder(issuer.certificate.subject).sign(rsa_key("rsa issuing"), digest, rsa_padding=form)
    assert is_signed_by(certificate, issuer.certificate.public_key())
    assert not is_signed_by(certificate, rsa_key("person").public_key())
    assert not is_signed_by(certificate, pki().issuing.certificate.public_key())
    TrustStore([issuer.certificate]).check(certificate, NOW)


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384()])
def test_every_digest_under_an_elliptic_curve_is_known(digest: hashes.SHA256 | hashes.SHA384) -> None:
    certificate = builder(pki().issuing.certificate.subject).sign(ec_key("issuing"), digest)
    assert is_signed_by(certificate, ec_key("issuing").public_key())
    assert not is_signed_by(certificate, ec_key("root").public_key())
    assert not is_signed_by(certificate, rsa_key("rsa issuing").public_key())


def test_a_kind_of_signature_that_no_issuer_of_ours_makes_is_not_right() -> None:
    key = Ed25519PrivateKey.generate()
    certificate = builder(pki().issuing.certificate.subject).sign(key, None)
    assert not is_signed_by(certificate, key.public_key())
    assert not is_signed_by(certificate, ec_key("issuing").public_key())


def test_one_wrong_bit_is_no_signature() -> None:
    certificate = pki().company_seal.certificate
    data = bytearray(certificate.public_bytes(Encoding.DER))
    data[data.index(b"Emisora")] ^= 1
    changed = x509.load_der_x509_certificate(bytes(data))
    assert is_signed_by(certificate, ec_key("issuing").public_key())
    assert not is_signed_by(changed, ec_key("issuing").public_key())


def test_who_only_writes_an_issuers_name_is_a_stranger_each_time() -> None:
    trust = TrustStore(pki().anchors)
    for _ in range(2):
        with pytest.raises(IssuerNotAuthorisedError) as caught:
            trust.check(pki().self_signed.certificate, NOW)
        assert caught.value.facts == {"reason": "path-not-valid"}
        assert caught.value.detail == "no anchor of that name has signed it"


def test_a_stranger_is_one_for_as_long_as_the_issuers_are_these() -> None:
    issuer = authority("issuer to come")
    certificate = pki().holder(SUBJECT, rsa_key("company"), by=issuer).certificate
    trust = TrustStore(pki().anchors)
    for _ in range(2):
        with pytest.raises(IssuerNotAuthorisedError) as caught:
            trust.check(certificate, NOW)
        assert caught.value.facts == {"reason": "issuer-unknown"}
    TrustStore([*pki().anchors, issuer.certificate]).check(certificate, NOW)


def test_a_name_in_another_spelling_is_the_same_issuers() -> None:
    shouted = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, "ISSUER  IN CAPITALS"))
    written = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, "Issuer in capitals"))
    issuer = authority("capitals", subject=written)
    certificate = builder(shouted).sign(ec_key("capitals"), hashes.SHA256())
    TrustStore([issuer.certificate]).check(certificate, NOW)
