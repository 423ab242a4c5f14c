"""Authorities as the field has them: names that every stack spells otherwise, a negative serial number."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING

import pytest
from asn1crypto import x509 as asn1  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from client_shapes import by_name, issuer_serial_text
from envelopes import Draft
from notigateway.pki.anchors import TrustStore
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import KeyPair
from notigateway.sandbox.certifying import name
from notigateway.settings import ClientRegistration
from notigateway.wss.clients import ClientRegister
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.verify import verify_envelope
from pki import COMPANY_NIF, NOW, authority, company_subject, ec_key, pki, rsa_key, write_issuers, write_pem

if TYPE_CHECKING:
    from pathlib import Path

SUBJECT = name(
    (NameOID.COUNTRY_NAME, "ES"),
    (NameOID.STATE_OR_PROVINCE_NAME, "A Coruña"),
    (NameOID.LOCALITY_NAME, "Madrid (véase www.example.es/dirección)"),
    (NameOID.ORGANIZATION_NAME, "Autoridad Añeja, S.A."),
    (NameOID.COMMON_NAME, "AC Pruebas / Empleados Públicos"),
    (NameOID.EMAIL_ADDRESS, "ac@example.es"),
)
# As Java (getName and toString), .NET, OpenSSL (one line, RFC 2253) and cryptography write it.
SPELLINGS = {
    "rfc-4514": SUBJECT.rfc4514_string(),
    "java": (
        "1.2.840.113549.1.9.1=#160d6163406578616d706c652e6573,CN=AC Pruebas / Empleados Públicos,"
        "O=Autoridad Añeja\\, S.A.,L=Madrid (véase www.example.es/dirección),ST=A Coruña,C=ES"
    ),
    "java-text": (
        "EMAILADDRESS=ac@example.es, CN=AC Pruebas / Empleados Públicos, "
        'O="Autoridad Añeja, S.A.", L=Madrid (véase www.example.es/dirección), ST=A Coruña, C=ES'
    ),
    "dotnet": (
        "E=ac@example.es, CN=AC Pruebas / Empleados Públicos, "
        'O="Autoridad Añeja, S.A.", L=Madrid (véase www.example.es/dirección), S=A Coruña, C=ES'
    ),
    "openssl": (
        "/C=ES/ST=A Coruña/L=Madrid (véase www.example.es/dirección)/O=Autoridad Añeja, S.A."
        "/CN=AC Pruebas / Empleados Públicos/emailAddress=ac@example.es"
    ),
    "openssl-rfc-2253": (
        "emailAddress=ac@example.es,CN=AC Pruebas / Empleados P\\C3\\BAblicos,"
        "O=Autoridad A\\C3\\B1eja\\, S.A.,"
        "L=Madrid (v\\C3\\A9ase www.example.es/direcci\\C3\\B3n),ST=A Coru\\C3\\B1a,C=ES"
    ),
}


@cache
def odd_authority() -> KeyPair:
    """Issue an authority with that name and a negative serial number, which RFC 5280 §4.1.2.2 forbids."""
    good = authority("odd authority", subject=SUBJECT)
    odd = asn1.Certificate.load(good.certificate.public_bytes(Encoding.DER))
    odd["tbs_certificate"]["serial_number"] = -(2**70) - 5
    body = odd["tbs_certificate"].dump(force=True)
    odd["signature_value"] = ec_key("odd authority").sign(body, ec.ECDSA(hashes.SHA256()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        return KeyPair(good.key, x509.load_der_x509_certificate(odd.dump(force=True)))


@cache
def holder() -> KeyPair:
    return pki().holder(company_subject(COMPANY_NIF), rsa_key("company"), by=odd_authority())


@pytest.fixture
def trust(tmp_path: Path) -> TrustStore:
    folder = write_issuers(tmp_path / "issuers", [odd_authority().certificate])
    with pytest.warns(CryptographyDeprecationWarning, match="serial number"):
        return TrustStore.from_folder(folder)


@pytest.mark.filterwarnings("ignore:Parsed a serial number:cryptography.utils.CryptographyDeprecationWarning")
def test_an_authority_with_a_negative_serial_issues_certificates_that_are_admitted(trust: TrustStore) -> None:
    assert odd_authority().certificate.serial_number < 0
    trust.check(holder().certificate, NOW)
    verified = verify_envelope(
        parse_envelope(Draft(pair=holder()).build(), limits=Limits()),
        now=NOW,
        expectations=Expectations(),
        check_certificate=trust.check,
    )
    assert read_caller(verified.certificate).party == COMPANY_NIF


@pytest.mark.filterwarnings("ignore:Parsed a serial number:cryptography.utils.CryptographyDeprecationWarning")
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_its_name_is_found_in_every_spelling(trust: TrustStore, tmp_path: Path, spelling: str) -> None:
    _, certificate = write_pem(holder(), tmp_path, "client")
    clients = ClientRegister([ClientRegistration(certificate_file=certificate)])
    draft = by_name(holder(), issuer_serial_text(holder(), name=SPELLINGS[spelling]))
    verified = verify_envelope(
        parse_envelope(draft.build(), limits=Limits()),
        now=NOW,
        expectations=Expectations(),
        check_certificate=trust.check,
        clients=clients,
    )
    assert verified.certificate == holder().certificate
