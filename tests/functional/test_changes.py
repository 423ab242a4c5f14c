"""Following changes through SOAP, on both databases: nothing is missed, nothing comes twice."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from notigateway.cursors import write_place
from notigateway.errors import PublicationError
from notigateway.law.representation import PowerScope
from notigateway.repository.addressees import find_addressee
from notigateway.repository.changes import Change
from notigateway.repository.engine import reading, writing
from notigateway.repository.model import Event
from notigateway.repository.placing import place_committed
from notigateway.repository.rights import Power
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki
from stack import NG, text, texts
from titles import assign, register_company

if TYPE_CHECKING:
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.pki.keys import KeyPair
    from stack import Stack


class Follower:
    """A caller that keeps its cursor."""

    def __init__(self, stack: Stack, *, holder: KeyPair | None = None, page_size: int = 100) -> None:
        self.stack = stack
        self.holder = holder
        self.page_size = page_size
        self.cursor: str | None = None

    def page(self, extra: str = "") -> _Element:
        """Ask for the next page."""
        cursor = f"<cursor>{self.cursor}</cursor>" if self.cursor else ""
        inner = f"{cursor}{extra}<pageSize>{self.page_size}</pageSize>"
        answer = self.stack.ask("ListChanges", inner, holder=self.holder).tree
        self.cursor = text(answer, "nextCursor")
        assert self.cursor, answer.findtext("faultstring")
        return answer

    def pages(self) -> list[_Element]:
        """Ask until there is no more."""
        found = [self.page()]
        while text(found[-1], "hasMore") == "true":
            found.append(self.page())
        return found

    def news(self) -> list[tuple[str | None, str | None]]:
        """Return identifier and new state of every change since the last time."""
        return [
            (text(change, "notification/id"), text(change, "state"))
            for page in self.pages()
            for change in page.findall("ng:change", namespaces=NG)
        ]


def of(state: str, *ids: UUID) -> list[tuple[str | None, str | None]]:
    return [(str(one), state) for one in ids]


def test_every_change_appears_once_in_the_order_of_commit(stack: Stack) -> None:
    one, two, three = (stack.publish(f"ACT-{n}") for n in range(3))
    stack.accept(two)
    stack.reject(one)
    expected = [*of("available", one, two, three), *of("accepted", two), *of("rejected", one)]
    assert Follower(stack).news() == expected
    small = Follower(stack, page_size=2)
    assert [len(page.findall("ng:change", namespaces=NG)) for page in small.pages()] == [2, 2, 1]
    assert small.news() == []
    stack.accept(three)
    assert small.news() == of("accepted", three)


def test_a_change_says_where_and_when_and_how_the_notification_stands_now(stack: Stack) -> None:
    wanted = stack.publish()
    at = stack.pass_time(hours=1)
    stack.accept(wanted)
    stack.pass_time(hours=1)
    created, accepted = Follower(stack).page().findall("ng:change", namespaces=NG)
    assert (text(created, "state"), text(created, "channel")) == ("available", None)
    assert text(created, "at") == "2026-06-01T12:00:00.000Z"
    assert text(created, "notification/state") == "accepted"
    assert (text(accepted, "state"), text(accepted, "channel")) == ("accepted", "web_service")
    assert text(accepted, "at") == f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
    assert text(accepted, "notification/role") == "own"
    history = stack.ask("GetHistory", f"<id>{wanted}</id>").tree
    assert texts(history, "event/eventId") == [text(created, "eventId"), text(accepted, "eventId")]


def test_no_changes_give_a_cursor_that_finds_what_comes_later(stack: Stack) -> None:
    stack.publish("ACT-0", addressee=PERSON_NIF)
    stack.publish("ACT-1")
    follower = Follower(stack)
    follower.news()
    stack.pass_time(days=9)
    assert follower.news() == []
    later = stack.publish("ACT-2")
    assert follower.news() == of("available", later)


def test_from_now_gives_only_a_cursor(stack: Stack) -> None:
    stack.publish_many(3)
    follower = Follower(stack)
    answer = follower.page("<fromNow>true</fromNow>")
    assert (text(answer, "hasMore"), texts(answer, "change")) == ("false", [])
    later = stack.publish("later")
    assert follower.news() == of("available", later)


def test_changes_of_somebody_elses_notification_do_not_appear(stack: Stack) -> None:
    mine, others = stack.publish("ACT-1"), stack.publish("ACT-2", addressee=PERSON_NIF)
    stack.accept(others, holder=pki().person)
    assert Follower(stack).news() == of("available", mine)
    person = Follower(stack, holder=pki().person)
    assert person.news() == [*of("available", others), *of("accepted", others)]


# --- what is published for later ----------------------------------------------------------------------


def test_what_was_published_for_later_appears_when_its_time_has_come(stack: Stack) -> None:
    due = stack.now + timedelta(hours=2)
    later = stack.publish("later", available_at=due)
    at_once = stack.publish("at once")
    follower = Follower(stack)
    assert follower.news() == of("available", at_once)  # the cursor has passed the other's place
    stack.now = due - timedelta(milliseconds=1)
    assert follower.news() == []
    stack.now = due
    page = follower.page()
    assert texts(page, "change/notification/id") == [str(later)]
    assert texts(page, "change/at") == [f"{due:%Y-%m-%dT%H:%M:%S}.000Z"]
    stack.accept(later)
    assert follower.news() == of("accepted", later)
    assert Follower(stack).news() == [*of("available", later, at_once), *of("accepted", later)]


def test_thousands_that_become_available_at_one_instant_come_page_by_page(stack: Stack) -> None:
    due = stack.now + timedelta(hours=2)
    later = [stack.publish(f"later-{n}", available_at=due) for n in range(5)]
    follower = Follower(stack, page_size=2)
    assert follower.news() == []
    stack.now = due
    first = follower.page()
    assert texts(first, "change/notification/id") == [str(one) for one in later[:2]]
    assert text(first, "hasMore") == "true"
    # Between its pages time goes on, others arrive and decisions are taken.
    even_later = stack.publish("even later", available_at=stack.now + timedelta(minutes=1))
    stack.pass_time(minutes=2)
    stack.accept(later[0])
    assert follower.news() == [
        *of("available", *later[2:]),
        *of("available", even_later),
        *of("accepted", later[0]),
    ]
    assert follower.news() == []


def test_a_worker_whose_clock_is_behind_repeats_nothing(stack: Stack) -> None:
    stack.publish("ACT-1")
    follower = Follower(stack)
    follower.news()
    soon = stack.publish("soon", available_at=stack.now + timedelta(milliseconds=500))
    stack.pass_time(seconds=1)
    assert follower.news() == of("available", soon)
    stack.now = NOW + timedelta(milliseconds=400)
    other = stack.publish("other")
    assert follower.news() == []
    stack.now = NOW + timedelta(seconds=2)
    assert follower.news() == of("available", other)


def test_what_a_faster_clock_has_published_is_waited_for_and_keeps_its_place(stack: Stack) -> None:
    stack.publish("ACT-1")
    follower = Follower(stack)
    follower.news()
    stack.now = NOW + timedelta(milliseconds=300)
    by_the_faster_clock = stack.publish("ACT-2")
    stack.now = NOW + timedelta(milliseconds=100)
    by_the_slower_clock = stack.publish("ACT-3")
    assert follower.news() == []
    stack.now = NOW + timedelta(milliseconds=300)
    assert follower.news() == of("available", by_the_faster_clock, by_the_slower_clock)


# --- cursors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cursor", ["x", "AAAA", "A" * 72, "é", "=" * 200])
def test_a_cursor_that_was_not_given_is_refused(sqlite_stack: Stack, cursor: str) -> None:
    sqlite_stack.publish()
    answer = sqlite_stack.ask("ListChanges", f"<cursor>{cursor}</cursor>")
    assert answer.code == "INVALID_CURSOR"


def test_a_cursor_of_a_form_of_before_is_refused(sqlite_stack: Stack) -> None:
    """Its client lists again and follows from there, as for any other."""
    sqlite_stack.publish()
    for numbers in ((1,), (1, 1, 1, 1), (1,) * 6):
        cursor = write_place(numbers, belongs_to=("changes", COMPANY_NIF))
        assert sqlite_stack.ask("ListChanges", f"<cursor>{cursor}</cursor>").code == "INVALID_CURSOR"


def test_a_cursor_of_another_caller_or_another_list_is_refused(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish_many(2)
    stack.publish("person", addressee=PERSON_NIF)
    follower = Follower(stack)
    follower.news()
    cursor = f"<cursor>{follower.cursor}</cursor>"
    assert stack.ask("ListChanges", cursor, holder=pki().person).code == "INVALID_CURSOR"
    assert stack.ask("ListNotifications", cursor).code == "INVALID_CURSOR"
    page = stack.ask("ListNotifications", "<pageSize>1</pageSize>").tree
    listed = f"<cursor>{text(page, 'nextCursor')}</cursor>"
    assert stack.ask("ListChanges", listed).code == "INVALID_CURSOR"


def test_a_cursor_ahead_of_the_changes_or_the_clock_is_refused(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish()
    follower = Follower(stack)
    follower.news()
    cursor = f"<cursor>{follower.cursor}</cursor>"
    stack.now -= timedelta(minutes=6)
    assert stack.ask("ListChanges", cursor).code == "INVALID_CURSOR"
    stack.now += timedelta(minutes=6)
    with writing(stack.engine) as session:  # as after a restore of an older copy
        for row in session.scalars(select(Change)):
            session.delete(row)
    stack.pass_time(seconds=1)
    assert stack.ask("ListChanges", cursor).code == "INVALID_CURSOR"


# --- representation -----------------------------------------------------------------------------------


def test_an_attorney_follows_the_grantor_while_the_power_stands(stack: Stack) -> None:
    stack.publish("person", addressee=PERSON_NIF)
    attorney = Follower(stack, holder=pki().person)
    attorney.news()
    backlog = stack.publish("before")
    power_id = uuid4()
    with writing(stack.engine) as session:
        company = find_addressee(session, COMPANY_NIF)
        assert company is not None
        session.add(
            Power(
                id=power_id,
                grantor_id=company.id,
                attorney=PERSON_NIF,
                attorney_name="Ana",
                scope=PowerScope.GENERAL,
                value=None,
                special_category=False,
                is_void=False,
                registered_at=stack.now,
                accepted_at=stack.now + timedelta(days=1),
                expires_at=stack.now + timedelta(days=5),
            )
        )
    assert text(attorney.page(), "rightsChanged") == "false"
    stack.pass_time(days=1)
    page = attorney.page()
    # The backlog's change lies before the cursor: the answer says that a list is needed.
    assert (text(page, "rightsChanged"), texts(page, "change/notification/id")) == ("true", [])
    listed = stack.ask("ListNotifications", "<filter><role>attorney</role></filter>", holder=pki().person)
    assert texts(listed.tree, "notification/id") == [str(backlog)]
    stack.accept(backlog)
    page = attorney.page()
    assert (text(page, "rightsChanged"), texts(page, "change/state")) == ("false", ["accepted"])
    assert texts(page, "change/notification/role") == ["attorney"]
    stack.pass_time(days=5)
    stack.publish("after the end")
    page = attorney.page()
    assert (text(page, "rightsChanged"), texts(page, "change/state")) == ("true", [])


def test_a_red_person_follows_what_is_issued_while_the_assignment_stands(stack: Stack) -> None:
    stack.publish("person", addressee=PERSON_NIF)
    before = stack.publish("before")
    start = stack.pass_time(days=1)
    register_company(stack)
    assign(stack, PERSON_NIF, starts_at=start, ends_at=start + timedelta(days=1))
    red = Follower(stack, holder=pki().person)
    red.news()
    during = stack.publish("during")
    page = red.page()
    assert texts(page, "change/notification/role") == ["red"]
    stack.pass_time(days=2)
    stack.publish("afterwards")
    stack.accept(during, before)
    assert red.news() == of("accepted", during)


# --- every event, and only what was committed ---------------------------------------------------------


def places(stack: Stack) -> list[UUID]:
    place_committed(stack.engine)
    with reading(stack.engine) as session:
        return list(session.scalars(select(Change.event_id).order_by(Change.position)))


def events(stack: Stack) -> set[UUID]:
    with reading(stack.engine) as session:
        return set(session.scalars(select(Event.id)))


def test_what_is_taken_back_leaves_no_change(stack: Stack) -> None:
    stack.publish("ACT-1")
    good, conflict = stack.deposit("ACT-2"), stack.deposit("ACT-1", documents=(b"%PDF-1.7 otro",))
    with writing(stack.engine) as session:
        results = stack.office.publishing.publish_all(session, [conflict, good], now=stack.now)
    assert [isinstance(one, PublicationError) for one in results] == [True, False]
    with suppress(RuntimeError), writing(stack.engine) as session:
        stack.office.publishing.publish(session, stack.deposit("ACT-3"), now=stack.now)
        raise RuntimeError
    with writing(stack.engine) as session:
        savepoint = session.begin_nested()
        stack.office.publishing.publish(session, stack.deposit("ACT-4"), now=stack.now)
        savepoint.rollback()
    assert len(places(stack)) == 2
    assert set(places(stack)) == events(stack)


def test_events_cannot_be_written_past_the_changes(sqlite_stack: Stack) -> None:
    stack = sqlite_stack
    stack.publish()
    with reading(stack.engine) as session:
        row = session.scalars(select(Event)).one()
    copied = {"id": uuid4(), "notification_code": row.notification_code, "position": 2, "state": row.state}
    with pytest.raises(TypeError, match="never inserted past it"), writing(stack.engine) as session:
        session.execute(insert(Event), [copied])
