"""Who speaks for an issuing body: its seal, and whom it has authorised (Ley 40/2015 arts. 40, 43)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notigateway.law.caller import Caller
from notigateway.law.employees import as_body, speaks_for_body
from notigateway.law.families import Family, is_seal
from pki import COMPANY_NIF, ISSUER_NIF, PERSON_NIF

PERSON = Caller(
    party=PERSON_NIF,
    party_name="Ana García López",
    signer=PERSON_NIF,
    signer_name="Ana García López",
    certificate_fingerprint="0" * 64,
    certificate_issuer="CN=Emisora de pruebas,C=ES",
    certificate_serial="1",
    family=Family.PUBLIC_EMPLOYEE,
    employer=ISSUER_NIF,
)


@pytest.mark.parametrize("family", Family)
def test_by_its_certificate_alone_only_a_seal_speaks_for_the_body(family: Family) -> None:
    employer = ISSUER_NIF if family is Family.PUBLIC_EMPLOYEE else None
    assert speaks_for_body(replace(PERSON, family=family, employer=employer)) is is_seal(family)
    represented = replace(PERSON, party=ISSUER_NIF, family=family, employer=None)
    assert speaks_for_body(represented) is is_seal(family)


def test_an_employee_whom_the_body_authorised_speaks_for_it_and_stays_the_signer() -> None:
    acting = as_body(PERSON, name="Organismo")
    assert (acting.party, acting.party_name) == (ISSUER_NIF, "Organismo")
    assert (acting.signer, acting.signer_name) == (PERSON_NIF, "Ana García López")
    assert speaks_for_body(acting)


@pytest.mark.parametrize("family", sorted(set(Family) - {Family.PUBLIC_EMPLOYEE}))
def test_nobody_else_becomes_a_body(family: Family) -> None:
    for employer in (None, COMPANY_NIF):
        with pytest.raises(ValueError, match="employee"):
            as_body(replace(PERSON, family=family, employer=employer), name="x")
