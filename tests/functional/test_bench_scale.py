"""What `make bench-scale` fills answers its askers as what was published would."""

from __future__ import annotations

from contextlib import closing
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from bench.acts import publish_to_company
from bench.asking import AVAILABLE, NEWS, PAGE_OF_1, PAGE_OF_1000, QUESTIONS, SUMMARY, Often, ask_all
from bench.gateway import Gateway
from bench.repositories import Repository, fill, no_backends
from bench.scale_table import Size, verdicts_table, work_table
from bench.world import ASKERS, THE_ATTORNEY, THE_COMPANY, THE_RED, World
from rich.console import Console
from sqlalchemy import func, select

from kept_inbox import check_kept
from notigateway.law.lifecycle import State
from notigateway.repository.changes import Change
from notigateway.repository.engine import reading
from notigateway.repository.model import Event, Notification

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

pytestmark = pytest.mark.once

ROWS = 2_000


def test_a_filled_repository_answers_as_a_published_one(database_url: str, tmp_path: Path) -> None:
    world = World(ROWS)
    gateway = Gateway(tmp_path, notifications=0, database_url=database_url)
    with closing(gateway):
        filled = fill(gateway, ROWS)
        repository = Repository(ROWS, gateway, filled.cursors, no_backends, filled.seconds)
        asked, again = ask_all([repository, repository], Often(1, 1))
        size = Size(ROWS, filled.seconds, 0.4, asked)
        office = gateway.application.gate.office
        engine = office.engine
        check_changes(engine)
        check_states(engine)
        with reading(engine) as session:
            check_kept(session)
        publish_to_company(engine, office.publishing, range(1))  # the numbers go on
        assert last_code(engine) == ROWS + 1

    rows = {(one.asker, one.question): one.rows for one in size.asked}
    assert rows == {(one.asker, one.question): one.rows for one in again}
    assert len(rows) == len(ASKERS) * len(QUESTIONS)
    assert rows[THE_COMPANY.name, PAGE_OF_1000.name] == world.company.notifications
    assert {rows[asker.name, PAGE_OF_1.name] for asker in ASKERS} == {1}
    # The RED person sees no health data and not what came after a window had closed; the attorney of one
    # matter not the others.
    assert 0.9 < rows[THE_RED.name, SUMMARY.name] / world.of_red.notifications < 1
    assert 0.85 < rows[THE_ATTORNEY.name, SUMMARY.name] / world.of_attorney.notifications < 1
    for asker in ASKERS:
        assert 0 < rows[asker.name, AVAILABLE.name] < rows[asker.name, SUMMARY.name]
    assert 60 < rows[THE_RED.name, NEWS.name] < 300
    check_tables(size)


def check_changes(engine: Engine) -> None:
    """Check that every event has its place, in the order of time and without a gap."""
    with reading(engine) as session:
        query = select(Change.position, Event.at).join(Event, Event.id == Change.event_id)
        places = session.execute(query.order_by(Change.position)).all()
        assert len(places) == session.scalar(select(func.count(Event.id)))
    assert [position for position, _ in places] == list(range(1, len(places) + 1))
    assert all(earlier <= later for (_, earlier), (_, later) in pairwise(places))


def check_states(engine: Engine) -> None:
    """Check that what is decided has its decisive event, and what is not has none."""
    decisive = select(func.count(Event.id)).where(Event.decisive, Event.state == Notification.state)
    decisive = decisive.where(
        Event.notification_code == Notification.code, Event.at == Notification.decided_at
    )
    with reading(engine) as session:
        found = session.execute(select(Notification.state, decisive.scalar_subquery()).distinct()).all()
    assert {(state, int(state is not State.AVAILABLE)) for state, _ in found} == {tuple(one) for one in found}
    assert {state for state, _ in found} >= {State.AVAILABLE, State.ACCEPTED, State.REJECTED, State.LAPSED}


def last_code(engine: Engine) -> int | None:
    with reading(engine) as session:
        return session.scalar(select(func.max(Notification.code)))


def check_tables(size: Size) -> None:
    """Check that both tables name what was measured, and judge it."""
    console = Console(width=200, record=True, file=StringIO())
    larger = Size(10 * size.rows, size.filled_seconds, size.rsa, size.asked)
    for table in (work_table("postgresql", [size, larger]), verdicts_table("sqlite", [size, larger])):
        console.print(table)
    text = console.export_text()
    assert all(text.count(question.name) >= len(ASKERS) for question in QUESTIONS)
    assert f"{SUMMARY.name}, from {size.rows:,}" in text
    assert "1.3 x" in text
