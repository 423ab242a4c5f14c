"""Stands between a client and its service, and hands over the genuine answer to another request.

Whoever can do that to a client that does not bind answers to its requests makes it see an empty list, or
somebody else's: the service signed it, just now.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_BODY_MAX_BYTES: Final = 16 * 1024 * 1024
_TIMEOUT_SECONDS: Final = 60.0
# What belongs to one connection only.
_HOPS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}
)


class _Relay(ThreadingHTTPServer):
    """Listens on 127.0.0.1."""

    daemon_threads = True

    def __init__(self, service: str, is_meant: Callable[[bytes], bool], other: Callable[[], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.is_meant = is_meant
        self.other = other


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    timeout = _TIMEOUT_SECONDS
    server: _Relay

    def do_POST(self) -> None:
        """Hand over another answer, or what the service says."""
        body = self._read()
        if self.server.is_meant(body):
            self._give(200, {"Content-Type": "text/xml; charset=utf-8"}, self.server.other())
        else:
            self._forward(body)

    def do_GET(self) -> None:
        """Give what the service says."""
        self._forward(b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _read(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _BODY_MAX_BYTES))
        found = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            found += self.rfile.read(min(size, _BODY_MAX_BYTES))
            self.rfile.readline()
        self.rfile.readline()
        return bytes(found)

    def _forward(self, body: bytes) -> None:
        query = self.path.partition("?")[2]
        url = f"{self.server.service}?{query}" if query else self.server.service
        answer = httpx.request(
            self.command,
            url,
            content=body or None,
            headers=_passed(dict(self.headers)),
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        )
        self._give(answer.status_code, _passed(answer.headers), answer.content)

    def _give(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _HOPS}


@contextmanager
def relaying(service: str, *, is_meant: Callable[[bytes], bool], other: Callable[[], bytes]) -> Iterator[str]:
    """Give the address of a relay to `service`; a request that is meant gets what `other` returns.

    Everything else goes through as it is.
    """
    with _Relay(service, is_meant, other) as relay:
        thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{relay.server_address[1]}{httpx.URL(service).path}"
        finally:
            relay.shutdown()
            thread.join(_TIMEOUT_SECONDS)
