"""A year of an attorney, played through SOAP (Orden ISM/903/2020 art. 6.3; Orden ISM/189/2021)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from notigateway.instants import instant_text
from notigateway.law.grounds import Paper
from pki import COMPANY_NIF, NOW, PERSON_NIF, REPRESENTATIVE_NIF, pki
from stack import NG, Stack, text, texts
from titles import (
    ATTORNEY_NIF,
    accept_power,
    ask_grant,
    assign,
    attorney,
    change,
    delegate,
    grant,
    listed,
    outcome,
    red,
    register_company,
    retrieved,
    state_power,
)

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.pki.keys import KeyPair


def test_a_year_of_an_attorney(stack: Stack) -> None:
    register_company(stack)
    decided, undecided = stack.publish("DECIDED"), stack.publish("UNDECIDED")
    lapsing = stack.publish("LAPSING")
    stack.publish("FOREIGN", addressee=PERSON_NIF)
    stack.accept(decided)
    voluntary = stack.publish("VOLUNTARY", paper=Paper.FIRST_EX_OFFICIO)

    # Granted, not accepted: nothing yet.
    stack.now = NOW + timedelta(days=5)
    power = grant(stack, expiresAt=instant_text(NOW + timedelta(days=300)))
    assert listed(stack, attorney()) == {}
    assert outcome(stack, undecided, attorney()) == "unknown"

    # Accepted: the undecided backlog and what comes, health data too, never what was decided before.
    accept_power(stack, power)
    fresh, health = stack.publish("FRESH"), stack.publish("HEALTH", special_category=True)
    visible = dict.fromkeys((undecided, lapsing, voluntary, fresh, health), "attorney")
    assert listed(stack, attorney()) == visible
    assert retrieved(stack, decided, attorney()) == "NOTIFICATION_UNKNOWN"
    (item,) = stack.accept(undecided, holder=attorney())
    assert delegate(item) == {
        "Role": "attorney",
        "Identifier": ATTORNEY_NIF,
        "Name": "Celia Prueba",
        "Reference": str(power),
    }
    assert retrieved(stack, undecided, attorney()) == "content"

    # After the deadline: the lapse is the attorney's too, and stays visible.
    stack.now = NOW + timedelta(days=40)
    assert outcome(stack, lapsing, attorney()) == "lapsed"
    assert listed(stack, attorney()) == visible

    # Extended, as the first term ends.
    stack.now = NOW + timedelta(days=299)
    until = instant_text(NOW + timedelta(days=330))
    answer = stack.ask(
        "ExtendPower",
        f"<powerId>{power}</powerId><expiresAt>{until}</expiresAt>",
        holder=pki().representative,
    )
    assert text(answer.tree, "power/expiresAt") == until
    stack.now = NOW + timedelta(days=325)
    last = stack.publish("LAST")
    assert listed(stack, attorney()) == visible | {last: "attorney"}

    # Expired: everything is gone, also what the attorney itself accepted; of that the receipts stay.
    stack.now = NOW + timedelta(days=330)
    assert listed(stack, attorney()) == {}
    assert retrieved(stack, undecided, attorney()) == "NOTIFICATION_UNKNOWN"
    assert receipt_states(stack, undecided, attorney()) == ["available", "accepted"]
    assert receipt_states(stack, last, attorney()) == "NOTIFICATION_UNKNOWN"
    assert outcome(stack, last, attorney()) == "unknown"
    assert outcome(stack, last) == "decided"


def receipt_states(stack: Stack, one: UUID, by: KeyPair | None = None) -> list[str | None] | str:
    """Return the states of the receipts that a holder gets, or the code of the problem."""
    tree = stack.ask("RetrieveReceipts", f"<id>{one}</id>", holder=by).tree
    return text(tree, "item/problem/code") or texts(tree, "item/receipt/state")


def test_receipts_of_what_one_decided_stay_ones_own(stack: Stack) -> None:
    """Only what was sealed up to one's own decision: not what became of it, nor what others decided."""
    register_company(stack)
    mine, theirs, reported = stack.publish("MINE"), stack.publish("THEIRS"), stack.publish("REPORTED")
    power = grant(stack)
    accept_power(stack, power)
    stack.accept(mine, holder=attorney())
    stack.accept(theirs)
    inner = (
        "<report><reference>REPORTED</reference><channel>sede</channel><decision>accepted</decision>"
        f"<at>{instant_text(stack.now)}</at><decidedBy><identifier>{ATTORNEY_NIF}</identifier></decidedBy>"
        "<evidence>S-1</evidence></report>"
    )
    assert stack.ask_issuing("ReportExternalDecisions", inner).status == 200
    change(stack, "RevokePower", power)
    stack.pass_time(minutes=1)
    assert retrieved(stack, mine) == "content"  # handed over to the company: a receipt of its own

    assert receipt_states(stack, mine) == ["available", "accepted", "read"]
    assert receipt_states(stack, mine, attorney()) == ["available", "accepted"]
    for other in (theirs, reported):
        assert receipt_states(stack, other, attorney()) == "NOTIFICATION_UNKNOWN"
    for wanted in ("pdf", "bundle"):
        answer = stack.ask("RetrieveReceipts", f"<id>{mine}</id><format>{wanted}</format>", holder=attorney())
        assert len(answer.tree.findall("ng:item/ng:receipt", namespaces=NG)) == 2
    assert retrieved(stack, mine, attorney()) == "NOTIFICATION_UNKNOWN"
    assert outcome(stack, mine, attorney()) == "unknown"


