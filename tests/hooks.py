"""A receiver of what is pushed, on 127.0.0.1: it proves every message, and answers as it is told to."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from notigateway.pki.http_signatures import Posted, read_jwks, verify_posted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Event = dict[str, Any]
# What is answered to an event: a status, and headers.
Answering = tuple[int, dict[str, str]]
TAKEN: Answering = (200, {})


def key_file(folder: Path, name: str = "push") -> Path:
    """Write a new key of P-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    file = folder / f"{name}.key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    file.chmod(0o600)
    return file


def take_all(_event: Event) -> Answering:
    """Take whatever comes."""
    return TAKEN


@dataclass
class Hook:
    """What came, proven, and what is answered; `confirms` says whether it repeats the challenge."""

    keys: bytes = b'{"keys": []}'
    url: str = ""
    answer: Callable[[Event], Answering] = take_all
    confirms: bool = True
    # Whether it takes what comes for an event at all, or answers 200 to anything.
    reads: bool = True
    came: list[Event] = field(default_factory=list)
    taken: list[Event] = field(default_factory=list)
    pings: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, headers: dict[str, str], content: bytes) -> tuple[int, dict[str, str], bytes]:
        """Prove a message and answer it."""
        posted = Posted(self.url, headers["content-type"], content)
        verify_posted(posted, headers, read_jwks(self.keys))
        if not self.reads:
            return 200, {}, b"OK"
        event = json.loads(content)
        assert event["specversion"] == "1.0"
        with self.guard:
            if event["type"] == "notigateway.subscription.ping":
                self.pings += 1
                said = {"challenge": event["data"]["challenge"]} if self.confirms else {}
                return 200, {}, json.dumps(said).encode()
            self.came.append(event)
            status, more = self.answer(event)
            if status in range(200, 300):
                self.taken.append(event)
            return status, more, b""

    def positions(self) -> list[int]:
        """Return the positions of what was taken, in the order in which it came."""
        return [one["data"]["position"] for one in self.taken]


@contextmanager
def hooked(hook: Hook | None = None) -> Iterator[Hook]:
    """Listen for the length of the context, as this one or as one that proves and takes all."""
    found = hook or Hook()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more, body = found.handle(headers, content)
            self.send_response(status)
            for name, value in {**more, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook?for=us"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
