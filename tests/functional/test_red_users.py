"""Secondary users of RED: what they receive, the holder has received (Orden ISM/903/2020 art. 6.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from following import asking
from notigateway.addressee.mailbox import Will
from notigateway.addressee.red_users import end_user, register_user
from notigateway.errors import RedUserInvalidError
from notigateway.evidence.acuse import CONTENT
from notigateway.law.lifecycle import Decision
from notigateway.law.red_users import UserTerms
from notigateway.pki.identity import read_caller
from notigateway.repository.engine import writing
from pki import COMPANY_NIF
from stack import NG, text, texts
from titles import (
    AUTHORISATION,
    OTHER_RED_NIF,
    RED_NIF,
    assign,
    delegate,
    holder,
    listed,
    outcome,
    red,
    register_company,
    retrieved,
)
from wscn import Wscn, number, sign

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.pki.keys import KeyPair
    from stack import Stack

USER_NIF, OTHER_USER_NIF = "00000001R", "00000002W"


def user(nif: str = USER_NIF) -> KeyPair:
    return holder(nif)


def work(stack: Stack, person: str = USER_NIF, **changes: Any) -> UUID:  # noqa: ANN401  (fields of UserTerms)
    """Register a person under the authorisation, as the operator does."""
    terms = UserTerms(
        **{
            "holder": RED_NIF,
            "authorisation": AUTHORISATION,
            "person": person,
            "person_name": "Celia Prueba",
            "starts_at": stack.now,
            **changes,
        }
    )
    with writing(stack.engine) as session:
        return register_user(session, terms, now=stack.now).id


def end(stack: Stack, registration: UUID) -> None:
    with writing(stack.engine) as session:
        end_user(session, registration, at=stack.now, now=stack.now)


def test_a_secondary_user_acts_for_the_holder_while_registered(stack: Stack) -> None:
    register_company(stack)
    before = stack.publish("before")
    stack.pass_time(days=1)
    assign(stack)
    one, two = stack.publish("one"), stack.publish("two")
    registration = work(stack)
    assert listed(stack, user()) == {one: "red", two: "red"}
    assert outcome(stack, before, user()) == "unknown"
    (item,) = stack.accept(one, holder=user())
    assert delegate(item) == {
        "Role": "red",
        "Identifier": RED_NIF,
        "Name": "Celia Prueba",
        "Reference": AUTHORISATION,
    }
    assert delegate(item, "SignerDetails") == {
        "Identifier": USER_NIF,
        "Name": "Celia Prueba",
        "SecondaryUser": "true",
    }
    assert text(item, "decision/signer/identifier") == USER_NIF
    assert retrieved(stack, one, user()) == "content"
    stack.pass_time(days=1)
    end(stack, registration)
    assert listed(stack, user()) == {}
    assert retrieved(stack, one, user()) == "NOTIFICATION_UNKNOWN"
    assert listed(stack, red()) == {one: "red", two: "red"}


def test_what_a_user_decided_the_holder_and_its_other_users_have_decided(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    for person in (USER_NIF, OTHER_USER_NIF):
        work(stack, person)
    one, two = stack.publish("one"), stack.publish("two")
    (first,) = stack.accept(one, holder=user())
    for by in (user(), user(OTHER_USER_NIF), red()):
        (again,) = stack.accept(one, holder=by)
        assert text(again, "outcome") == "already_decided_by_you"
        assert text(again, "receipt/sha256") == text(first, "receipt/sha256")
    assert outcome(stack, two, red()) == "decided"
    assert outcome(stack, two, user()) == "already_decided_by_you"
    (own,) = stack.accept(one)
    assert text(own, "outcome") == "already_decided"


def test_who_works_under_several_holders_sees_what_is_for_each(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    assign(stack, OTHER_RED_NIF, addressee="A28000016", addressee_name="Otra SA", account="08999999904")
    work(stack)
    work(stack, holder=OTHER_RED_NIF)
    one, two = stack.publish("one"), stack.publish("two", addressee="A28000016")
    assert listed(stack, user()) == {one: "red", two: "red"}
    tree = stack.ask("ListRepresentations", holder=user()).tree
    assert set(texts(tree, "representation/addressee/identifier")) == {"A28000016", COMPANY_NIF}
    for item, party in (
        (stack.accept(one, holder=user()), RED_NIF),
        (stack.accept(two, holder=user()), OTHER_RED_NIF),
    ):
        assert delegate(item[0])["Identifier"] == party


def test_who_begins_to_work_under_an_authorisation_learns_that_its_rights_changed(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    stack.publish("one")
    registration = work(stack, starts_at=stack.now + timedelta(days=1))
    first = stack.ask("ListChanges", "<fromNow>true</fromNow>", holder=user()).tree
    stack.pass_time(days=1)
    cursor = f"<cursor>{text(first, 'nextCursor')}</cursor>"
    second = stack.ask("ListChanges", cursor, holder=user()).tree
    assert (text(first, "rightsChanged"), text(second, "rightsChanged")) == ("false", "true")
    end(stack, registration)
    cursor = f"<cursor>{text(second, 'nextCursor')}</cursor>"
    assert text(stack.ask("ListChanges", cursor, holder=user()).tree, "rightsChanged") == "true"


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"person": "00000001A"}, "person", "identifier"),
        ({"person": COMPANY_NIF}, "person", "not_a_person"),
        ({"person": RED_NIF}, "person", "is_the_holder"),
        ({"person_name": " "}, "person_name", "length"),
        ({"holder": "nobody"}, "holder", "identifier"),
        ({"holder": OTHER_RED_NIF}, "authorisation", "unknown"),
        ({"authorisation": "654321"}, "authorisation", "unknown"),
        ({"days": 0}, "ends_at", "not_after_the_start"),
        ({"days": 5}, "starts_at", "overlaps"),
    ],
)
def test_a_registration_that_cannot_be_is_refused(
    sqlite_stack: Stack, changes: dict[str, Any], field: str, problem: str
) -> None:
    stack = sqlite_stack
    register_company(stack)
    assign(stack)
    if problem == "overlaps":
        work(stack, starts_at=stack.now + timedelta(days=2))
    if (days := changes.pop("days", None)) is not None:
        changes["ends_at"] = stack.now + timedelta(days=days)
    before = stack.contents()
    with pytest.raises(RedUserInvalidError) as caught:
        work(stack, **changes)
    assert caught.value.facts == {"field": field, "problem": problem}
    assert stack.contents() == before


def test_a_registration_ends_after_what_was_decided_by_it(stack: Stack) -> None:
    """Though that was asked for a moment later than the end, and was faster."""
    register_company(stack)
    assign(stack)
    registration = work(stack)
    stack.pass_time(days=1)
    one = stack.publish("one")
    stack.pass_time(days=1)
    asked = asking(stack, read_caller(user().certificate))
    asked = replace(asked, now=stack.now + timedelta(milliseconds=40))
    with writing(stack.engine) as session:
        (decided,) = stack.office.mailbox.decide_all(session, asked, [one], Will(Decision.ACCEPT))
        assert decided.problem is None
    with writing(stack.engine) as session:
        ended = end_user(session, registration, at=stack.now, now=stack.now).ends_at
    assert ended == asked.now + timedelta(milliseconds=1)


def test_registering_and_ending_again_change_nothing(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    registration = work(stack)
    assert work(stack) == registration
    stack.pass_time(days=1)
    end(stack, registration)
    before = stack.contents()
    stack.pass_time(days=1)
    end(stack, registration)
    assert stack.contents() == before
    assert stack.ask("ListNotifications", holder=user()).tree.find("ng:notification", namespaces=NG) is None


def test_an_acuse_names_the_holder_its_authorisation_and_the_secondary_user(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    stack.publish("one")
    work(stack)
    client = Wscn(stack, pair=user())
    (code,) = client.listed(rol=2)["notificacionesAutorizadoRED"]
    acuse = client.acuse(code, rol=2)
    read = {str(one.tag): one.text for one in next(etree.fromstring(acuse).iter(CONTENT))}
    assert (read["SOLICITANTE"], read["TITULO"], read["FIRMANTE"]) == (RED_NIF, AUTHORISATION, USER_NIF)
    assert number(client.send_acuse(sign(acuse, user()), rol=2)) == 0
