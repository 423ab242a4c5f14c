"""Writes rows of the gateway's own tables by the hundred thousand, as fast as either database takes them.

The tables are those that `repository/` declares: a column that one of them has and a row does not name is
left to its default, so that what is filled here survives a schema that grows.
"""

from __future__ import annotations

from contextlib import contextmanager
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Protocol

from psycopg.sql import SQL, Identifier
from sqlalchemy import Table, Uuid

from notigateway.repository.columns import Row, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import psycopg
    from sqlalchemy import Column, Engine

# How many rows of a table wait before they are written together.
AT_ONCE: Final = 20_000
# Nothing of a filling has to survive a power cut: who is interrupted begins anew.
# Without a log what is written goes to the file itself, once; whoever connects next makes a log again.
_SQLITE: Final = (
    "query_only=OFF",
    "synchronous=OFF",
    "journal_mode=OFF",
    "cache_size=-1048576",
    "foreign_keys=OFF",
)
# Constraints to other tables are not looked up for each row: the filler makes both ends. A filling takes
# minutes, of which the rows are made in most.
_POSTGRESQL: Final = (
    "SET synchronous_commit = off",
    "SET session_replication_role = replica",
    "SET idle_in_transaction_session_timeout = 0",
    "SET statement_timeout = 0",
)


class Rows:
    """The rows of one table, collected and written in their order."""

    def __init__(self, table: Table, offered: Mapping[str, object], write: Write, dialect: Any) -> None:  # noqa: ANN401
        """Learn from one row which columns are given.

        Raises: `SystemExit` naming a column that must be given and is not.
        """
        self._columns: list[Column[Any]] = []
        for column in table.columns:
            if column.name in offered:
                self._columns.append(column)
            elif not (column.nullable or column.server_default is not None or column.identity is not None):
                raise SystemExit(f"the filling gives no {table.name}.{column.name}: bench/filling.py must")
        self._names = [column.name for column in self._columns]
        self._pick: Callable[[Mapping[str, object]], Sequence[object]] = itemgetter(*self._names)
        self._convert = [(at, one) for at, one in enumerate(_converters(self._columns, dialect)) if one]
        self._table, self._write = table, write
        self._waiting: list[Sequence[object]] = []

    def add(self, row: Mapping[str, object]) -> None:
        """Take one row; what it has beyond the table's columns is left out."""
        values = list(self._pick(row))
        for at, convert in self._convert:
            values[at] = convert(values[at])
        self._waiting.append(values)

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to write."""
        return len(self._waiting) >= AT_ONCE

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._write(self._table.name, self._names, self._waiting)
            self._waiting = []


class Write(Protocol):
    """How a database takes many rows of a table."""

    def __call__(self, table: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert them in their order."""


class Bulk:
    """The tables that are being filled, over one connection."""

    def __init__(self, write: Write, dialect: Any) -> None:  # noqa: ANN401  (SQLAlchemy's, either)
        self._write, self._dialect = write, dialect
        self._rows: dict[str, Rows] = {}

    def add(self, model: type[Row], row: Mapping[str, object]) -> None:
        """Take one row of a table; the first one says which columns all of them give."""
        rows = self._rows.get(model.__tablename__)
        if rows is None:
            table = model.__table__
            assert isinstance(table, Table)
            rows = self._rows[model.__tablename__] = Rows(table, row, self._write, self._dialect)
        rows.add(row)

    def flush(self, *, only_if_full: bool = False) -> None:
        """Write what waits, each table after those that it names, as triggers want it."""
        if not only_if_full or any(rows.is_full for rows in self._rows.values()):
            for table in Row.metadata.sorted_tables:
                if table.name in self._rows:
                    self._rows[table.name].flush()


@contextmanager
def bulk_of(engine: Engine) -> Iterator[Bulk]:
    """Fill a database over a connection of its own; everything is committed at the end of the context."""
    engine.dispose()  # SQLite gives up its log to the last connection only
    raw = engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        driver.rollback()
        if engine.dialect.name == "sqlite":
            for pragma in _SQLITE:
                driver.execute(f"PRAGMA {pragma}").close()
            driver.execute("BEGIN IMMEDIATE")
            write: Write = _Inserting(driver)
        else:
            driver.isolation_level, driver.read_only = None, None  # whoever had it before may have read only
            for statement in _POSTGRESQL:
                driver.execute(statement)
            write = _Copying(driver)
        bulk = Bulk(write, engine.dialect)
        yield bulk
        bulk.flush()
        driver.commit()
        if engine.dialect.name == "postgresql":
            _number_on(driver)
    finally:
        # With its settings it serves nobody else.
        raw.invalidate()
        raw.close()


class _Inserting:
    """SQLite: prepared inserts."""

    def __init__(self, driver: Any) -> None:  # noqa: ANN401  (sqlite3's connection)
        self._driver = driver

    def __call__(self, table: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        columns = ", ".join(f'"{name}"' for name in names)
        marks = ", ".join("?" * len(names))
        self._driver.executemany(f'INSERT INTO "{table}" ({columns}) VALUES ({marks})', rows)  # noqa: S608


class _Copying:
    """PostgreSQL: COPY."""

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver

    def __call__(self, table: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        statement = SQL("COPY {} ({}) FROM STDIN").format(
            Identifier(table), SQL(", ").join(map(Identifier, names))
        )
        with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _number_on(driver: psycopg.Connection[Any]) -> None:
    """Let numbers given by the database begin after those that were given here; SQLite does so by itself."""
    for table, column in (("notifications", "code"), ("changes", "position"), ("addressees", "id")):
        driver.execute(
            SQL("SELECT setval(pg_get_serial_sequence({}, {}), (SELECT max({}) FROM {}))").format(
                table, column, Identifier(column), Identifier(table)
            )
        )
    driver.commit()
    driver.autocommit = True
    # As autovacuum would do it in time; SQLite has no statistics in production either.
    driver.execute("VACUUM ANALYZE")


def _converters(columns: Sequence[Column[Any]], dialect: Any) -> Iterator[Callable[[Any], object] | None]:  # noqa: ANN401
    """Yield for each column how its values become what the driver takes; None where they are that already."""
    for column in columns:
        kind = column.type
        if isinstance(kind, Word):
            yield _word
        elif dialect.name == "postgresql":
            yield None
        elif isinstance(kind, Uuid):
            yield _hex
        else:
            yield kind.dialect_impl(dialect).bind_processor(dialect)


def _word(value: object) -> str | None:
    return None if value is None else str(value)


def _hex(value: Any) -> str | None:  # noqa: ANN401  (a UUID or None)
    return None if value is None else value.hex
