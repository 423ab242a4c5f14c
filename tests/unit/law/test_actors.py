"""Who held the title and who signed: each is named by itself, whoever they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.law.actors import Delegate, SigningPerson, delegate_of, signing_person_of
from notigateway.law.caller import NOBODY, Circumstances
from notigateway.law.representation import Role

ENTITY, PERSON, OTHER = "B12345674", "00000001R", "00000003A"
HELD = Circumstances(
    role=Role.ATTORNEY,
    party=ENTITY,
    party_name="Gestoría SL",
    title="019e830e-1a00-78c3-b726-fe67e1d0ea40",
    signer=PERSON,
    signer_name="Ana García",
)


def test_an_attorney_entity_is_the_delegate_and_the_holder_of_its_certificate_the_person() -> None:
    """Orden ISM/903/2020 arts. 6.3 and 8.5: the title is the entity's, the signature a person's."""
    assert delegate_of(HELD) == Delegate(
        role=Role.ATTORNEY, identifier=ENTITY, name="Gestoría SL", reference=HELD.title
    )
    assert signing_person_of(HELD) == SigningPerson(identifier=PERSON, name="Ana García")


def test_a_secondary_user_is_marked_and_the_holder_is_the_delegate() -> None:
    """Orden ISM/903/2020 art. 6.2."""
    told = replace(HELD, role=Role.RED, party=OTHER, party_name="Titular", title="123456")
    told = replace(told, by_secondary_user=True)
    found = delegate_of(told)
    assert found is not None
    assert (found.role, found.identifier, found.reference) == (Role.RED, OTHER, "123456")
    assert signing_person_of(told) == SigningPerson(
        identifier=PERSON, name="Ana García", is_secondary_user=True
    )


def test_an_addressee_is_its_own_delegate_without_a_title() -> None:
    own = Circumstances(role=Role.OWN, party=PERSON, party_name="Ana", signer=PERSON, signer_name="Ana")
    assert delegate_of(own) == Delegate(role=Role.OWN, identifier=PERSON, name="Ana")
    assert signing_person_of(own) == SigningPerson(identifier=PERSON, name="Ana")


@pytest.mark.parametrize("role", Role)
def test_the_seal_of_an_entity_is_no_person(role: Role) -> None:
    told = replace(HELD, role=role, signer=ENTITY, signer_name="Gestoría SL")
    assert signing_person_of(told) is None
    assert delegate_of(told) is not None


def test_what_nobody_did_here_has_neither() -> None:
    reported = Circumstances(party=ENTITY, party_name="Gestoría SL", reported_by="EA0041485")
    for told in (NOBODY, reported):
        assert delegate_of(told) is None
        assert signing_person_of(told) is None


@given(st.sampled_from(Role), st.sampled_from([ENTITY, PERSON]), st.sampled_from([ENTITY, PERSON, OTHER]))
def test_the_delegate_never_depends_on_who_signed(role: Role, party: str, signer: str) -> None:
    told = Circumstances(role=role, party=party, signer=signer)
    assert delegate_of(told) == delegate_of(replace(told, signer=None))
    found = delegate_of(told)
    assert found is not None
    assert (found.identifier, found.name) == (party, party)
