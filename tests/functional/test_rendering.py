"""The pages that are written by hand are the pages that the contract's writer and the canonicaliser write."""

from __future__ import annotations

from collections import namedtuple
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree
from sqlalchemy import select

from notigateway.addressee.following import ChangesPage
from notigateway.addressee.mailbox import Outcome, Page
from notigateway.contract import v1, v1_decisions, v1_following
from notigateway.contract.reading import read
from notigateway.contract.row_text import row_text
from notigateway.contract.versions import EARLIEST, LATEST, Version
from notigateway.contract.writing import write
from notigateway.errors import (
    AlreadyDecidedError,
    GatewayError,
    LapsedError,
    NotificationUnknownError,
    NotRejectableError,
)
from notigateway.law.grounds import Ground, Paper
from notigateway.law.lifecycle import Channel, Kind, Nature, State
from notigateway.law.metadata import as_text
from notigateway.law.representation import Role
from notigateway.repository.listing import ListFilter, list_page
from notigateway.repository.model import Act, Addressee, Event, IssuingBody, Notification, Receipt
from notigateway.repository.notifications import find_visible
from notigateway.repository.session import Session
from notigateway.soap.notigateway_v1 import answers
from notigateway.soap.notigateway_v1.rows import render_changes, render_page, shown_event
from notigateway.wss.canonical import canonical, prepare_thread
from notigateway.wss.ns import NOTIGATEWAY_V1
from pki import COMPANY_NIF, NOW, PERSON_NIF
from stack import CONTRACT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stack import Stack

