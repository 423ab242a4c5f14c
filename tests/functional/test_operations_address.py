"""The second address answers whatever becomes of the first one, and neither disturbs the other."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from notigateway.errors import ConfigurationError
from notigateway.http.listening import inherit, listen
from notigateway.supervision.operations import VARIABLE, OperationsListener
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

CONF = """
import socket

bind = "fd://{public}"
worker_class = "notigateway.http.worker.GatheringWorker"
workers, threads, graceful_timeout = 1, 2, 1
control_socket_disable = True
listener = socket.socket(fileno={side})
listener.setblocking(False)

def post_fork(server, worker):
    worker.operations_listener = listener
"""
# The public application hangs until the process ends; the other one tells what it is asked.
APPLICATION = """
import json
import threading

stuck = []

def application(environ, start_response):
    if environ["PATH_INFO"] == "/hang":
        stuck.append(1)
        threading.Event().wait()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"public"]

def operations(environ, start_response):
    if environ["PATH_INFO"] == "/hang":
        threading.Event().wait()
    if environ["PATH_INFO"] == "/large":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"x" * 30_000_000]
    if environ["PATH_INFO"] == "/crash":
        raise ValueError
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"stuck": len(stuck)}).encode()]

application.operations = operations
"""
HANG = b"GET /hang HTTP/1.1\r\nHost: x\r\n\r\n"


def workers_in(folder: Path) -> list[str]:
    """Return the processes that serve from a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


@contextmanager
def serving(folder: Path) -> Iterator[tuple[int, int]]:
    """Run gunicorn with both addresses; give their ports."""
    (folder / "both.py").write_text(APPLICATION)
    with socket.create_server(("127.0.0.1", 0)) as public, socket.create_server(("127.0.0.1", 0)) as side:
        conf = folder / "conf.py"
        conf.write_text(CONF.format(public=public.fileno(), side=side.fileno()))
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(conf), "--chdir", str(folder), "both:application"],
            pass_fds=[public.fileno(), side.fileno()],
            stderr=subprocess.DEVNULL,
        )
        try:
            yield public.getsockname()[1], side.getsockname()[1]
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    with serving(tmp_path_factory.mktemp("both")) as ports:
        yield ports


def get(port: int, path: str = "/") -> bytes:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_SECONDS) as answer:
        data: bytes = answer.read()
    return data


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)


def test_a_worker_whose_master_was_killed_ends_although_something_hangs(tmp_path: Path) -> None:
    with serving(tmp_path) as (public, side), socket.create_connection(("127.0.0.1", public)) as hanging:
        hanging.sendall(HANG)
        end = time.monotonic() + PATIENCE_SECONDS
        while not json.loads(get(side))["stuck"]:
            assert time.monotonic() < end
    while workers_in(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_whoever_is_slow_or_hostile_there_disturbs_nobody(ports: tuple[int, int]) -> None:
    public, side = ports
    with ExitStack() as stack:
        for number in range(80):  # more than there is room for: some send half a request, some read nothing
            one = stack.enter_context(connect(side))
            with suppress(OSError):  # another one had to go
                one.sendall(b"GET /lar" if number % 2 else b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        hanging = [stack.enter_context(connect(side)) for _ in range(2)]
        for one in hanging:
            one.sendall(HANG)
        assert get(public) == b"public"
        assert json.loads(get(side)) == {"stuck": 0}
        with connect(side) as lonely:
            lonely.sendall(b"GET /crash HTTP/1.1\r\nHost: x\r\n\r\n")
            assert lonely.recv(64).startswith(b"HTTP/1.1 500 ")


def test_it_answers_while_all_threads_of_requests_hang(ports: tuple[int, int]) -> None:
    public, side = ports
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connect(public)).sendall(HANG)
        for _ in range(200):
            if json.loads(get(side))["stuck"] == 2:
                break
        else:
            pytest.fail("the threads never hung")


def test_an_address_that_is_taken_is_refused_in_a_line_and_changes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(
            ConfigurationError,
            match=f"^operations_address: cannot listen at {address}: Address already in use$",
        ):
            listen(address)
        held = OperationsListener()
        with pytest.raises(ConfigurationError):
            held.take(address)
        assert held.listener is None
    with pytest.raises(ConfigurationError, match=r"^operations_address: cannot (use|listen at) "):
        listen("nobody.invalid:8081")


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_the_next_master_inherits_it_and_an_end_of_the_setting_closes_it(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if host == "[::1]" else socket.AF_INET
    try:
        with socket.create_server((host.strip("[]"), 0), family=family) as probe:
            address = f"{host}:{probe.getsockname()[1]}"
    except OSError:
        assert host == "[::1]", "this machine has no IPv6"
        return
    held = OperationsListener()
    environ: dict[str, str] = {}
    held.take(address)
    assert held.listener is not None
    held.take(address)  # a reload with the same setting
    held.hand_on(environ)
    assert held.listener.get_inheritable()
    descriptor = held.listener.detach()  # as by exec: the number stays, its object does not
    assert environ == {VARIABLE: f"{descriptor} {address}"}

    monkeypatch.setenv(VARIABLE, environ[VARIABLE])
    following = OperationsListener()
    following.receive()
    following.take(address)
    assert following.listener is not None
    assert (following.listener.fileno(), following.listener.get_inheritable()) == (descriptor, False)
    following.take("")
    following.hand_on(environ)
    assert environ == {}
    OperationsListener().take("")


def test_what_is_no_listener_is_not_inherited() -> None:
    with socket.socket() as unconnected:
        assert inherit(str(unconnected.detach())) is None
    assert inherit("seven") is None
    assert inherit("9999") is None
