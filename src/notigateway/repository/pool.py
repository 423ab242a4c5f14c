"""The pool of database connections: who finds none free waits for as long as its request may."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlalchemy import QueuePool
from sqlalchemy.util.queue import Empty

from notigateway.time_left import at_most

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.pool import ConnectionPoolEntry


class BoundedPool(QueuePool):
    """A pool whose connections are waited for until the request must be answered, at most."""

    _longest_seconds: float
    _is_given_up = False

    # The attribute of SQLAlchemy that each wait reads, and also `recreate`: that is not called in a request.
    @property
    def _timeout(self) -> float:
        return at_most(self._longest_seconds)

    @_timeout.setter
    def _timeout(self, seconds: float) -> None:
        self._longest_seconds = seconds

    def dispose(self) -> None:
        """Give the pool up for good; its engine makes another one."""
        self._is_given_up = True
        super().dispose()

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        """Take a connection back; into a pool that was given up meanwhile, to be closed like the others.

        SQLAlchemy would leave it open in a pool that nobody has any more: until the garbage collector comes,
        it counts among those that the server allows.
        """
        super()._do_return_conn(record)
        if self._is_given_up:
            super().dispose()

    def close_idle(self) -> None:
        """Close the connections that nobody has; their places stay, and whoever takes one connects anew."""
        for _ in range(self.size()):
            try:
                record = self._pool.get(block=False)
            except Empty:
                return
            try:
                record.close()
            finally:
                self._pool.put(record, block=False)


def wait_as_long_as_it_takes(connection: Connection) -> None:
    """Take its own bound from a connection (`bounded`): for a migration, whose steps may take hours."""
    connection.connection.driver_connection.longest_seconds = math.inf  # type: ignore[union-attr]
