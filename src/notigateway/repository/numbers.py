"""A column that is one of many given numbers: one parameter, whatever their number, on both databases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Sequence

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


class _OneOf(FunctionElement[bool]):
    """The condition; its clauses are the column and the numbers."""

    type = Boolean()
    inherit_cache = True


def one_of(column: SQLColumnExpression[int], name: str) -> ColumnElement[bool]:
    """Say that the column is one of the numbers that a statement is given under that name."""
    return _OneOf(column, bindparam(name, type_=_Numbers()))


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, given = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({given}))"  # noqa: S608  (the compiler's own words)


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **kwargs: Any) -> str:  # noqa: ANN401
    column, given = (compiler.process(one, **kwargs) for one in element.clauses)
    return f"{column} = ANY (CAST({given} AS BIGINT[]))"
