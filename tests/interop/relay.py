"""Stands between a client that does not sign and the gateway: signs what it asks, hands over what it gets.

It is for clients of whom only the reading is looked at. With `stated` it asks for a version of the contract
in their name, as they could not.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.wss.canonical import canonical
from notigateway.wss.ns import soap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stack import Stack


class _Handler(BaseHTTPRequestHandler):
    """One request after the other: the stack has one clock."""

    server: _Relay

    def do_POST(self) -> None:
        """Sign the operation, send it, and give the answer without its header."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        (operation,) = etree.fromstring(body).iterchildren(soap("Body"))
        status, answer = self.server.answered(operation[0])
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        """Leave the test's output alone."""


class _Relay(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, stack: Stack, stated: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._stack = stack
        self._stated = stated
        self._lock = threading.Lock()

    def answered(self, operation: etree._Element) -> tuple[int, bytes]:
        """Return what the gateway answers to an operation, as a plain envelope."""
        if self._stated is not None:
            namespace = etree.QName(operation).namespace
            etree.SubElement(operation, f"{{{namespace}}}contractVersion").text = self._stated
        with self._lock:
            answer = self._stack.send(self._stack.sign(canonical(operation).decode()))
            self._stack.pass_time(seconds=1)
        envelope = etree.fromstring(answer.body)
        for header in envelope.findall(soap("Header")):
            envelope.remove(header)
        return answer.status, etree.tostring(envelope)


@contextmanager
def relaying(stack: Stack, stated: str | None = None) -> Iterator[str]:
    """Give the address of a relay to the stack."""
    server = _Relay(stack, stated)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notigateway/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
