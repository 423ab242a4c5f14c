"""Who works for an entity decides while that ends: one story, and evidence of what was in force then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from following import asking
from notigateway.addressee.mailbox import Will
from notigateway.addressee.red import end_red
from notigateway.addressee.users import end_user, grant_user
from notigateway.errors import NotificationUnknownError
from notigateway.instants import instant_text
from notigateway.law.lifecycle import Decision
from notigateway.law.users import Scope, UserTerms
from notigateway.pki.identity import read_caller
from notigateway.repository.engine import writing
from notigateway.repository.red_users import RedUser
from patience import PATIENCE_SECONDS
from pki import COMPANY_NIF
from queued import wait_until_so_many_wait
from stack import Stack, text, texts
from titles import AUTHORISATION, assign, change, delegate, grant, outcome, register_company
from users import (
    BUREAU_NAME,
    BUREAU_NIF,
    LATEST,
    ONE_NIF,
    be_attorney,
    bureau,
    end,
    person,
    register,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from notigateway.addressee.mailbox import Outcome
    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session

OTHER_CLIENT = "A58818501"
# How long something is watched that must not go on.
A_WHILE = 0.2


def of_person(stack: Stack, **later: float) -> Asking:
    """Return the employee that asks, so much later than the stack's now."""
    return replace(asking(stack, read_caller(person().certificate)), now=stack.now + timedelta(**later))


def of_bureau(stack: Stack) -> Asking:
    return asking(stack, read_caller(bureau().certificate))


def decide(stack: Stack, session: Session, asked: Asking, *ids: UUID) -> list[Outcome]:
    return stack.office.mailbox.decide_all(session, asked, ids, Will(Decision.ACCEPT))


def waits(running: Future[Any]) -> bool:
    """Tell whether it does not go on as long as the transaction beside it lasts."""
    try:
        running.result(timeout=A_WHILE)
    except TimeoutError:
        return True
    return False


def registered(stack: Stack, user: UUID) -> tuple[str | None, list[str | None]]:
    """Return when a registration ends, and its clients."""
    tree = stack.ask("ListUsers", f"<userId>{user}</userId>{LATEST}", holder=bureau()).tree
    return text(tree, "user/endsAt"), texts(tree, "user/client")


def decided_by(stack: Stack, one: UUID) -> tuple[str | None, str | None]:
    """Return the registration and the instant of the decision, as the history tells the entity."""
    history = stack.ask("GetHistory", f"<id>{one}</id>{LATEST}", holder=bureau()).tree
    return texts(history, "event/signingPerson/registration")[-1], texts(history, "event/at")[-1]


def narrow(stack: Stack, session: Session) -> UUID:
    """Let the employee work for another client alone."""
    return let_work(stack, session, Scope(clients=frozenset({OTHER_CLIENT})))


def let_work(stack: Stack, session: Session, scope: Scope) -> UUID:
    terms = UserTerms(person=ONE_NIF, person_name="Celia Prueba", scope=scope, starts_at=stack.now)
    registration = grant_user(session, of_bureau(stack), terms).user.id
    session.flush()
    return registration


def narrow_now(stack: Stack) -> UUID:
    with writing(stack.engine) as session:
        return narrow(stack, session)


@pytest.mark.parametrize("narrows", [False, True])
def test_an_end_waits_for_a_decision_and_comes_after_it(stack: Stack, *, narrows: bool) -> None:
    """Though the decision was asked for a moment later: what was faster was done in time."""
    be_attorney(stack)
    one, two = stack.publish("one"), stack.publish("two")
    registration = register(stack, clients=(COMPANY_NIF,))
    stack.pass_time(minutes=1)
    asked = of_person(stack, milliseconds=40)
    ending: Callable[[], object] = (
        partial(narrow_now, stack) if narrows else partial(end, stack, registration)
    )
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            (decided,) = decide(stack, session, asked, one)
            running = pool.submit(ending)
            assert waits(running)
        told = running.result(timeout=PATIENCE_SECONDS)
    assert decided.problem is None
    ended = instant_text(asked.now + timedelta(milliseconds=1))
    assert registered(stack, registration) == (ended, [COMPANY_NIF])
    assert decided_by(stack, one) == (str(registration), instant_text(asked.now))
    if isinstance(told, UUID):
        of_next = stack.ask("ListUsers", f"<userId>{told}</userId>{LATEST}", holder=bureau()).tree
        assert text(of_next, "user/startsAt") == ended
    stack.pass_time(seconds=1)
    assert outcome(stack, two, person()) == "unknown"
    assert outcome(stack, one, bureau()) == "already_decided_by_you"


