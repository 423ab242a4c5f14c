"""What the former index of an archive says that its folders do not: runs, places, what is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.archive.schema import FAILURES, NOTIFICATIONS, OF_EACH, RUNS

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

Gone = dict[str, list[dict[str, Any]]]
# The tables that say something of a notification: by which column, and with which ones.
KEPT: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "notifications": ("id", tuple(NOTIFICATIONS)),
    **{table: ("notification_id", columns) for table, columns in OF_EACH.items()},
}


@dataclass(slots=True)
class Former:
    """What is kept of an index that is about to be made anew; `is_known`: it can be read."""

    is_known: bool = False
    # Rows of what runs did and could not do.
    runs: list[tuple[object, ...]] = field(default_factory=list)
    failures: list[tuple[object, ...]] = field(default_factory=list)
    # Which folder is that of a notification, by its identifier.
    folders: dict[str, str] = field(default_factory=dict)


def read_former(file: Path) -> Former:
    """Return what there is of the former index."""
    found = Former()
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as former:
            found.folders = dict(former.execute("SELECT id, folder FROM notifications"))
            found.is_known = True
            found.runs = list(former.execute(f"SELECT {', '.join(RUNS)} FROM runs"))  # noqa: S608
            found.failures = list(former.execute(f"SELECT {', '.join(FAILURES)} FROM failures"))  # noqa: S608
    except sqlite3.Error:
        pass
    return found


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
