"""On PostgreSQL: what a party sees before and after its titles change it may decide, also at that moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from notigateway.addressee.red import end_red
from notigateway.law.representation import PowerState
from notigateway.repository.engine import reading, writing
from notigateway.repository.rights import Power
from patience import PATIENCE_SECONDS
from stack import Stack
from titles import RED_NIF, assign, grant, outcome, red, register_company

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from uuid import UUID

    from notigateway.repository.session import Session

WAITS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def server(postgresql_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway on PostgreSQL: on SQLite nobody decides while somebody else writes."""
    stack = Stack(postgresql_url, tmp_path)
    yield stack
    stack.close()


def decided_while(stack: Stack, one: UUID, changes: Callable[[Session], None]) -> str | None:
    """Have the RED person decide while rights change: it waits for the change, which is committed then."""
    with ThreadPoolExecutor(1) as pool:
        with writing(stack.engine) as session:
            changes(session)
            session.flush()
            deciding = pool.submit(outcome, stack, one, red())
            until = time.monotonic() + PATIENCE_SECONDS
            waiting = 0
            while not waiting and not deciding.done() and time.monotonic() < until:
                with reading(stack.engine) as looking:
                    waiting = looking.scalar(WAITS) or 0
            assert waiting
        return deciding.result(PATIENCE_SECONDS)


@pytest.mark.parametrize(("moved_to_days", "expected"), [(1, "decided"), (0, "unknown")])
def test_a_correction_at_that_moment_takes_only_what_it_says(
    server: Stack, moved_to_days: int, expected: str
) -> None:
    register_company(server)
    begin, assignment = server.now, assign(server)
    one = server.publish()
    server.pass_time(days=2)
    with writing(server.engine) as session:
        end_red(session, assignment, at=server.now, now=server.now)
    server.pass_time(days=2)

    def correct(session: Session) -> None:
        at = begin + timedelta(days=moved_to_days)
        end_red(session, assignment, at=at, now=server.now, ground="it had ended before")

    assert decided_while(server, one, correct) == expected


def test_who_loses_a_power_at_that_moment_decides_by_red(server: Stack) -> None:
    register_company(server)
    assign(server)
    power_id = grant(server, attorney=RED_NIF)
    one = server.publish()
    assert server.ask("AcceptPower", f"<powerId>{power_id}</powerId>", holder=red()).status == 200

    def revoke(session: Session) -> None:
        power = session.get(Power, power_id, with_for_update=True)
        assert power is not None
        power.end(PowerState.REVOKED, server.now)

    assert decided_while(server, one, revoke) == "decided"
