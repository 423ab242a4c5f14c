"""Generations of connections: those to a server that has stopped being the primary are not used again.

After a failover the old primary may go on as a standby. Connections to it are alive, so that a ping finds
nothing wrong, and each of them would cost a request before it is given up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import event, exc

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_GENERATION: Final = "notigateway_generation"


class Generations:
    """What generation an engine's connections are of; the pool makes those of an older one anew."""

    def __init__(self, engine: Engine) -> None:
        self._current = 0
        event.listen(engine, "connect", self._note)
        event.listen(engine, "checkout", self._check)

    def leave(self, connection: Connection | None) -> None:
        """Use no connection again that is as old as this one; where others have said so before, nothing."""
        if connection is not None and not connection.closed and not connection.invalidated:
            self._current = max(self._current, connection.info.get(_GENERATION, 0) + 1)

    def _note(self, _connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_GENERATION] = self._current

    def _check(self, _connection: object, record: ConnectionPoolEntry, _checked_out: object) -> None:
        """Raise what has the pool connect anew."""
        if record.info.get(_GENERATION, 0) < self._current:
            raise exc.DisconnectionError
