"""The shapes of certificates met in the field, as one table: what is in each, and whom it makes a caller.

All identities are fictitious. `docs/security.md` shows the families of this table with what each may do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from notigateway.law.families import Family
from notigateway.sandbox.certifying import name
from pki import (
    COMPANY_NAME,
    COMPANY_NIF,
    FNMT_CIF,
    FNMT_NIF,
    ISSUER_NIF,
    ORGANIZATION_IDENTIFIER,
    PERSON_NIF,
    SERIAL_NUMBER,
    ec_key,
    pki,
)

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from notigateway.sandbox.certifying import PrivateKey

Attribute = tuple[x509.ObjectIdentifier, str]

C: Final = (NameOID.COUNTRY_NAME, "ES")
GN: Final = (NameOID.GIVEN_NAME, "Ana")
SN: Final = (NameOID.SURNAME, "García López")
CN: Final = (NameOID.COMMON_NAME, "Nombre de pruebas")
O: Final = (NameOID.ORGANIZATION_NAME, COMPANY_NAME)  # noqa: E741  (as the attribute is called)
TITLE: Final = (NameOID.TITLE, "Directora de personal")
PSEUDONYM: Final = (x509.ObjectIdentifier("2.5.4.65"), "NIP 11111111")
DESCRIPTION: Final = (x509.ObjectIdentifier("2.5.4.13"), "Ref:AEAT/AEAT0000/PUESTO 1/00000/01012026000000")
CAMERFIRMA_CIF: Final = x509.ObjectIdentifier("1.3.6.1.4.1.17326.30.3")
SEAL_BODY: Final = x509.ObjectIdentifier("2.16.724.1.3.5.6.2.3")
SEAL_HOLDER: Final = x509.ObjectIdentifier("2.16.724.1.3.5.6.2.4")
EMPLOYEE_BODY: Final = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.3")
EMPLOYEE_NIF: Final = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.4")
PSEUDONYM_BODY: Final = x509.ObjectIdentifier("2.16.724.1.3.5.4.2.3")

QCP_N: Final = "0.4.0.194112.1.0"
QCP_L: Final = "0.4.0.194112.1.1"
NATIONAL_REPRESENTATIVE: Final = "2.16.724.1.3.5.8"
NATIONAL_UNINCORPORATED: Final = "2.16.724.1.3.5.9"
FNMT_ADMINISTRATOR: Final = "1.3.6.1.4.1.5734.3.11.1"
FNMT_REPRESENTATIVE: Final = "1.3.6.1.4.1.5734.3.11.2"
CAMERFIRMA_REPRESENTATIVE: Final = "1.3.6.1.4.1.17326.10.9.3.1.2"
MEMBERSHIP: Final = "1.3.6.1.4.1.47155.1.1.1"
PUBLIC_SEAL: Final = "2.16.724.1.3.5.6.2"
PUBLIC_EMPLOYEE: Final = "2.16.724.1.3.5.7.2"
PSEUDONYMOUS: Final = "2.16.724.1.3.5.4.2"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One shape: what it holds, and the party and signer that it makes, or the reason that it makes none."""

    number: int
    label: str
    subject: tuple[Attribute, ...]
    alternative: tuple[Attribute, ...] = ()
    policies: tuple[str, ...] = ()
    family: Family = Family.NATURAL_PERSON
    party: str = ""
    signer: str = ""
    reason: str = ""

    def holder(self, key: PrivateKey | None = None) -> KeyPair:
        """Issue such a certificate: of a key of its own, since a key stands for one identity."""
        extra: list[tuple[x509.ExtensionType, bool]] = []
        if self.alternative:
            names = [x509.RFC822Name("a@example.org"), x509.DirectoryName(name(*self.alternative))]
            extra = [(x509.SubjectAlternativeName(names), False)]
        key = key or ec_key(f"shape {self.number} {self.label}")
        return pki().holder(name(*self.subject), key, extra=extra, named_policies=self.policies)


def person(
    number: int,
    label: str,
    *subject: Attribute,
    alternative: tuple[Attribute, ...] = (),
    policies: str = "",
    family: Family = Family.NATURAL_PERSON,
    party: str = PERSON_NIF,
) -> Shape:
    """Describe a certificate with which a person calls: for itself unless `party` is another."""
    return Shape(
        number=number,
        label=label,
        subject=(C, *subject),
        alternative=alternative,
        policies=tuple(policies.split()),
        family=family,
        party=party,
        signer=PERSON_NIF,
    )


