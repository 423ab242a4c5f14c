"""A server that holds whoever asks it: each way ends in time, and is told as an answer that does not come."""

from __future__ import annotations

import json
import socket
import ssl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from typer.testing import CliRunner

from listeners import answering
from notigateway.errors import RevocationDataError
from notigateway.exchanges import BoundedTransport
from notigateway.pki.fetching import Fetcher
from operating import app
from patience import back_seconds
from pki import pki, write_issuers, write_pem

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
    assert time.monotonic() - began < SECONDS + back_seconds()


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
