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
    rsa_key,
)
from shapes import CALLERS, EMPLOYEE_NIF, NOBODIES, SEAL_BODY, Shape
from stack import text

if TYPE_CHECKING:
    from lxml.etree import _Element

    from stack import Stack

PLAIN = name((NameOID.COUNTRY_NAME, "ES"), (NameOID.COMMON_NAME, "NOMBRE APELLIDO - 00000000T"))

Extra = tuple[tuple[x509.ObjectIdentifier, str], ...]


@pytest.mark.parametrize("shape", CALLERS, ids=lambda shape: f"{shape.number}-{shape.label}")
def test_each_shape_names_its_party_and_its_signer(sqlite_stack: Stack, shape: Shape) -> None:
    answer = sqlite_stack.ask("Ping", holder=shape.holder(rsa_key("family"))).tree
    found = text(answer, "party/identifier"), text(answer, "signer/identifier")
    assert found == (shape.party, shape.signer)


@pytest.mark.parametrize("shape", NOBODIES, ids=lambda shape: f"{shape.number}-{shape.label}")
def test_each_shape_that_names_nobody_is_refused_and_told_why(sqlite_stack: Stack, shape: Shape) -> None:
    answer = sqlite_stack.ask("Ping", holder=shape.holder(rsa_key("family")))
    assert (answer.fault_code, answer.code) == ("wsse:FailedAuthentication", "IDENTITY_NOT_READABLE")
    assert answer.facts == {"reason": shape.reason}


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
