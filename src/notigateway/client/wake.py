"""What wakes a client that follows: a push of the service, or the time of the next look.

A push is a hint and nothing of it is believed but that it came from the service: content is pulled. Whoever
else posts something wakes nobody.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import ListeningError
from notigateway.pki.http_signatures import Posted, UnsignedMessageError, verify_posted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

_LARGEST_BYTES: Final = 64 * 1024
_DIGITS: Final = 9
_OLDEST: Final = timedelta(minutes=5)
_SECONDS: Final = 10.0
_PING: Final = "notigateway.subscription.ping"


class Alarm:
    """Wakes who waits, from any thread; several calls at once wake once."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.is_over = False

    def ring(self) -> None:
        """Wake whoever waits, or who waits next."""
        self._event.set()

    def end(self) -> None:
        """Wake for the last time."""
        self.is_over = True
        self._event.set()

    def wait(self, seconds: float) -> None:
        """Wait until it rings, at most so long."""
        self._event.wait(seconds)
        self._event.clear()


def answer(
    posted: Posted, headers: Mapping[str, str], keys: Mapping[str, EllipticCurvePublicKey], *, now: datetime
) -> tuple[int, bytes, bool]:
    """Return status and body of the answer to what was posted, and whether it wakes."""
    try:
        signed_at = verify_posted(posted, headers, keys)
    except UnsignedMessageError:
        return 401, b"", False
    if abs(now - signed_at) > _OLDEST:
        return 401, b"", False
    try:
        event = json.loads(posted.content)
        if event["type"] == _PING:
            return 200, json.dumps({"challenge": event["data"]["challenge"]}).encode(), False
    except (ValueError, LookupError, TypeError, RecursionError):
        return 400, b"", False
    return 204, b"", True


def _length(said: str) -> int | None:
    """Return the length that a stranger says; None where it is no number of a few digits."""
    return int(said) if len(said) <= _DIGITS and said.isascii() and said.isdecimal() else None


@contextmanager
def listening(
    place: tuple[str, int], url: str, keys: Mapping[str, EllipticCurvePublicKey], alarm: Alarm
) -> Iterator[int]:
    """Listen for pushes to `url`, as it was subscribed, for the length of the context; give the port.

    Raises: `ListeningError`.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _SECONDS

        def do_POST(self) -> None:
            length = _length(self.headers.get("Content-Length", ""))
            if length is None or length > _LARGEST_BYTES:
                self._say(413, b"")
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            content = self.rfile.read(length)
            posted = Posted(url, headers.get("content-type", ""), content)
            status, body, wakes = answer(posted, headers, keys, now=datetime.now(UTC))
            if wakes:
                alarm.ring()
            self._say(status, body)

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: what strangers send is no news."""

    try:
        server = ThreadingHTTPServer(place, Handler)
    except OSError as error:
        raise ListeningError(f"cannot listen on {place[0]}:{place[1]}: {error.strerror}") from error
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="wake", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
