"""The server as production runs it, and a document beside its answer that goes, or that nobody takes."""

from __future__ import annotations

import json
import re
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from bench.acts import one_of, prepare, publish_to_company, publishing_of
from bench.processes import cpu_seconds_below
from bench.serving import CONF, PATH, Serving, serving

from notigateway.pki.anchors import PinnedCertificates
from notigateway.pki.keys import load_certificates, load_key_pair
from notigateway.repository.engine import create_database
from notigateway.settings import load_settings
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import Signer, sign_envelope
from notigateway.wss.verify import verify_envelope
from parcels import MTOM
from patience import PATIENCE_SECONDS
from sockets import connect, receive

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from uuid import UUID

NUMBERS: Final = count(1)
MEGABYTE: Final = 1024 * 1024
DOCUMENT_BYTES: Final = 24_000_000
# Who is sent an answer has 300 seconds in production: nobody waits here that long.
ANSWER_SECONDS: Final = 5
CONNECTIONS: Final = 20
# What a connection may hold: a piece, and once more what of it is on its way.
HELD_BYTES: Final = 2 * 768 * 1024


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("production")
    conf = folder / "conf.py"
    conf.write_text(
        f"{CONF.read_text('utf-8')}\n"
        "from notigateway.http.worker import GatheringWorker\n"
        f"GatheringWorker.answer_seconds = {ANSWER_SECONDS}\n",
        "utf-8",
    )
    options = ("--workers", "1", "--worker-connections", str(CONNECTIONS), "-c", str(conf))
    with serving(folder, *options) as started:
        prepare(load_settings(folder / "notigateway.toml"), 0)
        yield started


def documents(served: Serving) -> set[Path]:
    return {one for one in (served.folder / "documents").rglob("*") if one.stat().st_size == DOCUMENT_BYTES}


def accepted(served: Serving) -> tuple[UUID, Path]:
    """Publish a large document of its own and accept it; return what it goes by, and where it is stored."""
    settings = load_settings(served.folder / "notigateway.toml")
    engine, before = create_database(settings.database_url), documents(served)
    (found,) = publish_to_company(
        engine,
        publishing_of(settings, engine),
        range(number := next(NUMBERS), number + 1),
        documents=partial(one_of, DOCUMENT_BYTES),
    )
    engine.dispose()
    with served.client() as client:
        client.accept([str(found)])
    (stored,) = documents(served) - before
    return found, stored


def ask(served: Serving, connection: socket.socket, found: UUID) -> None:
    """Ask for it, its documents beside the answer."""
    holder = served.pki.holder("company")
    pair = load_key_pair(holder.key, holder.certificate)
    content = f'<RetrieveNotifications xmlns="{NOTIGATEWAY_V1}"><id>{found}</id></RetrieveNotifications>'
    body = sign_envelope(content.encode(), signer=Signer(pair.key, pair.certificate), now=datetime.now(UTC))
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml; charset=utf-8\r\nAccept: {MTOM}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)


def head_of(connection: socket.socket) -> tuple[str, dict[str, str]]:
    """Return the status line and the headers of an answer; the rest stays with the server."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(1)
    status, *lines = head.decode().strip().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines)


def rest_of(connection: socket.socket) -> bytes:
    with suppress(ConnectionResetError):
        return receive(connection)
    return b""


def lines(served: Serving, event: str) -> list[dict[str, Any]]:
    text = (served.folder / "server.log").read_text("utf-8")
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def test_a_document_that_is_gone_before_its_answer_begins_is_a_signed_refusal(served: Serving) -> None:
    found, stored = accepted(served)
    stored.unlink()
    with connect(served.address[1]) as connection:
        ask(served, connection, found)
        status, headers = head_of(connection)
        answer = b""
        while len(answer) < int(headers["Content-Length"]):
            answer += connection.recv(65536)
    assert status == "HTTP/1.1 200 OK"
    assert headers["Content-Type"].startswith("text/xml")
    verified = verify_envelope(
        parse_envelope(answer, limits=Limits()),
        now=datetime.now(UTC),
        expectations=Expectations(),
        check_certificate=PinnedCertificates(load_certificates(served.pki.certificate("service"))).check,
    )
    assert verified.operation.findtext("{*}item/{*}problem/{*}code") == "DOCUMENT_DAMAGED"
    assert verified.operation.find(".//{*}content") is None
    damaged = lines(served, "document_damaged")[-1]
    assert damaged["correlation_id"] == headers["X-Correlation-Id"]


def test_a_document_that_goes_while_it_is_sent_cuts_its_answer_off(served: Serving) -> None:
    found, stored = accepted(served)
    with connect(served.address[1]) as connection:
        ask(served, connection, found)
        status, headers = head_of(connection)
        got = b""
        while len(got) < MEGABYTE:
            got += connection.recv(65536)
        stored.unlink()  # nobody reads meanwhile, so most of it is still in the store
        got += rest_of(connection)
    assert status == "HTTP/1.1 200 OK"
    assert len(got) < int(headers["Content-Length"]) - MEGABYTE
    boundary = re.search('boundary="([^"]+)"', headers["Content-Type"])
    assert boundary is not None
    assert f"--{boundary[1]}--".encode() not in got
    (cut,) = [
        one for one in lines(served, "answer_cut_off") if one["correlation_id"] == headers["X-Correlation-Id"]
    ]
    assert cut["code"] == "DOCUMENT_DAMAGED"
    with served.client() as client:
        client.ping()


def test_who_stops_reading_holds_little_and_not_for_long_and_keeps_nobody_out(served: Serving) -> None:
    found, _ = accepted(served)
    (worker,) = children(served.process.pid)
    with ExitStack() as opened:
        first = opened.enter_context(connect(served.address[1]))
        ask(served, first, found)
        head_of(first)
        before, used = most_held(worker), cpu_seconds_below(served.process.pid)
        stopped = [first]
        for _ in range(CONNECTIONS - 1):
            stopped.append(opened.enter_context(connect(served.address[1])))
            ask(served, stopped[-1], found)
            head_of(stopped[-1])
        began = time.monotonic()
        with served.client() as client:
            client.ping()  # one connection too many: it ends the one that has waited longest
        assert time.monotonic() - began < ANSWER_SECONDS
        # How much an allocator takes besides is its own affair, if it is less than one document.
        assert most_held(worker) - before < CONNECTIONS * HELD_BYTES + DOCUMENT_BYTES
        time.sleep(ANSWER_SECONDS + 1)  # who reads before that is not one who does not
        assert all(len(rest_of(one)) < DOCUMENT_BYTES for one in stopped)
        assert cpu_seconds_below(served.process.pid) - used < PATIENCE_SECONDS
    assert children(served.process.pid) == {worker}


def children(process: int) -> set[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return set(map(int, text.split()))


def most_held(process: int) -> int:
    """Return the most bytes of memory that a process has held until now."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * 1024