def test_an_attorney_cannot_act_after_revocation(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    one = stack.publish()
    stack.pass_time(minutes=1)
    answer = change(stack, "RevokePower", power)
    assert text(answer.tree, "power/state") == "revoked"
    before = stack.contents()["notifications"]
    assert outcome(stack, one, attorney()) == "unknown"
    assert stack.contents()["notifications"] == before
    refused = change(stack, "AcceptPower", power, by=attorney())
    assert (refused.code, refused.facts) == ("POWER_NOT_IN_FORCE", {"state": "revoked"})


def test_renunciation_ends_the_power_at_once(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    accept_power(stack, power)
    stack.publish()
    change(stack, "RenouncePower", power, by=attorney())
    assert listed(stack, attorney()) == {}


def test_a_power_by_matter_or_procedure_gives_no_more(stack: Stack) -> None:
    register_company(stack)
    collection = stack.publish("A", matter="collection", procedure="1")
    contribution = stack.publish("B", matter="contribution", procedure="2")
    stack.publish("C", matter="affiliation", procedure="3")
    accept_power(stack, grant(stack, scope="matter", value="collection"))
    assert listed(stack, attorney()) == {collection: "attorney"}
    accept_power(stack, grant(stack, scope="procedure", value="2"))
    assert listed(stack, attorney()) == {collection: "attorney", contribution: "attorney"}


@pytest.mark.parametrize("said", ["true", "false", None])
def test_no_power_excludes_health_data_whatever_the_grant_says(stack: Stack, said: str | None) -> None:
    register_company(stack)
    health = stack.publish(special_category=True)
    answer = ask_grant(stack, specialCategory=said)
    assert text(answer.tree, "power/specialCategory") == "true"
    accept_power(stack, UUID(text(answer.tree, "power/powerId")))
    assert outcome(stack, health, attorney()) == "decided"


def test_health_data_can_be_kept_to_the_addressee_by_policy(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path, special_category_roles=["own"])
    register_company(stack)
    health = stack.publish(special_category=True)
    accept_power(stack, grant(stack, specialCategory="true"))
    assert listed(stack, attorney()) == {}
    assert outcome(stack, health, attorney()) == "unknown"
    assert listed(stack) == {health: "own"}
    stack.close()


def test_the_month_for_accepting_ends_with_its_last_day_in_madrid(stack: Stack) -> None:
    register_company(stack)
    late, in_time = (
        grant(stack, scope="matter", value="penalties"),
        grant(stack, scope="matter", value="appeals"),
    )
    stack.now = NOW.replace(month=7, hour=21, minute=59)  # 1 July, 23:59 in Madrid
    assert change(stack, "AcceptPower", in_time, by=attorney()).status == 200
    stack.pass_time(minutes=1)
    answer = change(stack, "AcceptPower", late, by=attorney())
    assert (answer.code, answer.facts) == ("POWER_NOT_IN_FORCE", {"state": "not_accepted"})


def test_a_power_outranks_a_red_assignment_in_the_receipt(stack: Stack) -> None:
    register_company(stack)
    assign(stack)
    power = grant(stack, attorney="00000003A")
    one = stack.publish()
    assert listed(stack, red()) == {one: "red"}
    assert change(stack, "AcceptPower", power, by=red()).status == 200
    assert listed(stack, red()) == {one: "attorney"}
    (item,) = stack.accept(one, holder=red())
    assert delegate(item)["Reference"] == str(power)


def test_a_firm_acts_by_power_through_its_representative(stack: Stack) -> None:
    """The party of a representative certificate is the entity: here the company is the attorney."""
    stack.publish("P", addressee=PERSON_NIF)
    power = grant(stack, by=pki().person, attorney=COMPANY_NIF)
    assert state_power(stack, power).status == 200
    assert change(stack, "AcceptPower", power, by=pki().representative).status == 200
    one = stack.publish("Q", addressee=PERSON_NIF)
    (item,) = stack.accept(one, holder=pki().representative)
    assert delegate(item)["Identifier"] == COMPANY_NIF
    assert delegate(item, "SignerDetails")["Identifier"] == REPRESENTATIVE_NIF
    assert text(item, "decision/party/identifier") == COMPANY_NIF


def test_both_sides_see_the_power(stack: Stack) -> None:
    register_company(stack)
    power = grant(stack)
    for somebody in (pki().company_seal, attorney()):
        answer = stack.ask("ListPowers", holder=somebody)
        (row,) = answer.tree.findall("ng:power", namespaces=NG)
        assert text(row, "powerId") == str(power)
        assert text(row, "state") == "pending"
        assert text(row, "acceptBefore") == "2026-07-01T22:00:00.000Z"
    assert not stack.ask("ListRepresentations", holder=attorney()).tree.findall(
        "ng:representation", namespaces=NG
    )
    accept_power(stack, power)
    (row,) = stack.ask("ListRepresentations", holder=attorney()).tree.findall(
        "ng:representation", namespaces=NG
    )
    assert (text(row, "role"), text(row, "power/state")) == ("attorney", "in_force")
