"""A gunicorn worker whose threads see whole requests only: slow callers wait in the poller.

gunicorn's own threaded worker gives a connection a thread as soon as its first byte is there, and the
thread then waits for the rest: a few callers that send a byte now and then hold all of them. Here the
main loop gathers what arrives, without blocking, and hands a connection over once its request is
complete. What is not complete in time is answered 408 and closed.
"""

from __future__ import annotations

import re
import selectors
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    import socket

RECEIVE_SECONDS: Final = 30.0
# Between two pieces of what is read in a thread after all: bodies that wait for "100 Continue", and
# requests beyond the memory for gathering.
READ_SECONDS: Final = 10.0
HEAD_MAX_BYTES: Final = 256 * 1024
GATHERED_MAX_BYTES: Final = 64 * 1024 * 1024
_PIECE_BYTES: Final = 64 * 1024
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,18})[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_EXPECTS: Final = re.compile(rb"\r\nexpect:", re.IGNORECASE)
_TIMED_OUT: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Gathering:
    """The bytes of one request as far as they have arrived."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._needed: int | None = None
        self._is_chunked = False

    def __len__(self) -> int:
        return len(self._received)

    def add(self, piece: bytes) -> bool:
        """Add what arrived; tell whether it is time for the parser.

        That is when the request is complete, when its body must be asked for, or when its head is
        longer than any: judging it is the parser's business, not done here.
        """
        start = max(0, len(self._received) - len(_END_OF_HEAD) + 1)
        self._received += piece
        if self._needed is None:
            end = self._received.find(_END_OF_HEAD, start)
            if end < 0:
                return len(self._received) > HEAD_MAX_BYTES
            self._read_head(bytes(self._received[:end]), end + len(_END_OF_HEAD))
        if self._is_chunked:
            return self._received.endswith(_END_OF_HEAD)
        return len(self._received) >= (self._needed or 0)

    def _read_head(self, head: bytes, end: int) -> None:
        length = _LENGTH.search(head)
        expects = _EXPECTS.search(head) is not None
        self._is_chunked = not expects and _CHUNKED.search(head) is not None
        self._needed = end if expects or length is None else end + int(length[1])

    def take(self) -> bytes:
        """Return what was gathered and begin anew, for the next request of the connection."""
        taken, self._received = bytes(self._received), bytearray()
        self._needed, self._is_chunked = None, False
        return taken


class _Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection with what was gathered of its next request."""

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments)
        self.gathering = Gathering()

    def init(self) -> None:
        """Give the parser what was gathered; what it still has to read must come soon."""
        super().init()
        self.sock.settimeout(READ_SECONDS)
        gathered = self.gathering.take()
        if gathered:
            self.parser.unreader.unread(gathered)


class GatheringWorker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threaded worker, but for how requests come to its threads."""

    receive_seconds = RECEIVE_SECONDS

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection into the poller."""
        if self.cfg.is_ssl:  # its bytes say nothing before the handshake, which needs a thread
            super().accept(listener)
            return
        try:
            accepted, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self.nr_conns += 1
        self._gather(_Connection(self.cfg, accepted, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Gather the next request of a connection that was kept alive."""
        if not isinstance(conn, _Connection):
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def murder_pending(self) -> None:
        """Answer and close what was not complete in time."""
        now = time.monotonic()
        late = [conn for conn in self.pending_conns if conn.timeout <= now]
        for conn in late:
            self._leave_poller(conn)
            if isinstance(conn, _Connection) and len(conn.gathering):
                try:
                    conn.sock.send(_TIMED_OUT)
                except OSError:
                    self.log.debug("a slow caller is gone")
            self._drop(conn)

    def _cap_keepalive(self, deadline: float) -> None:
        """Stopping: do not wait for callers that have not begun to send."""
        super()._cap_keepalive(deadline)
        for conn in self.pending_conns:
            if isinstance(conn, _Connection) and not len(conn.gathering):
                conn.timeout = min(conn.timeout, deadline)

    def _gather(self, conn: _Connection) -> None:
        conn.sock.settimeout(0)
        conn.timeout = time.monotonic() + self.receive_seconds
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))

    def _receive(self, conn: _Connection, _socket: socket.socket) -> None:
        try:
            piece = conn.sock.recv(_PIECE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            piece = b""
        if not piece:
            self._leave_poller(conn)
            self._drop(conn)
        elif conn.gathering.add(piece) or self._is_too_much(conn):
            self._leave_poller(conn)
            conn.data_ready = True
            self.enqueue_req(conn)

    def _is_too_much(self, conn: _Connection) -> bool:
        """Tell whether the memory for gathering is used up; asked of those only who use much of it."""
        if len(conn.gathering) <= _PIECE_BYTES:
            return False
        others = (one for one in self.pending_conns if isinstance(one, _Connection))
        return sum(len(one.gathering) for one in others) > GATHERED_MAX_BYTES

    def _leave_poller(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()
