"""A part of a transaction that is taken back alone, where several requests share it.

SQLite itself takes back the whole transaction where its disk is full or fails, or memory is short: then no
part of it is left, and each further statement would be a transaction of its own.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from notigateway.errors import GatewayError
from notigateway.repository.file_transactions import check_going_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection


@contextmanager
def apart(connection: Connection) -> Iterator[None]:
    """Take back what is changed within, and nothing else, where a `GatewayError` refuses it.

    Whatever else is raised within ends the whole transaction, so nothing is done about it here: where the
    savepoint is gone, to go back to it would fail and hide why.

    Raises: what is raised within; `TemporarilyUnavailableError` where the transaction is gone.
    """
    cursor = connection.connection.cursor()  # the driver's: it is on the way of every small decision
    try:
        cursor.execute("SAVEPOINT apart")
        try:
            yield
        except GatewayError:
            check_going_on(connection)
            cursor.execute("ROLLBACK TO apart")
            cursor.execute("RELEASE apart")
            raise
        check_going_on(connection)
        cursor.execute("RELEASE apart")
    finally:
        cursor.close()
