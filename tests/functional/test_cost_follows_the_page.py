"""What a caller costs follows from what is asked and for whom it stands, never from what a table holds.

Counted is what the database does, not time: the instructions of SQLite, the rows that PostgreSQL touches. A
plan that scans a table, or an index that grows with it, costs a multiple of what is allowed here.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from bench.filling import Filling
from bench.world import ATTORNEYS_COMPANIES, THE_ATTORNEY, THE_COMPANY, THE_RED, Asker, World, nif_of
from sqlalchemy import func, select, text

from listed import id_of
from notigateway.issuer.publishing import register_issuing_body
from notigateway.law.contacts import NoticeDelivery, NoticeLanguage
from notigateway.law.lifecycle import State
from notigateway.law.representation import DEFAULT_RIGHTS
from notigateway.repository.contacts import Contact
from notigateway.repository.counting import count_groups
from notigateway.repository.engine import reading, writing
from notigateway.repository.following import (
    find_head,
    find_hold,
    list_changes_after,
    list_changes_arrived,
)
from notigateway.repository.listing import ListFilter, list_page
from notigateway.repository.model import Notification
from notigateway.repository.notices import readers
from notigateway.repository.notifications import find_visible
from notigateway.repository.reached import find_reach
from notigateway.repository.rights_seen import find_titles
from notigateway.repository.sources import Places
from notigateway.sandbox.seeds import BODIES
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sqlalchemy import Engine

    from notigateway.repository.session import Session

pytestmark = pytest.mark.once

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
ROWS_SMALL = 20_000
# SQLite is for the smaller installations, and chooses its plans without looking how many rows there are.
ROWS_LARGE = {"sqlite": 200_000, "postgresql": 1_000_000}
# How many instructions SQLite takes for a row that is shown, and how many rows PostgreSQL touches for it.
PER_ROW = {"sqlite": 150, "postgresql": 10}
# What every question may cost besides.
AT_LEAST = {"sqlite": 3_000, "postgresql": 60}


@dataclass(frozen=True)
class Question:
    """What is asked, and of how many rows it may cost the work."""

    name: str
    ask: Callable[[Session, Asker], object]
    rows: int


def page(session: Session, asker: Asker, size: int, *states: State) -> object:
    chosen = ListFilter(states=frozenset(states))
    found = list_page(session, party=asker.party, chosen=chosen, after_code=0, limit=size, now=NOW)
    assert found
    return found


def nothing(session: Session, asker: Asker) -> object:
    """Look for what nobody has: nothing was withdrawn."""
    chosen = ListFilter(states=frozenset({State.CANCELLED}))
    found = list_page(session, party=asker.party, chosen=chosen, after_code=0, limit=100, now=NOW)
    assert not found
    return found


def deepest_page(session: Session, asker: Asker) -> object:
    """Go on behind nearly all there is, as at the end of a long walk."""
    last = session.scalar(select(func.max(Notification.code))) or 0
    return list_page(
        session, party=asker.party, chosen=ListFilter(), after_code=last - 200, limit=100, now=NOW
    )


def changes(session: Session, asker: Asker, size: int, *, back: int | None = None) -> object:
    head = find_head(session)
    places = Places(0 if back is None else head - back, head)
    reach = find_reach(session, asker.party, NOW)
    return list_changes_after(session, reach, places, limit=size, rights=DEFAULT_RIGHTS)


def poll(session: Session, asker: Asker) -> object:
    """Do all that a poll does which finds nothing new."""
    head = find_head(session)
    reach = find_reach(session, asker.party, NOW)
    assert find_titles(session, reach).fingerprint >= 0
    find_hold(session, reach, until=NOW + timedelta(minutes=5), rights=DEFAULT_RIGHTS)
    between = (NOW - timedelta(minutes=5), NOW)
    places = Places(0, head)
    return list_changes_arrived(session, reach, places, between=between, limit=9, rights=DEFAULT_RIGHTS)


def summary(session: Session, asker: Asker) -> object:
    return count_groups(session, find_reach(session, asker.party, NOW), role=None, rights=DEFAULT_RIGHTS)


def named(session: Session, asker: Asker) -> object:
    listed = list_page(session, party=asker.party, chosen=ListFilter(), after_code=0, limit=9, now=NOW)
    return find_visible(session, [UUID(id_of(row)) for row in listed], party=asker.party, now=NOW)


QUESTIONS = [
    Question("a page of one", lambda session, asker: page(session, asker, 1), 1),
    Question("a page of 500", lambda session, asker: page(session, asker, 500), 500),
    # Whether it has lapsed by now is asked of all that nobody has decided.
    Question("what is available", lambda s, a: page(s, a, 100, State.AVAILABLE), 500),
    Question("what has lapsed", lambda s, a: page(s, a, 100, State.LAPSED), 1_500),
    # Of what a party has itself, and of what its grantors have, each is looked at; of a RED box none.
    Question("what nobody has", nothing, 1_000),
    Question("the deepest page", deepest_page, 100),
    Question("changes, one", lambda session, asker: changes(session, asker, 1), 1),
    Question("changes, 500", lambda session, asker: changes(session, asker, 500), 500),
    Question("changes, the last", lambda session, asker: changes(session, asker, 9, back=20), 20),
    Question("a poll", poll, 1),
    Question("nine by their names", named, 40),
]
# How PostgreSQL reads what is small.
WAYS_OF_THE_SMALL = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
# Of so many that are published together, each party that is to be told of them is looked for.
TOLD_OF = 100
# What is counted follows what is visible: it is the one question whose answer tells of all of it.
SUMMARY = Question("summary", summary, 0)


def test_what_is_asked_costs_what_it_is_about(engine: Engine) -> None:
    """PostgreSQL scans a table that is small, and is right: here it plans as if that were dear."""
    check_costs(engine, ROWS_SMALL, *WAYS_OF_THE_SMALL)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_what_is_asked_costs_the_same_in_a_large_repository(engine: Engine) -> None:
    check_costs(engine, ROWS_LARGE[engine.dialect.name])


def check_costs(engine: Engine, rows: int, *without: str) -> None:
    """Fill a repository and ask everything, for a company, a RED person and an attorney."""
    world = World(rows)
    fill(engine, world)
    # Each grantor of an attorney is looked at, some times over; not what they all have.
    has = {THE_COMPANY: 0, THE_RED: 0, THE_ATTORNEY: 4 * ATTORNEYS_COMPANIES}
    sees = {THE_COMPANY: world.company, THE_RED: world.of_red, THE_ATTORNEY: world.of_attorney}
    kind = engine.dialect.name
    told = {}
    for asker, reach in has.items():
        for question in (*QUESTIONS, SUMMARY):
            about = sees[asker].notifications if question is SUMMARY else question.rows + reach
            with reading(engine) as session, counted(session, without):
                question.ask(session, asker)  # statements are prepared, and plans made
            with reading(engine) as session, counted(session, without) as cost:
                question.ask(session, asker)
                told[asker.name, question.name] = (cost(), AT_LEAST[kind] + PER_ROW[kind] * about)
    give_contacts(engine, world)
    # In a large repository, too, contacts are few.
    with reading(engine) as session, counted(session, WAYS_OF_THE_SMALL) as cost:
        last = session.scalar(select(func.max(Notification.code))) or 0
        new = Notification.code.between(last - TOLD_OF + 1, last)
        session.execute(readers(DEFAULT_RIGHTS, NOW, new)).all()
        # Four titles by which somebody may see each.
        allowed = AT_LEAST[kind] + PER_ROW[kind] * 4 * TOLD_OF
        told["everybody", "who is told of what is new"] = (cost(), allowed)
    too_dear = {what: (cost, allowed) for what, (cost, allowed) in told.items() if cost > allowed}
    assert not too_dear


def fill(engine: Engine, world: World) -> None:
    """Fill the repository and let PostgreSQL know what is in it."""
    with writing(engine) as session:
        for body in BODIES:
            register_issuing_body(session, **asdict(body))
    for _ in Filling(engine, world, now=NOW).fill():
        pass
    if engine.dialect.name == "postgresql":
        with writing(engine) as session:
            session.execute(text("ANALYZE"))


def give_contacts(engine: Engine, world: World) -> None:
    """Let everybody who acts for others want notices, and each company of the RED person."""
    parties = [one.party for one in (THE_COMPANY, THE_RED, THE_ATTORNEY)]
    parties += [nif_of(world.of_red.first + number) for number in range(world.of_red.addressees)]
    with writing(engine) as session:
        session.add_all(
            Contact(
                id=uuid7(NOW),
                party=party,
                addresses="ana@example.org",
                language=NoticeLanguage.SPANISH,
                delivery=NoticeDelivery.DAILY,
                deadline_days=3,
                set_at=NOW,
                set_by=party,
                request_sha256="0" * 64,
                replaced_at=None,
            )
            for party in parties
        )
    if engine.dialect.name == "postgresql":
        with writing(engine) as session:
            session.execute(text("ANALYZE contacts"))


@contextmanager
def counted(session: Session, without: Iterable[str]) -> Iterator[Callable[[], int]]:
    """Give what tells, in the end, what the database has done; without some of PostgreSQL's ways."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        for way in without:
            session.execute(text(f"SET LOCAL {way} = off"))
        touched = text(
            "SELECT coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0) FROM pg_stat_xact_user_tables"
        )
        before = session.scalar(touched)
        yield lambda: int(session.scalar(touched) - before)
        return
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 10
        return 0

    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(count, 10)
    yield lambda: steps
    driver.set_progress_handler(None, 0)
