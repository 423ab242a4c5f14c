"""Listing through the whole stack: filters, and what a row says."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from notigateway.law.deadlines import deadline
from notigateway.law.grounds import Paper
from notigateway.law.lifecycle import UNDECIDED, Kind, Standing, State, effective_state
from notigateway.repository.engine import writing
from notigateway.repository.listing import ListFilter, list_page
from notigateway.repository.model import Act, Addressee, Notification
from notigateway.repository.session import Session
from pki import COMPANY_NIF, NOW, OTHER_COMPANY_NIF, PERSON_NIF
from stack import ISSUER, Stack, text, texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import Engine

    from databases import PostgreSQL

INSS = "EA0041486"
LONG_AGO = NOW - timedelta(days=20)


def listed(stack: Stack, filter_: str = "", page_size: int = 1000) -> list[str]:
    """Return the subjects of all pages, in their order."""
    found: list[str] = []
    cursor = ""
    while True:
        chosen = f"<filter>{filter_}</filter>" if filter_ else ""
        answer = stack.ask("ListNotifications", f"{chosen}{cursor}<pageSize>{page_size}</pageSize>")
        subjects = texts(answer.tree, "notification/subject")
        assert len(subjects) <= page_size
        found += [subject or "" for subject in subjects]
        after = text(answer.tree, "nextCursor")
        assert text(answer.tree, "hasMore") == ("true" if after else "false")
        if after is None:
            return found
        assert len(subjects) == page_size
        cursor = f"<cursor>{after}</cursor>"


def set_state(stack: Stack, wanted: UUID, state: State) -> None:
    """Put a notification into a state that no operation of this version leads to."""
    with writing(stack.engine) as session:
        session.execute(update(Notification).where(Notification.id == wanted).values(state=state))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a mailbox for all tests of this file, because they only read."""
    folder = tmp_path_factory.mktemp("mailbox")
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


@pytest.fixture
def mailbox(filled: Stack) -> Stack:
    """Give a mailbox with something in every state, at the instant when the last was published."""
    filled.now = NOW
    return filled


def fill(stack: Stack) -> None:
    """Put something into every state; subjects say what."""
    stack.register_issuer(INSS, "INSS", "Instituto Nacional de la Seguridad Social")
    stack.now = LONG_AGO
    for subject in ("lapsed", "accepted", "rejected"):
        stack.publish(subject, subject=subject)
    stack.publish("read", subject="read", kind=Kind.COMMUNICATION)
    stack.publish("voluntary", subject="voluntary", paper=Paper.FIRST_EX_OFFICIO)
    stack.accept(stack_id(stack, "accepted"), stack_id(stack, "read"))
    stack.reject(stack_id(stack, "rejected"))
    stack.now = NOW
    stack.publish("fresh", subject="fresh")
    stack.publish("note", subject="note", kind=Kind.COMMUNICATION)
    stack.publish("inss", subject="inss", issuing_body=INSS)
    stack.publish("scheduled", subject="scheduled", available_at=NOW + timedelta(days=1))
    set_state(stack, stack.publish("cancelled", subject="cancelled"), State.CANCELLED)
    set_state(stack, stack.publish("requested", subject="requested"), State.RECEIPT_REQUESTED)
    stack.publish("hers", subject="hers", addressee=PERSON_NIF)


def stack_id(stack: Stack, reference: str) -> UUID:
    with Session(stack.engine) as session:
        query = select(Notification.id).join(Act).where(Act.reference == reference)
        return session.scalars(query).one()


OLD = ["lapsed", "accepted", "rejected", "read", "voluntary"]
NEW = ["fresh", "note", "inss", "cancelled", "requested"]
INSTANT = "2026-06-01T12:00:00Z"
EVERYTHING_AT_ONCE = (
    "<state>available</state><state>lapsed</state><kind>notification</kind><role>own</role>"
    f"<addresseeId>{COMPANY_NIF}</addresseeId><issuerId>{ISSUER}</issuerId>"
    f"<availableFrom>2026-05-01T00:00:00Z</availableFrom><availableTo>{INSTANT}</availableTo>"
    "<deadlineBefore>2026-06-01T00:00:00Z</deadlineBefore>"
)


