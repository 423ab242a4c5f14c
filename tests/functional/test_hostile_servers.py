"""A server that holds whoever asks it: each way ends in time, and is told as an answer that does not come."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from typer.testing import CliRunner

from listeners import answering, client_of, told
from notigateway.errors import RevocationDataError
from notigateway.exchanges import BoundedTransport
from notigateway.pki.fetching import Fetcher
from operating import app
from patience import PATIENCE_SECONDS, slowed
from pki import pki, write_issuers, write_pem
from service_simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answer = Callable[[socket.socket], None]

# Long enough for an honest answer on a busy machine, as short as a test may wait.
SECONDS: Final = 0.4
OK: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = OK + b"Content-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
RELATED: Final = b'multipart/related; type="application/xop+xml"; boundary=b; start-info="text/xml"'
IN_PARTS: Final = CHUNKED.replace(b"text/xml", RELATED) + b"1a\r\n--b\r\nContent-Type: a/b\r\n\r\n\r\n"
LONG: Final = OK + b"Content-Type: text/xml\r\nContent-Length: 60000000\r\n\r\n"


def request(connection: socket.socket) -> None:
    """Read a request to its end."""
    got = b""
    end = b"\r\n\r\n"
    while not got.endswith(end):
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError
        got += piece
        end = b"</soap:Envelope>" if got.startswith(b"POST") else end


def forever(head: bytes, more: bytes, pause: float = 0.0) -> Answer:
    """Return what answers that head, and then the same again and again until the other side goes."""

    def answer(connection: socket.socket) -> None:
        request(connection)
        connection.sendall(head)
        while True:
            connection.sendall(more)
            time.sleep(pause)

    return answer


# What comes without end costs a core, and is cut off by its size.
BULKY: Final = {
    "announcements": forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500),
    "announcements of something to do": forever(b"", b"HTTP/1.1 102 Processing\r\n\r\n" * 500),
    "chunks of one byte": forever(CHUNKED, b"1\r\n \r\n" * 1000),
    "parts in chunks of one byte": forever(IN_PARTS, b"1\r\n \r\n" * 1000),
}
# What comes a byte at a time is cut off by the clock, though every read is answered at once.
DRIBBLING: Final = {
    "an announcement": forever(b"", b"HTTP/1.1 102 Processing\r\n\r\n", 0.02),
    "a head": forever(OK, b"x", 0.02),
    "a body": forever(LONG, b" ", 0.02),
    "chunks": forever(CHUNKED, b"1\r\n \r\n", 0.02),
    "the head of a chunk": forever(CHUNKED + b"1;", b"x", 0.02),
    "a trailer": forever(CHUNKED + b"1\r\n \r\n0\r\n", b"x", 0.02),
}


def fetching(host: str, *, seconds: float, proxy_url: str = "") -> Fetcher:
    """Return what fetches from a host."""
    return Fetcher([host], timeout_seconds=seconds, max_bytes=2**21, proxy_url=proxy_url)


@contextmanager
def soon() -> Iterator[None]:
    """Fail if it takes long, or much of the core: less than a second of both where nobody else works."""
    began, worked = time.monotonic(), time.thread_time()
    yield
    assert time.thread_time() - worked < 2
    assert time.monotonic() - began < SECONDS + slowed(2)


@pytest.mark.parametrize("way", BULKY)
def test_what_is_fetched_ends_by_its_size_whatever_is_not_the_answer(way: str) -> None:
    with (
        answering(BULKY[way]) as place,
        fetching(place, seconds=60) as fetcher,
        soon(),
        pytest.raises(RevocationDataError) as refused,
    ):
        fetcher.get(f"http://{place}/")
    assert refused.value.detail.startswith("no answer: 1"), refused.value.detail
    assert " bytes of HTTP around " in refused.value.detail


@pytest.mark.parametrize("way", DRIBBLING)
def test_what_is_fetched_is_complete_in_its_time_or_given_up(way: str) -> None:
    with (
        answering(DRIBBLING[way]) as place,
        fetching(place, seconds=SECONDS) as fetcher,
        soon(),
        pytest.raises(RevocationDataError) as refused,
    ):
        fetcher.exchange("POST", f"http://{place}/", content=b"</soap:Envelope>")
    assert refused.value.detail == f"no answer: not complete after {SECONDS} seconds"


def test_who_takes_what_is_posted_a_little_at_a_time_holds_nobody() -> None:
    def take(connection: socket.socket) -> None:
        for _ in range(100):
            connection.recv(65536)
            time.sleep(0.01)

    with (
        answering(take) as place,
        fetching(place, seconds=SECONDS) as fetcher,
        soon(),
        pytest.raises(RevocationDataError, match="not complete after"),
    ):
        fetcher.post(f"http://{place}/", bytes(20_000_000), "application/octet-stream")


@pytest.mark.parametrize("way", BULKY)
def test_the_client_gives_up_what_is_hardly_an_answer(way: str) -> None:
    with answering(BULKY[way]) as place, soon():
        error = told(f"http://{place}/", timeout_seconds=60)
    assert (error.code, error.retryable, error.exit_code) == ("SERVICE_UNREACHABLE", True, 3)
    assert str(error).startswith(f"{place} answers with hardly anything that is an answer: 1"), error


@pytest.mark.parametrize("way", DRIBBLING)
def test_the_client_gives_up_who_answers_more_slowly_than_any_line(way: str) -> None:
    with answering(DRIBBLING[way]) as place, soon():
        error = told(f"http://{place}/", timeout_seconds=SECONDS)
    assert (error.code, error.retryable, error.exit_code) == ("SERVICE_UNREACHABLE", True, 3)
    late = f"the service at {place} did not answer in time: {SECONDS} seconds (--timeout-seconds)"
    assert str(error) == late or str(error).startswith(f"the service at {place} answers too slowly: "), error
    assert ("too slowly" in str(error)) == (way in {"a body", "chunks", "a trailer"})


@pytest.mark.parametrize("more", [b"1\r\n \r\n" * 1000, b"400\r\n" + b" " * 0x400 + b"\r\n"])
def test_a_refusal_without_end_is_one_all_the_same(more: bytes) -> None:
    with answering(forever(CHUNKED.replace(b"200 OK", b"404 Not Found"), more)) as place, soon():
        assert told(f"http://{place}/", timeout_seconds=60).code == "HTTP_REFUSED"


@pytest.mark.parametrize("url", ["http://log.example/", "https://log.example/"])
def test_a_proxy_holds_nobody_either(url: str) -> None:
    with (
        answering(BULKY["announcements"]) as place,
        fetching("log.example", seconds=60, proxy_url=f"http://{place}") as fetcher,
        soon(),
        pytest.raises(RevocationDataError, match=r"bytes of HTTP around 0 of an answer"),
    ):
        fetcher.get(url)


def test_who_speaks_tls_holds_nobody_either(tmp_path: Path) -> None:
    key, certificate = write_pem(pki().service, tmp_path, "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secret:
            DRIBBLING["a head"](secret)

    with answering(answer) as place, soon():
        bounded = BoundedTransport(seconds=SECONDS, verify=trusting)
        with httpx.Client(transport=bounded, timeout=60) as client, pytest.raises(httpx.ReadTimeout):
            client.get(f"https://{place}/")


def test_the_monitor_tells_a_log_that_answers_without_end(tmp_path: Path) -> None:
    write_issuers(tmp_path / "trust" / "seals", [pki().seal.certificate])
    with answering(BULKY["announcements"]) as place, soon():
        arguments = [f"http://{place}/log", "--trust", str(tmp_path / "trust"), "--json"]
        done = CliRunner().invoke(app, ["monitor", *arguments, "--state", str(tmp_path / "state.json")])
    assert isinstance(done.exception, SystemExit), done.exception
    said = json.loads(done.stdout)
    assert (done.exit_code, said["outcome"]) == (2, "indeterminate")
    assert "no answer: 1" in said["said"]


# --- who is honest and slow -------------------------------------------------------------------------


def slowly(*pieces: bytes) -> Answer:
    """Return what answers with these pieces, taking three quarters of the time."""

    def answer(connection: socket.socket) -> None:
        request(connection)
        for piece in pieces:
            time.sleep(0.75 * SECONDS / len(pieces))
            connection.sendall(piece)

    return answer


def test_an_answer_that_is_announced_and_comes_slowly_in_small_chunks_is_fetched() -> None:
    chunks = [b"14\r\n" + b"a" * 20 + b"\r\n"] * 5_000
    head = [b"HTTP/1.1 102 Processing\r\n\r\n", OK, b"Transfer-Encoding: chunked\r\n\r\n"]
    answer = slowly(*head, b"".join(chunks), b"0\r\n\r\n")
    with answering(answer) as place, fetching(place, seconds=10 * SECONDS) as fetcher:
        assert fetcher.get(f"http://{place}/") == b"a" * 100_000


def test_a_second_answer_on_the_same_connection_has_its_own_time_and_size() -> None:
    head = b"X: " + b"x" * 60_000 + b"\r\n"

    def answer(connection: socket.socket) -> None:
        for _ in range(4):
            slowly(OK, head, b"Content-Length: 2\r\n\r\n", b"ok")(connection)

    with answering(answer) as place, fetching(place, seconds=2 * SECONDS) as fetcher:
        assert [fetcher.get(f"http://{place}/") for _ in range(4)] == [b"ok"] * 4


@contextmanager
def slow_line(server: int, *, piece_bytes: int, pause: float) -> Iterator[str]:
    """Give the address of a line to a server of this machine on which answers take time."""

    def relay(connection: socket.socket) -> None:
        with closing(socket.create_connection(("127.0.0.1", server), PATIENCE_SECONDS)) as far:

            def ask() -> None:
                with suppress(OSError):
                    while data := connection.recv(65536):
                        far.sendall(data)
                    far.shutdown(socket.SHUT_WR)

            asking = threading.Thread(target=ask)
            asking.start()
            while data := far.recv(piece_bytes):
                connection.sendall(data)
                time.sleep(pause)
            asking.join(PATIENCE_SECONDS)

    with answering(relay) as place:
        yield place


def test_a_document_may_take_longer_than_an_answer_is_waited_for() -> None:
    """The line carries some 100 kB a second, so the document alone takes longer than the timeout."""
    content = bytes(range(256)) * 512
    with Simulator() as service:
        (item,) = service.add(content=content)
        service.accept(item)
        with (
            slow_line(httpx.URL(service.url).port or 0, piece_bytes=2048, pause=0.02) as place,
            client_of(f"http://{place}/notigateway/v1", timeout_seconds=1.5) as client,
        ):
            began = time.monotonic()
            (retrieved,) = client.retrieve([item.id])
            assert time.monotonic() - began > 1.5
    assert retrieved.documents[0].inline == content
