"""A hostile intermediary on 127.0.0.1: the first answer passes, the second is false, no other follows."""

from __future__ import annotations

import http.client
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from envelopes import NS
from notigateway.wss.canonical import canonical
from notigateway.wss.sign import Signer, sign_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.sandbox.holders import Holder

SECONDS = 60.0
# What every client reads in the second answer, and what it must not be told.
TRUE, FALSE = b"<state>available</state>", b"<state>accepted</state>"


def altered(answer: bytes) -> bytes:
    """Change what was signed."""
    assert TRUE in answer
    return answer.replace(TRUE, FALSE)


def wrapped_in_header(answer: bytes) -> bytes:
    """Move the signed Body into the Header, where its reference still finds it, and put a false one there."""
    return _wrapped(answer, "Header")


def wrapped_in_body(answer: bytes) -> bytes:
    """Move the signed Body into a false one, after the false answer."""
    return _wrapped(answer, "Body")


def _wrapped(answer: bytes, place: str) -> bytes:
    envelope = etree.fromstring(answer)
    body = envelope[1]
    forged = etree.fromstring(altered(etree.tostring(body)))
    for name in list(forged.attrib):
        del forged.attrib[name]
    envelope.replace(body, forged)
    into = envelope.find(f"soap:{place}", NS)
    assert into is not None
    etree.SubElement(into, "{urn:aside}Aside").append(body)
    return etree.tostring(envelope)


def stripped(answer: bytes) -> bytes:
    """Take the signature away."""
    envelope = etree.fromstring(altered(answer))
    envelope.remove(envelope[0])
    return etree.tostring(envelope)


def signed_by(holder: Holder) -> Callable[[bytes], bytes]:
    """Sign a false answer with the key of somebody else, whose certificate has the same issuer."""
    key = load_pem_private_key(holder.key.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    signer = Signer(key, x509.load_pem_x509_certificate(holder.certificate.read_bytes()))

    def falsify(answer: bytes) -> bytes:
        body = etree.fromstring(altered(answer)).find("soap:Body", NS)
        assert body is not None
        return sign_envelope(canonical(body[0]), signer=signer, now=datetime.now(UTC))

    return falsify


class Hostile:
    """Stands between a client and the service at `upstream`; `url` is where clients are sent."""

    def __init__(self, upstream: str, falsify: Callable[[bytes], bytes]) -> None:
        self._upstream = urlsplit(upstream)
        self._falsify = falsify
        self.answers = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}{self._upstream.path}"

    def running(self) -> Iterator[Hostile]:
        """Serve for the length of a fixture."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join(SECONDS)
            self._server.server_close()

    def forward(
        self, method: str, target: str, *, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        """Ask the service; the WSDL is answered with our own address in it."""
        connection = http.client.HTTPConnection(self._upstream.netloc, timeout=SECONDS)
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        status, kind, content = answer.status, answer.getheader("Content-Type", ""), answer.read()
        connection.close()
        if method == "GET":
            own = content.replace(self._upstream.netloc.encode(), urlsplit(self.url).netloc.encode())
            return status, kind, own
        with self._lock:
            self.answers += 1
            if self.answers > 2:
                return 503, "text/plain", b""
            return status, kind, content if self.answers == 1 else self._falsify(content)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hostile = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_arguments: object) -> None:
                """Leave the test's output alone."""

            def do_GET(self) -> None:
                self._pass_on(None)

            def do_POST(self) -> None:
                chunked = self.headers.get("Transfer-Encoding") == "chunked"
                self._pass_on(b"".join(self._chunks()) if chunked else self.rfile.read(self._length()))

            def _length(self) -> int:
                return int(self.headers["Content-Length"])

            def _chunks(self) -> Iterator[bytes]:
                while size := int(self.rfile.readline(), 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()

            def _pass_on(self, body: bytes | None) -> None:
                kept = {"Content-Type", "SOAPAction"}
                headers = {name: value for name, value in self.headers.items() if name in kept}
                status, kind, content = hostile.forward(self.command, self.path, body=body, headers=headers)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