def test_the_proof_of_an_end_stays_that_of_who_asked_for_it(stack: Stack) -> None:
    """What is registered anew in the moment before an end moves neither the end nor its proof."""
    be_attorney(stack)
    one = stack.publish("one")
    registration = register(stack)
    stack.pass_time(minutes=1)
    with writing(stack.engine) as session:
        decide(stack, session, of_person(stack, milliseconds=40), one)
    assert end(stack, registration).status == 200
    with writing(stack.engine) as session:
        ended = session.get_one(RedUser, registration)
        before = (ended.ends_at, ended.ended_sha256)
    following = narrow_now(stack)
    with writing(stack.engine) as session:
        ended = session.get_one(RedUser, registration)
        assert (ended.ends_at, ended.ended_sha256) == before
        assert session.get_one(RedUser, following).starts_at == ended.ends_at


@pytest.mark.parametrize("narrows", [False, True])
def test_a_decision_that_waited_for_an_end_is_refused(stack: Stack, *, narrows: bool) -> None:
    be_attorney(stack)
    one = stack.publish("one")
    registration = register(stack)
    stack.pass_time(minutes=1)
    before = stack.rows()["receipts"]
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            if narrows:
                narrow(stack, session)
            else:
                end_user(session, of_bureau(stack), registration)
                session.flush()
            running = pool.submit(outcome, stack, one, person())
            assert waits(running)
        assert running.result(timeout=PATIENCE_SECONDS) == "unknown"
    assert registered(stack, registration)[0] == instant_text(stack.now)
    assert stack.rows()["receipts"] == before
    assert outcome(stack, one, bureau()) == "decided"


@pytest.mark.parametrize("of", ["power", "registration"])
def test_an_end_that_waits_is_passed_by_nobody_who_decides(stack: Stack, of: str) -> None:
    """Whoever never stops deciding does not keep its right: what is asked for later finds it ended."""
    power = be_attorney(stack)
    one, two = stack.publish("one"), stack.publish("two")
    registration = register(stack)
    stack.pass_time(minutes=1)
    ending, by = {
        "power": (partial(change, stack, "RevokePower", power), of_bureau(stack)),
        "registration": (partial(end, stack, registration), of_person(stack)),
    }[of]

    def decide_later() -> Outcome:
        with writing(stack.engine) as session:
            return decide(stack, session, replace(by, now=by.now + timedelta(seconds=1)), two)[0]

    with ThreadPoolExecutor(2) as pool:
        with writing(stack.engine) as session:
            (decided,) = decide(stack, session, by, one)
            running = pool.submit(ending)
            wait_until_so_many_wait(stack.engine, 1)
            later = pool.submit(decide_later)
            wait_until_so_many_wait(stack.engine, 2)
        assert running.result(timeout=PATIENCE_SECONDS).status == 200
        assert later.result(timeout=PATIENCE_SECONDS).problem is NotificationUnknownError
    assert decided.problem is None


@pytest.mark.parametrize("of", ["power", "registration"])
def test_a_clock_that_was_set_back_keeps_no_right_alive(stack: Stack, of: str) -> None:
    """What was decided by the clock of before does not put off an end that is asked for now."""
    power = be_attorney(stack)
    one, two = stack.publish("one"), stack.publish("two")
    registration = register(stack)
    stack.pass_time(hours=5)
    by = {"power": bureau(), "registration": person()}[of]
    assert outcome(stack, one, by) == "decided"
    stack.pass_time(hours=-1)
    asked_at = instant_text(stack.now)
    if of == "power":
        ended = text(change(stack, "RevokePower", power).tree, "power/endedAt")
    else:
        ended = text(end(stack, registration).tree, "user/endsAt")
    assert ended == asked_at
    stack.pass_time(minutes=30)
    assert outcome(stack, two, by) == "unknown"


def test_what_was_asked_for_before_an_end_was_in_force_and_stands(stack: Stack) -> None:
    be_attorney(stack)
    one = stack.publish("one")
    registration = register(stack)
    stack.pass_time(minutes=1)
    asked = of_person(stack, milliseconds=-40)
    assert end(stack, registration).status == 200
    with writing(stack.engine) as session:
        (decided,) = decide(stack, session, asked, one)
    assert decided.problem is None
    told, at = decided_by(stack, one)
    assert (told, at) == (str(registration), instant_text(asked.now))
    assert str(at) < str(registered(stack, registration)[0])


