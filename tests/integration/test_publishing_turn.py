"""Who publishes waits for the standby, and nobody waits for who publishes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import make_url, text

from notigateway.repository.engine import reading, writing
from patience import PATIENCE_SECONDS
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from databases import PostgreSQL

_CODES = text("SELECT code FROM notifications ORDER BY code")
_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'SyncRep'"
)


@contextmanager
def standby_away(postgresql: PostgreSQL, url: str) -> Iterator[None]:
    """Have the commits of that database wait for a standby that does not come, until the end.

    The other databases of the tests wait for no disk, and so for no standby.
    """
    database = make_url(url).database or ""
    postgresql.execute("ALTER DATABASE {} SET synchronous_commit = on", database)
    postgresql.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    postgresql.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        postgresql.execute("ALTER SYSTEM RESET synchronous_standby_names")
        postgresql.execute("SELECT pg_reload_conf()")


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_publishing_keeps_its_turn_for_nobodys_disk(
    postgresql_url: str, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    stack = Stack(postgresql_url, tmp_path, database_pool_size=4)
    stack.publish("FIRST")
    deposits = [stack.deposit(name) for name in ("A", "B")]

    def codes() -> list[int]:
        with reading(stack.engine) as session:
            return list(session.scalars(_CODES))

    def waiting() -> int:
        with reading(stack.engine) as session:
            return int(session.scalar(_WAITING) or 0)

    def publish(number: int) -> None:
        with writing(stack.engine) as session:
            stack.office.publishing.publish(session, deposits[number], now=stack.now)

    with ThreadPoolExecutor(2) as pool:
        with standby_away(postgresql, postgresql_url):
            stack.engine.dispose()  # the setting of the database is that of new connections
            first = pool.submit(publish, 0)
            wait_for(lambda: codes() == [1, 2])
            second = pool.submit(publish, 1)
            wait_for(lambda: codes() == [1, 2, 3] and waiting() == 2)
            # Both are seen by those who do not answer anybody, and neither is told to be published.
            assert not first.done()
            assert not second.done()
        for one in (first, second):
            one.result(PATIENCE_SECONDS)
    stack.close()


@pytest.mark.parametrize("setting", ["on", "off"])
def test_what_follows_on_the_connection_is_as_durable_as_the_server_wants(
    postgresql_url: str, tmp_path: Path, setting: str
) -> None:
    url = make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            f"ALTER DATABASE {make_url(postgresql_url).database} SET synchronous_commit = {setting}"
        )
    stack = Stack(postgresql_url, tmp_path, database_pool_size=1)
    stack.publish()
    with writing(stack.engine) as session:
        assert session.scalar(text("SHOW synchronous_commit")) == setting
    stack.close()
