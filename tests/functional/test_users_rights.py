"""Changes of a scope beside the changes: who works for an entity learns whose notifications came and went."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from bench.world import nif_of

from notigateway.addressee.powers import import_power
from notigateway.addressee.red_users import register_user
from notigateway.addressee.rights_followed import Told
from notigateway.instants import instant_text
from notigateway.law.powers import PowerTerms
from notigateway.law.red_users import UserTerms
from notigateway.law.representation import PowerScope
from notigateway.repository.addressees import find_addressee
from notigateway.repository.engine import reading, writing
from notigateway.repository.rights_seen import own_title, title_element
from notigateway.sketches import sketch_of
from pki import COMPANY_NIF
from rights_asked import Follower, forged
from stack import text, texts
from titles import AUTHORISATION, assign, change, register_company
from users import BUREAU_NAME, BUREAU_NIF, ONE_NIF, bureau, end, member, person, register

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from stack import Stack

CLIENTS = tuple(nif_of(700 + number) for number in range(60))
A, B, C = CLIENTS[:3]


def empower(stack: Stack, *clients: str) -> list[UUID]:
    """Let these have granted the bureau a general power."""
    terms = PowerTerms(
        attorney=BUREAU_NIF,
        attorney_name=BUREAU_NAME,
        scope=PowerScope.GENERAL,
        expires_at=stack.now + timedelta(days=300),
    )
    granted = []
    with writing(stack.engine) as session:
        for one in clients:
            power = import_power(
                session,
                terms,
                grantor=one,
                grantor_name=f"Cliente {one}",
                registered_at=stack.now,
                accepted_at=stack.now,
                is_adapted=False,
                now=stack.now,
            )
            granted.append(power.id)
    return granted


@pytest.fixture
def known(stack: Stack) -> Stack:
    """Give a gateway where the employee has something of its own."""
    stack.publish("own", addressee=ONE_NIF)
    return stack


def told_of(found: Sequence[tuple[str | None, ...]]) -> set[tuple[str | None, str | None]]:
    assert len(found) == len(set(found))
    return {(kind, addressee) for kind, addressee, *_ in found}


def test_clients_that_come_to_a_scope_are_told_and_the_others_are_not(known: Stack) -> None:
    """Of many more than could be told one by one."""
    stack = known
    powers = dict(zip(CLIENTS, empower(stack, *CLIENTS), strict=True))
    register(stack, clients=CLIENTS[3:])
    follower = Follower(stack, person())
    stack.pass_time(minutes=1)
    register(stack, clients=CLIENTS)
    page = follower.page()
    assert (text(page, "rightsChanged"), text(page, "hasMore")) == ("false", "false")
    expected = {(one, str(powers[one])) for one in (A, B, C)}
    found = zip(
        texts(page, "rightsChange/addressee/identifier"), texts(page, "rightsChange/reference"), strict=True
    )
    assert set(found) == expected
    assert set(texts(page, "rightsChange/kind")) == {"gained"}
    assert set(texts(page, "rightsChange/at")) == {instant_text(stack.now)}
    register(stack, clients=CLIENTS, may_decide=False)
    assert follower.rights() == []  # it sees what it saw
    stack.pass_time(minutes=1)
    register(stack, clients=CLIENTS[1:])
    assert follower.rights() == [("lost", A, "attorney", str(powers[A]))]


def test_a_scope_of_few_begins_and_ends_by_addressee_whatever_the_entitys_titles(known: Stack) -> None:
    """By a power, by RED, and what is the entity's own."""
    stack = known
    register_company(stack)
    assign(stack, BUREAU_NIF, red_name=BUREAU_NAME)
    (power,) = empower(stack, A)
    stack.publish("of the bureau itself", addressee=BUREAU_NIF)
    follower = Follower(stack, person())
    registration = register(stack, clients=(A, COMPANY_NIF, BUREAU_NIF, B))
    titles = {
        (A, "attorney", str(power)),
        (COMPANY_NIF, "red", AUTHORISATION),
        (BUREAU_NIF, "own", None),
    }
    assert {one[1:] for one in follower.rights() if one[0] == "gained"} == titles
    stack.pass_time(minutes=1)
    end(stack, registration)
    page = follower.page()
    assert text(page, "rightsChanged") == "false"
    assert set(texts(page, "rightsChange/kind")) == {"lost"}
    assert set(texts(page, "rightsChange/addressee/identifier")) == {A, COMPANY_NIF, BUREAU_NIF}
    assert set(texts(page, "rightsChange/at")) == {instant_text(stack.now)}
    assert follower.rights() == []


