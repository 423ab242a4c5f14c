"""gunicorn with our worker: callers that send slowly hold no thread, and nothing of a request is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from notigateway.client import NotificationClient
from notigateway.http.worker import HEAD_MAX_BYTES, Gathering
from notigateway.sandbox.process import Running, running
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOW = 100
CONF = """
from notigateway.http.worker import GatheringWorker

GatheringWorker.receive_seconds = 2
bind = "fd://{descriptor}"
worker_class = "notigateway.http.worker.GatheringWorker"
workers, threads, keepalive, graceful_timeout = 1, 2, 5, 5
control_socket_disable = True
"""
ECHO = """
def application(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
"""
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


@contextmanager
def echoing(folder: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run gunicorn with an application that returns what it is sent; give its port."""
    (folder / "echo.py").write_text(ECHO)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        conf = folder / "conf.py"
        conf.write_text(CONF.format(descriptor=listener.fileno()))
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(conf), "--chdir", str(folder), "echo:application"],
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield listener.getsockname()[1], process
            process.terminate()
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with echoing(tmp_path_factory.mktemp("echo")) as (port, _):
        yield port


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def receive(connection: socket.socket, end: bytes) -> bytes:
    """Read until the answer ends like that, or the other side closes."""
    got = b""
    while not got.endswith(end) and (piece := connection.recv(65536)):
        got += piece
    return got


def test_whoever_is_slow_holds_up_nobody_and_is_told_408(port: int) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(port)) for _ in range(SLOW)]
        for number, connection in enumerate(slow):
            connection.sendall(
                POST[: number % len(POST)] if number % 2 else POST + b"Content-Length: 9\r\n\r\nhal"
            )
        for _ in range(20):
            with connect(port) as quick:
                quick.sendall(POST + b"Content-Length: 5\r\n\r\nquick")
                assert receive(quick, b"quick").startswith(b"HTTP/1.1 200 ")
        for number, connection in enumerate(slow[:6:2]):
            connection.sendall(b"f done")
            assert receive(connection, b"half done").endswith(b"half done"), number
        assert [receive(one, b"\r\n\r\n")[:13] for one in slow[6::2]] == [b"HTTP/1.1 408 "] * (SLOW // 2 - 3)


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (POST + b"Content-Length: 0\r\n\r\n", b""),
        (POST + b"content-length:  3 \r\n\r\nabc", b"abc"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (POST + b"Content-Length: 200000\r\n\r\n" + b"x" * 200_000, b"x" * 200_000),
    ],
)
@pytest.mark.parametrize("piece", [7, 70_000])
def test_a_request_arrives_whole_in_whatever_pieces(
    port: int, request_: bytes, body: bytes, piece: int
) -> None:
    if len(request_) > 1000:
        piece *= 100
    with connect(port) as connection:
        for _ in range(2):  # and the connection serves the next one
            for start in range(0, len(request_), piece):
                connection.sendall(request_[start : start + piece])
            answer = receive(connection, b"\r\n\r\n" + body)
            assert answer.startswith(b"HTTP/1.1 200 ")
            assert answer.endswith(b"\r\n\r\n" + body)


def test_a_body_that_waits_to_be_asked_for_is_asked_for(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(POST + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        assert receive(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"body")
        assert receive(connection, b"body").startswith(b"HTTP/1.1 200 ")


def test_two_requests_sent_at_once_are_both_answered(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(
            (POST + b"Content-Length: 3\r\n\r\none") + (POST + b"Content-Length: 3\r\n\r\ntwo")
        )
        assert b"\r\n\r\none" in receive(connection, b"two")


def test_a_stopped_worker_waits_for_what_has_begun_to_arrive(tmp_path: Path) -> None:
    with echoing(tmp_path) as (port, process), connect(port) as connection, connect(port) as silent:
        connection.sendall(POST + b"Content-Length: 4\r\n\r\nbo")
        with connect(port) as other:  # an answer shows that the first one is in the poller by now
            other.sendall(POST + b"Content-Length: 2\r\n\r\nok")
            assert receive(other, b"ok")
        process.send_signal(signal.SIGTERM)
        connection.sendall(b"dy")
        assert receive(connection, b"body").startswith(b"HTTP/1.1 200 ")
        assert silent.recv(1) == b""


def test_an_endless_head_is_handed_to_the_parser() -> None:
    gathering = Gathering()
    assert not gathering.add(b"x" * HEAD_MAX_BYTES)
    assert gathering.add(b"x")
    assert len(gathering.take()) == HEAD_MAX_BYTES + 1
    assert len(gathering) == 0


def client_of(sandbox: Running) -> NotificationClient:
    holder = sandbox.pki.holder("company")
    return NotificationClient.from_files(
        sandbox.url,
        key=holder.key,
        certificate=holder.certificate,
        server_certificates=[sandbox.pki.certificate("service")],
    )


@pytest.mark.soak
def test_five_hundred_slow_callers_do_not_keep_a_client_from_its_work(tmp_path: Path) -> None:
    with running(tmp_path, "--notifications", "200", "--workers", "2") as sandbox, ExitStack() as stack:
        port = int(sandbox.url.split(":")[2].split("/")[0])
        slow = [stack.enter_context(connect(port)) for _ in range(500)]
        for connection in slow:
            connection.sendall(POST + b"Content-Length: 1000\r\n\r\n<")
        began = time.monotonic()
        with client_of(sandbox) as client:
            ids = [one.id for one in client.list_notifications()]
            assert {one.outcome for one in client.accept(ids)} == {"decided"}
        assert len(ids) == 200
        assert time.monotonic() - began < 25, "the slow callers were waited for"
        settings = sandbox.ready["settings"]
        done = subprocess.run(
            [sys.executable, "-m", "notigateway.cli.main", "check", "--settings", settings],
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            env=dict(os.environ),
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
