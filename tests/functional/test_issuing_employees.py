"""Public employees in the issuing contract: for the body only where it authorised them, and while it does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from notigateway.errors import (
    EmployeeInvalidError,
    EmployeeUnknownError,
    GatewayError,
    IssuingBodyUnknownError,
)
from notigateway.issuer.employees import authorise_employee, list_employees, withdraw_employee
from notigateway.law.employees import EmployeeTerms
from notigateway.law.families import Family
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Event
from operating import app
from pki import COMPANY_NIF, ISSUER_NIF, NOW, PERSON_NIF, rsa_key
from shapes import CALLERS, EMPLOYEE
from stack import ISSUER

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.pki.keys import KeyPair
    from notigateway.repository.employees import Employee
    from stack import Answer, Stack

pytestmark = pytest.mark.once

OTHER_UNIT = "EA0041486"
TERMS = EmployeeTerms(nif=PERSON_NIF, name="Ana García López", ground="Resolución 2026/17")


def employee() -> KeyPair:
    """Return the certificate of an employee of the body that `stack` registers."""
    (shape,) = (one for one in CALLERS if one.label == "public-employee")
    assert shape.family is Family.PUBLIC_EMPLOYEE
    assert shape.alternative == EMPLOYEE
    return shape.holder(rsa_key("employee"))


def authorise(stack: Stack, terms: EmployeeTerms = TERMS, *, dir3: str = ISSUER) -> Employee:
    with writing(stack.engine) as session:
        return authorise_employee(session, dir3, terms, now=stack.now)


def withdraw(stack: Stack, nif: str = PERSON_NIF, *, dir3: str = ISSUER) -> Employee:
    with writing(stack.engine) as session:
        return withdraw_employee(session, dir3, nif, ground="Resolución 2026/31", now=stack.now)


def cancel(stack: Stack, reference: str, *, issuer: str = ISSUER) -> Answer:
    inner = f"<cancellation><reference>{reference}</reference><reason>Error</reason></cancellation>"
    return stack.ask_issuing("CancelNotifications", inner, holder=employee(), issuer=issuer)


def refusal(answer: Answer) -> tuple[str | None, dict[str, str | None]]:
    return answer.code, answer.facts


def test_an_employee_acts_for_the_body_from_its_authorisation_until_it_is_withdrawn(stack: Stack) -> None:
    for reference in ("A", "B", "C"):
        stack.publish(reference)
    before = stack.rows()
    not_authorised = ("CALLER_NOT_ISSUING_BODY", {"reason": "not-authorised"})
    assert refusal(cancel(stack, "A")) == not_authorised
    assert stack.rows() == before
    authorise(stack)
    done = cancel(stack, "A")
    assert done.tree.findtext("{*}item/{*}outcome") == "done"
    stack.pass_time(days=1)
    withdraw(stack)
    assert refusal(cancel(stack, "B")) == not_authorised
    stack.pass_time(days=1)
    authorise(stack, EmployeeTerms(nif=PERSON_NIF, name="Ana García López", ground="Resolución 2026/40"))
    assert cancel(stack, "C").tree.findtext("{*}item/{*}outcome") == "done"


def test_what_an_employee_did_names_the_body_and_who_signed(stack: Stack) -> None:
    stack.publish("A")
    authorise(stack)
    cancel(stack, "A")
    with reading(stack.engine) as session:
        (event,) = session.scalars(select(Event).where(Event.signer == PERSON_NIF)).all()
    assert (event.party, event.signer_name) == (ISSUER_NIF, "Ana García López")
    listed = stack.ask_issuing("ListOutcomes", holder=employee()).tree
    assert listed.findtext(".//{*}signer/{*}identifier") == PERSON_NIF


def test_an_authorisation_counts_for_its_own_unit_only(stack: Stack) -> None:
    stack.register_issuer(OTHER_UNIT, "INSS", "Otro organismo")
    authorise(stack)
    assert stack.ask_issuing("ListOutcomes", holder=employee(), issuer=ISSUER).code is None
    refused = stack.ask_issuing("ListOutcomes", holder=employee(), issuer=OTHER_UNIT)
    assert refusal(refused) == ("ISSUING_BODY_UNKNOWN", {})
    assert refusal(cancel(stack, "A", issuer=OTHER_UNIT)) == ("ISSUING_BODY_UNKNOWN", {})


def test_an_employee_is_itself_for_addressees_and_for_outages(stack: Stack) -> None:
    own, bodys = stack.publish("OWN", addressee=PERSON_NIF), stack.publish("BODY", addressee=ISSUER_NIF)
    authorise(stack)
    items = stack.accept(own, bodys, holder=employee())
    assert [one.findtext("{*}outcome") for one in items] == ["decided", "unknown"]
    closing = "<startedAt>2026-05-31T10:00:00Z</startedAt><reason>Corte</reason>"
    answer = stack.ask_issuing("DeclareOutage", closing, holder=employee(), issuer=None)
    assert answer.code == "CALLER_NOT_OPERATOR"


def test_an_authorisation_ends_by_itself(stack: Stack) -> None:
    until = EmployeeTerms(
        nif=PERSON_NIF, name="Ana", ground="Suplencia", ends_at=stack.now + timedelta(days=30)
    )
    authorise(stack, until)
    stack.now += timedelta(days=30) - timedelta(milliseconds=1)
    assert stack.ask_issuing("ListOutcomes", holder=employee()).code is None
    stack.now += timedelta(milliseconds=1)
    assert stack.ask_issuing("ListOutcomes", holder=employee()).code == "CALLER_NOT_ISSUING_BODY"


def test_repeating_changes_nothing_and_the_history_stays(stack: Stack) -> None:
    first = authorise(stack)
    assert authorise(stack).id == first.id
    stack.pass_time(hours=1)
    ended = withdraw(stack)
    stack.pass_time(hours=1)
    assert withdraw(stack).ends_at == ended.ends_at
    again = authorise(stack)
    with reading(stack.engine) as session:
        rows = list_employees(session, ISSUER)
    assert [row.id for row in rows] == [first.id, again.id]
    assert (rows[0].withdrawn_ground, rows[0].ends_at) == ("Resolución 2026/31", NOW + timedelta(hours=1))
    assert (rows[1].ends_at, rows[1].ground) == (None, "Resolución 2026/17")


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        ({"nif": "00000001A"}, "nif", "identifier"),
        ({"nif": COMPANY_NIF}, "nif", "not_a_person"),
        ({"name": ""}, "name", "text"),
        ({"name": "Ana\nGarcía"}, "name", "text"),
        ({"ground": " "}, "ground", "text"),
        ({"ground": "x" * 256}, "ground", "text"),
        ({"ends_at": NOW}, "ends_at", "in_the_past"),
        ({"name": "Otra persona"}, "nif", "authorised_otherwise"),
    ],
)
def test_an_authorisation_that_cannot_be_so_changes_nothing(
    stack: Stack, changes: dict[str, object], field: str, problem: str
) -> None:
    authorise(stack)
    before = stack.contents()
    terms = {"nif": TERMS.nif, "name": TERMS.name, "ground": TERMS.ground, **changes}
    with pytest.raises(EmployeeInvalidError) as caught:
        authorise(stack, EmployeeTerms(**terms))  # type: ignore[arg-type]
    assert caught.value.facts == {"field": field, "problem": problem}
    assert stack.contents() == before


@pytest.mark.parametrize(
    ("nif", "dir3", "expected"),
    [
        (PERSON_NIF, ISSUER, EmployeeUnknownError),
        (PERSON_NIF, "EA9999999", IssuingBodyUnknownError),
        (PERSON_NIF, "nowhere", IssuingBodyUnknownError),
        ("x", ISSUER, EmployeeInvalidError),
    ],
)
def test_what_is_not_there_is_not_withdrawn(
    stack: Stack, nif: str, dir3: str, expected: type[GatewayError]
) -> None:
    with pytest.raises(expected):
        withdraw(stack, nif, dir3=dir3)


def test_the_commands_keep_the_register(sqlite_stack: Stack, tmp_path: Path) -> None:
    settings = tmp_path / "commands.toml"
    settings.write_text(f'database_url = "{sqlite_stack.database_url}"\n', encoding="utf-8")

    def run(*words: str) -> tuple[int, list[str]]:
        result = CliRunner().invoke(app, ["issuer", *words, "--settings", str(settings)])
        return result.exit_code, result.stdout.split("\t")

    words = (ISSUER, PERSON_NIF.lower(), "Ana García López", "--ground", "Resolución 2026/17")
    status, line = run("authorise", *words, "--until", "2049-01-01T00:00:00+01:00")
    assert (status, line[0], line[3:]) == (
        0,
        PERSON_NIF,
        ["2048-12-31T23:00:00.000Z", "Resolución 2026/17", "-\n"],
    )
    status, line = run("withdraw", ISSUER, PERSON_NIF, "--ground", "Resolución 2026/31")
    assert (status, line[5]) == (0, "Resolución 2026/31\n")
    assert run("employees", ISSUER) == (0, line)
