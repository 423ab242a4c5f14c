"""The sender of `make bench-load` counts what was answered, refused and left without an answer."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from bench.processes import cpu_ms_of, cpu_seconds_below
from bench.sending import Target, send_all

if TYPE_CHECKING:
    from collections.abc import Iterator

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
FAULT = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 5\r\n\r\nfault"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"493e0\r\n%b\r\n0\r\n\r\n" % (
    b"x" * 300_000
)
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


def answer_for(request: bytes) -> bytes:
    """Return the answer that a request asks for in its body."""
    answers = {b"ok": OK, b"chunked": CHUNKED, b"fault": FAULT, b"last": LAST, b"gone": b""}
    return answers[request.rpartition(b"\r\n\r\n")[2]]


def serve(connection: socket.socket) -> None:
    with connection:
        while (request := connection.recv(65536)) and (answer := answer_for(request)):
            connection.sendall(answer)


@contextmanager
def server() -> Iterator[Target]:
    """Answer in a thread for each connection, until the context ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                Thread(target=serve, args=(connection,), daemon=True).start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        yield Target(listener.getsockname()[:2], "/a/path")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_every_answer_is_counted_and_timed() -> None:
    with server() as target:
        sent = send_all(target, [b"ok"] * 30 + [b"chunked"] * 10 + [b"fault"] * 3, connections=8)
    assert (sent.answered, sent.refused) == (40, 3)
    assert len(sent.waits) == 43
    assert 0 < sent.percentile_ms(50) <= sent.percentile_ms(99) <= 1000 * sent.seconds
    assert sent.rate == 40 / sent.seconds


def test_what_is_left_without_an_answer_is_counted_as_refused() -> None:
    with server() as target:
        gone = send_all(target, [b"ok", b"gone", b"ok"], connections=1)
        last = send_all(target, [b"ok", b"last", b"ok"], connections=1)
    assert (gone.answered, gone.refused) == (1, 2)
    assert (last.answered, last.refused) == (2, 1)


def test_the_cpu_of_a_process_and_of_those_below_it_is_read() -> None:
    assert cpu_seconds_below(os.getpid()) >= cpu_seconds_below(os.getpid()) * 0.9 > 0
    assert cpu_ms_of(os.getpid()) > 0
