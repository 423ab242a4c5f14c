"""Powers, RED assignments and delivery through SOAP: what is refused, what a repeat does, races."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from catalogue import MATTERS
from notigateway.addressee.powers import import_power
from notigateway.addressee.red import end_red
from notigateway.errors import (
    NotAddresseeError,
    PowerExistsError,
    PowerInvalidError,
    RedAssignmentInvalidError,
    RedAssignmentOverlapsError,
    RedAssignmentUnknownError,
)
from notigateway.instants import instant_text
from notigateway.law.powers import PowerTerms
from notigateway.law.representation import PowerScope, PowerState
from notigateway.repository.engine import reading, writing
from notigateway.repository.rights import Power, RightsChange
from pki import COMPANY_NIF, NOW, PERSON_NIF, STRANGER_NIF, pki
from stack import NG, Stack, text, texts
from titles import (
    ATTORNEY_NIF,
    CCC,
    OTHER_RED_NIF,
    accept_power,
    ask_grant,
    assign,
    attorney,
    change,
    grant,
    listed,
    red,
    register_company,
    unchanged,
)

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair
    from stack import Answer

pytestmark = pytest.mark.once


def rights(stack: Stack) -> dict[str, Any]:
    """Read everything that a refused change of rights must leave alone."""
    contents = stack.contents()
    del contents["replay_keys"]
    return contents


@pytest.mark.parametrize(
    ("change", "code", "facts"),
    [
        ({"attorney": COMPANY_NIF}, "POWER_SELF_GRANTED", {}),
        ({"attorney": "12345678A"}, "POWER_INVALID", {"field": "attorney", "problem": "identifier"}),
        ({"scope": "matter"}, "POWER_INVALID", {"field": "value", "problem": "required"}),
        ({"value": "collection"}, "POWER_INVALID", {"field": "value", "problem": "not_allowed"}),
        (
            {"scope": "procedure", "value": "1" * 17},
            "POWER_INVALID",
            {"field": "value", "problem": "length"},
        ),
        (
            {"expiresAt": instant_text(NOW)},
            "POWER_INVALID",
            {"field": "expires_at", "problem": "in_the_past"},
        ),
        (
            {"expiresAt": "2031-06-01T12:00:00.001Z"},
            "POWER_TOO_LONG",
            {"latest": "2031-06-01T12:00:00.000Z"},
        ),
    ],
)
def test_a_power_that_cannot_be_is_refused_and_nothing_changes(
    shared_stack: Stack, change: dict[str, Any], code: str, facts: dict[str, str]
) -> None:
    register_company(shared_stack)
    before = rights(shared_stack)
    answer = ask_grant(shared_stack, **change)
    assert (answer.code, answer.fault_code, answer.facts) == (code, "soap:Client", facts)
    assert rights(shared_stack) == before


def test_a_power_of_exactly_five_years_is_granted(stack: Stack) -> None:
    register_company(stack)
    assert ask_grant(stack, expiresAt="2031-06-01T14:00:00+02:00").status == 200


def test_whoever_was_never_notified_disposes_of_its_own_rights(stack: Stack) -> None:
    """A certificate with a NIF is enough for what is one's own: it makes the addressee, once."""
    stranger = pki().stranger
    before = stack.rows()
    for operation, path in (("ListPowers", "power"), ("ListRepresentations", "representation")):
        assert texts(stack.ask(operation, holder=stranger).tree, path) == []
    tree = stack.ask("GetDeliveryChannel", holder=stranger).tree
    assert (text(tree, "obliged"), text(tree, "channel")) == ("false", None)
    assert unchanged(stack, before)
    assert stack.ask("ListNotifications", holder=stranger).code == "CALLER_UNKNOWN"

    power = grant(stack, by=stranger)
    answer = stack.ask("SetDeliveryChannel", "<channel>postal</channel>", holder=stranger)
    assert text(answer.tree, "channel") == "postal"
    assert stack.rows()["addressees"] == 1
    (row,) = stack.ask("ListPowers", holder=stranger).tree.findall("ng:power", namespaces=NG)
    assert (text(row, "powerId"), text(row, "grantor/name")) == (str(power), "Eva Nadie")
    assert listed(stack, stranger) == {}

    # Its first act finds the choice and the power standing.
    accept_power(stack, power)
    one = stack.publish(addressee=STRANGER_NIF)
    assert listed(stack, attorney()) == {one: "attorney"}
    stack.pass_time(days=20)
    assert listed(stack, stranger) == {one: "own"}


