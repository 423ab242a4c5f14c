"""Reads the index of an archive, while somebody may be pulling into it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from notigateway.client.archive.schema import DATABASE, VERSION
from notigateway.client.errors import ArchiveIndexError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def check_is_archive(directory: Path) -> None:
    """Check that a folder is an archive: a mistyped name makes none. Raises: `ArchiveIndexError`."""
    if not (directory / ".lock").is_file():
        raise ArchiveIndexError(f"{directory} is no archive: no pull was made into it", is_archive=False)


@contextmanager
def reading(directory: Path) -> Iterator[sqlite3.Connection]:
    """Open the index of an archive to read it, while somebody may be pulling. Raises: `ArchiveIndexError`."""
    check_is_archive(directory)
    file = directory / DATABASE
    if not file.exists():
        raise ArchiveIndexError(f"{file} is not there")
    log = directory / f"{DATABASE}-wal"
    # Where nothing can be written SQLite has no place for what readers share with writers; there are none.
    is_still = not os.access(directory, os.W_OK) and not (log.exists() and log.stat().st_size)
    try:
        way = f"{file.absolute().as_uri()}?mode=ro{'&immutable=1' if is_still else ''}"
        with closing(sqlite3.connect(way, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise ArchiveIndexError(f"{file} is of another version")
            connection.execute("BEGIN")
            yield connection
    except sqlite3.Error as error:
        raise ArchiveIndexError(f"{file}: {error}") from error


def rows(connection: sqlite3.Connection, query: str, *values: object, **named: object) -> list[sqlite3.Row]:
    """Return what a query finds."""
    return list(connection.execute(query, named or values))
