"""An authority's web site in a thread: it counts every connection, whatever comes over it."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_STOP_SECONDS = 10


class AuthoritySite:
    """Answers GET by `files` and POST by `ocsp`; `is_down` makes it refuse everything."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.redirects: dict[str, str] = {}
        self.ocsp: Callable[[bytes], bytes] | None = None
        self.is_down = False
        self.connections = 0
        self.requests: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5

            def handle(self) -> None:
                site.connections += 1
                super().handle()

            def do_GET(self) -> None:
                site.requests.append(f"GET {self.path}")
                if self.path in site.redirects:
                    self.send_response(302)
                    self.send_header("Location", site.redirects[self.path])
                    self.end_headers()
                    return
                self.answer(site.files.get(self.path))

            def do_POST(self) -> None:
                site.requests.append(f"POST {self.path}")
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(site.ocsp(asked) if site.ocsp and not site.is_down else None)

            def answer(self, data: bytes | None) -> None:
                is_there = data is not None and not site.is_down
                body = data if is_there and data is not None else b""
                self.send_response(200 if is_there else 503)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def host(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        """Return an address on it."""
        return f"http://{self.host}{path}"

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join(_STOP_SECONDS)
        self._server.server_close()
