"""The families of Spanish certificates through the whole stack: whom each names, for whom it signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from notigateway.sandbox.certifying import name
from pki import (
    COMPANY_NIF,
    FNMT_CIF,
    FNMT_NIF,
    ISSUER_NIF,
    PERSON_NIF,
    REPRESENTATIVE_NIF,
    company_subject,
    person_subject,
    pki,
    representative_subject,
    rsa_key,
)
from stack import text

if TYPE_CHECKING:
    from lxml.etree import _Element

    from stack import Stack

# Ley 40/2015: the seal of a body (6) and its employee (7), level medium (2); .3 the body, .4 the employee
SEAL_BODY = x509.ObjectIdentifier("2.16.724.1.3.5.6.2.3")
EMPLOYEE_BODY = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.3")
EMPLOYEE_NIF = x509.ObjectIdentifier("2.16.724.1.3.5.7.2.4")
PLAIN = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, "NOMBRE APELLIDO - 00000000T"))

Extra = tuple[tuple[x509.ObjectIdentifier, str], ...]


@pytest.mark.parametrize(
    ("subject", "alternative", "party", "signer"),
    [
        pytest.param(person_subject(PERSON_NIF), (), PERSON_NIF, PERSON_NIF, id="person"),
        pytest.param(
            representative_subject(REPRESENTATIVE_NIF, COMPANY_NIF),
            (),
            COMPANY_NIF,
            REPRESENTATIVE_NIF,
            id="representative",
        ),
        pytest.param(company_subject(COMPANY_NIF), (), COMPANY_NIF, COMPANY_NIF, id="seal-of-an-entity"),
        pytest.param(
            person_subject(REPRESENTATIVE_NIF),
            ((EMPLOYEE_BODY, ISSUER_NIF), (EMPLOYEE_NIF, REPRESENTATIVE_NIF)),
            ISSUER_NIF,
            REPRESENTATIVE_NIF,
            id="public-employee",
        ),
        pytest.param(PLAIN, ((SEAL_BODY, ISSUER_NIF),), ISSUER_NIF, ISSUER_NIF, id="seal-of-a-public-body"),
        pytest.param(PLAIN, ((FNMT_NIF, PERSON_NIF),), PERSON_NIF, PERSON_NIF, id="older-fnmt-person"),
        pytest.param(
            PLAIN,
            ((FNMT_NIF, REPRESENTATIVE_NIF), (FNMT_CIF, COMPANY_NIF)),
            COMPANY_NIF,
            REPRESENTATIVE_NIF,
            id="older-fnmt-representative",
        ),
    ],
)
def test_each_family_names_its_party_and_its_signer(
    sqlite_stack: Stack, subject: x509.Name, alternative: Extra, party: str, signer: str
) -> None:
    answer = ping(sqlite_stack, subject, alternative)
    assert (text(answer, "party/identifier"), text(answer, "signer/identifier")) == (party, signer)


@pytest.mark.parametrize(
    ("subject", "alternative"),
    [
        pytest.param(person_subject(PERSON_NIF), ((EMPLOYEE_NIF, REPRESENTATIVE_NIF),), id="two-employees"),
        pytest.param(company_subject(COMPANY_NIF), ((SEAL_BODY, ISSUER_NIF),), id="two-bodies"),
        pytest.param(PLAIN, ((FNMT_CIF, COMPANY_NIF), (SEAL_BODY, ISSUER_NIF)), id="entity-and-body"),
        pytest.param(person_subject(PERSON_NIF), ((FNMT_NIF, "00000001T"),), id="a-wrong-check-letter-too"),
    ],
)
def test_sources_that_disagree_are_refused(
    sqlite_stack: Stack, subject: x509.Name, alternative: Extra
) -> None:
    answer = ping(sqlite_stack, subject, alternative)
    assert "IDENTITY_NOT_READABLE" in (answer.findtext("faultstring") or "")


def ping(stack: Stack, subject: x509.Name, alternative: Extra) -> _Element:
    """Ask who a holder of such a certificate is."""
    directory = x509.SubjectAlternativeName([x509.DirectoryName(name(*alternative))])
    extra = [(directory, False)] if alternative else []
    holder = pki().holder(subject, rsa_key("family"), extra=extra)
    return stack.ask("Ping", holder=holder).tree
