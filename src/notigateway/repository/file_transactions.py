"""How a transaction on a SQLite file begins, and that one which only reads keeps nothing.

SQLite could refuse to write by itself (`PRAGMA query_only`), but each switch of that has every statement of
the connection prepared anew: a third of a millisecond of every request. So a reading transaction is always
rolled back, and it fails as soon as it has changed a row.

SQLite ends a transaction by itself where its disk is full or fails, or memory is short. To commit it then
would do nothing and say nothing, so it is looked whether there still is one.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event, exc

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.troubles import makes_stale
from notigateway.time_left import at_most

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from notigateway.repository.generations import Generations

# Names of execution options of ours.
ACCESS: Final = "notigateway_access"
WAIT: Final = "notigateway_wait_seconds"
READ: Final = "read"
WRITE: Final = "write"
# What a connection carries: how long it waits for a lock, and what it had changed when it began to read.
_WAITS: Final = "notigateway_waits_milliseconds"
_CHANGED: Final = "notigateway_changed_rows"


class FileTransactions:
    """Begins the transactions of an engine on a file."""

    def __init__(self, engine: Engine, generations: Generations, *, timeout_seconds: float) -> None:
        self._generations = generations
        self._timeout_seconds = timeout_seconds
        event.listen(engine, "begin", self._begin)
        event.listen(engine, "after_cursor_execute", _refuse_changes)
        event.listen(engine, "commit", _check_committing)

    def _begin(self, connection: Connection) -> None:
        """Begin explicitly, with the write lock taken at once unless the transaction only reads.

        A deferred transaction that begins to write after somebody else has written fails at once with
        SQLITE_BUSY, whatever the timeout; one that takes the lock at its start waits for its turn.
        """
        options = connection.get_execution_options()
        is_reading = options.get(ACCESS) == READ
        waits = _milliseconds(at_most(options.get(WAIT, self._timeout_seconds)))
        cursor = connection.connection.cursor()  # the driver's: every request begins several times
        try:
            if connection.info.get(_WAITS) != waits:
                cursor.execute(f"PRAGMA busy_timeout={waits}")
                connection.info[_WAITS] = waits
            if is_reading:
                connection.info[_CHANGED] = _changed_rows(connection)
            cursor.execute("BEGIN" if is_reading else "BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            if makes_stale(error):
                self._generations.leave(connection)
            raise
        finally:
            cursor.close()


def _milliseconds(seconds: float) -> int:
    """Return a bound in whole seconds where there are some: each other one has to be told to SQLite."""
    return int(seconds) * 1000 if seconds >= 1 else int(seconds * 1000)


def check_unchanged(connection: Connection) -> None:
    """Check that a reading transaction on a file has changed nothing, before it is rolled back.

    Raises: `sqlalchemy.exc.OperationalError`, as SQLite would refuse it; it is a defect of whoever wrote.
    """
    if _changed_rows(connection) == connection.info[_CHANGED]:
        return
    refusal = sqlite3.OperationalError("attempt to write in a readonly transaction")
    refusal.sqlite_errorcode = sqlite3.SQLITE_READONLY
    raise exc.OperationalError("a reading transaction", None, refusal, hide_parameters=True)


def _refuse_changes(connection: Connection, *_statement: Any) -> None:  # noqa: ANN401  (SQLAlchemy's words)
    if connection.get_execution_options().get(ACCESS) == READ:
        check_unchanged(connection)


def check_going_on(connection: Connection) -> None:
    """Check that a transaction on a file was not taken back by SQLite itself; a server would refuse to go on.

    Raises: `TemporarilyUnavailableError`; nothing that was changed in it is left.
    """
    if connection.dialect.name != "sqlite":
        return
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        raise TemporarilyUnavailableError("SQLite has taken the transaction back", part=Part.DATABASE)


def _check_committing(connection: Connection) -> None:
    if connection.get_execution_options().get(ACCESS) == WRITE:
        try:
            check_going_on(connection)
        except TemporarilyUnavailableError:
            connection.invalidate()  # SQLAlchemy does not end what fails here
            raise


def _changed_rows(connection: Connection) -> int:
    """Return how many rows were changed by the connection since it was opened, whatever became of it."""
    driver: Any = connection.connection.driver_connection
    changed: int = driver.total_changes
    return changed
