"""Callers that are slow on purpose, without a certificate: each kind holds its connections and gives nothing.

A step is one byte more of what it sends, or one byte more of what it reads, on every connection.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from types import TracebackType

CALLERS: Final = 64
_CONNECT_SECONDS: Final = 10
_SMALL_WINDOW_BYTES: Final = 4096
_PIPELINED: Final = 200
_POST: Final = b"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n"
_GET: Final = b"GET {path}?xsd=notigateway-v1.xsd HTTP/1.1\r\nHost: x\r\n\r\n"
_LONG: Final = b"<" * 4096
_CHUNK: Final = b"6\r\nab\r\n\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a slow caller does: what it sends at once, a byte at a step, and how much it reads at a step."""

    at_once: bytes = b""
    slowly: bytes = b""
    reads_bytes: int = 0
    reads_first_answer: bool = False
    half_closes: bool = False


KINDS: Final[dict[str, Kind]] = {
    "open and idle": Kind(),
    "a head, byte by byte": Kind(slowly=_POST + b"X-Long: " + _LONG),
    "a body, byte by byte": Kind(at_once=_POST + b"Content-Length: 9000\r\n\r\n", slowly=_LONG),
    "a body that waited for 100 Continue": Kind(
        at_once=_POST + b"Expect: 100-continue\r\nContent-Length: 9000\r\n\r\n", slowly=_LONG
    ),
    "chunks of one byte": Kind(
        at_once=_POST + b"Transfer-Encoding: chunked\r\n\r\n", slowly=b"1\r\n<\r\n" * 512
    ),
    "a chunk that ends like a message": Kind(
        at_once=_POST + b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNK, slowly=b"9\r\n" + _LONG[:9]
    ),
    "chunks that waited for 100 Continue": Kind(
        at_once=_POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" + _CHUNK,
        slowly=b"1\r\n<\r\n" * 512,
    ),
    "pipelined requests, answers unread": Kind(at_once=_GET * _PIPELINED),
    "an answer, byte by byte": Kind(at_once=_GET, reads_bytes=1),
    "pipelined requests, answers read": Kind(at_once=_GET * _PIPELINED, reads_bytes=1 << 20),
    "half closed": Kind(at_once=_GET * _PIPELINED, half_closes=True),
    "idle after one request": Kind(at_once=_GET, reads_first_answer=True),
}


class SlowCallers:
    """Connections of one kind to a server on this machine."""

    def __init__(self, kind: Kind, address: tuple[str, int], path: str, *, callers: int = CALLERS) -> None:
        self._kind = kind
        self._step = 0
        self._connections = [_connected(address) for _ in range(callers)]
        for connection in self._connections:
            # what does not fit into the window of a server that no longer reads need not be sent
            with suppress(BlockingIOError):
                connection.send(kind.at_once.replace(b"{path}", path.encode()))
            if kind.half_closes:
                connection.shutdown(socket.SHUT_WR)
        self._slowly = kind.slowly.replace(b"{path}", path.encode())
        if kind.reads_first_answer:
            self._read_first_answers()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for connection in self._connections:
            connection.close()

    def step(self) -> None:
        """Do the little that each does in a while."""
        byte = self._slowly[self._step : self._step + 1]
        self._step += 1
        for connection in self._connections:
            with suppress(OSError):  # whether it is still held is counted below
                if byte:
                    connection.send(byte)
                if self._kind.reads_bytes:
                    connection.recv(self._kind.reads_bytes)

    @property
    def holding(self) -> int:
        """Return how many connections the server has not ended."""
        return sum(map(_is_open, self._connections))

    def _read_first_answers(self) -> None:
        for connection in self._connections:
            connection.settimeout(_CONNECT_SECONDS)
            got = connection.recv(65536)
            head, _, body = got.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            left = length - len(body)
            while left > 0 and (piece := connection.recv(left)):
                left -= len(piece)
            connection.settimeout(0)


def _connected(address: tuple[str, int]) -> socket.socket:
    connection = socket.socket()
    # as little as the system allows: what a caller does not read stays with the server
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW_BYTES)
    connection.settimeout(_CONNECT_SECONDS)
    connection.connect(address)
    connection.settimeout(0)
    return connection


def _is_open(connection: socket.socket) -> bool:
    """Tell whether the other side still holds it: nothing to read, or something that is no end."""
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return True
    except OSError:
        return False
