"""What the schema wanted is said in words, for every built-in type and pattern of the contracts."""

from __future__ import annotations

import pytest
from lxml import etree

from envelopes import Draft
from explained import told_of
from notigateway.explaining.schema_words import PATTERNS, wanted
from notigateway.soap.served import SERVED

V1 = "urn:notigateway:v1"
CONTRACT = SERVED["v1"].contract("http://127.0.0.1/")


def asked(operation: str, inside: str = "", attributes: str = "") -> str:
    return f'<{operation} xmlns="{V1}"{attributes}>{inside}</{operation}>'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (asked("ListNotifications", "<pageSize>ten</pageSize>"), "wants a whole number"),
        (asked("ListNotifications", "<pageSize>5000</pageSize>"), "wants at most 1000"),
        (asked("ListNotifications", "<pageSize>0</pageSize>"), "wants at least 1"),
        (asked("ListNotifications", f"<cursor>{2001 * 'x'}</cursor>"), "wants a text of length 2000 or less"),
        (asked("ListNotifications", "<filter><ccc>1</ccc></filter>"),
         "wants a contribution account: eleven digits, fifteen with its regime"),
        (asked("ListNotifications", "<filter><naf>1</naf></filter>"),
         "wants an affiliation number: twelve digits"),
        (asked("ListNotifications", "<cursor></cursor>"), "wants a text of length 1 or more"),
        (asked("RetrieveNotifications", "<id>x</id>"),
         "wants a UUID, as 0198e3a0-0000-7000-8000-000000000001"),
        (asked("RetrieveNotifications"), "wants id there"),
        (asked("ListNotifications", "<colour/>"),
         "wants filter or cursor or pageSize or withMarks or contractVersion there"),
        (asked("ListNotifications", "<filter><state>open</state></filter>"),
         "wants one of available, receipt_requested, accepted, rejected, lapsed, read, cancelled"),
        (asked("ListNotifications", attributes=' a="b"'), "wants no such attribute"),
        (asked("ListNotifications", "text"), "wants elements, no text"),
        (asked("ListNotifications", "<pageSize><a/></pageSize>"), "wants a text alone"),
        (asked("ListNotifications", "<contractVersion>2</contractVersion>"),
         "wants a version of the contract, as 1.1"),
    ],
)  # fmt: skip
def test_it_is_said_what_the_schema_wanted(content: str, words: str) -> None:
    assert wanted(CONTRACT, etree.fromstring(content)) == words


def test_nothing_is_said_of_what_the_schema_accepts() -> None:
    assert wanted(CONTRACT, etree.fromstring(asked("ListNotifications"))) == ""


def test_the_cause_says_it_beside_element_and_rule() -> None:
    told = told_of(Draft(content=asked("ListNotifications", "<pageSize>ten</pageSize>")).build())
    (cause,) = told.causes
    assert cause.words == (
        "the schema refuses an element: wants a whole number; pageSize, cvc_datatype_valid_1_2_1"
    )


@pytest.mark.parametrize("name", SERVED)
def test_every_pattern_of_the_contracts_has_words_of_its_own(name: str) -> None:
    contract = SERVED[name].contract("http://127.0.0.1/")
    xs = "{http://www.w3.org/2001/XMLSchema}"
    patterns = [str(one.get("value")) for one in etree.fromstring(contract.schema).iter(f"{xs}pattern")]
    assert [one for one in patterns if not any(mark in one for mark, _ in PATTERNS)] == []
