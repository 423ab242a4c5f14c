"""Whatever is written, in whatever order: what is kept ready says what windows and notifications say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select, text

from kept_inbox import check_kept
from notigateway.addressee.red import assign_red, end_red
from notigateway.law.grounds import Ground
from notigateway.law.lifecycle import UNDECIDED, Kind, Nature, State
from notigateway.repository.changes import Change
from notigateway.repository.columns import Row
from notigateway.repository.engine import create_database, writing
from notigateway.repository.file_connections import make_database
from notigateway.repository.model import Act, Addressee, Event, IssuingBody, Notification
from notigateway.repository.placing import place_committed
from notigateway.repository.red_inbox import RedBox
from notigateway.repository.rights import RedAssignment
from notigateway.repository.schema import configuration, upgrade
from notigateway.repository.session import Session
from notigateway.repository.windows import RedWindow
from patience import PATIENCE_SECONDS
from titles import OTHER_RED_NIF, RED_NIF, red_terms, register_company

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from sqlalchemy import Engine

    from stack import Stack

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
ADDRESSEES, PARTIES, AUTHORISATIONS = ["A28000016", "B12345674"], ["00000001R", "12345678Z"], ["1", "2"]
DAYS = st.integers(0, 6)


@dataclass(frozen=True)
class Open:
    addressee: int
    party: int
    authorisation: int
    from_day: int
    days: int | None


@dataclass(frozen=True)
class Move:
    which: int
    from_day: int
    days: int | None


@dataclass(frozen=True)
class TakeBack:
    which: int


@dataclass(frozen=True)
class Put:
    addressee: int
    day: int
    ground: Ground | None
    is_special: bool


@dataclass(frozen=True)
class Happen:
    which: int
    state: State
    nature: Nature | None


@dataclass(frozen=True)
class FindAnew:
    which: int
    ground: Ground | None
    addressee: int


TWO, WHICH, LENGTH = st.integers(0, 1), st.integers(0, 9), st.none() | st.integers(1, 4)
GROUNDS = st.sampled_from([Ground.A, Ground.A, Ground.B, Ground.C, None])
STEPS = st.one_of(
    st.builds(Open, TWO, TWO, TWO, DAYS, LENGTH),
    st.builds(Open, TWO, TWO, TWO, DAYS, LENGTH),
    st.builds(Move, WHICH, DAYS, LENGTH),
    st.builds(TakeBack, WHICH),
    st.builds(Put, TWO, DAYS, GROUNDS, st.booleans()),
    st.builds(Put, TWO, DAYS, GROUNDS, st.booleans()),
    st.builds(Happen, WHICH, st.sampled_from(State), st.none() | st.sampled_from(Nature)),
    st.builds(FindAnew, WHICH, GROUNDS, TWO),
)


class Play:
    """Writes windows and notifications by the session's own statements, as everybody does."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.body = IssuingBody(dir3="EA0041485", acronym="TGSS", name="TGSS", nif="Q2827003A")
        self.addressees = [Addressee(identifier=nif, name=nif) for nif in ADDRESSEES]
        session.add_all([self.body, *self.addressees])
        session.flush()
        self.windows: list[RedWindow] = []
        self.rows: list[Notification] = []

    def step(self, step: object) -> None:
        match step:
            case Open():
                self.open(step)
            case Move() if self.windows:
                window = self.windows[step.which % len(self.windows)]
                window.opens_at, window.closes_at = span(step.from_day, step.days)
            case TakeBack() if self.windows:
                self.session.delete(self.windows.pop(step.which % len(self.windows)))
            case Put():
                self.put(step)
            case Happen() if self.rows:
                self.happen(self.rows[step.which % len(self.rows)], step.state, step.nature)
            case FindAnew() if self.rows:
                row = self.rows[step.which % len(self.rows)]
                row.ground, row.is_obliged = step.ground, step.ground in {Ground.A, Ground.B}
                row.addressee_id = self.addressees[step.addressee].id
        self.session.flush()

    def open(self, step: Open) -> None:
        opens_at, closes_at = span(step.from_day, step.days)
        named = {
            "red_party": PARTIES[step.party],
            "authorisation": AUTHORISATIONS[step.authorisation],
            "addressee_id": self.addressees[step.addressee].id,
        }
        assignment = RedAssignment(
            id=uuid4(), account="28123456742", red_name="x", starts_at=opens_at, **named
        )
        self.session.add(assignment)
        self.session.flush()
        window = RedWindow(
            id=uuid4(), assignment_id=assignment.id, opens_at=opens_at, closes_at=closes_at, **named
        )
        self.session.add(window)
        self.windows.append(window)

    def put(self, step: Put) -> None:
        act = Act(
            id=uuid4(),
            issuing_body_id=self.body.id,
            reference=str(uuid4()),
            subject="x",
            procedure="1",
            matter="x",
            special_category=step.is_special,
            submission_sha256="0" * 64,
            document_sizes="1",
        )
        self.session.add(act)
        self.session.flush()
        row = Notification(
            id=uuid4(),
            act_id=act.id,
            addressee_id=self.addressees[step.addressee].id,
            kind=Kind.COMMUNICATION,
            state=State.AVAILABLE,
            available_at=START + step.day * timedelta(days=1),
            ground=step.ground,
            is_obliged=step.ground in {Ground.A, Ground.B},
            events=[],
        )
        self.session.add(row)
        self.session.flush()
        self.rows.append(row)
        self.happen(row, State.AVAILABLE)

    def happen(self, row: Notification, state: State, nature: Nature | None = None) -> None:
        row.state = state
        row.decided_at = None if state in UNDECIDED else row.available_at
        self.session.flush()
        event = Event(
            id=uuid4(),
            notification_code=row.code,
            position=len(row.events) + 1,
            state=state,
            decisive=False,
            at=row.available_at,
            nature=nature,
        )
        row.events.append(event)
        self.session.flush()
        self.session.add(Change(event_id=event.id, notification_code=row.code))