def test_a_grant_that_is_refused_makes_no_addressee(stack: Stack) -> None:
    before = rights(stack)
    assert ask_grant(stack, by=pki().stranger, expiresAt=instant_text(NOW)).code == "POWER_INVALID"
    company = stack.ask("SetDeliveryChannel", "<channel>postal</channel>")
    assert company.code == "CHANNEL_OBLIGED"
    assert rights(stack) == before


def test_two_first_grants_at_once_make_one_addressee(stack: Stack) -> None:
    until = instant_text(NOW + timedelta(days=100))
    with ThreadPoolExecutor(4) as pool:
        granted = set(pool.map(lambda _: grant(stack, by=pki().stranger, expiresAt=until), range(4)))
    assert len(granted) == stack.rows()["addressees"] == stack.rows()["powers"] == 1


def test_granting_again_is_a_repeat_and_another_term_is_refused(stack: Stack) -> None:
    register_company(stack)
    until = instant_text(NOW + timedelta(days=100))
    power = grant(stack, expiresAt=until)
    before = rights(stack)
    stack.pass_time(minutes=1)
    assert grant(stack, expiresAt=until) == power
    answer = ask_grant(stack, expiresAt=instant_text(NOW + timedelta(days=101)))
    assert (answer.code, answer.facts) == ("POWER_EXISTS", {"powerId": str(power)})
    assert rights(stack) == before
    # Another scope is another power, and after its end the same may be granted anew.
    grant(stack, scope="matter", value="collection")
    change(stack, "RevokePower", power)
    assert grant(stack, expiresAt=until) != power


