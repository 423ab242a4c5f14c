"""Counts by addressee say what the list says, for whoever sees it, in each capacity and at each instant."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.law.lifecycle import Kind
from pki import COMPANY_NIF, OTHER_COMPANY_NIF, PERSON_NIF, pki
from refusals import assert_refusal
from stack import NG, Stack, text, texts
from titles import (
    accept_power,
    assign,
    attorney,
    grant,
    red,
    register_company,
)

if TYPE_CHECKING:
    from notigateway.pki.keys import KeyPair

    Counts = dict[str, tuple[int, int, str | None]]

ASKING = "<contractVersion>1.1</contractVersion>"
BY = "<countAddressees>true</countAddressees>"
OPEN = {"available", "receipt_requested"}


@pytest.fixture
def filled(stack: Stack) -> Stack:
    """Give what a RED person, an attorney and the addressees see, at several instants."""
    register_company(stack)
    assign(stack)
    accept_power(stack, grant(stack))
    ids = [stack.publish(f"A-{number}") for number in range(4)]
    stack.publish("NOTE", kind=Kind.COMMUNICATION)
    stack.publish("HERS", addressee=PERSON_NIF)
    stack.publish("HEALTH", special_category=True)
    stack.accept(ids[0])
    stack.reject(ids[1])
    stack.pass_time(days=3)
    accept_power(stack, grant(stack, by=pki().person))
    stack.publish("LATER", available_at=stack.now + timedelta(days=2))
    stack.publish("OTHER", addressee=OTHER_COMPANY_NIF)
    return stack


def told(stack: Stack, holder: KeyPair | None, more: str = "") -> Counts:
    tree = stack.ask("GetSummary", f"{more}{BY}{ASKING}", holder=holder).tree
    return {
        str(text(one, "addressee/identifier")): (
            int(str(text(one, "count"))),
            int(str(text(one, "undecided"))),
            text(one, "nearestDeadline"),
        )
        for one in tree.findall("ng:byAddressee", NG)
    }


def listed(stack: Stack, holder: KeyPair | None, role: str | None = None) -> Counts:
    chosen = "" if role is None else f"<filter><role>{role}</role></filter>"
    tree = stack.ask("ListNotifications", f"{chosen}<pageSize>1000</pageSize>{ASKING}", holder=holder).tree
    found: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for row in tree.findall("ng:notification", NG):
        found[str(text(row, "addressee/identifier"))].append((str(text(row, "state")), text(row, "deadline")))
    return {
        addressee: (
            len(rows),
            sum(state in OPEN for state, _ in rows),
            min((due for state, due in rows if state in OPEN and due is not None), default=None),
        )
        for addressee, rows in found.items()
    }


@pytest.mark.parametrize("who", ["company", "person", "red", "attorney"])
def test_the_counts_are_those_of_the_list_at_each_instant(filled: Stack, who: str) -> None:
    holder = {"company": None, "person": pki().person, "red": red(), "attorney": attorney()}[who]
    for days in (0, 3, 6, 3):
        filled.pass_time(days=days)
        assert told(filled, holder) == listed(filled, holder) != {}
        for role in ("own", "red", "attorney"):
            assert told(filled, holder, f"<role>{role}</role>") == listed(filled, holder, role)


def test_they_come_page_by_page_in_the_order_of_the_identifiers(filled: Stack) -> None:
    seen: list[str | None] = []
    pages, cursor = 0, ""
    while True:
        inner = f"{BY}{cursor}<pageSize>1</pageSize>{ASKING}"
        tree = filled.ask("GetSummary", inner, holder=attorney()).tree
        seen += texts(tree, "byAddressee/addressee/identifier")
        pages += 1
        after = text(tree, "nextCursor")
        if after is None:
            break
        cursor = f"<cursor>{after}</cursor>"
    assert seen == sorted([COMPANY_NIF, PERSON_NIF])
    assert pages == len(seen)
    for inner, holder in ((f"<role>red</role>{BY}{cursor}", attorney()), (f"{BY}{cursor}", red())):
        content = f'<GetSummary xmlns="urn:notigateway:v1">{inner}{ASKING}</GetSummary>'
        assert_refusal(filled, filled.send(filled.sign(content, holder)), "INVALID_CURSOR")


def test_nobody_is_told_who_does_not_ask_and_never_in_1_0(filled: Stack) -> None:
    assert texts(filled.ask("GetSummary", ASKING).tree, "byAddressee") == []
    assert texts(filled.ask("GetSummary", BY).tree, "byAddressee") == []
    content = f'<GetSummary xmlns="urn:notigateway:v1">{BY}<pageSize>5001</pageSize></GetSummary>'
    assert_refusal(filled, filled.send(filled.sign(content)), "INVALID_REQUEST")
