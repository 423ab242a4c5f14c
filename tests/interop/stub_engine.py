"""Stands for a container engine where there is none: says what an engine says, and runs the command here.

It knows the calls that Testcontainers makes for one container from an image that is there. What a container
has of its own it has not: the command's files lie in a folder of the test, its port is the one that the
"engine" has given, and the image is whatever is installed beside the tests.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tarfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ID: Final = "5" * 64
_PATH: Final = re.compile(r"(?:/v[\d.]+)?(/[^?]*)")
_VERSION: Final = "1.44"
_INSIDE: Final = "8080"
_STDOUT: Final = 1


@dataclass
class Container:
    """The one container: what it was created with, and its process."""

    folder: Path
    created: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    removed: bool = False

    def start(self) -> None:
        """Run its command, its file system being the folder and its port the one that was given."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        words = [*self.created.get("Entrypoint", []), *self.created["Cmd"]]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        with (self.folder / "stdout").open("wb") as said, (self.folder / "stderr").open("wb") as logged:
            self.process = subprocess.Popen(
                [self._moved(word) for word in words],
                env={**os.environ, "PATH": path},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=logged,
                start_new_session=True,
            )

    def unpack(self, archive: bytes, path: str) -> None:
        """Put files into it; a script says the paths and the port of here."""
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            for member in files:
                content = files.extractfile(member)
                if content is None:
                    continue
                target = self.folder / f"{path}/{member.name}".lstrip("/")
                target.parent.mkdir(parents=True, exist_ok=True)
                making = target.with_suffix(".making")
                making.write_text(self._moved(content.read().decode()), "utf-8")
                making.replace(target)

    def _moved(self, text: str) -> str:
        return text.replace("/tmp/", f"{self.folder}/tmp/").replace(  # noqa: S108  (inside the container)
            f"--port {_INSIDE}", f"--port {self.port}"
        )

    def stop(self) -> None:
        """End its process, as an engine does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def told(self) -> dict[str, Any]:
        """Return what the engine says of it."""
        running = self.process is not None and self.process.poll() is None
        status = "running" if running else "exited" if self.process else "created"
        ports = {f"{_INSIDE}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(self.port)}]}
        return {
            "Id": ID,
            "Name": "/stub",
            "Created": "2026-01-01T00:00:00Z",
            "State": {
                "Status": status,
                "Running": running,
                "ExitCode": 0,
                "StartedAt": "2026-01-01T00:00:00Z",
                "FinishedAt": "0001-01-01T00:00:00Z",
            },
            "Config": {"Image": self.created.get("Image"), "Labels": {}, "Tty": False},
            "HostConfig": {},
            "NetworkSettings": {"Ports": ports, "Networks": {}},
        }


class _Handler(BaseHTTPRequestHandler):
    server: StubEngine
    protocol_version = "HTTP/1.1"

    def _path(self) -> str:
        match = _PATH.match(self.path)
        assert match is not None
        return match[1]

    def do_GET(self) -> None:
        """Tell what there is."""
        path, container = self._path(), self.server.container
        answers: dict[str, object] = {
            "/version": {"ApiVersion": _VERSION, "MinAPIVersion": "1.24", "Version": "stub", "Os": "linux"},
            "/info": {"ServerVersion": "stub", "OperatingSystem": "stub", "MemTotal": 1 << 30, "Labels": []},
            "/images/json": [],
            f"/containers/{ID}/json": container.told(),
        }
        if path == "/_ping":
            self._answer(200, b"OK", "text/plain")
        elif path == f"/containers/{ID}/logs":
            self._logs(follow="true" in parse_qs(urlsplit(self.path).query).get("follow", []))
        elif path in answers:
            self._tell(answers[path])
        elif path.startswith("/images/"):
            self._tell({"Id": f"sha256:{ID}", "RepoTags": [], "Created": "2026-01-01T00:00:00Z"})
        else:
            self._tell({"message": f"the stub knows no {path}"}, status=404)

    def do_POST(self) -> None:
        """Create, start or stop the container."""
        path, body = self._path(), self._body()
        if path == "/containers/create":
            self.server.container.created = json.loads(body)
            self._tell({"Id": ID, "Warnings": []}, status=201)
        elif path == f"/containers/{ID}/start":
            self.server.container.start()
            self._answer(204)
        elif path in {f"/containers/{ID}/stop", f"/containers/{ID}/kill"}:
            self.server.container.stop()
            self._answer(204)
        else:
            self._tell({"message": f"the stub knows no {path}"}, status=404)

    def do_PUT(self) -> None:
        """Take files for the container."""
        (where,) = parse_qs(urlsplit(self.path).query)["path"]
        self.server.container.unpack(self._body(), where)
        self._answer(200)

    def do_DELETE(self) -> None:
        """Remove the container."""
        self.server.container.stop()
        self.server.container.removed = True
        self._answer(204)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _logs(self, *, follow: bool) -> None:
        """Give what the process has written, each piece in a frame; with `follow` until it ends."""
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.raw-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        process = self.server.container.process
        with (self.server.container.folder / "stdout").open("rb") as written, suppress(OSError):
            while True:
                ended = process is None or process.poll() is not None
                piece = written.read()
                if piece:
                    self.wfile.write(struct.pack(">BxxxI", _STDOUT, len(piece)) + piece)
                if not follow or ended or self.server.stopping.wait(0.02):
                    return

    def _tell(self, told: object, *, status: int = 200) -> None:
        self._answer(status, json.dumps(told).encode(), "application/json")

    def _answer(self, status: int, body: bytes = b"", media_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Api-Version", _VERSION)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Leave the test's output alone."""


class StubEngine(ThreadingHTTPServer):
    """The engine, at 127.0.0.1."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.container = Container(folder)
        self.stopping = threading.Event()

    def handle_error(self, *_arguments: object) -> None:
        """Leave out who went away in the middle: a client that has seen enough of the logs."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes Testcontainers use it, and start nothing beside the container."""
        return {
            "DOCKER_HOST": f"tcp://127.0.0.1:{self.server_port}",
            "TESTCONTAINERS_RYUK_DISABLED": "true",
            "TESTCONTAINERS_CHECKS_DISABLE": "true",
        }


@contextmanager
def stub_engine(folder: Path) -> Iterator[StubEngine]:
    """Run an engine for the length of the context; no container outlives it."""
    engine = StubEngine(folder)
    thread = threading.Thread(target=engine.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield engine
    finally:
        engine.stopping.set()
        engine.container.stop()
        engine.shutdown()
        thread.join()
        engine.server_close()
