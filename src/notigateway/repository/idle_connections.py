"""Connections to a server that nobody has used for a while are looked at before they are used again.

A look is a round trip, as much as a small question. One that worked a moment ago is not looked at: should the
server have gone in that moment, one request is told to repeat, as those are that were under way.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import event, exc

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.pool import ConnectionPoolEntry

_USED: Final = "notigateway_used_at"
_MOMENT_SECONDS: Final = 1.0

# Until when what was used is looked at, however short ago.
_doubted: WeakKeyDictionary[Engine, float] = WeakKeyDictionary()


def look_at_all(engine: Engine) -> None:
    """Have each connection of the pool looked at before its next use: for who asks how the server is."""
    _doubted[engine] = time.monotonic()


def look_at_idle_connections(engine: Engine) -> None:
    """Have the pool make anew what has died in it, and everything else of that age."""

    def note(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = time.monotonic()

    def look(connection: Any, record: ConnectionPoolEntry, _checked_out: object) -> None:  # noqa: ANN401
        used = record.info.get(_USED)
        # It is new, or was used just now.
        if used is None or used > max(time.monotonic() - _MOMENT_SECONDS, _doubted.get(engine, 0.0)):
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise exc.InvalidatePoolError from error

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)
