"""Over SOAP: who asks for a later version gets it, who asks for none gets what it always got."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text as sql

from notigateway.contract.wscn import INT_MAX
from notigateway.law.submission import SubmittedAddressee
from notigateway.repository.engine import writing
from pki import COMPANY_NAME, COMPANY_NIF
from stack import NG, texts
from wscn import Wscn

if TYPE_CHECKING:
    from lxml.etree import _Element

    from stack import Stack

ASKING = "<contractVersion>1.1</contractVersion>"


def begin_codes_at(stack: Stack, code: int) -> None:
    """Let the next public code be this one, as in a register of many years."""
    with stack.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sql(f"ALTER TABLE notifications ALTER COLUMN code RESTART WITH {code}"))
        else:
            connection.execute(
                sql("INSERT INTO sqlite_sequence VALUES ('notifications', :n)"), {"n": code - 1}
            )


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        ("ListNotifications", "notification"),
        ("ListChanges", "change/notification"),
        ("RetrieveNotifications", "item/notification"),
        ("GetHistory", "notification"),
    ],
)
def test_the_reference_is_told_to_who_asks_for_1_1_alone(stack: Stack, operation: str, path: str) -> None:
    one = stack.publish("EXP-2026/7")
    named = f"<id>{one}</id>" if operation in {"RetrieveNotifications", "GetHistory"} else ""

    def found(version: str) -> list[_Element]:
        answer = stack.ask(operation, named + version)
        return answer.tree.findall("/".join(f"ng:{step}" for step in path.split("/")), NG)

    (earlier,) = found("")
    (stated,) = found("<contractVersion>1.0</contractVersion>")
    (later,) = found(ASKING)
    assert texts(earlier, "reference") == texts(stated, "reference") == []
    assert texts(later, "reference") == ["EXP-2026/7"]
    tags = [one.tag for one in earlier]
    assert tags == [one.tag for one in stated] == [one.tag for one in later[: len(tags)]]


def test_the_accounts_that_an_act_quotes_are_told_for_sorting_to_who_asks(stack: Stack) -> None:
    """They are data of the act: who has none in the register sees them all the same, and gains nothing."""
    quoting = SubmittedAddressee(COMPANY_NIF, COMPANY_NAME, ccc="28123456742")
    with writing(stack.engine) as session:
        deposit = stack.deposit("QUOTED")
        deposit = replace(deposit, submission=replace(deposit.submission, addressee=quoting))
        stack.office.publishing.publish(session, deposit, now=stack.now)
    stack.publish("BARE")
    rows = stack.ask("ListNotifications", ASKING).tree.findall("ng:notification", NG)
    assert [texts(one, "ccc") for one in rows] == [["28123456742"], []]
    assert [texts(one, "naf") for one in rows] == [[], []]


def test_a_version_of_later_is_answered_in_the_latest_that_is_served(stack: Stack) -> None:
    answer = stack.ask("Ping", "<contractVersion>1.7</contractVersion>").tree
    assert texts(answer, "contractVersion") == texts(answer, "latestContractVersion") == ["1.1"]


def test_another_major_version_is_refused(stack: Stack) -> None:
    answer = stack.ask("Ping", "<contractVersion>2.0</contractVersion>")
    assert (answer.code, answer.facts["element"]) == ("INVALID_REQUEST", "contractVersion")


def test_a_code_of_more_than_31_bits_is_a_code_like_any_other(stack: Stack) -> None:
    """It is listed, followed, decided and attested; only the numbers of WSCN are too small for it.

    (Contract 1.0 said xs:int: the kept schema of it admits no such code, so 1.1 is asked for.)
    """
    begin_codes_at(stack, INT_MAX)
    last, beyond = (stack.publish(name) for name in ("LAST", "BEYOND"))
    codes = [str(INT_MAX), str(INT_MAX + 1)]
    assert texts(stack.ask("ListNotifications", ASKING).tree, "notification/code") == codes
    page = stack.ask("ListNotifications", f"<pageSize>1</pageSize>{ASKING}").tree
    cursor = f"<cursor>{page.findtext('ng:nextCursor', namespaces=NG)}</cursor>{ASKING}"
    assert texts(stack.ask("ListNotifications", cursor).tree, "notification/code") == codes[1:]
    assert texts(stack.ask("ListChanges", ASKING).tree, "change/notification/code") == codes
    outcomes = stack.accept(last, beyond)
    assert [texts(one, "outcome") for one in outcomes] == [["decided"], ["decided"]]
    told = stack.ask_issuing("ListOutcomes", ASKING).tree.iterfind("{*}outcome/{*}code")
    assert [one.text for one in told] == codes
    (item,) = stack.ask("RetrieveReceipts", f"<id>{beyond}</id><format>bundle</format>").tree
    assert len(texts(item, "receipt/file")) == 2
    assert [code for bucket in Wscn(stack).listed().values() for code in bucket] == [INT_MAX]