# A list row as the query gives it.
Columns = namedtuple(  # noqa: PYI024  (a row has no types either)
    "Columns",
    "code id kind subject dir3 acronym name procedure matter identifier addressee_name state available_at "
    "deadline outage_since decided_at special_category document_sizes reference ccc naf public_metadata "
    "ground paper predecessor predecessor_name role text",
)
WORDS: dict[type[GatewayError] | None, str] = {
    None: "decided",
    AlreadyDecidedError: "already_decided",
    LapsedError: "lapsed",
    NotificationUnknownError: "unknown",
}
# Everything that XML 1.0 can carry, the awkward ones often.
TEXTS = st.text(
    st.one_of(
        st.sampled_from("&<>\"'\r\n\t ]]>\u0085\u2028\u2029\u00a0\ufeff\ufffd\U0001f4e8ñ"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    ),
    min_size=1,
    max_size=40,
)
INSTANTS = st.datetimes(
    min_value=datetime(1999, 1, 1),  # noqa: DTZ001  (the zone comes from `timezones`)
    max_value=datetime(2150, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))


# What parts pairs where they are stored is in none.
SAID = TEXTS.filter(lambda text: not {"\t", "\n"} & set(text))


def seen_as_own(one: Notification) -> Notification:
    """Return the notification as a query for its own party gives it."""
    one.see_as(Role.OWN)
    return one


@st.composite
def notifications(draw: st.DrawFn) -> Notification:
    """Draw a notification with everything that belongs to it; nothing touches a database."""
    kind = draw(st.sampled_from(Kind))
    available_at = draw(INSTANTS)
    lapses = kind is Kind.NOTIFICATION and draw(st.booleans())
    is_taken = draw(st.booleans())
    sizes = draw(st.lists(st.integers(1, 10**12), min_size=1, max_size=4))
    act = Act(
        subject=draw(TEXTS),
        procedure=draw(TEXTS),
        matter=draw(TEXTS),
        special_category=draw(st.booleans()),
        document_sizes=" ".join(map(str, sizes)),
        reference=draw(TEXTS),
        ccc=draw(st.none() | st.just("28123456742")),
        naf=draw(st.none() | st.just("281234567840")),
        public_metadata=draw(st.none() | st.builds(as_text, st.lists(st.tuples(SAID, SAID), max_size=3))),
        paper=draw(st.none() | st.sampled_from(Paper)),
        issuing_body=IssuingBody(dir3="EA0041485", acronym=draw(TEXTS), name=draw(TEXTS)),
    )
    return seen_as_own(
        Notification(
            code=draw(st.integers(1, 2**63 - 1)),
            id=draw(st.uuids()),
            act=act,
            addressee=Addressee(
                identifier=draw(st.sampled_from([COMPANY_NIF, PERSON_NIF])), name=draw(TEXTS)
            ),
            kind=kind,
            predecessor=PERSON_NIF if is_taken else None,
            predecessor_name=draw(TEXTS) if is_taken else None,
            ground=draw(st.none() | st.sampled_from(Ground)),
            state=draw(st.sampled_from(State)),
            available_at=available_at,
            deadline=available_at + timedelta(milliseconds=draw(st.integers(1, 10**10))) if lapses else None,
            decided_at=draw(st.none() | INSTANTS),
        )
    )


def row_of(one: Notification) -> Columns:
    """Return the notification as a list row, with its text."""
    act, body, addressee = one.act, one.act.issuing_body, one.addressee
    row = Columns(
        one.code,
        one.id,
        one.kind,
        act.subject,
        body.dir3,
        body.acronym,
        body.name,
        act.procedure,
        act.matter,
        addressee.identifier,
        addressee.name,
        one.state,
        one.available_at,
        one.deadline,
        None,
        one.decided_at,
        act.special_category,
        act.document_sizes,
        act.reference,
        act.ccc,
        act.naf,
        act.public_metadata,
        one.ground,
        act.paper,
        one.predecessor,
        one.predecessor_name,
        one.seen_as,
        None,
    )
    return row._replace(text=row_text(row))


def page_of(rows: Sequence[Any], as_of: datetime, cursor: str | None, version: Version = EARLIEST) -> bytes:
    return render_page(Page(rows=rows, as_of=as_of, next_cursor=cursor), version)


def contract_page(
    found: Sequence[Notification], as_of: datetime, cursor: str | None, version: Version = EARLIEST
) -> bytes:
    """Return the page as the contract's writer writes it."""
    return write(
        v1.ListNotificationsResponse(
            as_of=as_of,
            has_more=cursor is not None,
            next_cursor=cursor,
            notifications=tuple(answers.notification(one, as_of) for one in found),
        ),
        version,
    )


def shown(one: Notification, as_of: datetime) -> bool:
    """Tell whether the query would give the row: `scheduled` is no word of the contract."""
    return one.state_at(as_of) is not State.SCHEDULED


@given(
    found=st.lists(notifications(), max_size=4),
    as_of=INSTANTS,
    cursor=st.one_of(st.none(), st.from_regex(r"[A-Za-z0-9_=-]{1,40}", fullmatch=True)),
    version=st.sampled_from(Version),
)
@example(found=[], as_of=NOW, cursor=None, version=LATEST)
@settings(max_examples=150, deadline=None)
def test_a_page_is_the_one_that_the_contract_would_write(
    found: list[Notification], as_of: datetime, cursor: str | None, version: Version
) -> None:
    found = [one for one in found if shown(one, as_of)]
    written = page_of([row_of(one) for one in found], as_of, cursor, version)
    assert written == contract_page(found, as_of, cursor, version)
    prepare_thread()
    parsed = etree.fromstring(written)
    assert canonical(parsed) == written
    CONTRACT.check(parsed)
    assert [e.text for e in parsed.iter(f"{{{NOTIGATEWAY_V1}}}subject")] == [one.act.subject for one in found]


@given(
    found=st.lists(notifications(), max_size=4),
    as_of=INSTANTS,
    channel=st.sampled_from([None, *Channel]),
    reported_at=st.none() | INSTANTS,
    nature=st.sampled_from([None, *Nature]),
    version=st.sampled_from(Version),
)
@settings(max_examples=100, deadline=None)
def test_a_page_of_changes_is_the_one_that_the_contract_would_write(
    found: list[Notification],
    as_of: datetime,
    channel: Channel | None,
    reported_at: datetime | None,
    nature: Nature | None,
    version: Version,
) -> None:
    found = [one for one in found if shown(one, as_of)]
    rows: list[Any] = [
        SimpleNamespace(
            **row_of(one)._asdict(),
            event_id=uuid4(),
            event_state=one.state,
            at=as_of,
            channel=channel,
            reported_at=reported_at,
            nature=nature,
        )
        for one in found
    ]
    page = ChangesPage(rows=rows, as_of=as_of, next_cursor="7.0", has_more=True, rights_changed=False)
    changes = []
    for row, one in zip(rows, found, strict=True):
        state, at = shown_event(row.event_state, row.at, row.available_at)
        changes.append(
            v1_following.Change(
                event_id=str(row.event_id),
                state=state,
                at=at,
                channel=channel,
                reported_at=reported_at,
                notification=answers.notification(one, as_of),
                nature=nature,
            )
        )
    assert render_changes(page, version) == write(
        v1_following.ListChangesResponse(
            as_of=as_of, has_more=True, next_cursor="7.0", rights_changed=False, changes=tuple(changes)
        ),
        version,
    )


@pytest.mark.parametrize(
    "character", ["&", "<", ">", '"', "'", "\r", "\n", "\t", "\u0085", "\u2028", "]]>", "\ufeff"]
)
def test_every_awkward_character_is_written_as_the_canonical_form_has_it(character: str) -> None:
    act = Act(
        subject=f"a{character}b",
        procedure=character,
        matter=character * 3,
        special_category=False,
        document_sizes="1",
        reference=character,
        issuing_body=IssuingBody(dir3="EA0041485", acronym=character, name=f"{character} x"),
    )
    one = Notification(
        code=1,
        id=uuid4(),
        act=act,
        addressee=Addressee(identifier=COMPANY_NIF, name=f"x {character}"),
        kind=Kind.COMMUNICATION,
        state=State.AVAILABLE,
        available_at=NOW,
        deadline=None,
    )
    seen_as_own(one)
    written = page_of([row_of(one)], NOW, None)
    assert written == contract_page([one], NOW, None)
    assert page_of([row_of(one)], NOW, None, LATEST) == contract_page([one], NOW, None, LATEST)
    assert canonical(etree.fromstring(written)) == written


def test_rows_of_the_database_are_written_as_their_objects_are(stack: Stack) -> None:
    """The two queries, for a list and for whole notifications, tell the same."""
    ids: list[UUID] = [
        stack.publish("A", subject="Uno & <dos>"),
        stack.publish("B", kind=Kind.COMMUNICATION, special_category=True),
        stack.publish("C", paper=Paper.FIRST_EX_OFFICIO, documents=(b"x" * 7, b"y" * 8, b"z" * 9)),
        stack.publish("D"),
    ]
    stack.accept(ids[3])
    now = stack.pass_time(days=3)
    with Session(stack.engine) as session:
        rows = list_page(session, party=COMPANY_NIF, chosen=ListFilter(), after_code=0, limit=9, now=now)
        found = find_visible(session, ids, party=COMPANY_NIF, now=now)
        assert session.scalars(select(Notification.code)).all() == [row.code for row in rows]
        for version in Version:
            expected = contract_page([found[one] for one in ids], now, None, version)
            assert page_of(rows, now, None, version) == expected
    answer = stack.ask("ListNotifications")
    assert page_of(rows, now, None) in answer.body
    answer = stack.ask("ListNotifications", "<contractVersion>1.1</contractVersion>")
    assert page_of(rows, now, None, Version.V1_1) in answer.body


def receipts(events: Event) -> st.SearchStrategy[Receipt]:
    return st.builds(
        Receipt,
        id=st.uuids(),
        state=st.just(events.state),
        event_time=st.just(events.at),
        sha256=st.just("ab" * 32),
        xml=st.binary(max_size=40),
    )


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """Draw what may become of an item, also what never comes together in one."""
    problem = draw(
        st.sampled_from(
            [None, AlreadyDecidedError, LapsedError, NotificationUnknownError, NotRejectableError]
        )
    )
    event = Event(
        id=draw(st.uuids()),
        state=draw(st.sampled_from([State.ACCEPTED, State.REJECTED, State.LAPSED])),
        at=draw(INSTANTS),
        channel=draw(st.sampled_from(Channel)),
        party=draw(st.sampled_from([None, COMPANY_NIF])),
        party_name=draw(st.one_of(st.none(), TEXTS)),
        signer=draw(st.sampled_from([None, PERSON_NIF])),
        signer_name=draw(st.one_of(st.none(), TEXTS)),
    )
    is_told = draw(st.booleans())
    return Outcome(
        draw(st.uuids()),
        problem,
        event if is_told else None,
        draw(st.none() | receipts(event)) if is_told else None,
        is_repeat=draw(st.booleans()),
    )


@given(
    found=st.lists(outcomes(), min_size=1, max_size=4),
    name=st.sampled_from(["Accept", "Reject"]),
    version=st.sampled_from(Version),
)
@settings(max_examples=150, deadline=None)
def test_outcomes_are_canonical_and_read_as_they_were_meant(
    found: list[Outcome], name: str, version: Version
) -> None:
    asked = [str(one.id).upper() if number % 2 else str(one.id) for number, one in enumerate(found)]
    kind = getattr(v1_decisions, f"{name}NotificationsResponse")
    written = write(kind(items=tuple(map(answers.outcome, asked, found))), version)
    prepare_thread()
    parsed = etree.fromstring(written)
    assert canonical(parsed) == written
    CONTRACT.check(parsed)
    items = read(kind, parsed).items
    assert [item.id for item in items] == asked
    for item, one in zip(items, found, strict=True):
        refusal = None if one.is_repeat else one.problem
        assert item.outcome == (
            "already_decided_by_you" if one.is_repeat else WORDS.get(one.problem, "refused")
        )
        assert item.problem == answers.problem(refusal)
        assert item.decision == decision_of(one.event, version)
        assert (item.receipt and item.receipt.sealed) == (one.receipt and one.receipt.xml)


def decision_of(event: Event | None, version: Version) -> v1_decisions.Decision | None:
    """Return what is said of a decision; a party without a name is named by its identifier."""
    if event is None:
        return None
    person = None
    if event.signer is not None and version >= Version.V1_1:
        name = event.signer_name or event.signer
        person = v1_decisions.SigningPerson(identifier=event.signer, name=name, secondary_user=False)
    return v1_decisions.Decision(
        state=str(event.state),
        at=event.at,
        channel=str(event.channel),
        party=party_of(event.party, event.party_name),
        signer=party_of(event.signer, event.signer_name),
        signing_person=person,
    )


def party_of(identifier: str | None, name: str | None) -> v1.Party | None:
    return None if identifier is None else v1.Party(identifier=identifier, name=name or identifier)
