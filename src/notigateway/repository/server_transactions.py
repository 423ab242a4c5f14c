"""How a transaction on a PostgreSQL server begins: reading, or writing as the server wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg import IsolationLevel
from sqlalchemy import event

from notigateway.repository.file_transactions import ACCESS, READ

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def begin_by_access(engine: Engine) -> None:
    """Have each transaction of an engine begin as its execution options say."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "checkin", _leave_mode_to_server)


def _begin(connection: Connection) -> None:
    """Choose how the driver begins, which it does with the first statement.

    Reading is one snapshot for all queries of an answer, as SQLite gives it anyway: a page, its `asOf` and
    its neighbours agree. A read-only snapshot never fails with a serialisation error. Who writes is left to
    the server's own mode: READ WRITE would write to one that its operator has made read-only.
    """
    driver: Any = connection.connection.driver_connection
    is_reading = connection.get_execution_options().get(ACCESS) == READ
    if is_reading and not driver.read_only:
        driver.isolation_level, driver.read_only = IsolationLevel.REPEATABLE_READ, True
    elif not is_reading and driver.read_only is not None:
        driver.isolation_level, driver.read_only = None, None


def _leave_mode_to_server(driver: Any, _record: object) -> None:  # noqa: ANN401  (psycopg's, or None)
    """Give back a connection that has only read as it came: who begins by the driver alone may write."""
    if driver is not None and not driver.closed and driver.read_only:
        driver.isolation_level, driver.read_only = None, None
