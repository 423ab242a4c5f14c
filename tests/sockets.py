"""What a caller does with a socket: connect, and read an answer to its end."""

from __future__ import annotations

import socket

from patience import PATIENCE_SECONDS


def connect(port: int) -> socket.socket:
    """Connect to a server of this machine."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def receive(connection: socket.socket, end: bytes | None = None) -> bytes:
    """Read until the answer ends like that, where an end is given, or the other side closes."""
    got = b""
    while not (end and got.endswith(end)) and (piece := connection.recv(65536)):
        got += piece
    return got