def test_repeated_changes_of_a_power_answer_the_same(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    for operation, by in (
        ("AcceptPower", attorney()),
        ("RevokePower", pki().representative),
    ):
        first = change(stack, operation, power, by=by).tree
        before = rights(stack)
        stack.pass_time(minutes=1)
        again = change(stack, operation, power, by=by).tree
        assert [c.text for c in again.iter()] == [c.text for c in first.iter()]
        assert rights(stack) == before


def test_each_side_changes_only_what_is_its_own(stack: Stack) -> None:
    register_company(stack)
    stack.publish("P", addressee=PERSON_NIF)
    power = grant(stack)
    wrong: list[tuple[str, KeyPair]] = [
        ("AcceptPower", pki().representative),
        ("AcceptPower", pki().person),
        ("RenouncePower", pki().representative),
        ("RevokePower", attorney()),
        ("RevokePower", pki().person),
    ]
    before = rights(stack)
    for operation, somebody in wrong:
        assert change(stack, operation, power, by=somebody).code == "POWER_UNKNOWN"
    assert change(stack, "AcceptPower", uuid4(), by=attorney()).code == "POWER_UNKNOWN"
    assert rights(stack) == before


@pytest.mark.parametrize(
    ("days", "code"), [(299, "POWER_INVALID"), (301, None), (5 * 366 + 10, "POWER_TOO_LONG")]
)
def test_an_extension_is_later_and_within_five_years(stack: Stack, days: int, code: str | None) -> None:
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    stack.pass_time(days=5)
    before = rights(stack)
    assert extend(stack, power, NOW + timedelta(days=days)).code == code
    assert (rights(stack) == before) is (code is not None)


def test_a_power_that_has_ended_is_not_extended(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    later = NOW + timedelta(days=400)
    assert extend(stack, power, later).facts == {"state": "pending"}
    accept_power(stack, power)
    stack.now = NOW + timedelta(days=300)
    answer = extend(stack, power, later)
    assert (answer.code, answer.facts) == ("POWER_NOT_IN_FORCE", {"state": "expired"})


def extend(stack: Stack, power: object, until: datetime) -> Answer:
    inner = f"<powerId>{power}</powerId><expiresAt>{instant_text(until)}</expiresAt>"
    return stack.ask("ExtendPower", inner, holder=pki().representative)


def test_an_unknown_caller_is_told_nothing(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    for operation in ("AcceptPower", "RenouncePower", "RevokePower"):
        assert change(stack, operation, power, by=pki().stranger).code == "POWER_UNKNOWN"
    assert texts(stack.ask("ListPowers", holder=pki().stranger).tree, "power") == []


def test_every_change_is_written_down_with_the_signed_request(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    stack.pass_time(seconds=1)
    accept_power(stack, power)
    stack.pass_time(seconds=1)
    change(stack, "RevokePower", power)
    with reading(stack.engine) as session:
        changes = session.query(RightsChange).order_by(RightsChange.id).all()
    assert [(c.change, c.party) for c in changes] == [
        ("granted", COMPANY_NIF),
        ("accepted", ATTORNEY_NIF),
        ("revoked", COMPANY_NIF),
    ]
    assert stack.rows()["request_envelopes"] == len({c.request_sha256 for c in changes}) == 3


def test_lists_of_titles_come_in_pages_without_gap_or_repeat(stack: Stack) -> None:
    register_company(stack)
    granted = [grant(stack, scope="matter", value=one) for one in MATTERS]
    for power in granted:
        accept_power(stack, power)
    paths = {"ListPowers": "power/powerId", "ListRepresentations": "representation/power/powerId"}
    for operation, path in paths.items():
        seen: list[str | None] = []
        cursor = ""
        while True:
            tree = stack.ask(operation, f"{cursor}<pageSize>2</pageSize>", holder=attorney()).tree
            seen += texts(tree, path)
            if text(tree, "hasMore") == "false":
                break
            cursor = f"<cursor>{text(tree, 'nextCursor')}</cursor>"
        assert seen == sorted(map(str, granted))
        assert stack.ask(operation, cursor, holder=pki().company_seal).code == "INVALID_CURSOR"


# --- races


def test_two_grants_at_once_register_one_power(stack: Stack) -> None:
    register_company(stack)
    until = instant_text(NOW + timedelta(days=100))
    with ThreadPoolExecutor(4) as pool:
        granted = set(pool.map(lambda _: grant(stack, expiresAt=until), range(4)))
    assert len(granted) == 1
    assert stack.rows()["powers"] == 1


def test_a_revocation_and_a_decision_at_once_leave_one_story(stack: Stack) -> None:
    """Either the decision came first, or the power no longer gave it: never a decision without power."""
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    ids = [stack.publish(f"A{n}") for n in range(8)]
    with ThreadPoolExecutor(3) as pool:
        decisions = [pool.submit(stack.accept, *half, holder=attorney()) for half in (ids[:4], ids[4:])]
        revoked = pool.submit(change, stack, "RevokePower", power)
        words = [text(item, "outcome") for one in decisions for item in one.result()]
        assert revoked.result().status == 200
    assert set(words[:4]) in ({"decided"}, {"unknown"})
    assert set(words[4:]) in ({"decided"}, {"unknown"})
    stack.pass_time(seconds=1)
    assert [text(item, "outcome") for item in stack.accept(ids[0], holder=attorney())] == ["unknown"]


# --- the operator's side


def test_overlapping_red_assignments_are_refused(stack: Stack) -> None:
    register_company(stack)
    assign(stack, ends_at=NOW + timedelta(days=10))
    before = rights(stack)
    for start, end in ((5, None), (-5, 1), (-5, None), (9, 20), (0, 10)):
        with pytest.raises(RedAssignmentOverlapsError):
            assign(
                stack,
                OTHER_RED_NIF,
                starts_at=NOW + timedelta(days=start),
                ends_at=None if end is None else NOW + timedelta(days=end),
            )
    assert rights(stack) == before
    assign(stack, OTHER_RED_NIF, starts_at=NOW + timedelta(days=10))
    assign(stack, OTHER_RED_NIF, starts_at=NOW - timedelta(days=5), ends_at=NOW)


def test_registering_an_assignment_again_changes_nothing(stack: Stack) -> None:
    register_company(stack)
    one = assign(stack)
    before = rights(stack)
    assert assign(stack, starts_at=NOW) == one
    assert rights(stack) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account": "28123456743"}, "account"),
        ({"account": "28000000173"}, "account"),
        ({"red_party": "12345678A"}, "red_party"),
        ({"red_party": COMPANY_NIF}, "red_party"),
        ({"authorisation": "1" * 17}, "authorisation"),
        ({"ends_at": NOW}, "ends_at"),
    ],
)
def test_an_invalid_assignment_is_refused(shared_stack: Stack, changes: dict[str, Any], field: str) -> None:
    register_company(shared_stack)
    before = rights(shared_stack)
    with pytest.raises(RedAssignmentInvalidError) as caught:
        assign(shared_stack, **changes)
    assert caught.value.facts["field"] == field
    assert rights(shared_stack) == before


def test_an_assignment_may_register_an_addressee_that_is_not_known_yet(stack: Stack) -> None:
    with pytest.raises(NotAddresseeError):
        assign(stack)
    assign(stack, addressee_name="Conservas del Norte SL")
    one = stack.publish()
    assert listed(stack, red()) == {one: "red"}


def test_the_account_is_the_same_with_or_without_its_regime(stack: Stack) -> None:
    register_company(stack)
    assign(stack, account=f"0111{CCC}")
    one = stack.publish()
    assert listed(stack, red()) == {one: "red"}


def test_the_operator_ends_an_assignment_but_not_in_the_past(stack: Stack) -> None:
    register_company(stack)
    one = assign(stack)
    stack.pass_time(days=1)
    with writing(stack.engine) as session, pytest.raises(RedAssignmentInvalidError):
        end_red(session, one, at=NOW, now=stack.now)
    with writing(stack.engine) as session:
        assert end_red(session, one, at=stack.now, now=stack.now).ends_at == stack.now
    with writing(stack.engine) as session, pytest.raises(RedAssignmentUnknownError):
        end_red(session, uuid4(), at=stack.now, now=stack.now)


def test_giving_back_is_refused_while_another_manages_the_account(stack: Stack) -> None:
    register_company(stack)
    one = assign(stack)
    stack.pass_time(days=1)
    stack.ask("UnassignRed", f"<assignmentId>{one}</assignmentId>")
    assign(stack, OTHER_RED_NIF)
    stack.pass_time(days=1)
    before = rights(stack)
    answer = stack.ask("ReassignRed", f"<assignmentId>{one}</assignmentId>")
    assert answer.code == "RED_ASSIGNMENT_OVERLAPS"
    assert rights(stack) == before


def test_unassigning_and_reassigning_again_change_nothing(stack: Stack) -> None:
    register_company(stack)
    one = assign(stack)
    stack.pass_time(days=1)
    for operation in ("UnassignRed", "ReassignRed"):
        inner = f"<assignmentId>{one}</assignmentId>"
        first = text(stack.ask(operation, inner).tree, "redAssignment/assignmentId")
        before = rights(stack)
        stack.pass_time(minutes=1)
        assert text(stack.ask(operation, inner).tree, "redAssignment/assignmentId") == first
        assert rights(stack) == before


def imported(stack: Stack, registered_at: datetime, *, is_adapted: bool) -> Power:
    """Import a power that was accepted when it was registered, as the operator."""
    terms = PowerTerms(
        attorney=ATTORNEY_NIF,
        attorney_name="Celia Prueba",
        scope=PowerScope.GENERAL,
        expires_at=registered_at + timedelta(days=1800),
    )
    with writing(stack.engine) as session:
        return import_power(
            session,
            terms,
            grantor=COMPANY_NIF,
            registered_at=registered_at,
            accepted_at=registered_at,
            is_adapted=is_adapted,
            now=stack.now,
        )


def test_a_power_of_the_old_rule_is_void_unless_adapted(stack: Stack) -> None:
    stack.now = datetime(2022, 1, 10, 9, tzinfo=UTC)
    register_company(stack)
    one = stack.publish()
    old = datetime(2021, 4, 1, 21, 59, 59, tzinfo=UTC)
    assert imported(stack, old, is_adapted=False).state_at(stack.now) is PowerState.VOID
    assert listed(stack, attorney()) == {}
    assert imported(stack, old, is_adapted=True).state_at(stack.now) is PowerState.IN_FORCE
    assert listed(stack, attorney()) == {one: "attorney"}
    with pytest.raises(PowerExistsError):
        imported(stack, old + timedelta(days=1), is_adapted=True)
    with pytest.raises(PowerInvalidError):
        imported(stack, stack.now + timedelta(days=1), is_adapted=True)


def test_special_category_asked_by_red_is_unknown_and_nothing_changes(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    health = stack.publish(special_category=True)
    before = rights(stack)
    for items in (stack.accept(health, holder=red()), stack.reject(health, holder=red())):
        assert [text(item, "problem/code") for item in items] == ["NOTIFICATION_UNKNOWN"]
    assert rights(stack) == before


def test_an_addressee_with_an_account_is_obliged_even_after_a_choice(stack: Stack) -> None:
    stack.publish("P", addressee=PERSON_NIF)
    person = pki().person
    assert stack.ask("SetDeliveryChannel", "<channel>postal</channel>", holder=person).status == 200
    assign(stack, addressee=PERSON_NIF, addressee_name="Ana", account=CCC)
    stack.pass_time(minutes=1)
    tree = stack.ask("GetDeliveryChannel", holder=person).tree
    assert (text(tree, "obliged"), text(tree, "channel")) == ("true", "electronic")
    one = stack.publish("Q", addressee=PERSON_NIF)
    stack.pass_time(days=11)
    assert [text(item, "outcome") for item in stack.accept(one, holder=person)] == ["lapsed"]


def test_a_representative_chooses_for_itself_never_for_whom_it_represents(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    answer = stack.ask("SetDeliveryChannel", "<channel>postal</channel>", holder=red())
    assert text(answer.tree, "channel") == "postal"
    assert text(stack.ask("GetDeliveryChannel").tree, "channel") == "electronic"