def seal(number: int, label: str, *subject: Attribute, nif: str = COMPANY_NIF) -> Shape:
    """Describe a certificate that an entity itself holds."""
    return Shape(
        number=number,
        label=label,
        subject=(C, *subject),
        policies=(QCP_L,),
        family=Family.ENTITY_SEAL,
        party=nif,
        signer=nif,
    )


def nobody(number: int, label: str, reason: str, *subject: Attribute, policies: str = "") -> Shape:
    """Describe a certificate that makes no caller."""
    subject = subject if NameOID.COUNTRY_NAME in dict(subject) else (C, *subject)
    return Shape(number=number, label=label, subject=subject, policies=tuple(policies.split()), reason=reason)


def serial(text: str) -> Attribute:
    """Return a subject's serialNumber."""
    return SERIAL_NUMBER, text


def organization(text: str) -> Attribute:
    """Return a subject's organizationIdentifier."""
    return ORGANIZATION_IDENTIFIER, text


PERSON: Final = serial(f"IDCES-{PERSON_NIF}")
BARE: Final = serial(PERSON_NIF)
COMPANY: Final = organization(f"VATES-{COMPANY_NIF}")
BODY: Final = organization(f"VATES-{ISSUER_NIF}")
NAMED: Final = (PERSON, GN, SN)
LINKED: Final = (*NAMED, TITLE, O, COMPANY)
OLD_FNMT: Final = ((FNMT_NIF, PERSON_NIF), (FNMT_CIF, COMPANY_NIF))
EMPLOYEE: Final = ((EMPLOYEE_BODY, ISSUER_NIF), (EMPLOYEE_NIF, PERSON_NIF))

