"""Generations of connections: those to what is the database no more are not used again.

After a failover the old primary may go on as a standby. Connections to it are alive, so that a ping finds
nothing wrong, and each of them would cost a request before it is given up. A file of SQLite may be removed
or replaced while connections have it open (`repository.opened_file`), or its disk be read-only when they
open it (`repository.file_generations`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event, exc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_GENERATION: Final = "notigateway_generation"


class Generations:
    """What generation an engine's connections are of; the pool makes those of an older one anew."""

    def __init__(self, engine: Engine) -> None:
        self.current = 0
        event.listen(engine, "connect", self._note)
        event.listen(engine, "checkout", self._check)

    def leave(self, connection: Connection | None) -> None:
        """Use no connection again that is as old as this one; where others have said so before, nothing."""
        if connection is not None and not connection.closed and not connection.invalidated:
            self.leave_as_old_as(connection.info)

    def leave_as_old_as(self, info: Mapping[Any, Any]) -> None:
        """Use no connection again that is as old as the one that carries this."""
        self.current = max(self.current, self.age_of(info) + 1)

    def age_of(self, info: Mapping[Any, Any]) -> int:
        """Return the generation of the connection that carries this."""
        age: int = info.get(_GENERATION, 0)
        return age

    def _note(self, _connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_GENERATION] = self.current

    def _check(self, _connection: object, record: ConnectionPoolEntry, _checked_out: object) -> None:
        """Raise what has the pool connect anew."""
        if self.age_of(record.info) < self.current:
            raise exc.DisconnectionError
