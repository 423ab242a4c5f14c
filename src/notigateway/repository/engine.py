"""Opens the database and its transactions: SQLite by default, PostgreSQL in production.

A session is always inside `reading` or `writing`: the border that opens it owns the transaction, the
use cases below never commit.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import URL, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import QueuePool

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.logger import Logger
from notigateway.metering.account import Stage, timed
from notigateway.metering.meters import meters
from notigateway.repository.commit import commit
from notigateway.repository.doubts import doubt
from notigateway.repository.fate import Fate, perhaps_committed
from notigateway.repository.file_connections import open_file, prepare_connection
from notigateway.repository.file_generations import FileGenerations
from notigateway.repository.file_transactions import (
    ACCESS,
    READ,
    WAIT,
    WRITE,
    FileTransactions,
)
from notigateway.repository.generations import Generations
from notigateway.repository.idle_connections import look_at_idle_connections
from notigateway.repository.kept_connection import connection_of, kept_for
from notigateway.repository.opened_file import OpenedFile
from notigateway.repository.pool import BoundedPool
from notigateway.repository.session import Session
from notigateway.repository.troubles import makes_stale, trouble_of
from notigateway.repository.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Connection

    from notigateway.repository.kept_connection import KeptConnection
    from notigateway.settings import Settings

_log = Logger("notigateway.database")
_READING: Final = {ACCESS: READ}
# SQLite's waiting writers look for the lock every 0.1 seconds at the latest: they get a turn.
_SQLITE_PAUSE_SECONDS = 0.1


# The order of the threads that write to SQLite; between processes there is none.
_turns: WeakKeyDictionary[Engine, Turns] = WeakKeyDictionary()
# Which of its connections lead to the primary, or to the file that is there now.
_generations: WeakKeyDictionary[Engine, Generations] = WeakKeyDictionary()


def create_database(url: str, *, pool_size: int = 8, timeout_seconds: int = 30) -> Engine:
    """Return an engine for the database; no connection is made yet.

    `timeout_seconds` bounds waiting for a pooled connection, for a connection to be made, for a lock
    and for one statement.

    Raises: `ConfigurationError` for a URL that is neither a SQLite file nor PostgreSQL.
    """
    parsed = _parse(url)
    options = _OPTIONS[parsed.get_backend_name()](parsed, timeout_seconds)
    try:
        engine = create_engine(
            parsed,
            poolclass=BoundedPool,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=timeout_seconds,
            hide_parameters=True,  # what a caller wrote does not belong in an error's text
            **options,
        )
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            "database_url names PostgreSQL: install the extra with pip install 'notigateway[postgres]'"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        _turns[engine] = Turns(timeout_seconds)
        file = Path(parsed.database or "").absolute()
        event.listen(engine, "do_connect", partial(open_file, file))
        event.listen(engine, "connect", partial(prepare_connection, file))
        _generations[engine] = generations = FileGenerations(engine)
        FileTransactions(engine, generations, timeout_seconds=timeout_seconds)
        OpenedFile(engine, file, generations)
        generations.follow()
    else:
        from notigateway.repository.bounded import bound_waits  # noqa: PLC0415  (its driver is an extra)
        from notigateway.repository.server_transactions import begin_by_access  # noqa: PLC0415

        bound_waits(engine, timeout_seconds)
        _generations[engine] = Generations(engine)
        begin_by_access(engine)
        look_at_idle_connections(engine)
    return engine


@contextmanager
def connected(settings: Settings) -> Iterator[Engine]:
    """Open the database of the settings, at whatever revision it is; close it in any case."""
    engine = create_database(settings.database_url, timeout_seconds=settings.database_timeout_seconds)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that sees one snapshot and cannot change anything.

    Where a connection is kept for a request, it goes on in the snapshot in which the request has read.

    Raises: `TemporarilyUnavailableError`.
    """
    kept = kept_for(engine)
    with timed(Stage.DATABASE):
        if kept is None:
            with _session(engine, _READING, may_write=False) as session:
                yield session
                session.end_reading()
        else:
            with _going_on(engine, kept) as session:
                yield session
                session.check_unchanged()


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """Give a session that is committed on normal exit and rolled back on any exception.

    On SQLite it is the only writer from its first moment on, so nothing it has read can change under
    it; on PostgreSQL the rows that matter are locked by the queries.

    Raises: `TemporarilyUnavailableError`; then nothing was changed, except where the connection was
    lost, or something failed, during the commit itself: repeating is safe, because use cases are idempotent.
    What fails after the commit is logged, and nobody else's matter: what is durable is told as such.
    """
    session: Session | None = None
    try:
        with (
            timed(Stage.DATABASE),
            _turn(engine) as left,
            _session(engine, {ACCESS: WRITE, WAIT: left}, may_write=True) as session,
        ):
            yield session
            commit(session)
    except Exception as error:  # noqa: BLE001  (what becomes of it, its transaction's fate decides)
        _judge(error, Fate.OPEN if session is None else session.fate)


