"""Receives CloudEvents and SOAP call-backs of the gateway; says each event once, on a line of JSON.

    python receiver.py --port 8088 --url https://bureau.example/hook/Zq7w… --keys KEYS

A proxy in front of it speaks TLS. The last step of the address is best a secret: the gateway knows it from
Subscribe, nobody else does, so nobody can subscribe you to what is theirs. KEYS is where the gateway
publishes its keys, beside its contract: https://gateway.example/notigateway/push-keys.
"""
# ruff: noqa: INP001, T201  (a script for integrators)

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import threading
import xml.etree.ElementTree as ET
from contextlib import closing
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from verifying import Refused, Verifier

MOST_BYTES = 256 * 1024
PING = "notigateway.subscription.ping"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PUSH = "urn:notigateway:push:v1"


class Store:
    """What came, in a file: what comes again is not new, and a state that comes late changes nothing."""

    def __init__(self, path: str) -> None:
        self._path, self._lock = path, threading.Lock()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY)")
            database.execute(
                "CREATE TABLE IF NOT EXISTS notifications (id TEXT PRIMARY KEY, position INTEGER, state TEXT)"
            )

    def take(self, events: list[dict]) -> list[dict]:
        """Keep events, all or none; return those that are new. Raises: `sqlite3.Error`."""
        with self._lock, closing(sqlite3.connect(self._path)) as database, database:
            return [one for one in events if self._is_new(database, one)]

    def _is_new(self, database: sqlite3.Connection, event: dict) -> bool:
        if database.execute("INSERT OR IGNORE INTO events VALUES (?)", (event["id"],)).rowcount == 0:
            return False
        if "position" in event:
            database.execute(
                "INSERT INTO notifications VALUES (:notificationId, :position, :state) ON CONFLICT (id)"
                " DO UPDATE SET position = :position, state = :state WHERE :position > position",
                event,
            )
        return True


class Receiver(BaseHTTPRequestHandler):
    """Answers the gateway: 2xx once a message is kept, anything else to have it again."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    verifier: Verifier
    store: Store
    path_wanted: str

    def do_POST(self) -> None:
        """Take a message, or refuse it."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal() and int(length) <= MOST_BYTES):
            self.close_connection = True
            return self._answer(411)
        body = self.rfile.read(int(length))
        if self.path != self.path_wanted:
            return self._answer(404)
        try:
            self.verifier.verify(self.headers, body)
        except Refused as error:
            print(f"refused: {error}", file=sys.stderr)
            return self._answer(401)
        is_soap = self.headers["Content-Type"].startswith("text/xml")
        return self._soap(body) if is_soap else self._cloud_event(body)

    def _cloud_event(self, body: bytes) -> None:
        event = json.loads(body)
        if event["type"] == PING:
            answer = json.dumps({"challenge": event["data"]["challenge"]})
            return self._answer(200, answer.encode(), "application/json")
        self._take([{"id": event["id"], "type": event["type"], **event["data"]}])
        return self._answer(204)

    def _soap(self, body: bytes) -> None:
        operation = ET.fromstring(body).find(  # noqa: S314  (the gateway has signed it)
            f"{{{SOAP}}}Body/*"
        )
        if operation is None:
            return self._answer(400)
        answer = ""
        if operation.tag == f"{{{PUSH}}}ConfirmSubscription":
            challenge = operation.findtext(f"{{{PUSH}}}challenge", "")
            answer = f"<challenge>{escape(challenge)}</challenge>"
        else:
            self._take([_flat(one) for one in operation.findall(f"{{{PUSH}}}event")])
        name = operation.tag.partition("}")[2] + "Response"
        content = f'<{name} xmlns="{PUSH}">{answer}</{name}>'
        envelope = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{content}</s:Body></s:Envelope>'
        return self._answer(200, envelope.encode(), "text/xml; charset=utf-8")

    def _take(self, events: list[dict]) -> None:
        # Kept before it is answered: what is lost after a 2xx does not come again.
        for event in self.store.take(events):
            print(json.dumps(event), flush=True)

    def _answer(self, status: int, body: bytes = b"", kind: str = "text/plain") -> None:
        self.send_response(status)
        if body or status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request: the address is a secret."""


def _flat(event: ET.Element) -> dict:
    """Return an event of a call-back in the form of the others."""
    change = event.find(f"{{{PUSH}}}change")
    found = {
        one.tag.partition("}")[2]: one.text or "" for one in [*event, *(change if change is not None else ())]
    }
    numbers = {name: int(found[name]) for name in ("code", "position") if name in found}
    return {name: value for name, value in (found | numbers).items() if name not in {"change", "time"}}


def main() -> None:
    """Listen until it is stopped."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--url", required=True, help="the address that Subscribe was given")
    parser.add_argument(
        "--keys", required=True, help="where the gateway publishes its keys, or a file with a copy"
    )
    parser.add_argument("--store", default="pushed.db", help="the file that remembers what came")
    given = parser.parse_args()
    parts = urlsplit(given.url)
    Receiver.verifier = Verifier(given.url, given.keys)
    try:
        Receiver.verifier.fetch()
    except Refused as error:
        parser.exit(2, f"receiver: {error}\n")
    Receiver.store = Store(given.store)
    Receiver.path_wanted = parts.path + (f"?{parts.query}" if parts.query else "")
    server = ThreadingHTTPServer(("127.0.0.1", given.port), Receiver)
    print(f"READY {server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