def test_without_a_filter_everything_at_disposal_is_listed(mailbox: Stack) -> None:
    assert listed(mailbox) == OLD + NEW
    assert listed(mailbox, " ") == OLD + NEW


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("<state>available</state>", ["voluntary", "fresh", "note", "inss"]),
        ("<state>receipt_requested</state>", ["requested"]),
        ("<state>accepted</state>", ["accepted"]),
        ("<state>rejected</state>", ["rejected"]),
        ("<state>lapsed</state>", ["lapsed"]),
        ("<state>read</state>", ["read"]),
        ("<state>cancelled</state>", ["cancelled"]),
        ("<state>lapsed</state><state>rejected</state>", ["lapsed", "rejected"]),
        ("<state>read</state><state>read</state>", ["read"]),
        ("<kind>communication</kind>", ["read", "note"]),
        ("<kind>notification</kind>", [x for x in OLD + NEW if x not in {"read", "note"}]),
        ("<role>own</role>", OLD + NEW),
        ("<role>red</role>", []),
        ("<role>attorney</role>", []),
        (f"<addresseeId>{COMPANY_NIF}</addresseeId>", OLD + NEW),
        (f"<addresseeId>{PERSON_NIF}</addresseeId>", []),
        (f"<addresseeId>{OTHER_COMPANY_NIF}</addresseeId>", []),
        (f"<issuerId>{INSS}</issuerId>", ["inss"]),
        (f"<issuerId>{ISSUER}</issuerId>", [x for x in OLD + NEW if x != "inss"]),
        ("<issuerId>EA0000000</issuerId>", []),
        (f"<availableFrom>{INSTANT}</availableFrom>", NEW),
        ("<availableFrom>2026-06-01T14:00:00.000+02:00</availableFrom>", NEW),
        ("<availableFrom>2026-06-01T12:00:00.001Z</availableFrom>", []),
        (f"<availableTo>{INSTANT}</availableTo>", OLD),
        ("<availableTo>2026-06-01T12:00:00.001Z</availableTo>", OLD + NEW),
        ("<deadlineBefore>2026-06-01T00:00:00Z</deadlineBefore>", ["lapsed", "accepted", "rejected"]),
        ("<deadlineBefore>2026-06-11T22:00:00Z</deadlineBefore>", ["lapsed", "accepted", "rejected"]),
        (
            "<deadlineBefore>2026-06-11T22:00:00.001Z</deadlineBefore>",
            ["lapsed", "accepted", "rejected", "fresh", "inss", "cancelled", "requested"],
        ),
        ("<state>available</state><kind>communication</kind>", ["note"]),
        (f"<state>available</state><issuerId>{ISSUER}</issuerId>", ["voluntary", "fresh", "note"]),
        (EVERYTHING_AT_ONCE, ["lapsed"]),
    ],
)
def test_a_filter_leaves_what_it_says(mailbox: Stack, chosen: str, expected: list[str]) -> None:
    assert listed(mailbox, chosen) == expected
    assert listed(mailbox, chosen, page_size=2) == expected


def test_the_state_in_a_row_is_the_one_of_the_filter(mailbox: Stack) -> None:
    for state in set(State) - {State.SCHEDULED}:
        answer = mailbox.ask("ListNotifications", f"<filter><state>{state}</state></filter>")
        assert set(texts(answer.tree, "notification/state")) == {str(state)}


def test_a_scheduled_one_appears_when_its_time_has_come(mailbox: Stack) -> None:
    mailbox.pass_time(days=1)
    assert "scheduled" in listed(mailbox, "<state>available</state>")


def test_the_clock_decides_between_two_lists(mailbox: Stack) -> None:
    assert "fresh" in listed(mailbox, "<state>available</state>")
    mailbox.now = deadline(NOW) - timedelta(milliseconds=1)
    assert "fresh" in listed(mailbox, "<state>available</state>")
    mailbox.now = deadline(NOW)
    assert "fresh" not in listed(mailbox, "<state>available</state>")
    # All that nobody decided, whatever it waited for.
    assert listed(mailbox, "<state>lapsed</state>") == ["lapsed", "fresh", "inss", "requested"]


def test_a_list_has_no_effect(mailbox: Stack) -> None:
    before = mailbox.contents()
    listed(mailbox)
    assert {**mailbox.contents(), "replay_keys": []} == {**before, "replay_keys": []}


def test_a_row_says_everything_that_may_be_known(stack: Stack) -> None:
    wanted = stack.publish(documents=(b"x" * 10, b"y" * 2000), special_category=True)
    row = stack.ask("ListNotifications").tree[-1]
    told = {
        path: text(row, path) for path in ("code", "id", "kind", "subject", "procedure", "matter", "role")
    }
    assert told == {
        "code": "1",
        "id": str(wanted),
        "kind": "notification",
        "subject": "Reclamación de deuda",
        "procedure": "203546",
        "matter": "collection",
        "role": "own",
    }
    assert text(row, "issuingBody/issuerId") == ISSUER
    assert text(row, "issuingBody/acronym") == "TGSS"
    assert text(row, "issuingBody/name") == "Tesorería General de la Seguridad Social"
    assert text(row, "addressee/identifier") == COMPANY_NIF
    assert text(row, "addressee/name") == "Conservas del Norte SL"
    assert text(row, "availableAt") == "2026-06-01T12:00:00.000Z"
    assert text(row, "specialCategory") == "true"
    assert text(row, "documentCount") == "2"
    assert texts(row, "documentSize") == ["10", "2000"]


