"""What the former index of an archive says that its folders do not: its runs, and what is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.archive.schema import NOTIFICATIONS, OF_EACH, RUNS

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

Gone = dict[str, list[dict[str, Any]]]
# The tables that say something of a notification: by which column, and with which ones.
KEPT: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "notifications": ("id", tuple(NOTIFICATIONS)),
    **{table: ("notification_id", columns) for table, columns in OF_EACH.items()},
}


def former_runs(file: Path) -> list[tuple[object, ...]]:
    """Return the runs of an index that is about to be made anew, where they can be read."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as former:
            return list(former.execute(f"SELECT {', '.join(RUNS)} FROM runs"))  # noqa: S608
    except sqlite3.Error:
        return []


def former_gone(file: Path, known: Container[str], *, only: Container[str] | None) -> list[Gone]:
    """Return what the former index says of each of which no folder says anything, or of `only` these."""
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as former:
            listed = former.execute("SELECT id, folder FROM notifications").fetchall()
            gone = [name for name, place in listed if name not in known and (only is None or place in only)]
            return [
                {
                    table: said_by(former, f"SELECT * FROM {table} WHERE {key} = ?", identifier)  # noqa: S608
                    for table, (key, _) in KEPT.items()
                }
                for identifier in gone
            ]
    except sqlite3.Error:
        return []


def said_by(connection: sqlite3.Connection, query: str, *values: object) -> list[dict[str, Any]]:
    """Return what a query finds, by column."""
    found = connection.execute(query, values)
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]
