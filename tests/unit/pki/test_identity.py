"""Whom a certificate names: from attributes with one meaning, never from the common name."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from notigateway.errors import IdentityError
from notigateway.law.caller import Caller
from notigateway.law.families import Family
from notigateway.pki.families import Families, FamilyRow
from notigateway.pki.identity import read_caller
from notigateway.pki.keys import fingerprint
from notigateway.sandbox.certifying import name
from notigateway.sandbox.certifying import policies as policies_of
from pki import (
    COMPANY_NAME,
    COMPANY_NIF,
    FNMT_CIF,
    FNMT_NIF,
    FOREIGNER_NIE,
    ISSUER_NIF,
    ORGANIZATION_IDENTIFIER,
    OTHER_COMPANY_NIF,
    PERSON_NIF,
    REPRESENTATIVE_NIF,
    SERIAL_NUMBER,
    STRANGER_NIF,
    Issue,
    ec_key,
    pki,
)
from shapes import CALLERS, CAMERFIRMA_CIF, MEMBERSHIP, NATIONAL_REPRESENTATIVE, NOBODIES, QCP_L, QCP_N, Shape

CN = NameOID.COMMON_NAME
SEAL_BODY = x509.ObjectIdentifier("2.16.724.1.3.5.6.2.3")
EMPLOYEE_BODY = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.3")
EMPLOYEE_NIF = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.4")

Attribute = tuple[x509.ObjectIdentifier, str]


def certificate(
    *subject: Attribute, alternative: tuple[Attribute, ...] = (), policies: tuple[str, ...] = ()
) -> x509.Certificate:
    extra: list[tuple[x509.ExtensionType, bool]] = []
    if alternative:
        names = [x509.RFC822Name("a@example.org"), x509.DirectoryName(name(*alternative))]
        extra = [(x509.SubjectAlternativeName(names), False)]
    key = ec_key("identity")
    return pki().holder(name(*subject), key, extra=extra, named_policies=policies).certificate


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
        family=Family.REPRESENTATIVE,
    )


def test_a_person_signs_for_themselves() -> None:
    caller = read_caller(pki().person.certificate)
    assert (caller.party, caller.signer) == (PERSON_NIF, PERSON_NIF)
    assert caller.party_name == caller.signer_name == "Ana García López"


def test_a_seal_signs_for_its_company() -> None:
    caller = read_caller(pki().company_seal.certificate)
    assert (caller.party, caller.signer) == (COMPANY_NIF, COMPANY_NIF)
    assert caller.party_name == caller.signer_name == COMPANY_NAME


@pytest.mark.parametrize("shape", CALLERS, ids=lambda shape: f"{shape.number}-{shape.label}")
def test_each_shape_in_the_field_names_its_party_signer_and_family(shape: Shape) -> None:
    caller = read_caller(shape.holder().certificate)
    assert (caller.party, caller.signer, caller.family) == (shape.party, shape.signer, shape.family)
    persons = {"Ana García López", "Nombre de pruebas"}
    assert caller.signer_name in (persons if caller.signer == PERSON_NIF else {COMPANY_NAME})
    assert caller.party_name in (persons if caller.party == PERSON_NIF else {COMPANY_NAME})


@pytest.mark.parametrize("shape", NOBODIES, ids=lambda shape: f"{shape.number}-{shape.label}")
def test_each_shape_that_names_nobody_is_refused_with_its_reason(shape: Shape) -> None:
    with pytest.raises(IdentityError) as caught:
        read_caller(shape.holder().certificate)
    assert caught.value.facts == {"reason": shape.reason}


def test_an_employees_certificate_tells_the_employer_and_no_other_does() -> None:
    told = {shape.label: read_caller(shape.holder().certificate).employer for shape in CALLERS}
    assert {label: nif for label, nif in told.items() if nif is not None} == {
        "public-employee": ISSUER_NIF,
        "public-employee-by-alternative-names": ISSUER_NIF,
        "public-employee-who-represents": COMPANY_NIF,
    }


SEALED, REPRESENTED = (QCP_L,), (NATIONAL_REPRESENTATIVE,)


@pytest.mark.parametrize(
    ("subject", "alternative", "policies", "expected"),
    [
        ([(SERIAL_NUMBER, PERSON_NIF)], [], (), (PERSON_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, f"IDCES-{FOREIGNER_NIE}")], [], (), (FOREIGNER_NIE, FOREIGNER_NIE)),
        ([(SERIAL_NUMBER, f"PNOES-{PERSON_NIF}")], [], (), (PERSON_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, f"TINES-{PERSON_NIF}")], [], (), (PERSON_NIF, PERSON_NIF)),
        ([(SERIAL_NUMBER, COMPANY_NIF)], [], SEALED, (COMPANY_NIF, COMPANY_NIF)),
        ([(SERIAL_NUMBER, f"TINES-{COMPANY_NIF}")], [], SEALED, (COMPANY_NIF, COMPANY_NIF)),
        ([(ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}")], [], SEALED, (COMPANY_NIF, COMPANY_NIF)),
        ([(ORGANIZATION_IDENTIFIER, f"TINES-{COMPANY_NIF}")], [], SEALED, (COMPANY_NIF, COMPANY_NIF)),
        (
            [(ORGANIZATION_IDENTIFIER, f"VATES-{STRANGER_NIF}"), (SERIAL_NUMBER, f"IDCES-{PERSON_NIF}")],
            [],
            (),
            (PERSON_NIF, PERSON_NIF),
        ),
        (
            [(SERIAL_NUMBER, PERSON_NIF), (SERIAL_NUMBER, f"IDCES-{PERSON_NIF}")],
            [],
            (),
            (PERSON_NIF, PERSON_NIF),
        ),
        ([(CN, "x")], [(FNMT_NIF, PERSON_NIF)], (), (PERSON_NIF, PERSON_NIF)),
        ([(CN, "x")], [(FNMT_NIF, PERSON_NIF), (FNMT_CIF, COMPANY_NIF)], (), (PERSON_NIF, PERSON_NIF)),
        (
            [(CN, "x")],
            [(FNMT_NIF, PERSON_NIF), (FNMT_CIF, COMPANY_NIF)],
            REPRESENTED,
            (COMPANY_NIF, PERSON_NIF),
        ),
        ([(SERIAL_NUMBER, PERSON_NIF)], [(FNMT_CIF, COMPANY_NIF)], REPRESENTED, (COMPANY_NIF, PERSON_NIF)),
        ([(CN, "x")], [(SEAL_BODY, OTHER_COMPANY_NIF)], (), (OTHER_COMPANY_NIF, OTHER_COMPANY_NIF)),
        (
            [(CN, "x")],
            [(EMPLOYEE_BODY, OTHER_COMPANY_NIF), (EMPLOYEE_NIF, PERSON_NIF)],
            (),
            (PERSON_NIF, PERSON_NIF),
        ),
    ],
)
def test_every_source_is_read(
    subject: list[Attribute],
    alternative: list[Attribute],
    policies: tuple[str, ...],
    expected: tuple[str, str],
) -> None:
    assert parties(certificate(*subject, alternative=tuple(alternative), policies=policies)) == expected


ATTRIBUTES: tuple[Attribute, ...] = (
    (SERIAL_NUMBER, PERSON_NIF),
    (SERIAL_NUMBER, f"IDCES-{PERSON_NIF}"),
    (SERIAL_NUMBER, COMPANY_NIF),
    (ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}"),
    (ORGANIZATION_IDENTIFIER, f"NTRES-{COMPANY_NIF}"),
    (CAMERFIRMA_CIF, COMPANY_NIF),
    (NameOID.ORGANIZATION_NAME, COMPANY_NAME),
    (NameOID.TITLE, "Administradora única"),
    (NameOID.GIVEN_NAME, "Ana"),
    (NameOID.SURNAME, "García"),
    (NameOID.COUNTRY_NAME, "ES"),
    (CN, f"Ana García (R: {COMPANY_NIF})"),
)
ALTERNATIVES: tuple[Attribute, ...] = (
    (FNMT_NIF, PERSON_NIF),
    (FNMT_CIF, COMPANY_NIF),
    (EMPLOYEE_BODY, COMPANY_NIF),
    (EMPLOYEE_NIF, PERSON_NIF),
)
# What names somebody, and nothing that represents: a person's, a member's, an employee's, nobody's.
NOT_REPRESENTING = (
    QCP_N,
    MEMBERSHIP,
    "1.3.6.1.4.1.99999.5",
    "1.3.6.1.4.1.5734.3.11",
    "2.16.724.1.3.5",
    "2.16.724.1.3.5.80",
    "2.16.724.1.3.5.7.1",
    "2.16.724.1.3.5.4.1",
    "2.5.29.32.0",
)


@given(
    subject=st.lists(st.sampled_from(ATTRIBUTES), min_size=1, max_size=8, unique=True),
    alternative=st.lists(st.sampled_from(ALTERNATIVES), max_size=4, unique=True),
    policies=st.lists(st.sampled_from(NOT_REPRESENTING), max_size=4, unique=True),
)
@settings(max_examples=150, deadline=None)
def test_without_a_row_of_representation_or_a_seal_nobody_ever_acts_for_an_entity(
    subject: list[Attribute], alternative: list[Attribute], policies: list[str]
) -> None:
    made = certificate(*subject, alternative=tuple(alternative), policies=tuple(policies))
    try:
        caller = read_caller(made)
    except IdentityError:
        return
    assert (caller.party, caller.signer) == (PERSON_NIF, PERSON_NIF)


LIMITED = FamilyRow("1.3.6.1.4.1.99999.7", Family.LIMITED_REPRESENTATIVE, "Política de pruebas")


def test_a_representative_of_limited_scope_is_refused_until_it_is_accepted() -> None:
    policies = (LIMITED.arc, NATIONAL_REPRESENTATIVE, QCP_N)
    subject = ((SERIAL_NUMBER, f"IDCES-{PERSON_NIF}"), (ORGANIZATION_IDENTIFIER, f"VATES-{COMPANY_NIF}"))
    limited = certificate(*subject, policies=policies)
    with pytest.raises(IdentityError) as caught:
        read_caller(limited, Families([LIMITED]))
    assert caught.value.facts == {"reason": "limited-representation"}
    caller = read_caller(limited, Families([LIMITED], accepts_limited=True))
    assert (caller.party, caller.signer) == (COMPANY_NIF, PERSON_NIF)
    assert caller.family is Family.LIMITED_REPRESENTATIVE


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


def test_what_else_a_certificate_has_makes_no_difference() -> None:
    """Several attributes in one part of the name, a serial of 20 octets, statements, a curve, lower case."""
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "ES")]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(CN, "GARCÍA LÓPEZ, ANA"),
                    x509.NameAttribute(SERIAL_NUMBER, PERSON_NIF.lower()),
                ]
            ),
        ]
    )
    statements = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"), bytes.fromhex("300a3008060604008e460101")
    )
    made = Issue(
        subject,
        ec_key("identity", ec.SECP384R1),
        by=pki().issuing,
        serial=2**159 - 1,
        extra=[(statements, False), policies_of(QCP_N)],
    ).make()
    assert parties(made.certificate) == (PERSON_NIF, PERSON_NIF)
    assert read_caller(made.certificate).certificate_serial == str(2**159 - 1)


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
