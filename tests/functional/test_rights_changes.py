"""Changes of rights beside the changes: whose notifications were gained or lost, so nobody else is listed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

import users
from notigateway.addressee.rights_followed import Told
from notigateway.repository.addressees import find_addressee
from notigateway.repository.engine import reading
from notigateway.repository.rights_seen import title_element
from notigateway.sketches import EMPTY, sketch_of, together
from pki import COMPANY_NAME, COMPANY_NIF, PERSON_NIF
from rights_asked import Follower, forged
from stack import NG, text, texts
from titles import (
    ATTORNEY_NIF,
    AUTHORISATION,
    RED_NIF,
    accept_power,
    assign,
    attorney,
    change,
    grant,
    item,
    listed,
    red,
    register_company,
    state_power,
)
from users import ONE_NIF, OTHER_NIF, be_attorney, person, register

if TYPE_CHECKING:
    from stack import Stack


THIRD_NIF = "00000008P"


@pytest.fixture
def known(stack: Stack) -> Stack:
    """Give a gateway where attorney and RED person have something of their own."""
    for nif in (ATTORNEY_NIF, RED_NIF):
        stack.publish(f"own of {nif}", addressee=nif)
    return stack


def test_a_power_is_told_by_its_grantor_when_it_is_gained_and_when_it_is_lost(known: Stack) -> None:
    stack = known
    backlog = stack.publish("before")
    follower = Follower(stack, attorney())
    assert follower.rights() == []
    power = grant(stack)
    assert follower.rights() == []  # until it is accepted it gives nothing
    accept_power(stack, power)
    page = follower.page()
    (told,) = page.findall("ng:rightsChange", NG)
    assert [text(told, name) for name in ("kind", "addressee/identifier", "role", "reference", "at")] == [
        "gained",
        COMPANY_NIF,
        "attorney",
        str(power),
        "2026-06-01T12:00:00.000Z",
    ]
    assert (text(told, "addressee/name"), texts(page, "change")) == (COMPANY_NAME, [])
    chosen = f"<filter><addresseeId>{COMPANY_NIF}</addresseeId></filter>"
    of_it = stack.ask("ListNotifications", chosen, holder=attorney()).tree
    assert texts(of_it, "notification/id") == [str(backlog)]
    assert follower.rights() == []
    stack.pass_time(hours=1)
    change(stack, "RevokePower", power)
    assert follower.rights() == [("lost", COMPANY_NIF, "attorney", str(power))]
    assert follower.rights() == []


def test_time_alone_gains_and_loses(known: Stack) -> None:
    """An assignment entered for later, and a power that ends by itself: nothing is committed then."""
    stack = known
    register_company(stack)
    assign(stack, starts_at=stack.now + timedelta(days=2))
    power = grant(stack)
    accept_power(stack, power)
    follower, by_red = Follower(stack, attorney()), Follower(stack, red())
    stack.pass_time(days=1)
    assert (follower.rights(), by_red.rights()) == ([], [])
    stack.pass_time(days=1)
    assert by_red.rights() == [("gained", COMPANY_NIF, "red", AUTHORISATION)]
    stack.pass_time(days=300)
    assert (follower.rights(), by_red.rights()) == ([("lost", COMPANY_NIF, "attorney", str(power))], [])


def test_one_of_several_things_that_a_power_names_is_told_as_lost(known: Stack) -> None:
    stack = known
    two = item("procedure", "203546") + item("procedure", "202301")
    power = grant(stack, scope="procedure", more=two)
    accept_power(stack, power)
    stack.publish("of the first")
    follower = Follower(stack, attorney())
    change(stack, "RevokePower", power, more=item("procedure", "203546"))
    assert follower.rights() == [("lost", COMPANY_NIF, "attorney", str(power))]
    assert [role for role in listed(stack, attorney()).values() if role == "attorney"] == []
    change(stack, "RenouncePower", power, by=attorney())
    assert follower.rights() == [("lost", COMPANY_NIF, "attorney", str(power))]


def test_what_came_and_went_between_two_requests_is_not_told(known: Stack) -> None:
    follower = Follower(known, attorney())
    power = grant(known)
    accept_power(known, power)
    change(known, "RevokePower", power)
    assert follower.rights() == []


def test_they_count_for_the_page_and_several_pages_tell_each_once(known: Stack) -> None:
    stack = known
    register_company(stack)
    follower = Follower(stack, attorney(), page_size=1)
    powers = []
    for code in ("203546", "202301"):
        powers.append(grant(stack, scope="procedure", more=item("procedure", code)))
        accept_power(stack, powers[-1])
    new = [str(stack.publish(f"new {number}")) for number in range(2)]
    rights, changes = [], []
    for _ in range(4):
        page = follower.page()
        rights += texts(page, "rightsChange/reference")
        changes += texts(page, "change/notification/id")
        assert len(rights) + len(changes) <= 4
        if text(page, "hasMore") == "false":
            break
    assert (set(rights), changes) == ({str(one) for one in powers}, new)
    assert len(rights) == len(powers)
    assert (follower.rights(), text(follower.page(), "hasMore")) == ([], "false")


def test_a_cursor_of_before_is_told_that_there_is_something_and_from_then_on_what(known: Stack) -> None:
    stack = known
    follower = Follower(stack, attorney())
    follower.page(asked="")
    assert len(follower.cursor) == 72
    accept_power(stack, grant(stack))
    page = follower.page()
    assert (text(page, "rightsChanged"), texts(page, "rightsChange/kind")) == ("true", [])
    change(stack, "RevokePower", grant(stack))
    assert [kind for kind, *_ in follower.rights()] == ["lost"]


def test_who_does_not_ask_is_answered_as_ever(known: Stack) -> None:
    stack = known
    follower = Follower(stack, attorney())
    accept_power(stack, grant(stack))
    for asked in (
        "",
        "<withRightsChanges>true</withRightsChanges>",
        "<contractVersion>1.1</contractVersion>",
    ):
        begun = follower.cursor
        page = follower.page(asked=asked)
        assert (text(page, "rightsChanged"), texts(page, "rightsChange/kind")) == ("true", [])
        assert len(follower.cursor) == 72
        follower.cursor = begun


def test_more_than_can_be_told_one_by_one_is_told_as_that(known: Stack) -> None:
    """As when a person begins to work under an authorisation with thousands of companies: a list is due."""
    stack = known
    register_company(stack)
    assign(stack)
    follower = Follower(stack, red())
    sketch = together(sketch_of(bytes([number] * 12) for number in range(200)), EMPTY)
    follower.cursor = forged(stack, RED_NIF, Told(1, sketch))
    page = follower.page()
    assert (text(page, "rightsChanged"), texts(page, "rightsChange/kind")) == ("true", [])
    assert follower.rights() == []


def test_nobody_is_named_to_whom_the_caller_has_no_title(known: Stack) -> None:
    """A cursor is no secret: one that was made up asks for a stranger, and is told nothing of him."""
    stack = known
    stack.publish("somebody's", addressee=PERSON_NIF)
    with reading(stack.engine) as session:
        stranger = find_addressee(session, PERSON_NIF)
        assert stranger is not None
        elements = [title_element(bytes(16), stranger.id), title_element(bytes(16), 2**31 - 1)]
    follower = Follower(stack, attorney())
    for element in elements:
        follower.cursor = forged(stack, ATTORNEY_NIF, Told(1, sketch_of([element])))
        page = follower.page()
        assert (text(page, "rightsChanged"), texts(page, "rightsChange/kind")) == ("true", [])


def test_an_employee_is_told_of_the_clients_for_whom_it_works_and_of_no_others(stack: Stack) -> None:
    """One new power of its entity: nobody of forty employees walks through a whole list."""
    register(stack, ONE_NIF, clients=(COMPANY_NIF,))
    register(stack, OTHER_NIF, clients=(users.BUREAU_NIF,))
    register(stack, THIRD_NIF, matters=("collection",))
    whose, anothers, matters = (Follower(stack, person(one)) for one in (ONE_NIF, OTHER_NIF, THIRD_NIF))
    be_attorney(stack)
    gained = [("gained", COMPANY_NIF, "attorney")]
    assert [one[:3] for one in whose.rights()] == gained
    assert [one[:3] for one in matters.rights()] == gained
    assert anothers.rights() == []
    power = grant(
        stack,
        attorney=users.BUREAU_NIF,
        attorneyName=users.BUREAU_NAME,
        scope="procedure",
        more=item("procedure", "202301"),
    )
    change(stack, "AcceptPower", power, by=users.bureau())
    assert state_power(stack, power, by=users.bureau()).status == 200
    assert [one[:3] for one in whose.rights()] == gained
    page = matters.page()  # it has perhaps nothing of it: that there is something, and not whose
    assert (text(page, "rightsChanged"), texts(page, "rightsChange")) == ("true", [])
    register(stack, ONE_NIF)  # for all clients: beside that one, the entity itself
    assert [one[:3] for one in whose.rights()] == [("gained", users.BUREAU_NIF, "own")]


def test_a_worker_whose_clock_is_behind_tells_nothing_twice(known: Stack) -> None:
    stack = known
    register_company(stack)
    assign(stack, starts_at=stack.now + timedelta(seconds=1))
    follower = Follower(stack, red())
    began = stack.now
    stack.pass_time(seconds=2)
    assert len(follower.rights()) == 1
    stack.now = began
    assert follower.rights() == []
    stack.pass_time(seconds=3)
    assert follower.rights() == []
