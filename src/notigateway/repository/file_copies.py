"""Copies a database that is a SQLite file, also while it is in use."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sqlalchemy import make_url

from notigateway.errors import ConfigurationError

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
