"""What an issuing body enters into the registers by its contract, where the operator lets it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from notigateway.repository.accesses import AccessRecord
from notigateway.repository.addressees import find_addressee
from notigateway.repository.engine import reading
from notigateway.repository.powers import list_all_red_assignments
from notigateway.wss.ns import NOTIGATEWAY_ISSUING_V1
from pki import COMPANY_NIF, PERSON_NIF, STRANGER_NIF
from stack import ISSUER, Stack
from titles import CCC, RED_NIF, red

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stack import Answer

NI = {"ni": NOTIGATEWAY_ISSUING_V1}
OTHER = "08999999904"


@pytest.fixture
def stack(database_url: str, tmp_path: Path) -> Iterator[Stack]:
    stack = Stack(database_url, tmp_path, registering_bodies=(ISSUER,))
    yield stack
    stack.close()


def entry(
    addressee: str = COMPANY_NIF, account: str = CCC, *, person: str = RED_NIF, number: str = "1"
) -> str:
    return (
        f"<assignment><addressee>{addressee}</addressee><addresseeName>Conservas</addresseeName>"
        f"<account>{account}</account><redPerson><identifier>{person}</identifier><name>Celia</name></redPerson>"
        f"<authorisation>{number}</authorisation><startsAt>2026-01-01T00:00:00Z</startsAt></assignment>"
    )


def outcomes(answer: Answer) -> list[tuple[str | None, str | None]]:
    return [
        (one.findtext("ni:outcome", None, NI), one.findtext("ni:problem/ni:code", None, NI))
        for one in answer.tree.iterfind(".//ni:item", NI)
    ]


def refused_items(stack: Stack) -> object:
    """Return which items the newest access record says were refused, by the code."""
    with reading(stack.engine) as session:
        newest = session.scalars(select(AccessRecord).order_by(AccessRecord.id.desc()).limit(1)).one()
        return json.loads(newest.record).get("refused")


def test_assignments_are_entered_once_each_by_itself(stack: Stack) -> None:
    asked = entry() + entry(account="28123456743") + entry(PERSON_NIF, OTHER, person=PERSON_NIF)
    first = stack.ask_issuing("RegisterRedAssignments", asked)
    assert outcomes(first) == [
        ("created", None),
        ("refused", "RED_ASSIGNMENT_INVALID"),
        ("refused", "RED_ASSIGNMENT_INVALID"),
    ]
    assert refused_items(stack) == {"RED_ASSIGNMENT_INVALID": [COMPANY_NIF, PERSON_NIF]}
    assert outcomes(stack.ask_issuing("RegisterRedAssignments", asked))[0] == ("unchanged", None)
    assert outcomes(stack.ask_issuing("RegisterRedAssignments", entry(number="2"))) == [
        ("refused", "RED_ASSIGNMENT_OVERLAPS")
    ]
    with reading(stack.engine) as session:
        (row,) = list_all_red_assignments(session)
        assert (row.addressee.identifier, row.red_party) == (COMPANY_NIF, RED_NIF)
        assert find_addressee(session, PERSON_NIF) is None
    wanted = stack.publish()
    assert str(wanted) in [
        one.text for one in stack.ask("ListNotifications", "", holder=red()).tree.iterfind(".//{*}id")
    ]


def test_addressees_are_entered_and_renamed(stack: Stack) -> None:
    def said(name: str) -> str:
        return (
            f"<addressee><identifier>{COMPANY_NIF}</identifier><name>{name}</name><ccc>{CCC}</ccc></addressee>"
            "<addressee><identifier>B12345675</identifier><name>x</name></addressee>"
        )

    wrong = ("refused", "ACCOUNT_INVALID")
    asked = ("Conservas", "Conservas", "Conservas SL")
    answers = [outcomes(stack.ask_issuing("RegisterAddressees", said(name))) for name in asked]
    assert answers == [[(one, None), wrong] for one in ("created", "unchanged", "changed")]
    assert refused_items(stack) == {"ACCOUNT_INVALID": ["B12345675"]}


def test_who_may_not_is_refused(database_url: str, tmp_path: Path) -> None:
    stack = Stack(database_url, tmp_path)
    answer = stack.ask_issuing("RegisterRedAssignments", entry(STRANGER_NIF))
    assert answer.code == "CALLER_NOT_ISSUING_BODY"
    assert "may-not-register" in answer.body.decode()
    with reading(stack.engine) as session:
        assert list_all_red_assignments(session) == []
    stack.close()
