"""A year of a person who acts for itself, played through SOAP."""

from __future__ import annotations

from datetime import timedelta

from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import Stack, text
from titles import accept_power, attorney, change, delegate, grant, listed, outcome, retrieved


def test_a_year_of_a_person(stack: Stack) -> None:
    person = pki().person
    first = stack.publish("FIRST", addressee=PERSON_NIF)
    health = stack.publish("HEALTH", addressee=PERSON_NIF, special_category=True)
    later = stack.publish("LATER", addressee=PERSON_NIF, available_at=NOW + timedelta(days=30))
    foreign = stack.publish("FOREIGN", addressee=COMPANY_NIF)

    # Its own, health data included; nothing before its time, nothing of others.
    assert listed(stack, person) == {first: "own", health: "own"}
    assert outcome(stack, foreign, person) == "unknown"
    assert retrieved(stack, health, person) == "NOT_ACCEPTED"
    (item,) = stack.accept(health, holder=person)
    assert delegate(item) == {"Role": "own", "Identifier": PERSON_NIF, "Name": "Ana García López"}
    assert retrieved(stack, health, person) == "content"

    # Day 11: the first one has lapsed, without its content.
    stack.now = NOW + timedelta(days=11)
    assert outcome(stack, first, person) == "lapsed"
    assert retrieved(stack, first, person) == "NOT_ACCEPTED"

    # Day 30: what was scheduled comes; a power does not take it away from its addressee.
    stack.now = NOW + timedelta(days=30)
    power = grant(stack, by=person)
    accept_power(stack, power)
    assert listed(stack, person) == {first: "own", health: "own", later: "own"}
    assert listed(stack, attorney()) == {later: "attorney"}

    # Whoever comes second learns who was first.
    assert outcome(stack, later, attorney()) == "decided"
    stack.pass_time(minutes=1)
    (item,) = stack.reject(later, holder=person)
    assert text(item, "outcome") == "already_decided"
    assert retrieved(stack, later, person) == "content"

    # A year later: all of it is still there, the attorney's decision too.
    change(stack, "RevokePower", power, by=person)
    stack.now = NOW + timedelta(days=365)
    assert listed(stack, person) == {first: "own", health: "own", later: "own"}
    assert listed(stack, attorney()) == {}


def test_postal_and_electronic_delivery_count_for_what_is_issued_later(stack: Stack) -> None:
    person = pki().person
    before = stack.publish("BEFORE", addressee=PERSON_NIF)
    assert deliver(stack) == ("false", None)
    assert deliver(stack, "postal") == ("false", "postal")
    on_paper = stack.publish("PAPER", addressee=PERSON_NIF)
    stack.pass_time(days=1)
    assert deliver(stack, "electronic") == ("false", "electronic")
    opted_in = stack.publish("OPTED", addressee=PERSON_NIF, voluntary=True)
    stack.pass_time(days=11)
    # R19: what was issued before keeps its rule; on paper, access here is voluntary and never lapses.
    assert outcome(stack, before, person) == "lapsed"
    assert outcome(stack, opted_in, person) == "lapsed"
    assert outcome(stack, on_paper, person) == "decided"


def deliver(stack: Stack, channel: str | None = None) -> tuple[str | None, str | None]:
    """Choose, or only ask for, the person's channel."""
    person = pki().person
    if channel is None:
        tree = stack.ask("GetDeliveryChannel", holder=person).tree
    else:
        tree = stack.ask("SetDeliveryChannel", f"<channel>{channel}</channel>", holder=person).tree
    return text(tree, "obliged"), text(tree, "channel")


def test_repeating_a_choice_changes_nothing(stack: Stack) -> None:
    stack.publish(addressee=PERSON_NIF)
    deliver(stack, "postal")
    before = stack.rows()
    stack.pass_time(minutes=1)
    assert deliver(stack, "postal") == deliver(stack) == ("false", "postal")
    after = stack.rows()
    del before["replay_keys"], after["replay_keys"]
    assert after == before