def test_deadline_and_time_left_are_those_of_the_answers_instant(stack: Stack) -> None:
    decided = stack.publish("A")
    stack.publish("B")
    stack.publish("C", kind=Kind.COMMUNICATION)
    stack.accept(decided)
    stack.now = NOW + timedelta(days=1, hours=2, minutes=3, seconds=4, milliseconds=5)
    answer = stack.ask("ListNotifications")
    assert text(answer.tree, "asOf") == "2026-06-02T14:03:04.005Z"
    accepted, waiting, communication = answer.tree[2:]
    assert text(waiting, "deadline") == "2026-06-11T22:00:00.000Z"
    assert text(waiting, "timeLeft") == "P9DT7H56M55S"
    assert text(accepted, "deadline") == "2026-06-11T22:00:00.000Z"
    assert text(accepted, "timeLeft") is None
    assert text(communication, "deadline") is None
    stack.now = deadline(NOW) - timedelta(milliseconds=1)
    assert text(stack.ask("ListNotifications").tree[3], "timeLeft") == "P0DT0H0M0S"
    stack.now = deadline(NOW)
    lapsed = stack.ask("ListNotifications").tree[3]
    assert (text(lapsed, "state"), text(lapsed, "timeLeft")) == ("lapsed", None)


@pytest.mark.parametrize(
    "subject",
    [
        "Tom & Jerry <b>\"x\" 'y'</b> ]]> &amp; &#13;",
        "Ñandú Übergröße 漢字 \U0001f4e8 e\u0301",
        "100 % {0} %s \\n $(id)",
        "no\u00a0break, art.\u202f5",
    ],
)
def test_a_subject_arrives_as_it_was_published(stack: Stack, subject: str) -> None:
    wanted = stack.publish(subject=subject, matter=subject[:20].strip())
    answer = stack.ask("ListNotifications")
    assert texts(answer.tree, "notification/subject") == [subject]
    assert escape(subject).encode() in answer.body
    (item,) = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>").tree
    assert text(item, "notification/subject") == subject


# --- the filter in SQL is the rule in Python ------------------------------------------------------

# Few instants, so that `now` often is exactly an end.
INSTANTS = st.integers(0, 12).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Draw what a row may hold, also what today's operations never lead to."""
    kind = draw(st.sampled_from(Kind))
    available_at = draw(INSTANTS)
    lapses = kind is Kind.NOTIFICATION and draw(st.booleans())
    until = available_at + timedelta(hours=draw(st.integers(1, 8))) if lapses else None
    return Standing(kind, draw(st.sampled_from(State)), available_at, until)


@given(rows=st.lists(standings(), max_size=12), now=INSTANTS, chosen=st.sets(st.sampled_from(State)))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_state_filter_is_the_rule(
    stack: Stack, rows: list[Standing], now: datetime, chosen: set[State]
) -> None:
    stack.publish("SEED")
    with Session(stack.engine) as session:
        first = session.scalars(select(Notification)).one()
        addressee = session.scalars(select(Addressee)).one()
        base = first.code
        for number, standing in enumerate(rows, 1):
            session.add(_row(base + number, first.act_id, addressee.id, standing))
        session.flush()
        found = list_page(
            session,
            party=COMPANY_NIF,
            chosen=ListFilter(states=frozenset(chosen)),
            after_code=base,
            limit=1000,
            now=now,
        )
        session.rollback()
    expected = [
        base + number
        for number, standing in enumerate(rows, 1)
        if standing.available_at <= now and (not chosen or effective_state(standing, now) in chosen)
    ]
    assert [row.code for row in found] == expected


def _row(code: int, act_id: UUID, addressee_id: int, standing: Standing) -> Notification:
    return Notification(
        code=code,
        id=uuid4(),
        act_id=act_id,
        addressee_id=addressee_id,
        kind=standing.kind,
        state=standing.state,
        available_at=standing.available_at,
        deadline=standing.deadline,
    )


def test_every_state_of_the_contract_can_be_asked_for_and_no_other(engine: Engine) -> None:
    """`scheduled` is not one of them: before its time nothing exists for anybody."""
    with Session(engine) as session:
        for state in State:
            chosen = ListFilter(states=frozenset({state}))
            assert list(list_page(session, party="X", chosen=chosen, after_code=0, limit=1, now=NOW)) == []
    assert State.SCHEDULED in UNDECIDED