def span(from_day: int, days: int | None) -> tuple[datetime, datetime | None]:
    opens_at = START + from_day * timedelta(days=1)
    return opens_at, None if days is None else opens_at + days * timedelta(days=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=14))
def test_what_is_kept_ready_follows_from_the_windows_and_the_notifications(
    engine: Engine, steps: list[object]
) -> None:
    with writing(engine) as session:
        play = Play(session)
        for step in steps:
            play.step(step)
        check_kept(session)
        session.rollback()  # the next one begins empty
        session.begin()


def test_what_was_there_before_the_database_kept_it_is_kept_too(empty_database_url: str) -> None:
    """Written at the step before, and found anew there: with it, and with what has moved nothing."""
    engine = create_database(empty_database_url)
    make_database(engine)
    with engine.connect() as connection:
        command.upgrade(configuration(connection), "0029")
    # As a worker of that release: what it has committed has its places already.
    with columns_of_today(engine), engine.begin() as connection:
        play = Play(Session(connection))
        for step in (
            Open(0, 0, 0, 0, None),
            *(Put(which % 2, which, Ground.A, which == 3) for which in range(5)),
            *(Happen(which, State.ACCEPTED, nature) for which, nature in enumerate([None, *Nature])),
            FindAnew(1, Ground.B, 0),
        ):
            play.step(step)
    upgrade(engine)
    with writing(engine) as session:
        check_kept(session)
    engine.dispose()


@contextmanager
def columns_of_today(engine: Engine) -> Iterator[None]:
    """Have the columns that came later while rows of today are written, and none of them afterwards."""
    there = {
        table: {one["name"] for one in inspect(engine).get_columns(table)} for table in ("acts", "events")
    }
    missing = [
        (table, column)
        for table, names in there.items()
        for column in Row.metadata.tables[table].columns
        if column.name not in names
    ]
    with engine.begin() as connection:
        for table, column in missing:
            kind = column.type.compile(engine.dialect)
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}"))
    yield
    with engine.begin() as connection:
        for table, column in missing:
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column.name}"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.lists(STEPS, max_size=6), step=st.builds(Open, TWO, TWO, TWO, DAYS, LENGTH))
def test_an_authorisation_has_another_edition_with_every_window_that_comes_or_goes(
    engine: Engine, first: list[object], step: Open
) -> None:
    with writing(engine) as session:
        play = Play(session)
        for one in first:
            play.step(one)
        seen = set(session.scalars(select(RedBox.edition)))
        play.step(step)
        of_box = select(RedBox.edition).where(
            RedBox.red_party == PARTIES[step.party],
            RedBox.authorisation == AUTHORISATIONS[step.authorisation],
        )
        opened = session.scalar(of_box)
        assert opened not in seen
        play.windows[-1].closes_at = play.windows[-1].opens_at + timedelta(days=9)
        session.flush()
        assert session.scalar(of_box) == opened  # what was seen while it was open stays
        session.delete(play.windows.pop())
        session.flush()
        assert session.scalar(of_box) not in {*seen, opened}
        session.rollback()
        session.begin()


def assign_and_correct(stack: Stack) -> None:
    """Correct the register again and again; the last assignment stands."""
    for number in range(8):
        person = (RED_NIF, OTHER_RED_NIF)[number % 2]
        start = stack.now - timedelta(days=number % 3)
        terms = red_terms(person, starts_at=start, ground="the register was wrong")
        with writing(stack.engine) as session:
            row = assign_red(session, terms, now=stack.now)
        if number < 7:
            with writing(stack.engine) as session:
                end_red(session, row.id, at=row.starts_at, now=stack.now, ground="it was wrong again")


def publish_and_accept(stack: Stack) -> None:
    """Publish for now and for later, and accept what has come."""
    for number in range(12):
        later = stack.now + timedelta(days=1) if number % 3 == 0 else None
        stack.accept(stack.publish(f"meanwhile-{number}", available_at=later))


def accept_what_was_there(stack: Stack, ids: Sequence[UUID]) -> None:
    """Accept one after the other."""
    for one in ids:
        stack.accept(one)


def follow(stack: Stack) -> None:
    """Read the changes, which places them."""
    for _ in range(20):
        assert stack.ask("ListChanges").status == 200


def test_what_happens_at_the_same_time_leaves_no_gap(stack: Stack) -> None:
    """Corrections move what is at disposal while others publish, decide, and read the changes."""
    register_company(stack)
    ids = stack.publish_many(12, "before")
    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(one, stack) for one in (assign_and_correct, publish_and_accept, follow)]
        work.append(pool.submit(accept_what_was_there, stack, ids))
        for done in work:
            done.result(PATIENCE_SECONDS)
    place_committed(stack.engine)
    with writing(stack.engine) as session:
        check_kept(session)
