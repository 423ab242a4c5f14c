"""An authority that is dead, slow or lying delays time-stamps and loses nothing."""

from __future__ import annotations

import socket
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from notigateway.evidence.xades import verify_receipt
from notigateway.pki.keys import load_certificates
from notigateway.receipts.stamping import Authority, Stamped, stamp
from notigateway.repository.engine import reading
from notigateway.repository.timestamps import count_undone
from notigateway.sandbox.authority import TimestampAuthority
from notigateway.sandbox.holders import Pki, ensure_pki
from openssl_authority import find_openssl, stamping
from pki import NOW, pki
from stack import NG, texts
from tsa import Answering, serving, tsa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lxml.etree import _Element

    from stack import Stack

OPENSSL = find_openssl() or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl is not installed")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return ensure_pki(tmp_path_factory.mktemp("tsa") / "pki", datetime.now(UTC))


@contextmanager
def honest(files: Pki) -> Iterator[Authority]:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    pair = {"key": files.key("tsa"), "certificate": files.certificate("tsa")}
    with TimestampAuthority(listener, stamping(openssl=OPENSSL, **pair)):
        yield Authority(url, load_certificates(files.certificate("tsa")), 30)


@contextmanager
def answering(body: bytes, *, status: int = 200, held: Event | None = None) -> Iterator[Authority]:
    """Answer the same to everything; `held` keeps the answer back until it is set."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if held is not None:
                held.wait(30)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Authority(f"http://127.0.0.1:{server.server_address[1]}/", [], 1)
    finally:
        if held is not None:
            held.set()
        server.shutdown()
        thread.join(10)
        server.server_close()


def run(stack: Stack, authority: Authority, *, later: timedelta = timedelta(0)) -> Stamped:
    return stamp(stack.engine, authority=authority, now=stack.now + later, batch_size=2)


def outcomes(items: list[_Element]) -> list[str]:
    return [item.findtext("ng:outcome", "", namespaces=NG) for item in items]


def waiting(stack: Stack) -> int:
    with reading(stack.engine) as session:
        return count_undone(session)


def test_receipts_get_their_time_stamps_late_and_once(stack: Stack, files: Pki) -> None:
    stack.now = datetime.now(UTC) - timedelta(days=3)
    ids = [stack.publish(f"ACT-{number}") for number in range(3)]
    stack.accept(ids[0])
    with honest(files) as authority:
        assert run(stack, authority) == Stamped(stamped=4)
        assert run(stack, authority) == Stamped()
    answer = stack.ask("RetrieveReceipts", f"<id>{ids[0]}</id>").tree
    assert texts(answer, "item/receipt/level") == ["XAdES-T", "XAdES-T"]
    for xml, digest in zip(
        texts(answer, "item/receipt/xml"), texts(answer, "item/receipt/sha256"), strict=True
    ):
        data = b64decode(xml or "")
        assert sha256(data).hexdigest() == digest
        facts = verify_receipt(
            data,
            seal_certificates=[pki().seal.certificate],
            timestamp_certificates=load_certificates(files.certificate("tsa")),
        )
        assert facts.timestamped_at is not None
        assert facts.timestamped_at > facts.event_time + timedelta(days=2)


@pytest.mark.parametrize("body", [b"garbage", b""], ids=["garbage", "empty"])
def test_a_lying_authority_delays_and_never_loses(sqlite_stack: Stack, files: Pki, body: bytes) -> None:
    stack = sqlite_stack
    stack.now = datetime.now(UTC)
    stack.publish()
    with answering(body) as liar:
        assert run(stack, liar).failed == 1
        # Not again at once, but after a pause that grows.
        assert run(stack, liar, later=timedelta(seconds=29)).failed == 0
        assert run(stack, liar, later=timedelta(seconds=31)).failed == 1
        assert run(stack, liar, later=timedelta(seconds=62)).failed == 0
    assert waiting(stack) == 1
    with honest(files) as authority:
        assert run(stack, authority, later=timedelta(hours=1)) == Stamped(stamped=1)


def test_a_dead_a_failing_and_a_slow_authority_delay_and_never_lose(sqlite_stack: Stack, files: Pki) -> None:
    stack = sqlite_stack
    stack.now = datetime.now(UTC)
    for number in range(5):
        stack.publish(f"ACT-{number}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    dead = run(stack, Authority(f"http://127.0.0.1:{port}/", [], 1))
    # It stops after the first batch instead of asking for each.
    assert (dead.failed, dead.waiting) == (2, 5)
    with answering(b"", status=500) as failing:
        assert run(stack, failing).failures == {f"HTTP status 500 from {failing.url}"}
    with answering(b"late", held=Event()) as slow:
        assert run(stack, slow).stamped == 0
    with honest(files) as authority:
        assert run(stack, authority, later=timedelta(hours=1)) == Stamped(stamped=5)


def test_another_authority_behind_the_address_is_refused(
    sqlite_stack: Stack, files: Pki, tmp_path: Path
) -> None:
    stack = sqlite_stack
    stack.now = datetime.now(UTC)
    stack.publish()
    (tmp_path / "other").mkdir()
    other = ensure_pki(tmp_path / "other" / "pki", datetime.now(UTC))
    with honest(other) as foreign:
        mistaken = Authority(foreign.url, load_certificates(files.certificate("tsa")), 30)
        assert run(stack, mistaken).failures == {"the token is not from a pinned authority"}
    assert waiting(stack) == 1


OF_LAST_YEAR = tsa("expired", (NOW - timedelta(days=400), NOW - timedelta(days=30)))
WRONG = {
    "nonce": (Answering(nonce=1), tsa(), "wrong nonce"),
    "imprint": (Answering(imprint=bytes(32)), tsa(), "wrong imprint"),
    "expired": (Answering(pair=OF_LAST_YEAR), OF_LAST_YEAR, "not valid at the stated time"),
    "foreign": (Answering(pair=OF_LAST_YEAR), tsa(), "not from a pinned authority"),
    "no authority": (Answering(pair=pki().seal), pki().seal, "not for time-stamps alone"),
    "clock behind": (Answering(at=NOW - timedelta(hours=1)), tsa(), "from before the seal"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_token_that_is_wrong_is_never_stored_and_asked_for_again(stack: Stack, name: str) -> None:
    wrong, pinned, reason = WRONG[name]
    stack.publish()
    with serving(replace(wrong, at=wrong.at or NOW), pinned=pinned) as authority:
        done = run(stack, authority)
    assert (done.stamped, done.failed, done.waiting) == (0, 1, 1)
    assert reason in "".join(done.failures)
    with serving(Answering(at=NOW + timedelta(hours=1))) as authority:
        assert run(stack, authority, later=timedelta(hours=1)) == Stamped(stamped=1)


def test_a_dead_and_a_slow_authority_stop_no_decision(stack: Stack) -> None:
    first, second = stack.publish_many(2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert run(stack, Authority(f"http://127.0.0.1:{port}/", [], 1)).stamped == 0
    assert outcomes(stack.accept(first)) == ["decided"]
    with answering(b"late", held=Event()) as slow, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(run, stack, slow, later=timedelta(hours=1))
        assert outcomes(stack.accept(second)) == ["decided"]
        assert asking.result(timeout=60).stamped == 0
    with serving(Answering(at=NOW)) as authority:
        assert run(stack, authority, later=timedelta(hours=3)) == Stamped(stamped=4)
