"""One connection for the transactions of a request, one after the other; what it reads first is one of them.

To take one from the pool costs a look at the file, or a round trip to the server, and to give it back
another rollback. It goes back after whatever fails, so that the next transaction has one that was looked at.

A transaction that has read stays open for what the request reads next, until it writes or lets go: whether
somebody may ask and what is answered come from one snapshot, and a server hears of one transaction.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.metering.meters import meters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

    from notigateway.repository.session import Session


class KeptConnection:
    """The connection that is kept, and whether a transaction has it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._connection: Connection | None = None
        self._is_taken = False
        self._is_over = False
        # By what the request has read, in the transaction that is open still.
        self.reader: Session | None = None

    @contextmanager
    def taken(self, *, goes_on: bool = False) -> Iterator[Connection]:
        """Give it for one transaction, or to go on in the one that reads. Raises: what the pool raises."""
        self._is_taken = True
        try:
            if not goes_on:
                self._end_reading()
            if self._connection is None:
                self._connection = _connect(self.engine)
            yield self._connection
        except BaseException:
            self._give_back()
            raise
        finally:
            self._is_taken = False

    def is_for(self, engine: Engine) -> bool:
        """Tell whether a transaction that begins now may have it."""
        return self.engine is engine and not (self._is_taken or self._is_over)

    def end(self) -> None:
        """Keep none from now on: each transaction takes one from the pool."""
        self._is_over = True
        self._end_reading()
        self._give_back()

    def _end_reading(self) -> None:
        """End the transaction that reads, if one is open.

        Where that is impossible the connection goes back, for the pool to see to it: what was read was read.
        """
        reader, self.reader = self.reader, None
        if reader is None:
            return
        try:
            reader.end_reading()
        except DBAPIError:
            self._give_back()

    def _give_back(self) -> None:
        """Leave it to others; what is open on it is rolled back."""
        connection, self._connection, self.reader = self._connection, None, None
        if connection is not None:
            connection.close()


@contextmanager
def one_connection(engine: Engine) -> Iterator[KeptConnection]:
    """Have the transactions within share a connection, but for one that begins inside of another.

    To be ended before anything but the database is waited for.
    """
    kept = KeptConnection(engine)
    token = _kept.set(kept)
    try:
        yield kept
    finally:
        _kept.reset(token)
        kept.end()


def kept_for(engine: Engine) -> KeptConnection | None:
    """Return what keeps the connection that a transaction of this thread may have now, if anything does."""
    kept = _kept.get()
    return kept if kept is not None and kept.is_for(engine) else None


def connection_of(engine: Engine) -> AbstractContextManager[Connection]:
    """Return the connection of one transaction, which is over at the end. Raises: what the pool raises."""
    kept = kept_for(engine)
    return _connect(engine) if kept is None else kept.taken()


def _connect(engine: Engine) -> Connection:
    if isinstance(engine.pool, QueuePool) and engine.pool.checkedout() >= engine.pool.size():
        meters().pool_waits.inc()
    try:
        return engine.connect()
    except ConfigurationError as error:  # it was right when this process began
        raise TemporarilyUnavailableError(error.detail, part=Part.DATABASE) from error


_kept: ContextVar[KeptConnection | None] = ContextVar("notigateway_kept_connection", default=None)
