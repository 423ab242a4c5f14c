"""Whom a certificate names: from attributes with one meaning, never from the common name."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from notigateway.errors import IdentityError
from notigateway.law.caller import Caller
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint
from notigateway.sandbox.certifying import name
from pki import (
    COMPANY_NAME,
    COMPANY_NIF,
    FNMT_CIF,
    FNMT_NIF,
    FOREIGNER_NIE,
    ORGANIZATION_IDENTIFIER,
    OTHER_COMPANY_NIF,
    PERSON_NIF,
    REPRESENTATIVE_NIF,
    SERIAL_NUMBER,
    STRANGER_NIF,
    ec_key,
    pki,
)

CN = NameOID.COMMON_NAME
SEAL_BODY = x509.ObjectIdentifier("2.16.724.1.3.5.6.2.3")
EMPLOYEE_BODY = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.3")
EMPLOYEE_NIF = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.4")

Attribute = tuple[x509.ObjectIdentifier, str]


def certificate(*subject: Attribute, alternative: tuple[Attribute, ...] = ()) -> x509.Certificate:
    extra: list[tuple[x509.ExtensionType, bool]] = []
    if alternative:
        names = [x509.RFC822Name("a@example.org"), x509.DirectoryName(name(*alternative))]
        extra = [(x509.SubjectAlternativeName(names), False)]
    return pki().holder(name(*subject), ec_key("identity"), extra=extra).certificate


def parties(of: x509.Certificate) -> tuple[str, str]:
    caller = read_caller(of)
    return caller.party, caller.signer


def test_a_representative_signs_for_the_company() -> None:
    pair = pki().representative
    assert read_caller(pair.certificate) == Caller(
        party=COMPANY_NIF,
        party_name=COMPANY_NAME,
        signer=REPRESENTATIVE_NIF,
        signer_name="Luis Pérez Díaz",
        certificate_fingerprint=fingerprint(pair.certificate),
        certificate_issuer="CN=Emisora de pruebas,C=ES",
        certificate_serial=str(pair.certificate.serial_number),
    )


def test_a_person_signs_for_themselves() -> None:
    caller = read_caller(pki().person.certificate)
    assert (caller.party, caller.signer) == (PERSON_NIF, PERSON_NIF)
    assert caller.party_name == caller.signer_name == "Ana García López"


def test_a_seal_signs_for_its_company() -> None:
    caller = read_caller(pki().company_seal.certificate)
    assert (caller.party, caller.signer) == (COMPANY_NIF, COMPANY_NIF)
    assert caller.party_name == caller.signer_name == COMPANY_NAME


@pytest.mark.parametrize(
    ("subject", "alternative", "expected"),
    [
        ([(SERIAL_NUMBER, PERSON_NIF)], [], (PERSON_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, f"IDCES-{FOREIGNER_NIE}")], [], (FOREIGNER_NIE, FOREIGNER_NIE)),
        ([(SERIAL_NUMBER, f"PNOES-{PERSON_NIF}")], [], (PERSON_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, f"TINES-{PERSON_NIF}")], [], (PERSON_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, COMPANY_NIF)], [], (COMPANY_NIF, COMPANY_NIF)),
        ([(ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}")], [], (COMPANY_NIF, COMPANY_NIF)),
        (
            [(ORGANIZATION_IDENTIFIER, f"VATES-{STRANGER_NIF}"), (SERIAL_NUMBER, f"IDCES-{PERSON_NIF}")],
            [],
            (STRANGER_NIF, PERSON_NIF),
        ),
        ([(SERIAL_NUMBER, PERSON_NIF), (SERIAL_NUMBER, f"IDCES-{PERSON_NIF}")], [], (PERSON_NIF, PERSON_NIF)),
        ([(CN, "x")], [(FNMT_NIF, PERSON_NIF)], (PERSON_NIF, PERSON_NIF)),
        ([(CN, "x")], [(FNMT_NIF, PERSON_NIF), (FNMT_CIF, COMPANY_NIF)], (COMPANY_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, PERSON_NIF)], [(FNMT_CIF, COMPANY_NIF)], (COMPANY_NIF, PERSON_NIF)),
        ([(CN, "x")], [(SEAL_BODY, OTHER_COMPANY_NIF)], (OTHER_COMPANY_NIF, OTHER_COMPANY_NIF)),
        (
            [(CN, "x")],
            [(EMPLOYEE_BODY, OTHER_COMPANY_NIF), (EMPLOYEE_NIF, PERSON_NIF)],
            (OTHER_COMPANY_NIF, PERSON_NIF),
        ),
    ],
)
def test_every_source_is_read(
    subject: list[Attribute], alternative: list[Attribute], expected: tuple[str, str]
) -> None:
    assert parties(certificate(*subject, alternative=tuple(alternative))) == expected


@pytest.mark.parametrize(
    ("subject", "alternative", "reason"),
    [
        ([(CN, f"ANA GARCIA - NIF {PERSON_NIF}")], [], "no-nif"),
        (
            [(CN, f"{PERSON_NIF} ANA (R: {COMPANY_NIF})"), (NameOID.ORGANIZATION_NAME, COMPANY_NIF)],
            [],
            "no-nif",
        ),
        ([(SERIAL_NUMBER, f"IDCFR-{PERSON_NIF}")], [], "foreign-identifier"),
        ([(ORGANIZATION_IDENTIFIER, "VATPT-501234567")], [], "foreign-identifier"),
        ([(SERIAL_NUMBER, "12345678A")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, "IDCES-12345678A")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, "PASES-AAA123456")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, "4711")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, f" {PERSON_NIF}")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, f"XXXES-{PERSON_NIF}")], [], "not-a-nif"),
        ([(ORGANIZATION_IDENTIFIER, "NTRES-12345")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, PERSON_NIF), (ORGANIZATION_IDENTIFIER, "VATES-B12345678")], [], "not-a-nif"),
        ([(SERIAL_NUMBER, PERSON_NIF), (SERIAL_NUMBER, STRANGER_NIF)], [], "contradiction"),
        (
            [(ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}"), (SERIAL_NUMBER, OTHER_COMPANY_NIF)],
            [],
            "contradiction",
        ),
        ([(SERIAL_NUMBER, PERSON_NIF)], [(FNMT_NIF, STRANGER_NIF)], "contradiction"),
        (
            [(ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}")],
            [(FNMT_CIF, OTHER_COMPANY_NIF)],
            "contradiction",
        ),
    ],
)
def test_no_unambiguous_nif_is_refused(
    subject: list[Attribute], alternative: list[Attribute], reason: str
) -> None:
    with pytest.raises(IdentityError) as caught:
        read_caller(certificate(*subject, alternative=tuple(alternative)))
    assert caught.value.facts == {"reason": reason}


def test_names_are_fit_for_one_line_of_a_receipt() -> None:
    rough = certificate(
        (SERIAL_NUMBER, PERSON_NIF),
        (NameOID.GIVEN_NAME, "Ana\r\n\x1b[31m"),
        (NameOID.SURNAME, " García\u2028López " * 9),
        (CN, "x\u0001"),
    )
    caller = read_caller(rough)
    assert caller.signer_name.startswith("Ana [31m García López")
    assert caller.signer_name.isprintable()
    assert len(caller.signer_name) <= 250


def test_without_given_name_the_common_name_is_the_name_but_never_the_nif() -> None:
    caller = read_caller(certificate((SERIAL_NUMBER, PERSON_NIF), (CN, f"EVA - {STRANGER_NIF}")))
    assert (caller.signer_name, caller.signer) == (f"EVA - {STRANGER_NIF}", PERSON_NIF)


def test_alternative_names_that_cannot_be_read_are_refused() -> None:
    broken = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), b"\x30\x03\xa4\x05\x00")
    subject = name((SERIAL_NUMBER, PERSON_NIF))
    damaged = pki().holder(subject, ec_key("identity"), extra=[(broken, False)]).certificate
    reread = x509.load_der_x509_certificate(damaged.public_bytes(Encoding.DER))
    with pytest.raises(IdentityError) as caught:
        read_caller(reread)
    assert caught.value.facts == {"reason": "not-readable"}
