"""A year of a RED-authorised person, played through SOAP (Orden ISM/903/2020 art. 6.1 and 7.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import NG, Stack, text
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

if TYPE_CHECKING:
    from pathlib import Path


def test_a_year_of_a_red_person(stack: Stack) -> None:
    register_company(stack)
    backlog = stack.publish("BACKLOG")

    # Month 1: assigned. What was there before is not for the RED person (R13), what comes is (R12).
    stack.now = NOW + timedelta(days=2)
    assignment = assign(stack)
    first = stack.publish("FIRST")
    health = stack.publish("HEALTH", special_category=True)
    foreign = stack.publish("FOREIGN", addressee=PERSON_NIF)
    assert listed(stack, red()) == {first: "red"}
    for one in (backlog, health, foreign):
        assert retrieved(stack, one, red()) == "NOTIFICATION_UNKNOWN"
        assert outcome(stack, one, red()) == "unknown"
    (item,) = stack.accept(first, holder=red())
    assert text(item, "outcome") == "decided"
    assert delegate(item) == {
        "Role": "red",
        "Identifier": RED_NIF,
        "Name": "Celia Prueba",
        "Reference": AUTHORISATION,
    }
    assert retrieved(stack, first, red()) == "content"
    assert listed(stack) == dict.fromkeys((backlog, first, health), "own")

    # Month 3: the company takes its notifications away; what came before stays.
    stack.now = NOW + timedelta(days=60)
    before = stack.publish("BEFORE")
    stack.pass_time(minutes=1)
    answer = stack.ask("UnassignRed", f"<assignmentId>{assignment}</assignmentId>")
    assert text(answer.tree, "redAssignment/endsAt") == "2026-07-31T12:01:00.000Z"
    between = stack.publish("BETWEEN")
    assert listed(stack, red()) == {first: "red", before: "red"}
    assert outcome(stack, between, red()) == "unknown"
    assert outcome(stack, before, red()) == "decided"
    assert retrieved(stack, first, red()) == "content"

    # Month 6: given back, from then on.
    stack.now = NOW + timedelta(days=150)
    stack.ask("ReassignRed", f"<assignmentId>{assignment}</assignmentId>")
    after = stack.publish("AFTER")
    assert listed(stack, red()) == {first: "red", before: "red", after: "red"}

    # Month 9: another RED person takes over, but the company receives alone until it says otherwise.
    stack.now = NOW + timedelta(days=270)
    (current,) = current_assignments(stack)
    stack.ask("UnassignRed", f"<assignmentId>{current}</assignmentId>")
    taken_over = assign(stack, OTHER_RED_NIF)
    stack.publish("ALONE")
    assert listed(stack, holder(OTHER_RED_NIF)) == {}
    stack.pass_time(days=1)
    stack.ask("ReassignRed", f"<assignmentId>{taken_over}</assignmentId>")
    last = stack.publish("LAST")
    assert listed(stack, red()) == {first: "red", before: "red", after: "red"}
    assert listed(stack, holder(OTHER_RED_NIF)) == {last: "red"}

    # A year later it is still so.
    stack.now = NOW + timedelta(days=365)
    assert listed(stack, red()) == {first: "red", before: "red", after: "red"}
    assert retrieved(stack, before, red()) == "content"


def current_assignments(stack: Stack) -> list[UUID]:
    """Ask, as the company, who manages its account now."""
    rows = stack.ask("ListRepresentations").tree.findall("ng:redAssignment", namespaces=NG)
    return [UUID(text(row, "assignmentId")) for row in rows if text(row, "endsAt") is None]


def test_a_red_person_sees_for_whom_it_may_act(stack: Stack) -> None:
    register_company(stack)
    assignment = assign(stack)
    answer = stack.ask("ListRepresentations", holder=red())
    (row,) = answer.tree.findall("ng:representation", namespaces=NG)
    assert text(row, "role") == "red"
    assert text(row, "addressee/identifier") == COMPANY_NIF
    assert text(row, "redAssignment/assignmentId") == str(assignment)
    assert text(row, "redAssignment/authorisation") == AUTHORISATION
    assert answer.tree.find("ng:redAssignment", namespaces=NG) is None


def test_the_red_person_decides_before_the_company_and_the_company_learns_it(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    one = stack.publish()
    stack.accept(one, holder=red())
    stack.pass_time(minutes=1)
    (item,) = stack.reject(one)
    assert text(item, "outcome") == "already_decided"
    assert text(item, "decision/signer/identifier") == RED_NIF


def test_a_new_red_person_sees_the_backlog_where_the_operator_says_so(
    database_url: str, tmp_path: Path
) -> None:
    stack = Stack(database_url, tmp_path, red_sees_backlog=True)
    register_company(stack)
    backlog, health = stack.publish("BACKLOG"), stack.publish("HEALTH", special_category=True)
    stack.pass_time(days=1)
    assign(stack, starts_at=stack.now + timedelta(days=1))
    assert listed(stack, red()) == {}
    stack.pass_time(days=1)
    assert listed(stack, red()) == {backlog: "red"}
    assert outcome(stack, health, red()) == "unknown"
    assert outcome(stack, backlog, red()) == "decided"
    stack.close()


def test_red_sees_health_data_where_the_operator_says_so(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path, special_category_roles=["own", "red"])
    register_company(stack)
    assign(stack)
    health = stack.publish(special_category=True)
    assert listed(stack, red()) == {health: "red"}
    assert outcome(stack, health, red()) == "decided"
    stack.close()


def test_only_the_addressee_disposes_of_its_red_assignments(stack: Stack) -> None:
    register_company(stack)
    assignment = assign(stack)
    stack.publish("P", addressee=PERSON_NIF)
    for somebody in (red(), pki().person):
        for operation in ("UnassignRed", "ReassignRed"):
            before = stack.contents()["red_assignments"]
            answer = stack.ask(operation, f"<assignmentId>{assignment}</assignmentId>", holder=somebody)
            assert answer.code == "RED_ASSIGNMENT_UNKNOWN"
            assert stack.contents()["red_assignments"] == before
