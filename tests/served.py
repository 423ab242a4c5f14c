"""A gateway of `stack` behind real HTTP on 127.0.0.1, in a thread."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Server(ThreadingMixIn, WSGIServer):
    """One thread for each connection; the socket is given, so that its port is known beforehand."""

    daemon_threads = True

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), Silent, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.server_name, self.server_port = listener.getsockname()
        self.setup_environ()

    def handle_error(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Tell what went wrong, but of who was killed and reads no answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Silent(WSGIRequestHandler):
    """Says nothing of what it handles."""

    def log_message(self, *_arguments: object) -> None:
        """Leave the test's output alone."""


@contextmanager
def serving(database_url: str, folder: Path, **settings: Any) -> Iterator[Stack]:  # noqa: ANN401  (settings)
    """Serve a gateway at its public address; its clock is the real one when the context begins."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/notigateway/v1"
        # Whole milliseconds: what is stored is what is written.
        now = datetime.now(UTC).replace(microsecond=0)
        with closing(Stack(database_url, folder, now=now, public_url=url, **settings)) as stack:
            server = Server(listener)
            server.set_app(stack.endpoint)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield stack
            finally:
                server.shutdown()
                thread.join()
                server.server_close()
