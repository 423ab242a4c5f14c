"""Receivers of what is pushed, on 127.0.0.1, that fail in every way there is, as told for each message.

They speak HTTP by hand: what is wrong with an answer is what no server would let them send.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.contract.push_v1 import NOTIGATEWAY_PUSH_V1
from notigateway.pki.http_signatures import Posted, UnsignedMessageError, read_jwks, verify_posted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric import ec
    from lxml.etree import _Element

TAKE: Final = "take"
CUT: Final = "cut"  # nothing is answered, and the connection closed
CUT_WITHIN: Final = "cut within"  # in the middle of the answer
WRONG: Final = "wrong"  # a success, but of something else
LATE: Final = "late"  # nothing is answered, and the connection stays
DRIBBLED_HEAD: Final = "dribbled head"  # an answer of which one byte comes after the other, without end
DRIBBLED_BODY: Final = "dribbled body"
_BYTE_SECONDS: Final = 0.02
# One of so many messages, since there may be thousands.
_PROVEN_EVERY: Final = 10
_NP: Final = {"np": NOTIGATEWAY_PUSH_V1}
_ENVELOPE: Final = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<{0} xmlns="urn:notigateway:push:v1">{1}</{0}></s:Body></s:Envelope>'
)


@dataclass(frozen=True, slots=True)
class Message:
    """What was told of one event; without `challenge` it is no ping."""

    id: str
    notification: str = ""
    event: str = ""
    position: int = 0
    challenge: str | None = None


def take_all(_message: Message) -> str:
    """Take whatever comes."""
    return TAKE


@dataclass
class Moody:
    """A receiver, what came to it and what it has taken; a mood is one of the words, or a status."""

    kind: str
    listener: socket.socket
    mood: Callable[[Message], str] = take_all
    keys: Mapping[str, ec.EllipticCurvePublicKey] = field(default_factory=dict)
    came: list[Message] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where it is subscribed."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/hook"

    def believe(self, published: bytes) -> None:
        """Prove what comes by these keys."""
        self.keys = read_jwks(published)

    def go_away(self) -> None:
        """Refuse connections, at the port that it keeps."""
        address = self.listener.getsockname()
        self.close()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(address)

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):  # it takes none
            self.listener.shutdown(socket.SHUT_RDWR)  # whoever waits there for one ends, too
        self.listener.close()

    def listen(self) -> None:
        """Take connections, until it goes away or all is over."""
        self.listener.listen(64)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # it is closed
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), connection:
            while (found := _read(connection)) is not None:
                if not self._answer(connection, *found):
                    return

    def _answer(self, connection: socket.socket, headers: Mapping[str, str], content: bytes) -> bool:
        """Answer one message; tell whether the connection goes on."""
        if len(self.came) % _PROVEN_EVERY == 0:
            self._prove(headers, content)
        message = _message(headers["content-type"], content)
        mood = TAKE if message.challenge is not None else self.mood(message)
        with self.guard:
            if message.challenge is None:
                self.came.append(message)
                # Also what it has taken without a word of it comes again.
                if mood in {TAKE, CUT_WITHIN} or (mood == WRONG and self.kind == "webhook"):
                    self.taken.append(message)
        good = _http("200 OK", self._content(message))
        if mood == LATE:
            connection.recv(1)  # until the other side goes
        elif mood in {DRIBBLED_HEAD, DRIBBLED_BODY}:
            _dribble(connection, b"\r\nContent-Length: 9999\r\n\r\n" if mood == DRIBBLED_BODY else b"\r\nX: ")
        elif mood == CUT_WITHIN:
            connection.sendall(good[:-2])
        elif mood not in {TAKE, WRONG, CUT}:
            connection.sendall(_http(f"{mood} No\r\nRetry-After: 5", b"no"))
            return True
        elif mood != CUT:
            connection.sendall(good if mood == TAKE else _http("200 OK", b"<html>Welcome</html>"))
            return True
        return False

    def _prove(self, headers: Mapping[str, str], content: bytes) -> None:
        try:
            verify_posted(Posted(self.url, headers["content-type"], content), headers, self.keys)
        except UnsignedMessageError as error:
            self.unproven.append(str(error))

    def _content(self, message: Message) -> bytes:
        if self.kind == "webhook":
            return json.dumps({"challenge": message.challenge}).encode()
        if message.challenge is None:
            return _ENVELOPE.format("TellChangesResponse", "").encode()
        answer = f"<challenge>{message.challenge}</challenge>"
        return _ENVELOPE.format("ConfirmSubscriptionResponse", answer).encode()


def _read(connection: socket.socket) -> tuple[dict[str, str], bytes] | None:
    """Return the headers and the content of the next request; None where there is none."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, content = data.partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode().split("\r\n")[1:])
    headers = {name.lower(): value for name, _, value in lines}
    while len(content) < int(headers["content-length"]):
        content += connection.recv(65_536)
    return headers, content


def _dribble(connection: socket.socket, begun: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK" + begun)
    while True:  # until the other side goes
        connection.sendall(b"x")
        threading.Event().wait(_BYTE_SECONDS)


def _http(status: str, content: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


def _message(media_type: str, content: bytes) -> Message:
    """Return what a message says, whichever way it is written."""
    if media_type.startswith("text/xml"):
        root = etree.fromstring(content)
        challenge = _text(root, "challenge")
        if challenge:
            return Message("ping", challenge=challenge)
        notification, event = _text(root, "notificationId"), _text(root, "eventId")
        return Message(_text(root, "id"), notification, event, int(_text(root, "position")))
    event = json.loads(content)
    said = event["data"]
    if "challenge" in said:
        return Message("ping", challenge=said["challenge"])
    return Message(event["id"], event["subject"], said["eventId"], said["position"])


def _text(root: _Element, name: str) -> str:
    return root.findtext(f".//np:{name}", "", namespaces=_NP)


@contextmanager
def moody(*kinds: str) -> Iterator[list[Moody]]:
    """Listen for the length of the context, with a receiver for each kind."""
    found = [Moody(kind, socket.create_server(("127.0.0.1", 0))) for kind in kinds]
    try:
        for one in found:
            one.listen()
        yield found
    finally:
        for one in found:
            one.close()
