"""Generations of connections to a file of SQLite: all of before are closed before one is opened anew.

What SQLite opens on a disk that is read-only stays so, and its connections of one process share what lies
beside the file (`-shm`): as long as one of them is open that was opened so, every new one is read-only too,
also when the disk has long been writable again.
"""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.generations import Generations
from notigateway.repository.pool import BoundedPool
from notigateway.time_left import at_most

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_COUNTED: Final = "notigateway_counted"
# Who has one of before meets the same trouble, and gives it back at once.
_WAIT_SECONDS: Final = 2.0


class FileGenerations(Generations):
    """Closes the connections of a generation that is left: idle ones at once, the others when given back."""

    def __init__(self, engine: Engine) -> None:
        """To be made before what else listens to connections being made; `follow` is called after."""
        super().__init__(engine)
        self._engine = engine
        self._open: dict[int, int] = {}
        self._closed = Condition()

    def follow(self) -> None:
        """Count the connections: those alone that every other listener has let be made."""
        event.listen(self._engine, "do_connect", self._wait, insert=True)
        event.listen(self._engine, "connect", self._count)
        event.listen(self._engine, "close", self._discount)
        event.listen(self._engine, "checkin", self._close_left)

    def leave_as_old_as(self, info: Mapping[Any, Any]) -> None:
        """Use no connection again that is as old as the one that carries this; close those that are idle."""
        before = self.current
        super().leave_as_old_as(info)
        if self.current != before and isinstance(self._engine.pool, BoundedPool):
            self._engine.pool.close_idle()

    def _wait(self, _dialect: object, _record: object, _arguments: object, _named: object) -> None:
        """Wait until all of before are closed. Raises: `TemporarilyUnavailableError`."""
        with self._closed:
            if not self._closed.wait_for(self._are_left_closed, timeout=at_most(_WAIT_SECONDS)):
                raise TemporarilyUnavailableError(
                    "the connections to the database that were left are in use still", part=Part.DATABASE
                )

    def _are_left_closed(self) -> bool:
        return not any(count for age, count in self._open.items() if age < self.current)

    def _count(self, _connection: object, record: ConnectionPoolEntry) -> None:
        age = record.info[_COUNTED] = self.age_of(record.info)
        with self._closed:
            self._open[age] = self._open.get(age, 0) + 1

    def _discount(self, _connection: object, record: ConnectionPoolEntry) -> None:
        age = record.info.pop(_COUNTED, None)
        if age is None:
            return
        with self._closed:
            self._open[age] -= 1
            if not self._open[age]:
                del self._open[age]
            self._closed.notify_all()

    def _close_left(self, connection: object | None, record: ConnectionPoolEntry) -> None:
        if connection is not None and self.age_of(record.info) < self.current:
            record.close()
