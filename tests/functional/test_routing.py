"""Sorting by what acts say: filters that find it, words, cursors, and what is public before any decision."""

from __future__ import annotations

import shutil
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from notigateway.contract import v1
from notigateway.contract.reading import read
from notigateway.contract.writing import write
from notigateway.law.identifiers import control_digits
from notigateway.law.submission import SubmittedAddressee
from notigateway.repository.engine import reading, writing
from notigateway.repository.listing import list_page
from notigateway.repository.row_texts import RowText
from notigateway.soap.notigateway_v1.filters import list_filter
from pki import COMPANY_NIF, PERSON_NIF, pki
from refusals import assert_refusal
from stack import NG, Stack, text, texts
from titles import (
    ATTORNEY_NIF,
    CCC,
    RED_NIF,
    accept_power,
    assign,
    attorney,
    grant,
    red,
    register_company,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from databases import PostgreSQL
    from notigateway.pki.keys import KeyPair

ASKING = "<contractVersion>1.1</contractVersion>"
NAF, OTHER_NAF = "281234567840", f"2809999999{control_digits('28', '09999999')}"
COMPANY = SubmittedAddressee(COMPANY_NIF, "Conservas del Norte SL")
PARTIES = (COMPANY_NIF, RED_NIF, ATTORNEY_NIF, PERSON_NIF)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a mailbox for all tests of this file, because they only read."""
    folder = tmp_path_factory.mktemp("routing")
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), folder / "notigateway.db")
        stack = Stack(f"sqlite:///{folder / 'notigateway.db'}", folder)
        fill(stack)
        yield stack
        stack.close()
        return
    postgresql: PostgreSQL = request.getfixturevalue("postgresql")
    database = postgresql.create(template=request.getfixturevalue("migrated_postgresql"))
    stack = Stack(postgresql.url(database), folder)
    fill(stack)
    yield stack
    stack.close()
    postgresql.drop(database)


def fill(stack: Stack) -> None:
    """Publish to a company with a RED person and an attorney, and to a person; of two no text is kept."""
    register_company(stack)
    assign(stack)
    power = grant(stack)
    accept_power(stack, power)
    for number, (subject, ccc, naf, metadata) in enumerate(
        [
            ("Revisión de cotización", CCC, None, (("period", "2026-01"), ("unit", "Nave 2"))),
            ("Alta de persona trabajadora", f"0111{CCC}", NAF, (("period", "2026-02"), ("Unit", "nave 2"))),
            ("Baja: 100% de los casos_1", f"0163{CCC}", OTHER_NAF, ()),
            ("Providencia de apremio", None, NAF, (("period", "2026-01"),)),
            ("COTIZACION y recargo", None, None, (("unit", "Nave 2"),)),
            ("Otro asunto", None, None, (("cuota", "cotización"), ("a", "b"))),
        ]
    ):
        stack.publish(
            f"{'TGSS' if number % 2 else 'tgss'}/{number}",
            subject=subject,
            addressee=replace(COMPANY, ccc=ccc, naf=naf),
            metadata=metadata,
            procedure="203546" if number % 3 else "203547",
            matter="collection" if number % 2 else "contribution",
        )
    stack.publish("HERS", subject="Cotización", addressee=PERSON_NIF, metadata=(("unit", "Nave 2"),))
    with writing(stack.engine) as session:
        session.execute(delete(RowText).where(RowText.code.in_((1, 4))))


def found(stack: Stack, filter_: str, holder: KeyPair | None = None, more: str = "") -> list[str | None]:
    answer = stack.ask("ListNotifications", f"<filter>{filter_}</filter>{more}{ASKING}", holder=holder)
    assert answer.status == 200, answer.body
    return texts(answer.tree, "notification/reference")


def pair(key: str, value: str) -> str:
    return f"<metadata><key>{key}</key><value>{value}</value></metadata>"


FILTERS = [
    (f"<ccc>{CCC}</ccc>", ["tgss/0", "TGSS/1", "tgss/2"]),
    (f"<ccc>0111{CCC}</ccc>", ["tgss/0", "TGSS/1"]),
    (f"<ccc>0521{CCC}</ccc>", ["tgss/0"]),
    (f"<naf>{NAF}</naf>", ["TGSS/1", "TGSS/3"]),
    ("<matter>collection</matter><procedure>203547</procedure>", ["TGSS/3"]),
    ("<reference>TGSS/3</reference>", ["TGSS/3"]),
    ("<reference>tgss/3</reference>", []),
    ("<reference>TGSS%</reference>", []),
    (pair("period", "2026-01"), ["tgss/0", "TGSS/3"]),
    (pair("unit", "Nave 2"), ["tgss/0", "tgss/4"]),
    (pair("period", "2026-01") + pair("unit", "Nave 2"), ["tgss/0"]),
    (pair("unit", "nave 2"), []),
    (pair("unit", "Nave"), []),
    (pair("period", "2026-0_"), []),
    (pair("a\tb\nunit", "Nave 2"), []),
    ("<text>cotizacion</text>", ["tgss/0", "tgss/4"]),
    ("<text>  TGSS  Cotización </text>", ["tgss/0", "tgss/4"]),
    ("<text>tgss/3</text>", ["TGSS/3"]),
    ("<text>100%</text>", ["tgss/2"]),
    ("<text>casos_1</text>", ["tgss/2"]),
    ("<text>%</text>", ["tgss/2"]),
    ("<text>a_ta</text>", []),
    (f"<state>available</state><naf>{NAF}</naf><text>alta</text>", ["TGSS/1"]),
    ("<state>lapsed</state><text>alta</text>", []),
    (f"<kind>notification</kind><addresseeId>{COMPANY_NIF}</addresseeId><text>apremio</text>", ["TGSS/3"]),
    (f"<addresseeId>{PERSON_NIF}</addresseeId><text>apremio</text>", []),
]


@pytest.mark.parametrize("who", ["company", "red", "attorney"])
@pytest.mark.parametrize(("filter_", "expected"), FILTERS, ids=range(len(FILTERS)))
def test_an_act_is_found_by_what_it_says(filled: Stack, filter_: str, expected: list[str], who: str) -> None:
    """And nobody else's, which says the same."""
    holder = {"company": None, "red": red(), "attorney": attorney()}[who]
    assert found(filled, filter_, holder) == expected


def test_pages_of_words_go_on_whether_texts_are_kept_or_not(filled: Stack) -> None:
    seen: list[str | None] = []
    cursor = ""
    while True:
        inner = f"<filter><text>tgss</text></filter>{cursor}<pageSize>1</pageSize>{ASKING}"
        tree = filled.ask("ListNotifications", inner).tree
        seen += texts(tree, "notification/reference")
        after = text(tree, "nextCursor")
        if after is None:
            break
        cursor = f"<cursor>{after}</cursor>"
    assert seen == ["tgss/0", "TGSS/1", "tgss/2", "TGSS/3", "tgss/4", "TGSS/5"]


def test_a_cursor_belongs_to_everything_that_was_asked_for(filled: Stack) -> None:
    asked = [
        "<text>tgss</text>",
        "<text>TGSS 1</text>",
        f"<ccc>{CCC}</ccc>",
        f"<ccc>0111{CCC}</ccc>",
        "<matter>collection</matter>",
        "<reference>collection</reference>",
        pair("unit", "Nave 2"),
        pair("period", "2026-01"),
        " ",
    ]
    for one, other in pairwise([*asked, asked[0]]):
        page = f"<filter>{one}</filter>{{}}<pageSize>1</pageSize>{ASKING}"
        cursor = text(filled.ask("ListNotifications", page.format("")).tree, "nextCursor")
        if cursor is None:  # it found one
            continue
        inner = f"<filter>{other}</filter><cursor>{cursor}</cursor>{ASKING}"
        content = f'<ListNotifications xmlns="urn:notigateway:v1">{inner}</ListNotifications>'
        assert_refusal(filled, filled.send(filled.sign(content)), "INVALID_CURSOR")


@pytest.mark.parametrize(
    "wrong",
    [
        "<ccc>2812345674</ccc>",
        "<naf>28123456784O</naf>",
        f"<reference>{'x' * 65}</reference>",
        f"<text>{'x' * 101}</text>",
        "<text>   </text>",
        "<metadata><key>period</key></metadata>",
        pair("x" * 65, "1"),
        pair("k", "v") * 21,
    ],
)
def test_a_filter_that_is_none_is_refused(filled: Stack, wrong: str) -> None:
    content = f'<ListNotifications xmlns="urn:notigateway:v1"><filter>{wrong}</filter></ListNotifications>'
    assert_refusal(filled, filled.send(filled.sign(content)), "INVALID_REQUEST")


def test_what_an_act_says_is_read_before_any_decision_and_never_in_1_0(filled: Stack) -> None:
    (row, *_) = filled.ask("ListNotifications", ASKING).tree.findall("ng:notification", NG)
    assert text(row, "state") == "available"
    assert texts(row, "metadata/key") == ["period", "unit"]
    (old, *_) = filled.ask("ListNotifications").tree.findall("ng:notification", NG)
    assert texts(old, "metadata/key") == []
    again = read(v1.Notification, row)
    (change, *_) = filled.ask("ListChanges", ASKING).tree.findall("ng:change/ng:notification", NG)
    assert read(v1.Notification, change).metadata == again.metadata
    history = filled.ask("GetHistory", f"<id>{again.id}</id>{ASKING}").tree
    assert texts(history, "notification/metadata/value") == ["2026-01", "Nave 2"]


# --- the client's filter says what the service's says -----------------------------------------------

WORDS = ["cotizacion", "COTIZACIÓN", "tgss", "/3", "de", "%", "_", "100% casos", "x", "hers", "recargo y"]
PAIRS = [("period", "2026-01"), ("unit", "Nave 2"), ("Unit", "nave 2"), ("a", "b"), ("cuota", "cotización")]


def sometimes(*values: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.none() | st.sampled_from(values)


FILTERS_DRAWN = st.builds(
    v1.Filter,
    role=sometimes("own", "red", "attorney"),
    addressee_id=sometimes(COMPANY_NIF, PERSON_NIF),
    ccc=sometimes(CCC, f"0111{CCC}", f"0163{CCC}", "28000000000"),
    naf=sometimes(NAF, OTHER_NAF),
    matter=sometimes("collection", "contribution"),
    procedure=sometimes("203546", "203547"),
    reference=sometimes("tgss/0", "TGSS/1", "HERS"),
    metadata=st.lists(st.sampled_from(PAIRS), max_size=2, unique=True).map(
        lambda pairs: tuple(v1.Metadata(key=key, value=value) for key, value in pairs)
    ),
    text=st.none() | st.sampled_from(WORDS),
)


@given(where=FILTERS_DRAWN, party=st.sampled_from(PARTIES))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_clients_filter_says_what_the_services_says(filled: Stack, where: v1.Filter, party: str) -> None:
    holders = {COMPANY_NIF: None, RED_NIF: red(), ATTORNEY_NIF: attorney(), PERSON_NIF: pki().person}
    if party not in _SEEN.setdefault(filled.database_url, {}):
        tree = filled.ask("ListNotifications", ASKING, holder=holders[party]).tree
        rows = tree.findall("ng:notification", NG)
        _SEEN[filled.database_url][party] = [read(v1.Notification, row) for row in rows]
    expected = [one.code for one in _SEEN[filled.database_url][party] if where.matches(one)]
    with reading(filled.engine) as session:
        page = list_page(
            session, party=party, chosen=list_filter(where), after_code=0, limit=99, now=filled.now
        )
    assert [row.code for row in page] == expected
    assert b"<filter" in write(v1.ListNotifications(filter=where))


_SEEN: dict[str, dict[str, list[v1.Notification]]] = {}
