"""A mail server on 127.0.0.1 that takes, refuses, hangs or is away, as a test wants it."""

from __future__ import annotations

import email
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.policy import default
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509

from pki import Issue, company_subject, ec_key, pki, write_pem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import EmailMessage
    from pathlib import Path


@dataclass
class Handler:
    """What the server does; `answers` are taken one by one for each recipient or message."""

    messages: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    recipients: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    # Whether it takes a message and hangs up before it says so.
    drops: bool = False
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _: Any) -> str:  # noqa: ANN401, N802
        said = self.recipients.get(address)
        if said is not None:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
        said = self.data.pop(0) if self.data else "250 OK"
        if said.startswith("250"):
            self.raw.append(envelope.content)
            self.messages.append(email.message_from_bytes(envelope.content, policy=default))
            self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        if self.drops:
            server.transport.abort()
        return said


def tls_of(folder: Path, *names: str) -> tuple[ssl.SSLContext, Path]:
    """Return how a server with a certificate of these addresses or names speaks TLS, and who issued that."""
    known = [x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
    pair = Issue(
        company_subject("B12345674"),
        ec_key("mail server"),
        by=pki().root,
        extra=[(x509.SubjectAlternativeName(known), False)],
    ).make()
    key, certificate = write_pem(pair, folder, "mail")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, write_pem(pki().root, folder, "mail-issuer")[1]


@contextmanager
def mail_server(
    handler: Handler | None = None,
    *,
    starttls: ssl.SSLContext | None = None,
    login: tuple[str, str] | None = None,
    **options: Any,  # noqa: ANN401
) -> Iterator[tuple[str, Handler]]:
    """Run a mail server; give its address, and what it has taken.

    `starttls` speaks TLS once that is wanted, `ssl_context` from the first byte.
    """
    handler = handler or Handler()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    if starttls is not None:
        options |= {"tls_context": starttls, "require_starttls": True}
    if login is not None:
        right = (login[0].encode(), login[1].encode())

        def look(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
            handler.logins.append((data.login, data.password))
            said = b"535 5.7.8 not " + data.login + b" with " + data.password
            is_right = (data.login, data.password) == right
            return AuthResult(success=is_right, handled=False, message=None if is_right else said.decode())

        # Of TLS from the first byte it does not know that it is there.
        options |= {"authenticator": look, "auth_require_tls": starttls is not None}
    controller = Controller(handler, hostname="127.0.0.1", port=port, enable_SMTPUTF8=False, **options)
    controller.start()
    try:
        yield f"127.0.0.1:{port}", handler
    finally:
        controller.stop()


@contextmanager
def odd_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a server that does with each connection what a test wants."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopping = threading.Event()

        def serve() -> None:
            while not stopping.is_set():
                with suppress(OSError):
                    taken, _ = listening.accept()
                    with taken:
                        if not stopping.is_set():
                            talk(taken)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield "{}:{}".format(*listening.getsockname())
        finally:
            stopping.set()
            with suppress(OSError), socket.create_connection(listening.getsockname(), timeout=1):
                pass
            thread.join(5)
