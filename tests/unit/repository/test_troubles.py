"""What of a database time or its operator heals, by the codes that it gives."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import exc

from notigateway.errors import Part
from notigateway.repository.troubles import Refusal, makes_stale, refusal_of, trouble_of

TROUBLE = [
    errors.ConnectionException,
    errors.ConnectionFailure,
    errors.InvalidAuthorizationSpecification,
    errors.InvalidPassword,
    errors.InvalidCatalogName,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.DiskFull,
    errors.TooManyConnections,
    errors.OutOfMemory,
    errors.ObjectInUse,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.DatabaseDropped,
    errors.IdleSessionTimeout,
    errors.IdleInTransactionSessionTimeout,
    errors.ReadOnlySqlTransaction,
    errors.IoError,
    errors.UndefinedFile,
    errors.DataCorrupted,
    # without a code: no answer at all
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.ConnectionTimeout,
]
DEFECTS = [
    errors.UndefinedTable,
    errors.SyntaxError,
    errors.UniqueViolation,
    errors.CheckViolation,
    errors.NumericValueOutOfRange,
    errors.InsufficientPrivilege,
    errors.FeatureNotSupported,
    errors.InFailedSqlTransaction,
    errors.InternalError_,
    psycopg.ProgrammingError,
    psycopg.DataError,
]


def as_sqlalchemy(error: Exception, *, is_lost: bool = False) -> exc.DBAPIError:
    base = sqlite3.Error if isinstance(error, sqlite3.Error) else psycopg.Error
    found = exc.DBAPIError.instance("SELECT 1", None, error, base, connection_invalidated=is_lost)
    assert isinstance(found, exc.DBAPIError)
    return found


@pytest.mark.parametrize("kind", TROUBLE)
def test_what_time_heals_is_temporary_however_the_driver_classes_it(kind: type[psycopg.Error]) -> None:
    for error in (kind("what it says\nHINT: more"), as_sqlalchemy(kind("what it says\nHINT: more"))):
        trouble = trouble_of(error)
        assert trouble is not None
        assert trouble.part is Part.DATABASE
        assert trouble.detail.endswith("what it says HINT: more")


@pytest.mark.parametrize("kind", DEFECTS)
def test_a_defect_stays_one_unless_the_connection_is_gone(kind: type[psycopg.Error]) -> None:
    assert trouble_of(kind("no")) is None
    assert trouble_of(as_sqlalchemy(kind("no"))) is None
    assert trouble_of(as_sqlalchemy(kind("no"), is_lost=True)) is not None


def test_a_dead_connection_that_is_told_how_to_begin_is_temporary() -> None:
    said = "can't change 'read_only' now: connection in transaction status "
    assert trouble_of(psycopg.ProgrammingError(f"{said}UNKNOWN")) is not None
    assert trouble_of(psycopg.ProgrammingError(f"{said}INTRANS")) is None


def test_what_sqlalchemy_says_of_a_lost_connection_is_temporary() -> None:
    assert trouble_of(exc.TimeoutError("QueuePool limit")) is not None
    assert trouble_of(exc.PendingRollbackError("Can't reconnect", code="8s2b")) is not None
    assert trouble_of(exc.InvalidRequestError("This connection is closed")) is not None
    assert trouble_of(exc.InvalidRequestError("A transaction is already begun")) is None
    assert trouble_of(KeyError("x")) is None


def test_only_servers_that_are_no_primary_and_files_that_were_opened_wrongly_are_left() -> None:
    assert makes_stale(as_sqlalchemy(errors.ReadOnlySqlTransaction("no")))
    assert makes_stale(errors.AdminShutdown("no"))
    assert not makes_stale(errors.SerializationFailure("no"))
    for code in (
        sqlite3.SQLITE_READONLY_CANTINIT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    ):
        assert makes_stale(as_sqlalchemy(sqlite(code)))
    for code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CONSTRAINT_UNIQUE):
        assert not makes_stale(sqlite(code))
    assert not makes_stale(KeyError("x"))


def sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("what it says")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "code",
    [
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_BUSY_SNAPSHOT,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_READONLY_DBMOVED,
        sqlite3.SQLITE_READONLY_DIRECTORY,
    ],
)
def test_of_sqlite_too(code: int) -> None:
    assert trouble_of(sqlite(code)) is not None
    assert trouble_of(as_sqlalchemy(sqlite(code))) is not None


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_MISUSE]
)
def test_a_defect_of_sqlite_stays_one(code: int) -> None:
    assert trouble_of(as_sqlalchemy(sqlite(code))) is None


def test_who_writes_where_only_reading_is_allowed_is_wrong_and_no_database_is() -> None:
    assert trouble_of(errors.ReadOnlySqlTransaction("no"), may_write=False) is None
    assert trouble_of(sqlite(sqlite3.SQLITE_READONLY), may_write=False) is None
    assert trouble_of(sqlite(sqlite3.SQLITE_READONLY_CANTINIT), may_write=False) is not None


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (sqlite(sqlite3.SQLITE_READONLY_CANTINIT), Refusal.READ_ONLY),
        (errors.ReadOnlySqlTransaction("no"), Refusal.READ_ONLY),
        (sqlite(sqlite3.SQLITE_FULL), Refusal.NO_ROOM),
        (errors.DiskFull("no"), Refusal.NO_ROOM),
        (sqlite(sqlite3.SQLITE_IOERR_WRITE), Refusal.DISK_FAILS),
        (sqlite(sqlite3.SQLITE_CORRUPT), Refusal.DISK_FAILS),
        (errors.IoError("no"), Refusal.DISK_FAILS),
        (errors.IndexCorrupted("no"), Refusal.DISK_FAILS),
        (sqlite(sqlite3.SQLITE_BUSY), None),
        (errors.TooManyConnections("no"), None),
        (psycopg.OperationalError("no answer"), None),
        (KeyError("x"), None),
    ],
)
def test_why_nothing_is_kept_is_told_apart_from_what_is_away_or_locked(
    error: Exception, refusal: Refusal | None
) -> None:
    assert refusal_of(error) is refusal
