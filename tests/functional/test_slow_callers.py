"""gunicorn with our worker: callers that send slowly hold no thread, and nothing of a request is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from bench.serving import PATH, Serving, serving
from bench.slow import CALLERS, KINDS, SlowCallers

import gunicorns
from notigateway.client import NotificationClient
from notigateway.sandbox.holders import COMPANY, ensure_pki
from notigateway.sandbox.process import Running, running
from patience import PATIENCE_SECONDS
from sockets import connect, receive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.once

SLOW = 100
ECHO = """
import os

reminded = []

def application(environ, start_response):
    failing = environ.get("HTTP_X_FAIL")
    body = environ["wsgi.input"].read()
    headers = [("Content-Type", "text/plain"), ("X-Process", str(os.getpid()))]
    headers.append(("X-Reminded", str(len(reminded))))
    if failing == "call":
        raise ValueError
    if failing == "header":
        headers.append(("X", "a\\r\\nb"))
    start_response("403 Forbidden" if failing == "refused" else "200 OK", headers)
    return [body]

application.remind = lambda: reminded.append(None)
"""
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


@contextmanager
def echoing(folder: Path, more: str = "") -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Run gunicorn with an application that returns what it is sent; give its port."""
    with gunicorns.running(folder, ECHO, f"workers, threads, keepalive = 1, 2, 5\n{more}") as started:
        yield started


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with echoing(tmp_path_factory.mktemp("echo"), "GatheringWorker.message_seconds = 5") as (port, _):
        yield port


def rest_of(connection: socket.socket) -> bytes:
    """Read what is still there of a connection that the server has ended."""
    got = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            got += piece
    return got


def test_the_loop_asks_the_application_what_there_is_to_remind_of(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(POST + b"Content-Length: 2\r\n\r\nhi")
        head = receive(connection, b"hi").decode()
    assert int(head.partition("X-Reminded: ")[2].split()[0]) >= 1


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


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("production")) as served:
        yield served


@pytest.mark.parametrize("name", sorted(KINDS))
def test_64_slow_callers_of_any_kind_keep_nobody_out(production: Serving, name: str) -> None:
    with production.client() as client, SlowCallers(KINDS[name], production.address, PATH) as callers:
        for _ in range(3):
            callers.step()
            assert client.ping().party.identifier == COMPANY[0]
        assert callers.holding == CALLERS


def test_64_slow_callers_of_every_kind_together_keep_nobody_out(production: Serving) -> None:
    with production.client() as client, ExitStack() as stack:
        everybody = [
            stack.enter_context(SlowCallers(kind, production.address, PATH)) for kind in KINDS.values()
        ]
        for _ in range(3):
            for callers in everybody:
                callers.step()
            assert client.ping().party.identifier == COMPANY[0]
        assert sum(callers.holding for callers in everybody) == CALLERS * len(KINDS)


def test_a_reload_and_a_stop_answer_what_has_begun(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client, connect(served.address[1]) as slow:
        slow.sendall(b"GET %s?wsdl HTTP/1.1\r\nHost" % PATH.encode())
        assert client.ping().party.identifier == COMPANY[0]
        served.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)  # the old workers have been told, and still wait for what has begun
        slow.sendall(b": x\r\n\r\n")
        assert receive(slow, b"definitions>").startswith(b"HTTP/1.1 200 ")
        assert client.ping().party.identifier == COMPANY[0]


