"""Gives committed events their places among the changes: whoever reads the changes, and the jobs.

So nobody who decides waits for another's commit, and what a killed process has left is placed by the next
who looks. On SQLite, which has one writer, events have their places when they are committed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from notigateway.repository.changes import PLACED_AT_ONCE, is_any_unplaced, place_unplaced
from notigateway.repository.engine import reading, writing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from notigateway.repository.session import Session

# Whoever reads does not work off everything that others have left: the rest comes with its next request.
_PORTIONS_OF_A_READER: Final = 4


@contextmanager
def reading_changes(engine: Engine) -> Iterator[Session]:
    """Give a session that reads, in whose snapshot every change has its place that was committed before.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        if not is_any_unplaced(session):
            yield session
            return
    place_committed(engine, portions=_PORTIONS_OF_A_READER)
    with reading(engine) as session:
        yield session


def place_committed(engine: Engine, *, portions: int | None = None) -> None:
    """Give places to what is committed, portion by portion; safe to run twice and at the same time.

    Raises: `TemporarilyUnavailableError`; what was placed until then stays.
    """
    if engine.dialect.name != "postgresql":
        return
    while portions is None or portions > 0:
        with writing(engine) as session:
            if place_unplaced(session) < PLACED_AT_ONCE:
                return
        portions = None if portions is None else portions - 1
