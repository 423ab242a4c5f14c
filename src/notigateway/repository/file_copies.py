"""Copies a database that is a SQLite file, also while it is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from notigateway.errors import ConfigurationError
from notigateway.repository.columns import Row

if TYPE_CHECKING:
    from pathlib import Path


def copy_database(url: str, target: Path) -> None:
    """Write what is committed into a new file. Raises: `ConfigurationError` where it is no file."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise ConfigurationError("only a database that is a file can be copied")
    opened = sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True)
    with closing(opened) as source, closing(sqlite3.connect(target)) as copied:
        source.backup(copied)


def check_database(url: str) -> None:
    """Check that a file is a whole database with every table. Raises: `ConfigurationError`."""
    parsed = make_url(url)
    try:
        with closing(sqlite3.connect(f"file:{parsed.database}?mode=ro", uri=True)) as source:
            found = [row[0] for row in source.execute("PRAGMA quick_check")]
            tables = {row[0] for row in source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise ConfigurationError(f"no database: {error}") from error
    lacking = set(Row.metadata.tables) - tables
    if found != ["ok"] or lacking:
        raise ConfigurationError("the database is damaged" if not lacking else "the database lacks tables")
