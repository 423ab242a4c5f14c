"""How many wait for somebody who writes, looked at so that a test goes on when they wait and not before."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

import psycopg

from notigateway.repository import engine as engines
from notigateway.repository import together
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

_OF_A_SERVER: Final = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_until_so_many_wait(engine: Engine, count: int) -> None:
    """Return once so many transactions wait for others: on SQLite, threads of this process for their turn."""
    if engine.dialect.name == "sqlite":
        waiting = engines._turns[engine]._waiting
        _wait_for(lambda: len(waiting) == count)
        return
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, autocommit=True)) as looking:
        _wait_for(lambda: looking.execute(_OF_A_SERVER).fetchone() == (count,))


def wait_until_so_many_gather(engine: Engine, count: int) -> None:
    """Return once so many are there whose writes SQLite's next transaction takes together."""
    _wait_for(lambda: engine in together._gatherings)
    waiting = together._gatherings[engine]._waiting
    _wait_for(lambda: len(waiting) == count)


def _wait_for(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.002)
