"""Servers that are no gateway: the same answer to everything, whatever is asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final

from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
PAGE: Final = b"<!DOCTYPE html><html><title>Files</title><p>nothing of ours</p></html>"
NO_PATH: Final = (
    f'<soap:Envelope xmlns:soap="{_SOAP}"><soap:Body><soap:Fault><faultcode>soap:Client</faultcode>'
    "<faultstring>[PATH_UNKNOWN] No service stands at this path.</faultstring></soap:Fault></soap:Body>"
    "</soap:Envelope>"
).encode()
# Each by its name: HTTP status, media type, content.
STRANGERS: Final = {
    "a page": (200, "text/html", PAGE),
    "no page": (404, "text/html", PAGE),
    "nothing": (200, "", b""),
    "a bad request": (400, "text/plain", b"Bad Request"),
    "another path": (404, "text/xml; charset=utf-8", NO_PATH),
}


@contextmanager
def stranger(name: str, path: str = "/notigateway/v1", *, location: str = "") -> Iterator[str]:
    """Answer everything in that way; gives an address there."""
    status, media_type, content = STRANGERS[name]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE_SECONDS
        # head and content at once: else the one waits for the other's acknowledgement
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            for header, value in (("Content-Type", media_type), ("Location", location)):
                if value:
                    self.send_header(header, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST  # noqa: N815  (as the library calls them)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}{path}"
        finally:
            server.shutdown()
            thread.join(PATIENCE_SECONDS)
