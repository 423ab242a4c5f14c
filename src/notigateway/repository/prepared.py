"""Statements that every request runs: written with SQLAlchemy, compiled once, executed by the driver.

What SQLAlchemy does around a statement takes ten times as long as SQLite takes to answer it, and a request
runs half a dozen. The types convert values here too, the transaction is the session's, and an error is the
one that SQLAlchemy would raise. Nothing is flushed before: these statements read and write no rows that
a session may hold.
"""

from __future__ import annotations

from collections import namedtuple
from contextlib import contextmanager
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from sqlalchemy import Uuid, exc
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import ClauseElement, Connection
    from sqlalchemy.engine import Dialect
    from sqlalchemy.engine.interfaces import DBAPICursor
    from sqlalchemy.types import TypeEngine

    from notigateway.repository.session import Session


class UuidText(TypeDecorator[str]):
    """Reads an identifier as the text that answers carry: of a thousand rows no objects are made."""

    impl = Uuid
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str]:  # noqa: ARG002
        """Return what writes the identifier: SQLite keeps 32 hexadecimal digits."""
        return str if dialect.name == "postgresql" else _with_dashes


def _with_dashes(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class Prepared:
    """A statement without parts that depend on its values, for both kinds of database.

    `columns` are those that an INSERT or UPDATE sets. With `in_binary` PostgreSQL sends rows as it has them,
    where bytes would otherwise come as two digits each.
    """

    def __init__(
        self, statement: ClauseElement, *, columns: Sequence[str] | None = None, in_binary: bool = False
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._in_binary = in_binary
        self._forms: dict[str, _Form] = {}

    def rows(self, session: Session, **values: object) -> list[Any]:
        """Execute it and return its rows, with their columns by name. Raises: what SQLAlchemy would raise."""
        connection = session.connection()
        form = self._form(connection.dialect)
        with _cursor(connection, form.text) as cursor:
            if self._in_binary and connection.dialect.name == "postgresql":
                _execute_in_binary(cursor, form.text, form.parameters(values))
            else:
                cursor.execute(form.text, form.parameters(values))
            return form.read(cursor.fetchall())

    def write(self, session: Session, rows: Iterable[Mapping[str, object]]) -> int:
        """Execute it for each of the mappings and return how many rows were written.

        Raises: what SQLAlchemy would raise.
        """
        connection = session.connection()
        form = self._form(connection.dialect)
        parameters: list[Any] = [form.parameters(row) for row in rows]
        if not parameters:
            return 0
        with _cursor(connection, form.text) as cursor:
            if len(parameters) == 1:  # several at once are a pipeline to PostgreSQL, which one need not be
                cursor.execute(form.text, parameters[0])
            else:
                cursor.executemany(form.text, parameters)
            return cursor.rowcount

    def _form(self, dialect: Dialect) -> _Form:
        form = self._forms.get(dialect.name)
        if form is None:
            form = self._forms[dialect.name] = _Form(self._statement, self._columns, dialect)
        return form


class _Form:
    """A statement as one dialect writes it, with what converts its parameters and its rows."""

    def __init__(self, statement: Any, columns: Sequence[str] | None, dialect: Dialect) -> None:  # noqa: ANN401
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        if compiled.prefetch:
            raise TypeError("a column with a default is to be given: here nobody fills it in")
        self.text = str(compiled)
        self._names = compiled.positiontup or list(compiled.params)
        self._is_positional = compiled.positional
        # A name may stand at many places and is converted once; what the statement gives, once for all.
        binds = {name: compiled.binds[name] for name in self._names}
        converts = {
            name: _of(one.type, dialect, methodcaller("bind_processor", dialect))
            for name, one in binds.items()
        }
        self._given = {
            name: one.value if (convert := converts[name]) is None else convert(one.value)
            for name, one in binds.items()
            if not one.required
        }
        self._binds = list(converts.items())
        self._is_plain = self._is_positional and not self._given and len(binds) == len(self._names)
        answer = tuple(statement.exported_columns)
        row: Any = namedtuple("Row", [one.key for one in answer])  # type: ignore[misc]  # noqa: PYI024
        self._row = row._make
        self._converted = [
            (place, convert)
            for place, one in enumerate(answer)
            if (convert := _of(one.type, dialect, methodcaller("result_processor", dialect, None)))
            is not None
        ]

    def parameters(self, values: Mapping[str, object]) -> Sequence[object] | Mapping[str, object]:
        """Return the values as the driver takes them. Raises: `KeyError` for one that is missing."""
        if self._is_plain:
            return [
                values[name] if convert is None else convert(values[name]) for name, convert in self._binds
            ]
        found = dict(self._given)
        for name, convert in self._binds:
            if name in values or name not in found:
                value = values[name]
                found[name] = value if convert is None else convert(value)
        return [found[name] for name in self._names] if self._is_positional else found

    def read(self, rows: Sequence[Any]) -> list[Any]:
        """Return the driver's rows with converted values, column by column."""
        if not rows:
            return []
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, convert in self._converted:
            columns[place] = _convert(columns[place], convert)
        return list(map(self._row, zip(*columns, strict=True)))


def _execute_in_binary(cursor: Any, text: str, parameters: object) -> None:  # noqa: ANN401  (psycopg's)
    cursor.execute(text, parameters, binary=True)


def _convert(column: Sequence[Any], convert: Callable[[Any], Any]) -> Sequence[Any]:
    """Convert a column: words, deadlines and sizes repeat from row to row, identifiers do not."""
    distinct = set(column)
    if len(distinct) * 2 > len(column):
        return [convert(value) for value in column]
    converted = {value: convert(value) for value in distinct}
    return [converted[value] for value in column]


def _of(kind: TypeEngine[Any], dialect: Dialect, ask: Callable[[TypeEngine[Any]], Any]) -> Any:  # noqa: ANN401
    """Return what the dialect's form of a type converts with; None where it takes values as they are."""
    return ask(kind.dialect_impl(dialect))


@contextmanager
def _cursor(connection: Connection, text: str) -> Iterator[DBAPICursor]:
    """Give a cursor of the driver; its errors become those of SQLAlchemy."""
    dialect = connection.dialect
    cursor = connection.connection.cursor()
    try:
        yield cursor
    except dialect.loaded_dbapi.Error as error:
        is_lost = dialect.is_disconnect(error, connection.connection, cursor)
        if is_lost:
            connection.invalidate(error)
        raise exc.DBAPIError.instance(
            text,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_lost,
            dialect=dialect,
        ) from error
    finally:
        cursor.close()
