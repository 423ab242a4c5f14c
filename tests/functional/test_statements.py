"""Companies in the register of powers: who signs for them, and the statement of a company as attorney."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import update

from notigateway.addressee.powers import import_power
from notigateway.instants import instant_text
from notigateway.law.powers import PowerTerms
from notigateway.law.representation import PowerScope, PowerState
from notigateway.repository.engine import writing
from notigateway.repository.rights import Power
from patience import PATIENCE_SECONDS
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from queued import wait_until_so_many_wait
from stack import NG, Stack, text, texts
from titles import (
    accept_power,
    ask_grant,
    attorney,
    change,
    grant,
    listed,
    outcome,
    register_company,
    state_power,
    unchanged,
)

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from lxml.etree import _Element

pytestmark = pytest.mark.once

ASKING = "<contractVersion>1.1</contractVersion>"
COMPANY_AS_ATTORNEY = {"attorney": COMPANY_NIF, "attorneyName": "Conservas del Norte SL"}


def granted(stack: Stack, **changes: object) -> UUID:
    """Let the person grant a power to the company."""
    return grant(stack, by=pki().person, **{**COMPANY_AS_ATTORNEY, **changes})  # type: ignore[arg-type]


def shown(stack: Stack, power: UUID) -> _Element:
    """Return the power as its grantor sees it in 1.1."""
    rows = stack.ask("ListPowers", ASKING, holder=pki().person).tree.iterfind("ng:power", namespaces=NG)
    (row,) = (one for one in rows if text(one, "powerId") == str(power))
    return row


@pytest.mark.parametrize(
    "operation", ["AcceptPower", "RenouncePower", "RevokePower", "ExtendPower", "MakeResponsibleStatement"]
)
def test_a_seal_changes_nothing_in_the_register_of_powers(stack: Stack, operation: str) -> None:
    register_company(stack)
    inner = {
        "ExtendPower": f"<expiresAt>{instant_text(NOW + timedelta(days=400))}</expiresAt>",
        "MakeResponsibleStatement": "<statutesAllowRepresentation>true</statutesAllowRepresentation>",
    }.get(operation, "")
    for power in (granted(stack), grant(stack)):
        before = stack.rows()
        answer = stack.ask(operation, f"<powerId>{power}</powerId>{inner}")
        assert (answer.code, answer.fault_code) == ("REPRESENTATIVE_REQUIRED", "soap:Client")
        assert unchanged(stack, before)


def test_a_company_grants_by_its_representative_and_reads_by_its_seal_too(stack: Stack) -> None:
    before = stack.rows()
    assert ask_grant(stack, by=pki().company_seal).code == "REPRESENTATIVE_REQUIRED"
    assert unchanged(stack, before)
    power = grant(stack, by=pki().representative)
    assert texts(stack.ask("ListPowers").tree, "power/powerId") == [str(power)]


def test_a_company_as_attorney_has_no_right_before_its_statement(stack: Stack) -> None:
    one = stack.publish("P", addressee=PERSON_NIF)
    power = granted(stack)
    assert texts(shown(stack, power), "awaits") == ["acceptance", "statement"]
    stack.pass_time(days=1)
    assert text(change(stack, "AcceptPower", power).tree, "power/state") == "pending"
    assert (texts(shown(stack, power), "awaits"), listed(stack, pki().representative)) == (["statement"], {})
    assert outcome(stack, one, pki().representative) == "unknown"
    stack.pass_time(days=1)
    assert text(state_power(stack, power).tree, "power/state") == "in_force"
    row = shown(stack, power)
    assert (texts(row, "awaits"), text(row, "inscribedAt")) == ([], instant_text(stack.now))
    assert listed(stack, pki().representative) == {one: "attorney"}
    # Repeating changes nothing.
    before = stack.contents()["powers"]
    stack.pass_time(days=1)
    assert text(state_power(stack, power).tree, "power/state") == "in_force"
    assert stack.contents()["powers"] == before


def test_what_was_decided_before_the_statement_stays_hidden(stack: Stack) -> None:
    one, two = stack.publish("A", addressee=PERSON_NIF), stack.publish("B", addressee=PERSON_NIF)
    power = granted(stack)
    change(stack, "AcceptPower", power)
    stack.pass_time(days=1)
    stack.accept(one, holder=pki().person)
    stack.pass_time(days=1)
    state_power(stack, power)
    assert listed(stack, pki().representative) == {two: "attorney"}


def test_one_statement_serves_for_all_that_wait_and_for_later_powers(stack: Stack) -> None:
    register_company(stack)
    first, second = granted(stack), granted(stack, scope="matter", value="collection")
    stack.pass_time(days=1)
    assert state_power(stack, first).status == 200
    assert texts(shown(stack, second), "awaits") == ["acceptance"]
    stack.pass_time(days=100)
    third = granted(stack, scope="matter", value="appeals")
    assert texts(shown(stack, third), "awaits") == ["acceptance"]
    assert text(change(stack, "AcceptPower", third).tree, "power/state") == "in_force"
    assert stack.rows()["responsible_statements"] == 1


def test_a_statement_made_while_a_power_is_granted_serves_it_too(stack: Stack) -> None:
    first = granted(stack)
    state_power(stack, first)
    power = granted(stack, scope="matter", value="collection")
    with writing(stack.engine) as session:  # as where neither transaction saw the other
        session.execute(update(Power).where(Power.id == power).values(stated_at=None))
    assert text(shown(stack, power), "awaits") == "acceptance"
    change(stack, "AcceptPower", power)
    assert (text(shown(stack, power), "state"), text(shown(stack, power), "awaits")) == ("in_force", None)


def test_without_a_statement_within_the_month_the_power_never_takes_effect(stack: Stack) -> None:
    stack.publish("P", addressee=PERSON_NIF)
    power = granted(stack)
    change(stack, "AcceptPower", power)
    stack.now = NOW.replace(month=7, day=1, hour=22, minute=0)  # 2 July, 00:00 in Madrid
    answer = state_power(stack, power)
    assert (answer.code, answer.facts) == ("POWER_NOT_IN_FORCE", {"state": "not_accepted"})
    assert listed(stack, pki().representative) == {}


def test_a_statement_of_who_is_not_the_attorney_or_needs_none_is_refused(stack: Stack) -> None:
    register_company(stack)
    of_the_company, of_a_person = granted(stack), grant(stack)
    accept_power(stack, of_a_person)
    before = stack.rows()
    for somebody in (attorney(), pki().person, pki().stranger):
        assert state_power(stack, of_the_company, by=somebody).code == "POWER_UNKNOWN"
    answer = state_power(stack, of_a_person, by=attorney())
    assert (answer.code, answer.facts) == (
        "POWER_INVALID",
        {"field": "attorney", "problem": "needs_no_statement"},
    )
    answer = state_power(stack, of_the_company, says="false")
    assert answer.facts == {"field": "statutes_allow_representation", "problem": "required"}
    assert unchanged(stack, before)


def test_a_power_inscribed_elsewhere_needs_no_statement_here(stack: Stack) -> None:
    stack.publish("P", addressee=PERSON_NIF)
    terms = PowerTerms(
        attorney=COMPANY_NIF,
        attorney_name="Conservas del Norte SL",
        scope=PowerScope.GENERAL,
        expires_at=NOW + timedelta(days=300),
    )
    at = NOW - timedelta(days=100)
    with writing(stack.engine) as session:
        power = import_power(
            session,
            terms,
            grantor=PERSON_NIF,
            registered_at=at,
            accepted_at=at,
            is_adapted=False,
            now=stack.now,
        )
        assert power.state_at(stack.now) is PowerState.IN_FORCE


def test_contacts_of_both_sides_are_kept_and_told(stack: Stack) -> None:
    register_company(stack)
    contacts = "<grantorContact>900 000 000</grantorContact><attorneyContact>c@example.org</attorneyContact>"
    grant(stack, more=contacts)
    (row,) = stack.ask("ListPowers", ASKING).tree.findall("ng:power", namespaces=NG)
    assert (text(row, "grantorContact"), text(row, "attorneyContact")) == ("900 000 000", "c@example.org")
    answer = ask_grant(stack, attorney=PERSON_NIF, more=contacts.replace("900 000 000", " "))
    assert answer.facts == {"field": "grantor_contact", "problem": "length"}


def test_two_statements_at_once_that_name_different_powers_are_both_answered(
    postgresql_url: str, tmp_path: Path
) -> None:
    """Each serves the power that the other one names."""
    with closing(Stack(postgresql_url, tmp_path)) as stack:
        stack.publish("one", addressee=PERSON_NIF)
        powers = [granted(stack), granted(stack, scope="matter", value="collection")]
        url = stack.database_url.replace("postgresql+psycopg", "postgresql")
        with ThreadPoolExecutor(2) as pool, closing(psycopg.connect(url)) as held:
            held.execute("LOCK TABLE responsible_statements IN SHARE MODE")
            stating = [pool.submit(state_power, stack, power) for power in powers]
            wait_until_so_many_wait(stack.engine, 2)
            held.rollback()
            assert [one.result(timeout=PATIENCE_SECONDS).status for one in stating] == [200, 200]