def _judge(error: Exception, fate: Fate) -> None:
    """Tell what an error means that ends a transaction of this fate.

    Raises: the error itself; `TemporarilyUnavailableError` for it where nobody knows whether there was a
    commit. A database that answered in its own words made none.
    """
    if fate is Fate.DURABLE:
        with suppress(Exception):  # memory may be short for this, too
            _log.error("failed_after_commit", exc_info=error)
    elif fate is Fate.OPEN or isinstance(error, TemporarilyUnavailableError | exc.DBAPIError):
        raise error
    else:
        raise perhaps_committed() from error


def _turn(engine: Engine) -> AbstractContextManager[float | None]:
    turns = _turns.get(engine)
    return turns.turn() if turns is not None else nullcontext()


def let_others_write(engine: Engine) -> None:
    """Leave SQLite's one write lock to those who wait for it: between the batches of a job."""
    if engine.dialect.name == "sqlite":
        time.sleep(_SQLITE_PAUSE_SECONDS)


@contextmanager
def _session(engine: Engine, options: Mapping[str, Any], *, may_write: bool) -> Iterator[Session]:
    """Open a session and its transaction at once; without a commit within it is rolled back."""
    with in_our_words(may_write=may_write), connection_of(engine) as connection:
        session = _begun(connection, options)
        try:
            with _watched(engine, connection):
                yield session
        finally:
            session.close()


@contextmanager
def _going_on(engine: Engine, kept: KeptConnection) -> Iterator[Session]:
    """Give the session by which a request has read, in its transaction, which stays open."""
    with in_our_words(may_write=False), kept.taken(goes_on=True) as connection:
        session = kept.reader
        if session is None:
            session = kept.reader = _begun(connection, _READING)
        try:
            with _watched(engine, connection):
                yield session
        except BaseException:
            session.close()
            raise


def _begun(connection: Connection, options: Mapping[str, Any]) -> Session:
    connection.execution_options(**options).begin()
    return Session(connection)


@contextmanager
def _watched(engine: Engine, connection: Connection) -> Iterator[None]:
    """Learn from what fails on a connection which others are not to be used again."""
    try:
        yield
    except Exception as error:
        if makes_stale(error):
            _generations[engine].leave(connection)
        doubt(engine, error)
        raise


def note_pool(engine: Engine) -> None:
    """Say in numbers how much of the pool is in use at this moment."""
    if isinstance(engine.pool, QueuePool):
        meters().pool_in_use.set(engine.pool.checkedout())
        meters().pool_size.set(engine.pool.size())


@contextmanager
def in_our_words(*, may_write: bool = True) -> Iterator[None]:
    """Turn the database's troubles into `TemporarilyUnavailableError`; a defect stays what it is."""
    try:
        yield
    except Exception as error:
        trouble = trouble_of(error, may_write=may_write)
        if trouble is None:
            raise
        raise trouble from error


def _parse(url: str) -> URL:
    """Return the URL if it names a kind of database that the tests run on."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError as error:
        raise ConfigurationError("database_url is not a URL") from error  # it may hold a password
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}:
        raise ConfigurationError(
            f"database_url: {parsed.drivername} is not supported; use sqlite:///FILE or postgresql://…"
        )
    return parsed


def _sqlite_options(url: URL, timeout_seconds: int) -> dict[str, Any]:
    """Refuse what is not a file: every connection must see the same database."""
    if not url.database or url.database.startswith((":memory:", "file:")):
        raise ConfigurationError("database_url: SQLite needs a file, for example sqlite:///notigateway.db")
    return {"connect_args": {"timeout": timeout_seconds, "isolation_level": None}}


def _postgresql_options(_url: URL, timeout_seconds: int) -> dict[str, Any]:
    """Bound every wait, and notice connections that died on the way."""
    milliseconds = timeout_seconds * 1000
    session = {
        "timezone": "UTC",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
        # A page is some thousand rows of large tables: compiling its query takes longer than answering it,
        # and where a row by its key counts as much as four pages, whole tables are read instead.
        "jit": "off",
        "random_page_cost": "1.1",
    }
    return {
        "connect_args": {
            "connect_timeout": timeout_seconds,
            "tcp_user_timeout": milliseconds,
            "application_name": "notigateway",
            "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
        },
    }


_OPTIONS = {"sqlite": _sqlite_options, "postgresql": _postgresql_options}
