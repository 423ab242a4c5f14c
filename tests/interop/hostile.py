"""Stands between clients and the service, at its public address: passes on, or falsifies."""

from __future__ import annotations

import http.client
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notigateway.sandbox.holders import Holder

SECONDS = 60.0
# What every client reads in the second answer, and what it must not be told; in our contract, and in WSCN.
FALSEHOODS = (
    (b"<state>available</state>", b"<state>accepted</state>"),
    (b"<estado>0</estado>", b"<estado>2</estado>"),
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request of the client and what the service answered to it; `ask` asks the service anything."""

    request: bytes
    answer: bytes
    ask: Callable[[bytes], bytes] = field(repr=False)


def altered(exchange: Exchange) -> bytes:
    """Change what was signed."""
    return _falsified(exchange.answer)


def _falsified(answer: bytes) -> bytes:
    (said,) = (one for one in FALSEHOODS if one[0] in answer)
    return answer.replace(*said)


def wrapped_in_header(exchange: Exchange) -> bytes:
    """Move the signed Body into the Header, where its reference still finds it, and put a false one there."""
    return _wrapped(exchange.answer, "Header")


def wrapped_in_body(exchange: Exchange) -> bytes:
    """Move the signed Body into a false one, after the false answer."""
    return _wrapped(exchange.answer, "Body")


def _wrapped(answer: bytes, place: str) -> bytes:
    envelope = etree.fromstring(answer)
    body = envelope[1]
    forged = etree.fromstring(_falsified(etree.tostring(body)))
    for name in list(forged.attrib):
        del forged.attrib[name]
    envelope.replace(body, forged)
    into = envelope.find(f"soap:{place}", NS)
    assert into is not None
    etree.SubElement(into, "{urn:aside}Aside").append(body)
    return etree.tostring(envelope)


def stripped(exchange: Exchange) -> bytes:
    """Take the signature away."""
    envelope = etree.fromstring(_falsified(exchange.answer))
    envelope.remove(envelope[0])
    return etree.tostring(envelope)


def signer_of(holder: Holder) -> Signer:
    """Return what signs with a holder's key."""
    key = load_pem_private_key(holder.key.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    return Signer(key, x509.load_pem_x509_certificate(holder.certificate.read_bytes()))


def signed_by(holder: Holder) -> Callable[[Exchange], bytes]:
    """Sign a false answer with the key of somebody else, whose certificate has the same issuer."""
    signer = signer_of(holder)

    def falsify(exchange: Exchange) -> bytes:
        envelope = etree.fromstring(_falsified(exchange.answer))
        headers = envelope.findall("soap:Header/a:*", {**NS, "a": "http://www.w3.org/2005/08/addressing"})
        form = EnvelopeForm(addressing=tuple((etree.QName(one).localname, one.text or "") for one in headers))
        body = envelope.find("soap:Body", NS)
        assert body is not None
        return sign_envelope(canonical(body[0]), signer=signer, now=datetime.now(UTC), form=form)

    return falsify


class Hostile:
    """Stands between clients and the service `upstream`, an address that is known once it has started.

    `url` is the service's public address, so what clients sign of it is true.
    """

    def __init__(self, path: str) -> None:
        self.upstream = ""
        self.answers = 0
        self.troubles: list[Exception] = []
        self._falsify: Callable[[Exchange], bytes] | None = None
        self._passing = 1
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}{path}"

    def running(self) -> Iterator[Hostile]:
        """Serve for the length of a fixture."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join(SECONDS)
            self._server.server_close()

    @contextmanager
    def falsifying(self, falsify: Callable[[Exchange], bytes], *, passing: int = 1) -> Iterator[Hostile]:
        """Let so many answers pass, falsify the next and give no other, for the length of the context."""
        self.answers, self.troubles, self._falsify, self._passing = 0, [], falsify, passing
        try:
            yield self
        finally:
            self._falsify = None
        assert self.troubles == []

    def pass_on(
        self, method: str, target: str, *, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        """Return what the client gets: status, content type and content."""
        status, kind, content = self._asked(method, target, body=body, headers=headers)
        if body is None or self._falsify is None:
            return status, kind, content
        with self._lock:
            self.answers += 1
            if self.answers > self._passing + 1:
                return 503, "text/plain", b""
            if self.answers <= self._passing:
                return status, kind, content

        def ask(request: bytes) -> bytes:
            return self._asked("POST", target, body=request, headers={"Content-Type": "text/xml"})[2]

        try:
            content = self._falsify(Exchange(body, content, ask))
        except Exception as error:
            self.troubles.append(error)  # nothing was falsified, whatever the client makes of it
            raise
        return (500 if b"Fault>" in content else 200), kind, content

    def _asked(
        self, method: str, target: str, *, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=SECONDS)
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        status, kind, content = answer.status, answer.getheader("Content-Type", ""), answer.read()
        connection.close()
        return status, kind, content

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
                status, kind, content = hostile.pass_on(self.command, self.path, body=body, headers=headers)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler
