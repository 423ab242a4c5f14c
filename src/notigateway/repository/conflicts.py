"""Inserts a row where its key may be taken, in one statement, on both kinds of database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from typing import TypeVar

    from sqlalchemy import Executable

    from notigateway.repository.columns import Row
    from notigateway.repository.session import Session

    Made = TypeVar("Made", bound=Row)


def insert_if_absent(session: Session, row: type[Row], **values: Any) -> bool:  # noqa: ANN401
    """Insert the row and tell whether it is new; any unique key that is taken makes it not new."""
    connection = session.connection()
    return connection.execute(_statement(connection.dialect.name, row), values).first() is not None


def make_if_absent(session: Session, kind: type[Made], **values: Any) -> Made | None:  # noqa: ANN401
    """Insert the row and return it; None where any unique key of it is taken."""
    statement = _making(session.get_bind().dialect.name, kind)
    with session.no_autoflush:
        made: Made | None = session.scalars(statement, values).one_or_none()
    return made


@cache
def _making(dialect: str, kind: type[Row]) -> Any:  # noqa: ANN401
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(kind).on_conflict_do_nothing().returning(kind)


@cache
def _statement(dialect: str, row: type[Row]) -> Executable:
    """Return the statement, built once for a table."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = row.metadata.tables[row.__tablename__]
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key.columns)


def upsert(session: Session, row: type[Row], **values: Any) -> None:  # noqa: ANN401
    """Insert the row, or write the values over the one that has its primary key."""
    session.execute(_overwriting(session.get_bind().dialect.name, row), values)


@cache
def _overwriting(dialect: str, row: type[Row]) -> Executable:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    table = row.metadata.tables[row.__tablename__]
    statement = insert(table)
    changed = {one.name: statement.excluded[one.name] for one in table.columns if not one.primary_key}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)
