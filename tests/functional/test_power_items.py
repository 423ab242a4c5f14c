"""Powers that name several things, through SOAP: what they give, how each ends, what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from catalogue import CATALOGUE, GROUP, IN_GROUP, MATTERS
from following import asking
from notigateway.addressee import powers as register
from notigateway.addressee.mailbox import Will
from notigateway.instants import instant_text
from notigateway.law.catalogue import Entry
from notigateway.law.lifecycle import Decision
from notigateway.law.representation import ItemKind
from notigateway.pki.identity import read_caller
from notigateway.repository.catalogue import load_catalogue
from notigateway.repository.engine import writing
from patience import PATIENCE_SECONDS
from pki import NOW, pki
from stack import NG, Stack, text, texts
from titles import (
    accept_power,
    ask_grant,
    attorney,
    change,
    grant,
    item,
    listed,
    outcome,
    register_company,
    unchanged,
)

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element

ASKING = "<contractVersion>1.1</contractVersion>"
PROCEDURE = item("procedure", "203546")
RATES = item("group", GROUP)


def shown(stack: Stack, power: UUID) -> _Element:
    """Return the power as its grantor sees it in 1.1."""
    rows = stack.ask("ListPowers", ASKING).tree.iterfind("ng:power", namespaces=NG)
    (row,) = (one for one in rows if text(one, "powerId") == str(power))
    return row


def items(row: _Element) -> list[tuple[str | None, ...]]:
    """Return kind, value and state of what a power names."""
    found = row.iterfind("ng:item", namespaces=NG)
    return [(text(one, "kind"), text(one, "value"), text(one, "state")) for one in found]


def test_a_power_names_procedures_and_groups_and_each_ends_alone(stack: Stack) -> None:
    register_company(stack)
    debt = stack.publish("DEBT", procedure="203546")
    rates = stack.publish("RATES", matter="contribution", procedure=IN_GROUP[1])
    stack.publish("OTHER", procedure="999")
    power = grant(stack, scope="procedure", more=PROCEDURE + RATES)
    accept_power(stack, power)
    assert listed(stack, attorney()) == {debt: "attorney", rates: "attorney"}
    assert items(shown(stack, power)) == [
        ("procedure", "203546", "in_force"),
        ("group", GROUP, "in_force"),
    ]

    stack.pass_time(days=1)
    change(stack, "RevokePower", power, more=PROCEDURE)
    assert listed(stack, attorney()) == {rates: "attorney"}
    assert outcome(stack, debt, attorney()) == "unknown"
    row = shown(stack, power)
    assert items(row) == [("procedure", "203546", "revoked"), ("group", GROUP, "in_force")]
    assert (text(row, "state"), text(row, "item/endedAt")) == ("in_force", instant_text(stack.now))

    # The last one to end ends the power, as its attorney's renunciation here.
    stack.pass_time(days=1)
    last = change(stack, "RenouncePower", power, by=attorney(), more=RATES)
    assert text(last.tree, "power/state") == "renounced"
    assert listed(stack, attorney()) == {}
    assert items(shown(stack, power)) == [("procedure", "203546", "revoked"), ("group", GROUP, "renounced")]


def test_a_power_names_several_matters(stack: Stack) -> None:
    register_company(stack)
    debt = stack.publish("A", matter="collection")
    rates = stack.publish("B", matter="contribution")
    stack.publish("C", matter="affiliation")
    power = grant(stack, scope="matter", value="collection", more=item("matter", "contribution"))
    accept_power(stack, power)
    assert listed(stack, attorney()) == {debt: "attorney", rates: "attorney"}
    # A repeat in another order, and by items alone, is the same grant.
    both = item("matter", "contribution") + item("matter", "collection")
    assert grant(stack, scope="matter", more=both) == power
    change(stack, "RevokePower", power, more=item("matter", "collection"))
    assert listed(stack, attorney()) == {rates: "attorney"}


def test_whether_a_matter_ends_alone_is_a_setting(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, power_matters_end_alone=False)
    register_company(stack)
    power = grant(stack, scope="matter", value="collection", more=item("matter", "contribution"))
    before = stack.rows()
    answer = change(stack, "RevokePower", power, more=item("matter", "collection"))
    assert (answer.code, answer.facts) == ("POWER_INDIVISIBLE", {"scope": "matter"})
    assert unchanged(stack, before)
    stack.close()


def test_a_power_of_several_is_shown_to_1_0_without_a_value(stack: Stack) -> None:
    register_company(stack)
    for more in (PROCEDURE + RATES, RATES, PROCEDURE):
        grant(stack, scope="procedure", more=more)
        stack.pass_time(seconds=1)
    rows = stack.ask("ListPowers").tree.findall("ng:power", namespaces=NG)
    assert [text(row, "scope") for row in rows] == ["procedure"] * 3
    assert [text(row, "value") for row in rows] == [None, None, "203546"]
    assert texts(stack.ask("ListPowers").tree, "power/item") == []


@pytest.mark.parametrize(
    ("changes", "more", "facts"),
    [
        ({}, PROCEDURE, {"field": "item", "problem": "not_allowed"}),
        ({"scope": "procedure"}, "", {"field": "value", "problem": "required"}),
        ({"scope": "procedure", "value": "203547"}, "", {"field": "value", "problem": "not_in_catalogue"}),
        ({"scope": "matter", "value": "colection"}, "", {"field": "value", "problem": "not_in_catalogue"}),
        ({"scope": "matter"}, item("matter", "x"), {"field": "item", "problem": "not_in_catalogue"}),
        ({"scope": "matter"}, PROCEDURE, {"field": "item", "problem": "not_of_this_scope"}),
        ({"scope": "procedure"}, RATES + RATES, {"field": "item", "problem": "repeated"}),
        (
            {"scope": "matter", "value": "collection", "expiresAt": instant_text(NOW - timedelta(days=1))},
            "",
            {"field": "expires_at", "problem": "in_the_past"},
        ),
    ],
)
def test_what_a_power_cannot_name_is_refused_by_its_field(
    shared_stack: Stack, changes: dict[str, Any], more: str, facts: dict[str, str]
) -> None:
    register_company(shared_stack)
    before = shared_stack.rows()
    answer = ask_grant(shared_stack, more=more, **changes)
    assert (answer.code, answer.facts) == ("POWER_INVALID", facts)
    assert unchanged(shared_stack, before)


def test_an_item_that_is_not_there_and_one_of_a_general_power_are_refused(stack: Stack) -> None:
    register_company(stack)
    general, named = grant(stack), grant(stack, scope="procedure", more=PROCEDURE + RATES)
    matter = grant(stack, scope="matter", value="collection")
    before = stack.contents()["power_items"], stack.contents()["powers"], stack.rows()
    for power, more, code in (
        (general, PROCEDURE, "POWER_INDIVISIBLE"),
        (matter, PROCEDURE, "POWER_INDIVISIBLE"),
        (named, item("procedure", "2"), "POWER_ITEM_UNKNOWN"),
        (named, item("matter", "collection"), "POWER_ITEM_UNKNOWN"),
    ):
        assert change(stack, "RevokePower", power, more=more).code == code
        assert change(stack, "RenouncePower", power, by=attorney(), more=more).code == code
        assert change(stack, "RevokePower", power, by=pki().stranger, more=more).code == "POWER_UNKNOWN"
    contents = stack.contents()
    assert (contents["power_items"], contents["powers"]) == before[:2]
    assert unchanged(stack, before[2])


def test_a_group_gives_what_it_had_when_the_power_was_granted(stack: Stack) -> None:
    """And what the catalogue withdraws can no longer be named; the powers that name it stay."""
    register_company(stack)
    accept_power(stack, grant(stack, scope="procedure", more=RATES))
    late = Entry(kind=ItemKind.PROCEDURE, code="202399", name="Nuevo", matter="contribution", group=GROUP)
    kept = [one for one in CATALOGUE if one.code != "202302"]
    with writing(stack.engine) as session:
        load_catalogue(session, [*kept, late], now=stack.now)
    stack.publish("LATE", matter="contribution", procedure="202399")
    old = stack.publish("OLD", matter="contribution", procedure="202302")
    assert listed(stack, attorney()) == {old: "attorney"}
    refused = ask_grant(stack, scope="procedure", value="202302")
    assert refused.facts == {"field": "value", "problem": "not_in_catalogue"}


def test_the_end_of_an_item_is_told_to_who_follows_the_changes(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack, scope="procedure", more=PROCEDURE + RATES)
    accept_power(stack, power)
    stack.pass_time(days=1)
    start = stack.ask("ListChanges", "<fromNow>true</fromNow>", holder=attorney()).tree
    page = stack.ask("ListChanges", f"<cursor>{text(start, 'nextCursor')}</cursor>", holder=attorney()).tree
    assert text(page, "rightsChanged") == "false"
    change(stack, "RevokePower", power, more=PROCEDURE)
    stack.pass_time(days=1)
    page = stack.ask("ListChanges", f"<cursor>{text(page, 'nextCursor')}</cursor>", holder=attorney()).tree
    assert text(page, "rightsChanged") == "true"


def test_anybody_admitted_lists_what_a_power_may_name(stack: Stack) -> None:
    tree = stack.ask("ListMatters", holder=pki().stranger).tree
    matters = tree.findall("ng:matter", namespaces=NG)
    assert [text(one, "code") for one in matters] == list(MATTERS)
    assert texts(matters[0], "procedure/code") == ["203546", "2"]
    assert (texts(matters[1], "group/code"), texts(matters[1], "procedure/group")) == ([GROUP], [GROUP] * 2)


@pytest.mark.parametrize(("more", "later"), [("", 40), (PROCEDURE, 40), ("", 0)])
def test_a_revocation_that_waited_for_a_decision_comes_after_it(stack: Stack, more: str, later: int) -> None:
    """Also where the decision was asked for at once or later: the receipt tells of a power that stood."""
    register_company(stack)
    power = grant(stack, scope="procedure", more=PROCEDURE + RATES)
    accept_power(stack, power)
    one, two = (stack.publish(name, procedure="203546") for name in ("one", "two"))
    stack.pass_time(minutes=1)
    asked = asking(stack, read_caller(attorney().certificate))
    asked = replace(asked, now=stack.now + timedelta(milliseconds=later))
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            (decided,) = stack.office.mailbox.decide_all(session, asked, [one], Will(Decision.ACCEPT))
            running = pool.submit(change, stack, "RevokePower", power, more=more)
            with pytest.raises(TimeoutError):
                running.result(timeout=0.2)
        revoked = running.result(timeout=PATIENCE_SECONDS)
    assert decided.problem is None
    assert revoked.status == 200
    ended = instant_text(asked.now + timedelta(milliseconds=1))
    assert ended in texts(shown(stack, power), "item/endedAt" if more else "endedAt")
    stack.pass_time(seconds=1)
    assert outcome(stack, two, attorney()) == "unknown"


def test_a_grant_beside_a_renunciation_is_a_new_power(stack: Stack) -> None:
    """The power that is being ended is not told as what was granted."""
    register_company(stack)
    expiry = instant_text(stack.now + timedelta(days=300))
    power = grant(stack, expiresAt=expiry)
    accept_power(stack, power)
    asked = asking(stack, read_caller(attorney().certificate))
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            register.renounce_power(session, asked, power)
            session.flush()
            running = pool.submit(grant, stack, expiresAt=expiry)
            with pytest.raises(TimeoutError):
                running.result(timeout=0.2)
        assert running.result(timeout=PATIENCE_SECONDS) != power


def test_a_power_is_never_accepted_after_its_end(stack: Stack) -> None:
    """Though its acceptance came a moment later than a revocation, and was faster."""
    register_company(stack)
    power = grant(stack)
    stack.pass_time(minutes=1)
    asked = asking(stack, read_caller(attorney().certificate))
    asked = replace(asked, now=stack.now + timedelta(milliseconds=40))
    with writing(stack.engine) as session:
        register.accept_power(session, asked, power)
    assert change(stack, "RevokePower", power).status == 200
    row = shown(stack, power)
    assert text(row, "acceptedAt") == instant_text(asked.now)
    assert text(row, "endedAt") == instant_text(asked.now + timedelta(milliseconds=1))


def test_what_ends_after_a_decision_has_ended_for_whoever_changes_it_meanwhile(stack: Stack) -> None:
    """In the moment until its end nobody ends it again, extends it or is given it as a repeat."""
    register_company(stack)
    expiry = instant_text(stack.now + timedelta(days=300))
    power = grant(stack, expiresAt=expiry)
    accept_power(stack, power)
    one = stack.publish("one")
    stack.pass_time(minutes=1)
    asked = asking(stack, read_caller(attorney().certificate))
    with writing(stack.engine) as session:
        later = replace(asked, now=stack.now + timedelta(milliseconds=40))
        stack.office.mailbox.decide_all(session, later, [one], Will(Decision.ACCEPT))
    assert change(stack, "RevokePower", power).status == 200
    before, rows = shown(stack, power), stack.rows()["rights_changes"]
    assert change(stack, "RenouncePower", power, by=attorney()).facts == {"state": "revoked"}
    longer = f"<expiresAt>{instant_text(stack.now + timedelta(days=400))}</expiresAt>"
    assert change(stack, "ExtendPower", power, more=longer).facts == {"state": "revoked"}
    assert change(stack, "RevokePower", power).status == 200
    assert stack.rows()["rights_changes"] == rows
    assert texts(shown(stack, power), "endedAt") == texts(before, "endedAt")
    assert grant(stack, expiresAt=expiry) != power
    stack.pass_time(seconds=1)
    assert text(shown(stack, power), "state") == "revoked"


def test_the_end_of_an_item_and_a_decision_at_once_leave_one_story(stack: Stack) -> None:
    """Either the decision came first, or the item no longer gave it: never a decision without it."""
    register_company(stack)
    power = grant(stack, scope="procedure", more=PROCEDURE + RATES)
    accept_power(stack, power)
    ids = [stack.publish(f"A{n}", procedure="203546") for n in range(8)]
    with ThreadPoolExecutor(3) as pool:
        decisions = [pool.submit(stack.accept, *half, holder=attorney()) for half in (ids[:4], ids[4:])]
        revoked = pool.submit(change, stack, "RevokePower", power, more=PROCEDURE)
        words = [text(one, "outcome") for each in decisions for one in each.result()]
        assert revoked.result().status == 200
    assert set(words[:4]) in ({"decided"}, {"unknown"})
    assert set(words[4:]) in ({"decided"}, {"unknown"})
    stack.pass_time(seconds=1)
    assert outcome(stack, ids[0], attorney()) == "unknown"
