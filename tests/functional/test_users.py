"""Who works for an entity, as it says: what they see and decide is the entity's, within their scope."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from notigateway.instants import instant_text
from pki import COMPANY_NIF, pki
from stack import text, texts
from titles import AUTHORISATION, assign, delegate, listed, outcome, register_company, retrieved
from users import (
    BUREAU_NAME,
    BUREAU_NIF,
    LATEST,
    ONE_NIF,
    OTHER_NIF,
    ask_user,
    be_attorney,
    bureau,
    end,
    member,
    person,
    register,
)

if TYPE_CHECKING:
    from uuid import UUID

    from notigateway.pki.keys import KeyPair
    from stack import Stack

pytestmark = pytest.mark.once

OTHER_CLIENT = "A58818501"


def everything(stack: Stack, one: UUID, by: KeyPair) -> set[str | None]:
    """Ask for a notification in every way there is; return what is said each time."""
    named = f"<id>{one}</id>"
    receipts = stack.ask("RetrieveReceipts", named, holder=by)
    history = stack.ask("GetHistory", named, holder=by)
    document = stack.ask("RetrieveDocument", f"{named}<documentId>{uuid4()}</documentId>", holder=by)
    return {
        retrieved(stack, one, by),
        text(receipts.tree, "item/problem/code"),
        history.code,
        document.code,
        text(stack.accept(one, holder=by)[0], "problem/code"),
        text(stack.reject(one, holder=by)[0], "problem/code"),
    }


def total(stack: Stack, by: KeyPair) -> int:
    return int(text(stack.ask("GetSummary", holder=by).tree, "total") or 0)


def changed(stack: Stack, by: KeyPair) -> set[str | None]:
    tree = stack.ask("ListChanges", "<pageSize>1000</pageSize>", holder=by).tree
    return set(texts(tree, "change/notification/id"))


@pytest.mark.parametrize("certificate", [person, member])
def test_an_employee_acts_for_the_entity_and_the_receipt_says_by_what(
    stack: Stack, certificate: object
) -> None:
    be_attorney(stack)
    one = stack.publish("one")
    registration = register(stack)
    by: KeyPair = certificate()  # type: ignore[operator]
    assert listed(stack, by) == {one: "attorney"}
    assert total(stack, by) == 1
    assert changed(stack, by) == {str(one)}
    (item,) = stack.accept(one, holder=by)
    told = delegate(item)
    assert (told["Role"], told["Identifier"], told["Name"]) == ("attorney", BUREAU_NIF, BUREAU_NAME)
    signer = delegate(item, "SignerDetails")
    assert (signer["Identifier"], signer["Registration"]) == (ONE_NIF, str(registration))
    assert "SecondaryUser" not in signer
    assert retrieved(stack, one, by) == "content"
    history = stack.ask("GetHistory", f"<id>{one}</id>{LATEST}", holder=bureau()).tree
    assert str(registration) in texts(history, "event/signingPerson/registration")
    (again,) = stack.accept(one, holder=bureau())
    assert text(again, "outcome") == "already_decided_by_you"


def test_what_lies_outside_of_the_scope_does_not_exist(stack: Stack) -> None:
    be_attorney(stack)
    here, elsewhere = stack.publish("one"), stack.publish("two", matter="penalties")
    register(stack, clients=(OTHER_CLIENT,))
    register(stack, OTHER_NIF, clients=(COMPANY_NIF, OTHER_CLIENT), matters=("penalties",))
    nobody, one = person(), person(OTHER_NIF)
    assert listed(stack, nobody) == {} == listed(stack, person(ONE_NIF))
    assert (total(stack, nobody), changed(stack, nobody)) == (0, set())
    assert listed(stack, one) == {elsewhere: "attorney"}
    assert (total(stack, one), changed(stack, one)) == (1, {str(elsewhere)})
    before = stack.rows()
    for by, what in ((nobody, here), (one, here), (nobody, elsewhere)):
        assert everything(stack, what, by) == everything(stack, uuid4(), by)
    assert stack.rows()["events"] == before["events"]
    (done,) = stack.accept(elsewhere, holder=one)
    assert text(done, "outcome") == "decided"
    assert everything(stack, elsewhere, nobody) == everything(stack, uuid4(), nobody)


def test_who_may_only_read_is_told_so_and_decides_nothing(stack: Stack) -> None:
    be_attorney(stack)
    one = stack.publish("one")
    register(stack, may_decide=False)
    before = stack.rows()["events"]
    for (item,) in (stack.accept(one, holder=person()), stack.reject(one, holder=person())):
        assert text(item, "problem/code") == "NOT_ALLOWED_TO_DECIDE"
    assert stack.rows()["events"] == before
    assert outcome(stack, one, bureau()) == "decided"
    assert retrieved(stack, one, person()) == "content"


def test_an_end_or_a_narrower_scope_counts_at_once(stack: Stack) -> None:
    be_attorney(stack)
    one, two = stack.publish("one"), stack.publish("two")
    registration = register(stack)
    assert listed(stack, person()) == {one: "attorney", two: "attorney"}
    cursor = text(stack.ask("ListChanges", "<fromNow>true</fromNow>", holder=person()).tree, "nextCursor")
    stack.pass_time(minutes=1)
    narrower = register(stack, clients=(OTHER_CLIENT,))
    assert narrower != registration
    assert outcome(stack, one, person()) == "unknown"
    told = stack.ask("ListChanges", f"<cursor>{cursor}</cursor>", holder=person()).tree
    assert text(told, "rightsChanged") == "true"
    wider = register(stack, clients=(COMPANY_NIF,))
    assert outcome(stack, one, person()) == "decided"
    stack.pass_time(minutes=1)
    assert end(stack, wider).status == 200
    assert outcome(stack, two, person()) == "unknown"
    assert everything(stack, one, person()) == everything(stack, uuid4(), person())
    found = stack.ask("ListUsers", LATEST, holder=bureau()).tree
    assert len(texts(found, "user/userId")) == 3
    assert len(texts(found, "user/endsAt")) == 3


def test_a_certificate_that_names_another_entity_gives_nothing_of_this_one(stack: Stack) -> None:
    be_attorney(stack)
    one = stack.publish("one")
    register(stack)
    another = member(ONE_NIF, OTHER_CLIENT)
    assert listed(stack, another) == {}
    assert outcome(stack, one, another) == "unknown"
    # Nobody is an employee by a certificate alone.
    assert stack.ask("ListNotifications", holder=member(OTHER_NIF)).code == "CALLER_UNKNOWN"


def test_who_works_for_two_entities_sees_what_is_for_each_once(stack: Stack) -> None:
    be_attorney(stack)
    one, own = stack.publish("one"), stack.publish("own", addressee=ONE_NIF)
    by_bureau = register(stack, may_decide=False)
    by_company = register(stack, by=pki().representative)
    assert listed(stack, person()) == {one: "own", own: "own"}
    assert (total(stack, person()), changed(stack, person())) == (2, {str(one), str(own)})
    assert listed(stack, member()) == {one: "attorney", own: "own"}
    (item,) = stack.accept(one, holder=person())
    assert delegate(item, "SignerDetails")["Registration"] == str(by_company) != str(by_bureau)
    assert delegate(item)["Identifier"] == COMPANY_NIF
    (its_own,) = stack.accept(own, holder=person())
    assert "Registration" not in delegate(its_own, "SignerDetails")


def test_an_employee_of_a_red_holder_sees_some_of_its_addressees(stack: Stack) -> None:
    register_company(stack)
    assign(stack, BUREAU_NIF, red_name=BUREAU_NAME)
    one = stack.publish("one")
    register(stack, clients=(COMPANY_NIF,))
    register(stack, OTHER_NIF, matters=("appeals",))
    assert (listed(stack, person()), listed(stack, person(OTHER_NIF))) == ({one: "red"}, {})
    assert (total(stack, person()), changed(stack, person())) == (1, {str(one)})
    filtered = f"<filter><addresseeId>{COMPANY_NIF}</addresseeId></filter>"
    for by, expected in ((person(), [str(one)]), (person(OTHER_NIF), [])):
        tree = stack.ask("ListNotifications", filtered, holder=by).tree
        assert texts(tree, "notification/id") == expected
    (item,) = stack.accept(one, holder=person())
    assert (delegate(item)["Identifier"], delegate(item)["Reference"]) == (BUREAU_NIF, AUTHORISATION)


def test_those_who_work_for_an_entity_share_its_marks_and_nobody_else_sees_them(stack: Stack) -> None:
    be_attorney(stack)
    one = stack.publish("one")
    for nif in (ONE_NIF, OTHER_NIF):
        register(stack, nif)
    outside = register(stack, "00000003A", clients=(OTHER_CLIENT,))
    mark = f"<id>{one}</id><addLabel>urgent</addLabel>{LATEST}"
    assert stack.ask("MarkNotifications", mark, holder=person("00000003A")).status == 200
    labelled = f"<filter><label>urgent</label></filter>{LATEST}"

    def found(by: KeyPair) -> list[str | None]:
        return texts(stack.ask("ListNotifications", labelled, holder=by).tree, "notification/id")

    assert found(person()) == [], outside
    assert stack.ask("MarkNotifications", mark, holder=person()).status == 200
    assert found(person(OTHER_NIF)) == found(bureau()) == [str(one)]
    assert found(pki().representative) == found(person("00000003A")) == []


def test_an_employee_acts_in_no_register_of_the_entity(stack: Stack) -> None:
    be_attorney(stack)
    register(stack)
    for by in (person(), member()):
        assert ask_user(stack, OTHER_NIF, by=by).code == "ENTITY_REQUIRED"
        assert texts(stack.ask("ListPowers", holder=by).tree, "power/powerId") == []
    registration = register(stack)
    assert end(stack, registration, by=person()).code == "ENTITY_REQUIRED"
    assert end(stack, registration, by=pki().representative).code == "USER_UNKNOWN"
    assert texts(stack.ask("ListUsers", LATEST, holder=person()).tree, "user/userId") == [str(registration)]
    named = f"<userId>{registration}</userId>{LATEST}"
    assert stack.ask("ListUsers", named, holder=pki().representative).code == "USER_UNKNOWN"


def test_the_same_registration_again_changes_nothing(stack: Stack) -> None:
    be_attorney(stack)
    registration = register(stack, clients=(COMPANY_NIF,))
    stack.pass_time(minutes=1)
    before = stack.rows()
    assert register(stack, clients=(COMPANY_NIF,)) == registration
    assert stack.rows()["red_users"] == before["red_users"]
    end(stack, registration)
    ended = stack.ask("ListUsers", f"<userId>{registration}</userId>{LATEST}", holder=bureau()).tree
    assert texts(ended, "user/client") == [COMPANY_NIF]
    assert text(ended, "user/endsAt") == instant_text(stack.now)
    stack.pass_time(minutes=1)
    assert text(end(stack, registration).tree, "user/endsAt") == text(ended, "user/endsAt")


@pytest.mark.parametrize(
    ("terms", "field", "problem"),
    [
        ({"nif": "00000001A"}, "person", "identifier"),
        ({"nif": COMPANY_NIF}, "person", "not_a_person"),
        ({"clients": ("00000001A",)}, "client", "identifier"),
        ({"matters": ("collection", "colection")}, "matter", "not_in_catalogue"),
        ({"more": "<startsAt>2020-01-01T00:00:00.000Z</startsAt>"}, "startsAt", "in_the_past"),
        ({"more": "<endsAt>2020-01-01T00:00:00.000Z</endsAt>"}, "endsAt", "not_after_the_start"),
    ],
)
def test_a_registration_that_cannot_be_is_refused(
    sqlite_stack: Stack, terms: dict[str, object], field: str, problem: str
) -> None:
    be_attorney(sqlite_stack)
    answer = ask_user(sqlite_stack, **terms)  # type: ignore[arg-type]
    assert answer.code in {"USER_INVALID", "INVALID_REQUEST"}
    assert answer.code == "INVALID_REQUEST" or f">{field}<".encode() in answer.body
    assert answer.code == "INVALID_REQUEST" or f">{problem}<".encode() in answer.body
