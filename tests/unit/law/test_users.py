"""For what somebody works for an entity, and who may use a registration."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notigateway.errors import UserInvalidError
from notigateway.law.caller import Caller
from notigateway.law.families import Family
from notigateway.law.users import (
    Scope,
    UserTerms,
    check_matters,
    check_user,
    read_scope,
    worker,
    works_for,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PERSON, ENTITY, OTHER = "00000001R", "A28000016", "B12345674"
TERMS = UserTerms(person=PERSON, person_name="Celia Prueba", scope=Scope(), starts_at=NOW)
CALLER = Caller(
    party=PERSON,
    party_name="Celia",
    signer=PERSON,
    signer_name="Celia",
    certificate_fingerprint="",
    certificate_issuer="",
    certificate_serial="",
    family=Family.NATURAL_PERSON,
)


def test_a_scope_covers_what_both_its_clients_and_its_matters_name() -> None:
    assert Scope().covers(OTHER, "collection")
    scope = Scope(clients=frozenset({OTHER}), matters=frozenset({"collection"}))
    assert scope.covers(OTHER, "collection")
    assert not scope.covers(ENTITY, "collection")
    assert not scope.covers(OTHER, "benefits")


def test_a_certificate_that_names_an_entity_serves_for_that_one_alone() -> None:
    assert works_for(CALLER, ENTITY)
    assert works_for(CALLER, OTHER)
    member = replace(CALLER, member_of=ENTITY, family=Family.MEMBERSHIP)
    assert works_for(member, ENTITY)
    assert not works_for(member, OTHER)
    representative = replace(CALLER, party=OTHER, family=Family.REPRESENTATIVE)
    assert worker(representative) is None
    assert worker(replace(representative, signer=OTHER, family=Family.ENTITY_SEAL)) is None


@pytest.mark.parametrize(
    ("clients", "matters", "problem"),
    [
        ([], [], {"problem": "required"}),
        ([OTHER, OTHER[:-1]], [], {"field": "client", "problem": "identifier", "number": 2}),
        (None, [" "], {"problem": "length", "number": 1}),
        (None, ["a", "a\u202eb"], {"field": "matter", "problem": "character", "number": 2}),
        (None, list(map(str, range(101))), {"problem": "too_many"}),
    ],
)
def test_a_scope_that_cannot_be_is_refused(
    clients: list[str] | None, matters: list[str], problem: dict[str, object]
) -> None:
    with pytest.raises(UserInvalidError) as caught:
        read_scope(clients, matters, may_decide=True)
    assert problem.items() <= caught.value.facts.items()


def test_a_matter_that_nobody_knows_is_refused_by_its_number() -> None:
    with pytest.raises(UserInvalidError) as caught:
        check_matters(["collection", "colection"], {"collection"})
    assert caught.value.facts == {"field": "matter", "problem": "not_in_catalogue", "number": 2}


def test_a_registration_begins_now_or_later_and_ends_after_that() -> None:
    assert check_user(TERMS, now=NOW).starts_at == NOW
    for changes in ({"starts_at": NOW - timedelta(seconds=1)}, {"ends_at": NOW}):
        with pytest.raises(UserInvalidError):
            check_user(replace(TERMS, **changes), now=NOW)  # type: ignore[arg-type]
