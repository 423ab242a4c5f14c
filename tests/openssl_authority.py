"""A time-stamp authority for tests: OpenSSL's, behind HTTP on 127.0.0.1, which knows nothing of our code."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import socket

_QUERY_MAX_BYTES: Final = 16 * 1024
_OPENSSL_SECONDS: Final = 20
_STOP_SECONDS: Final = 5.0
_SERIAL_BYTES: Final = 16
_CONFIGURATION: Final = """\
[tsa]
serial = serial
crypto_device = builtin
signer_digest = sha512
default_policy = 1.3.6.1.4.1.99999.3161.1
digests = sha256, sha512
accuracy = secs:1
clock_precision_digits = 3
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def find_openssl() -> str | None:
    """Return OpenSSL's program, where there is one."""
    return shutil.which("openssl")


class TimestampAuthority:
    """Answers requests for time-stamps, in threads of this process, until it is stopped."""

    def __init__(self, listener: socket.socket, *, openssl: str, key: Path, certificate: Path) -> None:
        """Answer on a listening socket with the authority's key and certificate."""

        class Handler(BaseHTTPRequestHandler):
            timeout = _OPENSSL_SECONDS

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                query = self.rfile.read(min(length, _QUERY_MAX_BYTES))
                reply = _reply(query, openssl=openssl, key=key, certificate=certificate)
                self.send_response(200 if reply else 400)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_: object) -> None:
                """Say nothing: the job that asks tells what came of it."""

        address = listener.getsockname()
        self._server = ThreadingHTTPServer(address, Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, name="tsa", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; what has begun is not waited for."""
        self._server.shutdown()
        self._thread.join(_STOP_SECONDS)
        self._server.socket.close()

    def __enter__(self) -> Self:
        """Start, and return itself."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()


def _reply(query: bytes, *, openssl: str, key: Path, certificate: Path) -> bytes:
    """Return OpenSSL's answer; nothing where it has none. A folder each: serial numbers need no lock."""
    with tempfile.TemporaryDirectory(prefix="tsa-") as name:
        folder = Path(name)
        (folder / "tsa.cnf").write_text(_CONFIGURATION)
        (folder / "serial").write_text(f"4{secrets.token_hex(_SERIAL_BYTES - 1)}0\n".upper())
        (folder / "query").write_bytes(query)
        command = [openssl, "ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", "query"]
        command += ["-inkey", str(key.absolute()), "-signer", str(certificate.absolute()), "-out", "reply"]
        try:
            subprocess.run(command, cwd=folder, capture_output=True, timeout=_OPENSSL_SECONDS, check=False)
            return (folder / "reply").read_bytes()
        except (OSError, subprocess.TimeoutExpired):
            return b""
