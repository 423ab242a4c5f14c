"""How a connection to a SQLite file is opened: never by making one, durable, and strict."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.private_files import make_file

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

# Two seconds in all: switching takes milliseconds.
_SWITCH_TRIES: Final = 100
_SWITCH_PAUSE_SECONDS: Final = 0.02


def make_database(engine: Engine) -> None:
    """Make the file of a SQLite database where there is none: what only a migration may do.

    For its owner only; SQLite gives those that it makes beside it the same mode.
    """
    if engine.dialect.name == "sqlite" and engine.url.database and not Path(engine.url.database).exists():
        with suppress(OSError):  # SQLite says in its own words that it cannot
            make_file(Path(engine.url.database))


def open_file(
    file: Path, _dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]
) -> None:
    """Have SQLite open the file, and never make it.

    A path with a typing error, or a volume that is not mounted, would otherwise become an empty database.

    Raises: `TemporarilyUnavailableError`: a volume may come back. `ConfigurationError` for a folder, and
    where there is none that the file could lie in.
    """
    try:
        is_there, has_folder = file.exists(), file.parent.is_dir()
    except OSError as error:  # no permission to look, say
        raise ConfigurationError(f"database_url: {file}: {error.strerror}") from error
    if not has_folder:
        raise ConfigurationError(
            f"database_url: there is no folder {file.parent}: mount it, or correct the path"
        )
    if not is_there:
        raise TemporarilyUnavailableError(
            f"there is no database {file}: `notigateway migrate` makes it, where it is the right one",
            part=Part.DATABASE,
        )
    if file.is_dir():
        raise ConfigurationError(f"database_url: {file} is a folder")
    arguments[0] = f"{file.as_uri()}?mode=rw"
    named["uri"] = True


def prepare_connection(file: Path, connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    """Make a new connection durable and strict.

    WAL lets readers and the one writer work at the same time; FULL makes a commit survive a power
    cut, which WAL with NORMAL does not. The driver's own transactions are off (`isolation_level` None):
    they would begin too late and break savepoints.

    Raises: `ConfigurationError` for a file of another kind.
    """
    try:
        _switch_to_wal(connection)
    except sqlite3.DatabaseError as error:
        connection.close()  # the error may be kept, and what SQLite has opened with it
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise ConfigurationError(f"database_url: {file} is no SQLite database") from error
        raise
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Have the database keep a log; a new file is switched once.

    SQLite does not wait for others here, whatever its timeout: of two who open a new file at once, one is
    told that it is locked.
    """
    for left in reversed(range(_SWITCH_TRIES)):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if not left or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(_SWITCH_PAUSE_SECONDS)
        else:
            return