def test_a_registration_that_was_made_meanwhile_is_not_ended_under_a_decision(stack: Stack) -> None:
    """Who waited for the end of one decides by the next: the end of that one waits, too."""
    be_attorney(stack)
    one = stack.publish("one")
    register(stack)
    stack.pass_time(minutes=1)
    has_decided, go_on = Event(), Event()

    def decide_slowly() -> Outcome:
        with writing(stack.engine) as session:
            (decided,) = decide(stack, session, of_person(stack, milliseconds=40), one)
            has_decided.set()
            assert go_on.wait(PATIENCE_SECONDS)
        return decided

    with ThreadPoolExecutor(2) as pool:
        with writing(stack.engine) as session:
            following = let_work(stack, session, Scope(matters=frozenset({"collection"})))
            deciding = pool.submit(decide_slowly)
            assert waits(deciding)
        assert has_decided.wait(PATIENCE_SECONDS)
        ending = pool.submit(end, stack, following)
        assert waits(ending)
        go_on.set()
        assert deciding.result(timeout=PATIENCE_SECONDS).problem is None
        assert ending.result(timeout=PATIENCE_SECONDS).status == 200
    told, at = decided_by(stack, one)
    assert told == str(following)
    assert str(at) < str(registered(stack, following)[0])


@pytest.fixture
def by_red(stack: Stack) -> tuple[Stack, UUID, UUID]:
    """Give an employee of a bureau that is assigned: the assignment and a notification."""
    register_company(stack)
    assignment = assign(stack, BUREAU_NIF, red_name=BUREAU_NAME)
    register(stack, clients=(COMPANY_NIF,))
    stack.pass_time(days=1)
    one = stack.publish("one")
    stack.pass_time(days=1)
    return stack, assignment, one


def test_the_end_of_the_entitys_assignment_waits_for_what_its_employee_decides(
    by_red: tuple[Stack, UUID, UUID],
) -> None:
    """Also a correction, by which it had ended before: what was decided stands and says by what."""
    stack, assignment, one = by_red

    def correct() -> None:
        with writing(stack.engine) as session:
            end_red(session, assignment, at=stack.now - timedelta(days=2), now=stack.now, ground="RED 1")

    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            assert decide(stack, session, of_person(stack), one)[0].problem is None
            running = pool.submit(correct)
            assert waits(running)
        running.result(timeout=PATIENCE_SECONDS)
    stack.pass_time(seconds=1)
    assert outcome(stack, one, person()) == "unknown"
    assert outcome(stack, one, bureau()) == "unknown"
    item = stack.accept(one)[0]
    assert text(item, "outcome") == "already_decided"
    told = delegate(item)
    assert (told["Identifier"], told["Reference"]) == (BUREAU_NIF, AUTHORISATION)
    assert delegate(item, "SignerDetails")["Identifier"] == ONE_NIF


@pytest.mark.parametrize(("is_correction", "expected"), [(False, "decided"), (True, "unknown")])
def test_a_decision_that_waited_for_the_end_of_the_entitys_assignment(
    by_red: tuple[Stack, UUID, UUID], *, is_correction: bool, expected: str
) -> None:
    """What came while it stood stays with the entity and its employee; a correction takes it away."""
    stack, assignment, one = by_red
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            if is_correction:
                end_red(session, assignment, at=stack.now - timedelta(days=2), now=stack.now, ground="RED 1")
            else:
                end_red(session, assignment, at=stack.now, now=stack.now)
            session.flush()
            running = pool.submit(outcome, stack, one, person())
            waits(running)
        assert running.result(timeout=PATIENCE_SECONDS) == expected


# --- batches


@pytest.fixture
def on_server(postgresql_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway on PostgreSQL: on SQLite one writes at a time."""
    one = Stack(postgresql_url, tmp_path)
    yield one
    one.close()


def test_overlapping_batches_of_an_entity_and_its_employee_are_both_answered(on_server: Stack) -> None:
    """The employee, who has a power of one client itself, saw that client's first and then the entity's."""
    stack = on_server
    be_attorney(stack)
    register(stack)
    own = grant(stack, attorney=ONE_NIF, attorneyName="Celia Prueba", scope="matter", value="collection")
    assert stack.ask("AcceptPower", f"<powerId>{own}</powerId>", holder=person()).status == 200
    first, second = stack.publish("first", matter="contribution"), stack.publish("second")
    url = stack.database_url.replace("postgresql+psycopg", "postgresql")
    with ThreadPoolExecutor(2) as pool, closing(psycopg.connect(url)) as held:
        held.execute("SELECT code FROM notifications WHERE id = %s FOR UPDATE", [first])
        by_entity = pool.submit(stack.accept, first, second, holder=bureau())
        wait_until_so_many_wait(stack.engine, 1)
        by_employee = pool.submit(stack.reject, second, first, holder=person())
        wait_until_so_many_wait(stack.engine, 2)
        held.rollback()
        told = [
            {text(item, "id"): text(item, "outcome") for item in running.result(timeout=PATIENCE_SECONDS)}
            for running in (by_employee, by_entity)
        ]
    for one in (str(first), str(second)):
        assert sorted(str(said[one]) for said in told) == ["already_decided", "decided"]
    assert stack.decisions() == 2