def test_a_body_at_the_limit_is_read_and_one_beyond_it_is_refused_unread(production: Serving) -> None:
    limit = 10 * 1024 * 1024
    head = (POST + b"Content-Type: text/xml\r\nExpect: 100-continue\r\n").replace(b"/", PATH.encode(), 1)
    with connect(production.address[1]) as one:
        one.sendall(head + b"Content-Length: %d\r\n\r\n" % limit)
        assert receive(one, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        one.sendall(b" " * limit)
        assert b"XML_NOT_WELL_FORMED" in receive(one, b"Envelope>")
    with connect(production.address[1]) as one:
        one.sendall(head + b"Content-Length: %d\r\n\r\n" % (limit + 1))
        assert b"REQUEST_TOO_LARGE" in receive(one, b"Envelope>")
        assert one.recv(1) == b""
    with connect(production.address[1]) as one:
        one.sendall(head.replace(b"Expect: 100-continue", b"Transfer-Encoding: chunked") + b"\r\n")
        one.sendall(b"%x\r\n%s\r\n" % (limit + 1, b" " * (limit + 1)))
        assert b"REQUEST_TOO_LARGE" in receive(one, b"Envelope>")


def test_one_connection_too_many_ends_the_one_that_waited_longest(tmp_path: Path) -> None:
    with echoing(tmp_path, "worker_connections = 8") as (port, _), ExitStack() as stack:
        slow = []
        for _ in range(8):
            slow.append(stack.enter_context(connect(port)))
            slow[-1].sendall(POST)
            with connect(port) as quick:
                quick.sendall(POST + b"Content-Length: 2\r\n\r\nok")
                assert receive(quick, b"ok").startswith(b"HTTP/1.1 200 ")
        assert rest_of(slow[0]) == b""
        slow[-1].sendall(b"Content-Length: 2\r\n\r\nok")
        assert receive(slow[-1], b"ok").startswith(b"HTTP/1.1 200 ")


def test_bytes_that_nobody_completes_are_bounded(tmp_path: Path) -> None:
    with echoing(tmp_path, "GatheringWorker.held_max_bytes = 1") as (port, _), ExitStack() as stack:
        # the bound is never below four bodies: the fifth ends the first
        slow = [stack.enter_context(connect(port)) for _ in range(5)]
        for one in slow:
            one.sendall(POST + b"Content-Length: 10485760\r\n\r\n" + b"x" * 9_000_000)
        assert rest_of(slow[0]) == b""
        slow[-1].sendall(b"x" * (10_485_760 - 9_000_000))
        assert receive(slow[-1], b"xxx").startswith(b"HTTP/1.1 200 ")


def test_an_answer_that_nobody_takes_ends(tmp_path: Path) -> None:
    with echoing(tmp_path, "GatheringWorker.answer_seconds = 0.1") as (port, _), connect(port) as one:
        one.sendall(POST + b"Content-Length: 9000000\r\n\r\n" + b"x" * 9_000_000)
        with connect(port) as quick:
            quick.sendall(POST + b"Content-Length: 2\r\n\r\nok")
            assert receive(quick, b"ok")
        time.sleep(1)
        assert len(rest_of(one)) < 9_000_000


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        POST + b"A: b\nContent-Length: 3\r\n\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\n" + HIDDEN,
    ],
)
def test_a_request_within_a_request_is_never_read(port: int, request_: bytes) -> None:
    with connect(port) as one:
        one.sendall(request_)
        answer = receive(one, b"never")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 1


def test_a_defect_is_answered_500_and_the_connection_ends(port: int) -> None:
    for header in (b"X-Fail: call", b"X-Fail: header"):
        with connect(port) as one:
            one.sendall(POST + header + b"\r\n\r\n")
            assert receive(one, b"never").startswith(b"HTTP/1.1 500 ")


def process_of(port: int, request_: bytes = POST + b"Content-Length: 2\r\n\r\nok") -> bytes:
    """Return which process answers."""
    with connect(port) as one:
        one.sendall(request_)
        answer = receive(one, b"ok")
        assert answer.startswith(b"HTTP/1.1 200 ")
        return answer.partition(b"X-Process: ")[2].split(b"\r\n")[0]


def test_a_worker_is_replaced_in_seconds_whatever_strangers_have_begun(tmp_path: Path) -> None:
    with echoing(tmp_path, "max_requests, graceful_timeout = 3, 25") as (port, _), connect(port) as slow:
        first = process_of(port)
        slow.sendall(POST + b"Content-Length: 9\r\n\r\nhal")
        assert process_of(port) == first
        began = time.monotonic()
        assert process_of(port) == first  # the third
        while process_of(port) == first:
            assert time.monotonic() - began < 15
        assert time.monotonic() - began < 15
        assert receive(slow, b"\r\n\r\n").startswith(b"HTTP/1.1 408 ")


def test_strangers_use_up_no_worker(tmp_path: Path) -> None:
    with echoing(tmp_path, "max_requests = 3") as (port, _):
        first = process_of(port)
        for refused in (b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", POST + b"X-Fail: refused\r\n\r\n") * 5:
            with connect(port) as one:
                one.sendall(refused)
                assert receive(one, b"\r\n\r\n")
        assert process_of(port) == first


def test_callers_that_pipeline_let_newcomers_in(tmp_path: Path) -> None:
    stopping = threading.Event()
    burst = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000

    def pipeline(port: int) -> None:
        while not stopping.is_set():
            with suppress(OSError), connect(port) as one:
                one.sendall(burst)
                while not stopping.is_set() and one.recv(65536):
                    pass

    with echoing(tmp_path, "worker_connections = 8") as (port, _):
        callers = [threading.Thread(target=pipeline, args=(port,)) for _ in range(24)]
        for caller in callers:
            caller.start()
        try:
            for _ in range(20):
                process_of(port)
        finally:
            stopping.set()
            for caller in callers:
                caller.join(PATIENCE_SECONDS)


def test_gunicorn_with_a_certificate_does_not_start(tmp_path: Path) -> None:
    pki = ensure_pki(tmp_path / "pki", datetime.now(UTC))
    files = ["--certfile", str(pki.certificate("service")), "--keyfile", str(pki.key("service"))]
    (tmp_path / "echo.py").write_text(ECHO)
    worker = ["-k", "notigateway.http.worker.GatheringWorker", "--no-control-socket"]
    place = ["-b", "127.0.0.1:0", "--chdir", str(tmp_path)]
    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", *place, *files, *worker, "echo:application"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 1
    assert "certfile and keyfile are not supported: a proxy in front speaks TLS" in ended.stderr


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
