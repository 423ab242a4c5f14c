"""How many transactions of a PostgreSQL server wait for others."""

from __future__ import annotations

from contextlib import closing
from time import monotonic

import psycopg

from patience import PATIENCE_SECONDS


def wait_until_so_many_wait(url: str, count: int) -> None:
    """Return once so many transactions wait for a row or for one another."""
    until = monotonic() + PATIENCE_SECONDS
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with closing(psycopg.connect(url, autocommit=True)) as looking:
        while looking.execute(waiting).fetchone() != (count,):
            assert monotonic() < until