def test_what_the_entity_gains_and_loses_is_told_within_the_scope_alone(known: Stack) -> None:
    stack = known
    register(stack, clients=(A,))
    follower, of_all = Follower(stack, person()), Follower(stack, bureau())
    stack.pass_time(minutes=1)
    outside, inside = empower(stack, B, A)
    assert follower.rights() == [("gained", A, "attorney", str(inside))]
    assert told_of(of_all.rights()) == {("gained", A), ("gained", B)}
    for one in (outside, inside):
        change(stack, "RenouncePower", one, by=bureau())
    assert follower.rights() == [("lost", A, "attorney", str(inside))]


def test_other_matters_are_told_of_each_client_in_the_scope(known: Stack) -> None:
    stack = known
    empower(stack, A, B, C)
    register(stack, clients=(A, B), matters=("collection",))
    follower = Follower(stack, person())
    stack.pass_time(minutes=1)
    register(stack, clients=(A, B), matters=("collection", "contribution"))
    assert told_of(follower.rights()) == {(kind, one) for kind in ("gained", "lost") for one in (A, B)}
    register(stack, clients=(A, B), matters=("contribution", "collection"))
    assert follower.rights() == []


def test_a_window_that_is_seen_in_two_ways_is_one(known: Stack) -> None:
    """A secondary user of the holder's authorisation whom the holder registers as its employee, too."""
    stack = known
    register_company(stack)
    assign(stack, BUREAU_NIF, red_name=BUREAU_NAME)
    terms = UserTerms(
        holder=BUREAU_NIF,
        authorisation=AUTHORISATION,
        person=ONE_NIF,
        person_name="Celia Prueba",
        starts_at=stack.now,
    )
    with writing(stack.engine) as session:
        register_user(session, terms, now=stack.now)
    follower = Follower(stack, person())
    registration = register(stack, clients=(COMPANY_NIF,))
    assert follower.rights() == []
    stack.pass_time(minutes=1)
    end(stack, registration)
    assert follower.rights() == []


def test_nobody_is_named_who_was_never_in_the_scope(known: Stack) -> None:
    """A cursor that was made up asks for clients of the entity that are others' work, or came too late."""
    stack = known
    stack.publish("of the bureau itself", addressee=BUREAU_NIF)
    register_company(stack)
    assign(stack, BUREAU_NIF, red_name=BUREAU_NAME)
    (outside,) = empower(stack, B)
    registration = register(stack, clients=(A,))
    stack.pass_time(minutes=1)
    end(stack, registration)
    stack.pass_time(minutes=1)
    (too_late,) = empower(stack, A)
    with reading(stack.engine) as session:
        keys = {one: find_addressee(session, one) for one in (A, B, COMPANY_NIF, BUREAU_NIF)}
    follower = Follower(stack, person())
    for title, of in (
        (outside.bytes, B),
        (too_late.bytes, A),
        (bytes(16), COMPANY_NIF),
        (own_title(BUREAU_NIF), BUREAU_NIF),
    ):
        row = keys[of]
        assert row is not None
        follower.cursor = forged(stack, ONE_NIF, Told(1, sketch_of([title_element(title, row.id)])))
        page = follower.page()
        assert (text(page, "rightsChanged"), texts(page, "rightsChange/kind")) == ("true", [])


def test_a_certificate_that_names_another_entity_is_told_nothing_of_this_one(known: Stack) -> None:
    stack = known
    empower(stack, A)
    register(stack, clients=(A,))
    follower = Follower(stack, person())
    follower.holder = member(ONE_NIF, "A58818501")
    page = follower.page()
    assert (text(page, "rightsChanged"), texts(page, "rightsChange/kind")) == ("true", [])
    follower.holder = member(ONE_NIF, BUREAU_NIF)
    assert told_of(follower.rights()) == {("gained", A)}
