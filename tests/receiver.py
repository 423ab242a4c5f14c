"""A collector of traces on 127.0.0.1: it reads OTLP over HTTP, as any collector does, or never answers."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Receiver:
    """What it was sent."""

    url: str = ""
    answers: int = 200
    spans: list[Any] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    # Set at the end; one that hangs answers nothing before.
    over: threading.Event = field(default_factory=threading.Event)
    hangs: bool = False

    def take(self, data: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(data)
        for group in request.resource_spans:
            self.resources.append({one.key: one.value.string_value for one in group.resource.attributes})
            for scope in group.scope_spans:
                self.spans.extend(scope.spans)


@contextmanager
def receiving(*, hangs: bool = False) -> Iterator[Receiver]:
    """Listen for the length of the context."""
    receiver = Receiver(hangs=hangs)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.asked.set()
            if receiver.hangs:
                receiver.over.wait(60)
                return
            if receiver.answers == 200:
                receiver.take(data)
            self.send_response(receiver.answers)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
