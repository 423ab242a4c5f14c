"""The second address of a worker that ends: who has asked is answered, and nothing crashes."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notigateway.http.connection import Connection
from notigateway.http.crew import Crew
from notigateway.http.front import Front, Patience
from notigateway.http.incoming import Bounds
from notigateway.http.side_door import SideDoor
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

    import pytest

QUESTION = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"


class Slow:
    """An application whose answer takes as long as it is wanted."""

    def __init__(self) -> None:
        self.is_asked, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.is_asked.set()
        self.may_answer.wait(PATIENCE_SECONDS)
        start_response("200 OK", [("Content-Length", "5")])
        return [b"ready"]


@contextmanager
def opened(application: Slow) -> Iterator[tuple[SideDoor, socket.socket, list[BaseException]]]:
    """Open the door, and connect to it."""
    reported: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        door = SideDoor(application, listener, report=reported.append)
        door.start()
        with socket.create_connection(listener.getsockname(), PATIENCE_SECONDS) as caller:
            yield door, caller, reported


def test_who_has_asked_is_answered_though_the_worker_ends(capfd: pytest.CaptureFixture[str]) -> None:
    slow = Slow()
    with opened(slow) as (door, caller, reported):
        caller.sendall(QUESTION)
        assert slow.is_asked.wait(PATIENCE_SECONDS)
        ending = threading.Thread(target=door.stop)
        ending.start()
        time.sleep(0.3)
        slow.may_answer.set()
        answer = b"".join(iter(lambda: caller.recv(4096), b""))
        ending.join(PATIENCE_SECONDS)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"ready")
    assert (reported, capfd.readouterr().err) == ([], "")


def test_who_says_nothing_does_not_hold_it_up() -> None:
    with opened(Slow()) as (door, caller, reported):
        time.sleep(0.1)
        began = time.monotonic()
        door.stop()
        assert time.monotonic() - began < 2.9  # who has asked is given three seconds
        assert caller.recv(1) == b""
    assert reported == []


def test_who_is_still_coming_in_when_it_ends_is_let_go() -> None:
    async def come(front: Front) -> bool:
        here, there = socket.socketpair()
        with here:
            there.setblocking(False)
            connection = Connection(front)
            connection.drop()
            transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, there)
            return transport.is_closing()

    with ThreadPoolExecutor(1) as threads:
        front = Front(
            Slow(),
            Crew(threads, 1),
            bounds=Bounds(line_bytes=100, fields=1, field_bytes=100, body_bytes=0),
            patience=Patience(message_seconds=9, answer_seconds=9, idle_seconds=9),
            connections_max=1,
            held_max_bytes=100,
            done=lambda: None,
            report=lambda _: None,
        )
        assert asyncio.run(come(front))
