"""A year of a company: by its seal and by the certificate of its representative, played through SOAP."""

from __future__ import annotations

from datetime import timedelta

from pki import (
    COMPANY_NAME,
    COMPANY_NIF,
    NOW,
    OTHER_COMPANY_NIF,
    REPRESENTATIVE_NIF,
    pki,
    representative_subject,
    rsa_key,
)
from stack import NG, Stack, text
from titles import (
    ATTORNEY_NIF,
    RED_NIF,
    accept_power,
    assign,
    attorney,
    delegate,
    grant,
    listed,
    outcome,
    red,
    register_company,
    retrieved,
)


def test_a_year_of_a_company_representative(stack: Stack) -> None:
    representative = pki().representative
    register_company(stack)
    first, health = stack.publish("FIRST"), stack.publish("HEALTH", special_category=True)
    private = stack.publish("PRIVATE", addressee=REPRESENTATIVE_NIF)

    # The representative is the company: all of it, and nothing of the person's own.
    assert listed(stack, representative) == listed(stack) == {first: "own", health: "own"}
    assert outcome(stack, private, representative) == "unknown"
    (item,) = stack.accept(first, holder=representative)
    assert delegate(item) == {"Role": "own", "Identifier": COMPANY_NIF, "Name": COMPANY_NAME}
    assert delegate(item, "SignerDetails") == {"Identifier": REPRESENTATIVE_NIF, "Name": "Luis Pérez Díaz"}
    assert text(item, "decision/party/identifier") == COMPANY_NIF
    assert retrieved(stack, first) == "content"

    # Month 2: it gives rights to others, and sees who has them.
    stack.now = NOW + timedelta(days=30)
    assign(stack)
    accept_power(stack, grant(stack, by=representative))
    second = stack.publish("SECOND")
    tree = stack.ask("ListRepresentations", holder=representative).tree
    (own,) = tree.findall("ng:representation", namespaces=NG)
    assert (text(own, "role"), text(own, "addressee/identifier")) == ("own", COMPANY_NIF)
    assert text(tree, "redAssignment/redPerson/identifier") == RED_NIF
    powers = stack.ask("ListPowers").tree
    assert text(powers, "power/attorney/identifier") == ATTORNEY_NIF
    assert second in listed(stack, red())
    assert second in listed(stack, attorney())

    # The seal and the representative are one party: a repeat is a repeat.
    assert outcome(stack, second) == "decided"
    stack.pass_time(seconds=1)
    assert outcome(stack, second, representative) == "already_decided_by_you"

    # A year later everything is still there; the health data lapsed with nobody else seeing them.
    stack.now = NOW + timedelta(days=365)
    assert listed(stack, representative) == {first: "own", health: "own", second: "own"}
    assert outcome(stack, health, representative) == "lapsed"


def test_a_representative_of_an_entity_that_is_no_party_is_refused(stack: Stack) -> None:
    stack.publish()
    stranger = pki().holder(
        representative_subject(REPRESENTATIVE_NIF, OTHER_COMPANY_NIF, "Otra SA"), rsa_key("representative")
    )
    before = stack.rows()
    for operation in ("ListNotifications", "ListChanges", "GetSummary"):
        answer = stack.ask(operation, holder=stranger)
        assert answer.code == "CALLER_UNKNOWN"
    assert stack.rows() == before


def test_a_company_is_obliged_to_the_electronic_channel(stack: Stack) -> None:
    stack.publish()
    tree = stack.ask("GetDeliveryChannel").tree
    assert (text(tree, "obliged"), text(tree, "channel")) == ("true", "electronic")
    before = stack.rows()
    answer = stack.ask("SetDeliveryChannel", "<channel>postal</channel>")
    assert answer.code == "CHANNEL_OBLIGED"
    after = stack.rows()
    del before["replay_keys"], after["replay_keys"]
    assert after == before
