"""Who listens at a port and is no service: what a client reads there."""

from __future__ import annotations

import socket
import threading
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import pytest

from notigateway.client import ClientError, NotificationClient, Retries
from patience import PATIENCE_SECONDS
from pki import pki

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONCE: Final = Retries(attempts=1)


def client_of(url: str, **options: object) -> NotificationClient:
    """Return a client that asks once."""
    return NotificationClient(
        url,
        key=pki().company_seal.key,
        certificate=pki().company_seal.certificate,
        server_certificates=[pki().service.certificate],
        **{"retries": ONCE, **options},  # type: ignore[arg-type]
    )


def told(url: str, **options: object) -> ClientError:
    """Return what a ping is refused with."""
    with client_of(url, **options) as client, pytest.raises(ClientError) as refusal:
        client.ping()
    return refusal.value


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """Listen, do that with the first connection, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                connection, _ = listener.accept()
                with closing(connection):
                    connection.settimeout(PATIENCE_SECONDS)
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE_SECONDS)


def listen_only(connection: socket.socket) -> None:
    """Read until the other side goes."""
    while connection.recv(65536):
        pass


def http(status: str, text: bytes, *headers: str) -> Callable[[socket.socket], None]:
    """Return what reads a request and answers it."""

    def answer(connection: socket.socket) -> None:
        while b"</soap:Envelope>" not in connection.recv(65536):
            pass
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(text)}", "Connection: close", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + text)

    return answer
