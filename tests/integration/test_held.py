"""Notifications read by statements alone are those that the session would read."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from notigateway.law import transitions
from notigateway.law.lifecycle import Decision, State
from notigateway.repository.engine import reading, writing
from notigateway.repository.loading import WHOLE
from notigateway.repository.model import Event, Notification
from notigateway.repository.notifications import find_visible, lock_visible
from pki import COMPANY_NIF

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from notigateway.repository.columns import Row
    from stack import Stack


def values(row: Row) -> dict[str, object]:
    return {one.key: getattr(row, one.key) for one in row.__table__.columns}


def everything(row: Notification) -> dict[str, object]:
    """Return all columns of a notification and of what comes with it; receipts have no order."""
    rows: dict[str, Iterable[Row]] = {
        "one": [row, row.act, row.act.issuing_body, row.addressee],
        "documents": row.act.documents,
        "events": row.events,
        "receipts": sorted(row.receipts, key=attrgetter("id")),
    }
    return {name: [values(one) for one in some] for name, some in rows.items()} | {
        "outage_since": row.outage_since
    }


@pytest.fixture
def ids(stack: Stack) -> list[UUID]:
    """One that waits, one that was accepted and handed over, one that was rejected."""
    made = [stack.publish(name) for name in "ABC"]
    stack.pass_time(days=1)
    stack.accept(made[1])
    stack.ask("RetrieveNotifications", f"<id>{made[1]}</id>")
    stack.ask("RejectNotifications", f"<id>{made[2]}</id><reason>Not ours &amp; known</reason>")
    return made


def test_every_column_is_as_the_session_reads_it(stack: Stack, ids: list[UUID]) -> None:
    with reading(stack.engine) as session:
        found = find_visible(session, ids, party=COMPANY_NIF, now=stack.now)
        read = session.scalars(select(Notification).options(*WHOLE)).unique().all()
        assert {row.id: everything(row) for row in read} == {
            key: everything(row) for key, row in found.items()
        }
        assert list(found) == ids
        assert session.found == {row.code: COMPANY_NIF for row in read}
    assert [len(row.receipts) for row in found.values()] == [1, 3, 2]


def test_of_a_held_notification_only_its_decision_is_written(stack: Stack, ids: list[UUID]) -> None:
    def amended() -> None:
        with writing(stack.engine) as session:
            (row,) = lock_visible(session, ids[:1], party=COMPANY_NIF, now=stack.now).values()
            row.deadline = None

    with pytest.raises(TypeError, match="only the decision"):
        amended()


def test_what_happens_to_one_is_not_known_of_another_reading(stack: Stack, ids: list[UUID]) -> None:
    with writing(stack.engine) as session:
        first, second = (
            lock_visible(session, ids[:1], party=COMPANY_NIF, now=stack.now)[ids[0]] for _ in range(2)
        )
        second.happen(transitions.decide(second.standing, Decision.ACCEPT, stack.now), now=stack.now)
        assert (first.state, second.state) == (State.AVAILABLE, State.ACCEPTED)
    with reading(stack.engine) as session:
        states = select(Event.state).where(Event.notification_code == first.code).order_by(Event.position)
        assert session.scalars(states).all() == [State.AVAILABLE, State.ACCEPTED]
