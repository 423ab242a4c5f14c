"""gunicorn with our worker: an answer too large to be held goes out in pieces, whole or cut off."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gunicorns import running
from patience import PATIENCE_SECONDS
from sockets import connect, receive

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 512 * 1024
PIECES = 60
ANSWER_SECONDS = 2
CONF = f"""
GatheringWorker.answer_seconds = {ANSWER_SECONDS}
workers, threads, keepalive = 1, 2, 5
"""
APPLICATION = """
import os
from notigateway.http.streamed import CutOffError, Streamed

SIZE, COUNT = {piece}, {pieces}

def pieces(path):
    for number in range(COUNT):
        if path == "/cut" and number == COUNT - 1:
            raise CutOffError
        yield bytes([number]) * SIZE
    if path == "/more":
        yield b"more"

def application(environ, start_response):
    start_response("200 OK", [("Content-Length", str(SIZE * COUNT)), ("X-Process", str(os.getpid()))])
    return Streamed(SIZE * COUNT, pieces(environ["PATH_INFO"]))
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    application = APPLICATION.format(piece=PIECE, pieces=PIECES)
    with running(tmp_path_factory.mktemp("streaming"), application, CONF) as (port, _):
        yield port


def ask(connection: socket.socket, path: str) -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def head_of(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    return head


def most_held(process: int) -> int:
    """Return the most bytes of memory that a process has held until now."""
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def test_a_large_answer_goes_out_whole_and_the_next_request_is_answered(port: int) -> None:
    with connect(port) as connection:
        for _ in range(2):
            ask(connection, "/whole")
            assert b"Content-Length: %d\r\n" % (PIECE * PIECES) in head_of(connection)
            for number in range(PIECES):
                piece = b""
                while len(piece) < PIECE:
                    piece += connection.recv(PIECE - len(piece))
                assert piece == bytes([number]) * PIECE


@pytest.mark.parametrize("path", ["/cut", "/more"])
def test_what_is_not_what_was_announced_is_cut_off(port: int, path: str) -> None:
    with connect(port) as connection:
        ask(connection, path)
        head_of(connection)
        got = 0
        with suppress(ConnectionResetError):
            while piece := connection.recv(1 << 20):
                got += len(piece)
        assert got <= PIECE * (PIECES - 1 if path == "/cut" else PIECES)


def test_who_does_not_read_holds_no_thread_little_memory_and_not_for_long(port: int) -> None:
    with connect(port) as first:
        ask(first, "/whole")
        process = int(head_of(first).partition(b"X-Process: ")[2].split()[0])
    before = most_held(process)
    began = time.monotonic()
    with ExitStack() as opened:
        slow = [opened.enter_context(connect(port)) for _ in range(20)]
        for connection in slow:
            ask(connection, "/whole")
            head_of(connection)
        quick = opened.enter_context(connect(port))  # two threads could not wait for all of them
        ask(quick, "/cut")
        head_of(quick)
        # Two pieces of each, and what an allocator takes besides, if it is less than one answer.
        assert most_held(process) - before < len(slow) * 2 * PIECE + PIECE * PIECES
        time.sleep(ANSWER_SECONDS + 1.5)  # whoever reads before that is not one who does not
        for connection in slow:
            with suppress(ConnectionResetError):
                assert len(receive(connection)) < PIECE * PIECES
    assert time.monotonic() - began < PATIENCE_SECONDS
