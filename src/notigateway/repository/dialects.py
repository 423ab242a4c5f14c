"""What the two databases are told in different words: many numbers at once, and what no index is for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Text, bindparam, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement, SQLColumnExpression
    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler


class _Numbers(TypeDecorator["Sequence[int]"]):
    """Numbers as one text: an array of PostgreSQL's, or of JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> str | None:
        """Write them down."""
        if value is None:
            return None
        text = json.dumps(list(value), separators=(",", ":"))
        return "{" + text[1:-1] + "}" if dialect.name == "postgresql" else text


class _Identifiers(TypeDecorator["Iterable[UUID]"]):
    """Identifiers as one text, in the same way."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[UUID] | None, dialect: Dialect) -> str | None:
        """Write them down; SQLite keeps 32 hexadecimal digits."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return "{" + ",".join(map(str, value)) + "}"
        return json.dumps([one.hex for one in value], separators=(",", ":"))


class _OneOf(FunctionElement[bool]):
    """The condition; its clauses are the column and the numbers or identifiers."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> _OneOf:  # noqa: ARG002
        """Stay as it is: SQLAlchemy would say `= 1` for SQLite, and no index answers that."""
        return self


def one_of(column: SQLColumnExpression[int], name: str) -> ColumnElement[bool]:
    """Say that the column is one of the numbers that a statement is given under that name."""
    return _OneOf(column, bindparam(name, type_=_Numbers()))


def one_of_ids(column: SQLColumnExpression[UUID], name: str) -> ColumnElement[bool]:
    """Say the same of identifiers."""
    return _OneOf(column, bindparam(name, type_=_Identifiers()))


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, given = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({given}))"  # noqa: S608  (the compiler's own words)


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, given = (compiler.process(one, **kwargs) for one in element.clauses)
    kind = "UUID" if any(isinstance(one.type, _Identifiers) for one in element.clauses) else "BIGINT"
    return f"{column} = ANY (CAST({given} AS {kind}[]))"


class _Holds(FunctionElement[bool]):
    """The condition; its clauses are the column and the text."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> _Holds:  # noqa: ARG002
        """Stay as it is."""
        return self


def holds(
    column: SQLColumnExpression[str] | SQLColumnExpression[str | None], text: str
) -> ColumnElement[bool]:
    """Say that a text stands in a column, letter by letter: no sign in it stands for another."""
    return _Holds(column, literal(text, Text))


@compiles(_Holds, "sqlite")
def _in_text(element: _Holds, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, given = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"instr({column}, {given}) > 0"


@compiles(_Holds, "postgresql")
def _at_place(element: _Holds, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, given = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"strpos({column}, {given}) > 0"


class _Fenced(FunctionElement[bool]):
    """A condition for which SQLite is to choose no index."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> _Fenced:  # noqa: ARG002
        """Stay as it is."""
        return self


def fenced(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Say a condition that is nearly always true.

    SQLite knows nothing of that: it would walk an index of the column to its end, and sort what that gives.
    PostgreSQL counts, and is told the condition alone.
    """
    return _Fenced(condition)


@compiles(_Fenced, "sqlite")
def _fence(element: _Fenced, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    (condition,) = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END = 1"


@compiles(_Fenced, "postgresql")
def _no_fence(element: _Fenced, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    (condition,) = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"({condition})"
