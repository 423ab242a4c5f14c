"""A step fills its tables while others decide: on PostgreSQL, where nobody stops for it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import func, insert, select, text, update

from kept_inbox import check_kept
from notigateway.addressee.red import assign_red
from notigateway.law.lifecycle import State
from notigateway.repository.columns import Row
from notigateway.repository.engine import create_database, writing
from notigateway.repository.model import Addressee, Notification
from notigateway.repository.placing import place_committed
from notigateway.repository.schema import configuration, current_revision, head_revision, upgrade
from patience import PATIENCE_SECONDS
from pki import COMPANY_NIF
from processes import processes
from stack import Stack
from titles import OTHER_RED_NIF, assign, red_terms, register_company

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.repository.session import Session

pytestmark = pytest.mark.once

PREDECESSOR = "A28000016"
WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'notifications'::regclass")


def prepare(stack: Stack) -> None:
    """Have two addressees, each with a RED person, and what has come and will come."""
    register_company(stack)
    assign(stack)
    with writing(stack.engine) as session:
        terms = red_terms(
            OTHER_RED_NIF,
            addressee=PREDECESSOR,
            addressee_name="Antes",
            account="28123456843",
            starts_at=stack.now,
        )
        assign_red(session, terms, now=stack.now)
    later = stack.now + timedelta(days=1)
    for addressee in (COMPANY_NIF, PREDECESSOR):
        stack.publish(f"now for {addressee}", addressee=addressee)
        stack.publish(f"later for {addressee}", addressee=addressee, available_at=later)
    stack.publish("cancelled before it comes", available_at=later)
    place_committed(stack.engine)


def decide(stack: Stack, session: Session) -> None:
    """Cancel what has come and what has not, and let the company take the predecessor's place.

    As a release before does it: acts had fewer columns than a row of today reads.
    """
    for row in session.scalars(select(Notification).where(Notification.code.in_((1, 5)))):
        row.state, row.decided_at = State.CANCELLED, stack.now
        session.events.append(event := uuid4())
        session.flush()
        session.execute(
            insert(Row.metadata.tables["events"]),
            {
                "id": event,
                "notification_code": row.code,
                "position": 2,
                "state": State.CANCELLED,
                "decisive": True,
                "at": stack.now,
            },
        )
    session.flush()
    key_of = {row.identifier: row.id for row in session.scalars(select(Addressee))}
    still_comes = (Notification.addressee_id == key_of[PREDECESSOR], Notification.state == State.SCHEDULED)
    place = {"addressee_id": key_of[COMPANY_NIF], "predecessor": PREDECESSOR, "predecessor_name": "Antes"}
    session.execute(update(Notification).where(*still_comes).values(place))


@pytest.mark.parametrize("revision", ["0028", "0029", "0030"])
def test_what_is_decided_while_a_step_fills_its_tables_is_kept_and_readers_go_on(
    postgresql_url: str, tmp_path: Path, revision: str
) -> None:
    stack = Stack(postgresql_url, tmp_path)
    prepare(stack)
    with stack.engine.connect() as connection:
        command.downgrade(configuration(connection), revision)
    migrating = create_database(stack.database_url)
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            decide(stack, session)
            migrated = pool.submit(upgrade, migrating)
            wait_until_it_waits(stack)
            read_what_everybody_reads(stack)
        migrated.result(PATIENCE_SECONDS)
    assert current_revision(migrating) == head_revision()
    migrating.dispose()
    place_committed(stack.engine)
    with writing(stack.engine) as session:
        check_kept(session)
    stack.close()


def wait_until_it_waits(stack: Stack) -> None:
    """Wait until the step has filled its tables and wants the writers' table."""
    with stack.engine.connect() as connection:
        end = time.monotonic() + PATIENCE_SECONDS
        while not connection.scalar(WAITS):
            assert time.monotonic() < end
            time.sleep(0.01)


def read_what_everybody_reads(stack: Stack) -> None:
    """Read what each request of a worker of the release before reads."""
    with stack.engine.connect() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '2s'"))
        for table in ("addressees", "powers", "red_windows", "notifications", "acts", "changes"):
            connection.execute(select(func.count()).select_from(Row.metadata.tables[table]))


def _upgrade(url: str) -> None:
    engine = create_database(url)
    upgrade(engine)
    engine.dispose()


def test_two_that_bring_the_schema_up_step_by_step_wait_for_each_other(postgresql_url: str) -> None:
    engine = create_database(postgresql_url)
    with engine.connect() as connection:
        command.downgrade(configuration(connection), "0027")
    context = processes()
    upgrading = [context.Process(target=_upgrade, args=(postgresql_url,)) for _ in range(2)]
    for process in upgrading:
        process.start()
    for process in upgrading:
        process.join(PATIENCE_SECONDS)
    assert [process.exitcode for process in upgrading] == [0, 0]
    assert current_revision(engine) == head_revision()
    engine.dispose()
