"""Tells the database's troubles, which time or its operator heals, from defects of ours.

What is judged is the code that the database gives, not the class that a driver makes of it: a standby that
was a primary says "feature not supported", a connection that went away may be an "interface error". Where
there is no code there was no answer, and then the way to the database is at fault.
"""

from __future__ import annotations

import sqlite3
import sys
from enum import Enum
from typing import Final, TypeGuard

from sqlalchemy import exc

from notigateway.errors import Part, TemporarilyUnavailableError

# The primary result codes of SQLite (the low byte of a code) that say nothing of our statements: busy; a
# full, failing or read-only disk; a file that is away; no memory. A damaged file is no matter of time: it is
# the operator's to restore, and until then nothing is lost by trying again.
_SQLITE_TROUBLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_SCHEMA,
    }
)

# Of those, what may lie in what a connection has open. A full disk and a lock are not of them.
_SQLITE_STALE: Final = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)

_SQLITE_DISK: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOTADB})

# Classes of SQLSTATE (PostgreSQL, appendix A): connection, authorisation (passwords and rules that change
# with a failover), rolled back for another's sake, resources, the operator's intervention, the system.
_TROUBLE_CLASSES: Final = frozenset({"08", "28", "40", "53", "57", "58"})
_TROUBLE_STATES: Final = frozenset(
    {
        "25006",  # read-only: a standby, or set so
        "25P03",  # idle in a transaction for too long: the worker was stopped in between
        "25P04",  # a transaction for too long
        "3D000",  # no such database: being restored
        "55006",  # in use by who is at work on it
        "55P03",  # a lock did not come in time
        "72000",  # a snapshot too old
        "XX001",  # damaged data: the operator's to restore, as with SQLite
        "XX002",  # a damaged index
    }
)
_READ_ONLY: Final = "25006"
_DISK_FULL: Final = "53100"
_SYSTEM_CLASS: Final = "58"
_DAMAGED_STATES: Final = frozenset({"XX001", "XX002"})
# What PostgreSQL cannot do: a defect, but where a transaction's mode was asked for. Then it is a standby.
_NOT_SUPPORTED: Final = "0A000"
_MODES: Final = "guc.c"
# The server that answered so is going down or is no primary any more: its other connections are no better.
_CHANGED_STATES: Final = frozenset({_READ_ONLY, "57P01", "57P02", "57P03"})

# No such column, no such table; SQLite has words for it and no codes.
_UNKNOWN_STATES: Final = frozenset({"42703", "42P01"})
_SQLITE_UNKNOWN: Final = ("no such table", "no such column", "has no column named")

# The classes (PEP 249) of what a driver says of a connection, and not of what was asked.
_OF_CONNECTIONS: Final = frozenset({"OperationalError", "InterfaceError", "InternalError"})

# What SQLAlchemy says by itself when a connection goes away between two statements, or whenever it is made.
_UNUSABLE: Final = "8s2b"
_CLOSED: Final = "This connection is closed"


def trouble_of(error: Exception, *, may_write: bool = True) -> TemporarilyUnavailableError | None:
    """Return what an error means that passes the border of a transaction; None for what is a defect.

    `may_write`: whether the transaction was to change anything. Who writes in one that only reads is wrong,
    whatever the database.
    """
    if isinstance(error, exc.TimeoutError):
        return _away("no database connection became free in time")
    if isinstance(error, exc.InvalidRequestError):
        is_lost = error.code == _UNUSABLE or str(error.args[0] if error.args else "") == _CLOSED
        return _away("the connection to the database was lost") if is_lost else None
    original = _original(error)
    if not _is_of_a_driver(original):
        return None
    is_lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    if is_read_only(original):
        is_ours = not may_write and _is_refused_to_readers(original)
        return None if is_ours else _away(f"the database is read-only (a standby?): {original}")
    return _away(str(original)) if is_lost or _is_trouble(original) else None


def makes_stale(error: Exception) -> bool:
    """Tell whether every connection of that age has to go, not one alone.

    A server is no primary (any more), or a file was opened as it is no more: what SQLite opened on a disk
    that was read-only, or read while somebody restored the file, it keeps.
    """
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        return _primary_code(original) in _SQLITE_STALE
    if not _is_of_a_driver(original):
        return False
    return is_read_only(original) or getattr(original, "sqlstate", None) in _CHANGED_STATES


class Refusal(Enum):
    """Why a database that answers keeps nothing of what is written."""

    READ_ONLY = "is read-only, or a standby"
    NO_ROOM = "no room is left on its disk"
    DISK_FAILS = "its disk fails, or its file is damaged"


def refusal_of(error: BaseException | None) -> Refusal | None:
    """Return why a database keeps nothing, as an error tells it; None for any other error."""
    if is_read_only(error):
        return Refusal.READ_ONLY
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        code = _primary_code(original)
        if code == sqlite3.SQLITE_FULL:
            return Refusal.NO_ROOM
        return Refusal.DISK_FAILS if code in _SQLITE_DISK else None
    state = getattr(original, "sqlstate", None) or ""
    if state == _DISK_FULL:
        return Refusal.NO_ROOM
    return Refusal.DISK_FAILS if state[:2] == _SYSTEM_CLASS or state in _DAMAGED_STATES else None


def is_of_another_schema(error: Exception) -> bool:
    """Tell whether a statement named a table or a column that is not there."""
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        return any(said in str(original) for said in _SQLITE_UNKNOWN)
    return getattr(original, "sqlstate", None) in _UNKNOWN_STATES


def is_read_only(error: BaseException | None) -> bool:
    """Tell whether an error says that the database takes no changes."""
    original = _original(error)
    if isinstance(original, sqlite3.Error):
        return _primary_code(original) == sqlite3.SQLITE_READONLY
    state = getattr(original, "sqlstate", None)
    if state == _NOT_SUPPORTED:
        return getattr(getattr(original, "diag", None), "source_file", None) == _MODES
    return bool(state == _READ_ONLY)


def _original(error: BaseException | None) -> BaseException | None:
    """Return the driver's error that SQLAlchemy has wrapped."""
    return error.orig if isinstance(error, exc.DBAPIError) else error


def _is_of_a_driver(error: BaseException | None) -> TypeGuard[BaseException]:
    """Tell whether a driver of a database said it: SQLite's, or PostgreSQL's where that was loaded at all.

    It is an extra, and takes a tenth of a second: who has no such database waits for none.
    """
    postgresql = sys.modules.get("psycopg")
    return isinstance(error, sqlite3.Error) or (
        postgresql is not None and isinstance(error, postgresql.Error)
    )


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _away(detail: str) -> TemporarilyUnavailableError:
    """Say it in one line: a driver's text may have several."""
    return TemporarilyUnavailableError(f"database: {' '.join(detail.split())}", part=Part.DATABASE)


def _is_trouble(error: BaseException) -> bool:
    """Tell trouble from a defect by the code; without one a driver reports of the connection."""
    if isinstance(error, sqlite3.Error):
        return _primary_code(error) in _SQLITE_TROUBLE
    state = getattr(error, "sqlstate", None)
    if state is not None:
        return state in _TROUBLE_STATES or state[:2] in _TROUBLE_CLASSES
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "ProgrammingError" in kinds:  # it was used wrongly; unless it is that it is dead
        return str(error).endswith("UNKNOWN")
    return bool(kinds & _OF_CONNECTIONS)


def _is_refused_to_readers(error: BaseException) -> bool:
    """Tell whether it is what a transaction that only reads is told, and not of a disk that is read-only."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY
    return getattr(error, "sqlstate", None) == _READ_ONLY
