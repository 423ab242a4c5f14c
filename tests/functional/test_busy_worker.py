"""gunicorn with our worker: whose threads all wait for something takes no newcomer; another one does."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from fault_rows import row_named
from gunicorns import running
from patience import PATIENCE_SECONDS, slowed
from scraped import NOTHING, Numbers, shows
from sockets import connect, receive

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

APPLICATION = """
import os, time
from pathlib import Path

from notigateway import telemetry
from notigateway.metering.meters import meters
from notigateway.settings import load_settings

telemetry.configure(load_settings(None))

def application(environ, start_response):
    body = environ["wsgi.input"].read()
    if body == b"numbers":
        start_response("200 OK", [])
        return [meters().exposed()]
    while body == b"hang" and not Path("healed").exists():
        time.sleep(0.02)
    time.sleep(0.005)
    start_response("200 OK", [("X-Process", str(os.getpid()))])
    return [body]
"""


@contextmanager
def serving(folder: Path, *, workers: int, threads: int) -> Iterator[int]:
    """Run gunicorn with an application that hangs where it is asked to, until it is healed; give its port."""
    more = f"workers, threads, keepalive = {workers}, {threads}, 30\nGatheringWorker.stall_seconds = 1"
    with running(folder, APPLICATION, more) as (port, _):
        yield port


def ask(connection: socket.socket, body: bytes, more: bytes = b"") -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\n%sContent-Length: %d\r\n\r\n" % (more, len(body))
    connection.sendall(head + body)


def asked(port: int, body: bytes = b"quick") -> bytes:
    """Return the answer to one request by a connection of its own, which the server then closes."""
    with connect(port) as connection:
        ask(connection, body, b"Connection: close\r\n")
        return receive(connection)


def process_in(answer: bytes) -> bytes:
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    return answer.partition(b"X-Process: ")[2].split(b"\r\n")[0]


def hang(port: int, stack: ExitStack, times: int) -> list[socket.socket]:
    """Send requests that hang, each when the one before has its thread."""
    connections = []
    for _ in range(times):
        connections.append(stack.enter_context(connect(port)))
        ask(connections[-1], b"hang")
        time.sleep(0.2)
    return connections


def test_whoever_comes_behind_what_hangs_is_answered_by_the_other_worker_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, workers=2, threads=2) as port, ExitStack() as stack:
        processes: set[bytes] = set()
        end = time.monotonic() + PATIENCE_SECONDS
        while len(processes) < 2:  # both are up
            assert time.monotonic() < end
            with ThreadPoolExecutor(8) as pool:
                processes |= set(map(process_in, pool.map(asked, [port] * 8)))
        hanging = hang(port, stack, 3)  # the threads of one worker, and one thread of the other
        began = time.monotonic()
        answering = {process_in(asked(port)) for _ in range(30)}
        assert time.monotonic() - began < slowed(5)
        assert len(answering) == 1
        (tmp_path / "healed").touch()
        found = [process_in(receive(one, b"hang")) for one in hanging]
        assert sorted(map(found.count, processes)) == [1, 2]
        assert found.count(*answering) == 1


def test_alone_a_worker_leaves_newcomers_and_tells_kept_connections(tmp_path: Path) -> None:
    with serving(tmp_path, workers=1, threads=2) as port, ExitStack() as stack:
        kept = stack.enter_context(connect(port))
        ask(kept, b"quick")
        assert receive(kept, b"quick").startswith(b"HTTP/1.1 200 ")
        hanging = hang(port, stack, 2)
        newcomer = stack.enter_context(connect(port))
        ask(newcomer, b"quick")
        began = time.monotonic()
        ask(kept, b"quick")
        answer = receive(kept)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 5\r\nConnection: close\r\n" in answer
        assert 1 <= time.monotonic() - began < slowed(5)
        (tmp_path / "healed").touch()
        for one, body in [(newcomer, b"quick"), *((one, b"hang") for one in hanging)]:
            assert receive(one, body).startswith(b"HTTP/1.1 200 ")
        exposed = asked(port, b"numbers").partition(b"\r\n\r\n")[2]
    row = row_named("threads_busy")
    assert all(shows(metric, [NOTHING, Numbers(exposed)]) for metric in row.metrics)
    (line,) = row.log
    said = [json.loads(one) for one in (tmp_path / "log").read_text().splitlines() if one.startswith("{")]
    assert any(one["event"] == line.event and line.fields.items() <= one.items() for one in said)


def test_a_burst_at_one_worker_is_answered_whole(tmp_path: Path) -> None:
    """64 keep their connections and never pause; 64 more come, each by a connection of its own."""
    with serving(tmp_path, workers=1, threads=4) as port, ThreadPoolExecutor(128) as pool:

        def keep(_number: int) -> int:
            with connect(port) as connection:
                answers = []
                for _ in range(10):
                    ask(connection, b"quick")
                    answers.append(receive(connection, b"quick"))
            return sum(one.startswith(b"HTTP/1.1 200 ") for one in answers)

        kept = [pool.submit(keep, number) for number in range(64)]
        came = [pool.submit(asked, port) for _ in range(64)]
        assert all(one.result(PATIENCE_SECONDS).startswith(b"HTTP/1.1 200 ") for one in came)
        assert [one.result(PATIENCE_SECONDS) for one in kept] == [10] * 64