CALLERS: Final = (
    person(1, "person-fnmt", *NAMED, CN, policies=f"1.3.6.1.4.1.5734.3.10.1 {QCP_N}"),
    person(2, "person-bare", BARE, GN, SN, policies="2.16.724.1.2.2.2.4"),
    person(3, "person-older-fnmt", CN, alternative=((FNMT_NIF, PERSON_NIF),)),
    person(4, "person-by-personal-number", serial(f"PNOES-{PERSON_NIF}"), GN, SN, policies=QCP_N),
    person(
        5,
        "representative-fnmt",
        *NAMED,
        O,
        COMPANY,
        DESCRIPTION,
        alternative=OLD_FNMT,
        policies=f"{FNMT_REPRESENTATIVE} {NATIONAL_REPRESENTATIVE} {QCP_N}",
        family=Family.REPRESENTATIVE,
        party=COMPANY_NIF,
    ),
    person(
        5,
        "administrator-fnmt",
        *NAMED,
        O,
        COMPANY,
        policies=f"{FNMT_ADMINISTRATOR} {NATIONAL_REPRESENTATIVE} {QCP_N}",
        family=Family.ADMINISTRATOR,
        party=COMPANY_NIF,
    ),
    person(
        5,
        "representative-of-an-unincorporated-entity",
        *NAMED,
        O,
        COMPANY,
        policies=f"{NATIONAL_UNINCORPORATED} {QCP_N}",
        family=Family.UNINCORPORATED_REPRESENTATIVE,
        party=COMPANY_NIF,
    ),
    person(
        6,
        "representative-older-camerfirma",
        BARE,
        GN,
        SN,
        O,
        (CAMERFIRMA_CIF, COMPANY_NIF),
        policies=CAMERFIRMA_REPRESENTATIVE,
        family=Family.REPRESENTATIVE,
        party=COMPANY_NIF,
    ),
    person(6, "older-camerfirma-without-the-policy", BARE, GN, SN, O, (CAMERFIRMA_CIF, COMPANY_NIF)),
    seal(7, "seal-by-serial-number", O, serial(COMPANY_NIF)),
    seal(7, "seal-by-organization-identifier", O, COMPANY),
    replace(
        seal(7, "public-seal-with-its-holder", O, BODY, GN, SN, nif=ISSUER_NIF),
        alternative=((SEAL_BODY, ISSUER_NIF), (SEAL_HOLDER, PERSON_NIF)),
        family=Family.PUBLIC_SEAL,
    ),
    person(8, "membership", *LINKED, policies=f"{MEMBERSHIP} {QCP_N}", family=Family.MEMBERSHIP),
    person(8, "membership-by-a-policy-nobody-knows", *LINKED, policies="1.3.6.1.4.1.99999.1"),
    person(8, "membership-without-a-policy", *LINKED),
    person(
        9,
        "public-employee",
        *NAMED,
        O,
        BODY,
        alternative=EMPLOYEE,
        policies=f"{PUBLIC_EMPLOYEE} {QCP_N}",
        family=Family.PUBLIC_EMPLOYEE,
    ),
    person(
        9, "public-employee-by-alternative-names", CN, alternative=EMPLOYEE, family=Family.PUBLIC_EMPLOYEE
    ),
    person(
        9,
        "public-employee-who-represents",
        *NAMED,
        O,
        COMPANY,
        policies=f"{PUBLIC_EMPLOYEE} {NATIONAL_REPRESENTATIVE}",
        family=Family.PUBLIC_EMPLOYEE,
    ),
    seal(11, "nif-and-lei", O, organization("LEIXG-5493001KJTIIGC8Y1R12"), COMPANY),
    seal(11, "nif-and-a-foreign-one", O, COMPANY, organization("VATPT-501234567")),
    person(13, "nif-in-lower-case", serial(f"IDCES-{PERSON_NIF.lower()}"), GN, SN),
)
NOBODIES: Final = (
    nobody(
        5,
        "represents-a-person",
        "not-an-entity",
        *NAMED,
        organization("VATES-00000002W"),
        policies=NATIONAL_REPRESENTATIVE,
    ),
    nobody(5, "represents-nobody", "no-entity", *NAMED, policies=NATIONAL_REPRESENTATIVE),
    nobody(
        5, "representative-without-a-number", "no-person", GN, SN, O, COMPANY, policies=FNMT_REPRESENTATIVE
    ),
    nobody(7, "seal-without-its-policy", "no-person", O, COMPANY),
    nobody(7, "seal-that-names-a-person", "contradiction", O, COMPANY, GN, SN, policies=QCP_L),
    nobody(7, "seal-with-a-persons-nif", "contradiction", O, COMPANY, PERSON, policies=QCP_L),
    nobody(
        10, "pseudonymous-employee", "pseudonym", PSEUDONYM, O, BODY, CN, policies=f"{PSEUDONYMOUS} {QCP_N}"
    ),
    nobody(10, "pseudonym-without-the-policy", "pseudonym", PSEUDONYM, O, COMPANY),
    nobody(10, "pseudonym-with-the-policy-of-a-seal", "pseudonym", PSEUDONYM, O, COMPANY, policies=QCP_L),
    nobody(10, "names-and-an-entity-without-a-number", "no-person", GN, SN, O, COMPANY, policies=QCP_N),
    nobody(
        12,
        "number-of-the-trade-register",
        "not-a-nif",
        O,
        organization(f"NTRES-{COMPANY_NIF}"),
        policies=QCP_L,
    ),
    nobody(12, "number-without-a-scheme", "not-a-nif", O, organization(COMPANY_NIF), policies=QCP_L),
    nobody(13, "nif-with-a-hyphen", "not-a-nif", serial(f"{PERSON_NIF[:8]}-{PERSON_NIF[8]}"), GN, SN),
    nobody(13, "nif-with-a-space", "not-a-nif", serial(f"IDCES-{PERSON_NIF[:8]} {PERSON_NIF[8]}"), GN, SN),
    nobody(14, "passport", "not-a-nif", serial("PASES-AAA123456"), GN, SN),
    nobody(14, "passport-that-looks-like-a-nif", "not-a-nif", serial(f"PASES-{PERSON_NIF}"), GN, SN),
    nobody(14, "bare-number-of-portugal", "foreign-identifier", (NameOID.COUNTRY_NAME, "PT"), BARE, GN, SN),
    nobody(14, "an-entitys-nif-as-a-persons", "not-a-nif", serial(f"IDCES-{COMPANY_NIF}"), policies=QCP_L),
)
