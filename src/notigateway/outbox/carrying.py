"""Who carries messages: a mail server by SMTP, or a folder of files that a sandbox's user reads.

Either is given a message and says what became of it. Every exchange ends: a server that greets slowly or
says nothing any more is left after its time, however it stretches that.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from types import TracebackType
    from uuid import UUID

    from notigateway.settings import Settings

# Whatever the mail server can: nothing but ASCII goes over the wire.
_POLICY: Final = SMTP.clone(cte_type="7bit")
_PERMANENT: Final = 500
# "Service not available, closing transmission channel": of the server, not of the message.
_CLOSING: Final = 421


class Fate(Enum):
    """What became of a message."""

    SENT = auto()
    REFUSED = auto()  # for ever
    LATER = auto()  # this one, not now
    AWAY = auto()  # whoever carries, not now: nothing is said of the message


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a message, and why, in words for the operator."""

    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is carried; its identifier and its date are the same each time."""

    id: UUID
    address: str
    subject: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sender:
    """Who notices come from: in the message, and for the mail server, which returns to that one."""

    address: str
    envelope: str

    def write(self, letter: Letter) -> EmailMessage:
        """Return the message (RFC 5322): nobody answers it, nothing in it is asked for when it is read."""
        message = EmailMessage(policy=_POLICY)
        message["From"] = self.address
        message["To"] = letter.address
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = f"<{letter.id}@{self.address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message


class Carrier(Protocol):
    """Carries messages one after the other, until it is closed."""

    def carry(self, letter: Letter) -> Carried:
        """Carry one."""

    def close(self) -> None:
        """End what is open."""


class Folder:
    """Writes each message as a file; written twice it is the same one."""

    def __init__(self, folder: Path, sender: Sender) -> None:
        self._folder = folder
        self._sender = sender

    def carry(self, letter: Letter) -> Carried:
        """Write it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = self._folder / f".{letter.id}"
            beside.write_bytes(self._sender.write(letter).as_bytes())
            beside.replace(self._folder / f"{letter.id}.eml")
        except OSError as error:
            return Carried(Fate.AWAY, f"notices_folder: {error.strerror}")
        return Carried(Fate.SENT)

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the mail server is, and how it is spoken to."""

    host: str
    port: int
    security: str
    seconds: float
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None


class Smtp:
    """Sends messages over one connection, opened with the first of them and anew where it is gone."""

    def __init__(self, server: Server, sender: Sender) -> None:
        self._server = server
        self._sender = sender
        self._client: smtplib.SMTP | None = None
        self._sent = 0

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the connection."""
        self.close()

    def carry(self, letter: Letter) -> Carried:
        """Send one; on a connection that has carried others and is gone, once more on a new one."""
        was_used = self._sent > 0
        found = self._try(letter)
        if found.fate is Fate.AWAY and was_used:
            found = self._try(letter)
        return found

    def greet(self) -> None:
        """Only open the connection. Raises: `OSError`, which `smtplib.SMTPException` is."""
        with self._bounded() as client:
            self._open(client)

    def close(self) -> None:
        """Say good-bye, if it is heard."""
        client, self._client, self._sent = self._client, None, 0
        if client is not None:
            with suppress(OSError), self._cut_after(client):
                client.quit()
            client.close()

    def _try(self, letter: Letter) -> Carried:
        is_open = False
        try:
            with self._bounded() as client:
                self._open(client)
                is_open = True
                client.send_message(
                    self._sender.write(letter), from_addr=self._sender.envelope, to_addrs=[letter.address]
                )
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return self._judged(code, said)
        except smtplib.SMTPDataError as error:
            return self._judged(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            # Of a server that was there until it had this one, it may be this one: the next is tried first.
            is_of_this = is_open and isinstance(error, (TimeoutError, smtplib.SMTPServerDisconnected))
            return Carried(Fate.LATER if is_of_this and not self._sent else Fate.AWAY, words_of(error))
        self._sent += 1
        return Carried(Fate.SENT)

    def _judged(self, code: int, said: bytes | str) -> Carried:
        """Say what an answer to this message means; the connection goes on."""
        words = said.decode("ascii", "replace") if isinstance(said, bytes) else said
        why = f"{code} {words}"
        if code == _CLOSING:
            self._drop()
            return Carried(Fate.AWAY, why)
        client = self._client
        try:
            if client is not None:
                client.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()
        return Carried(Fate.REFUSED if code >= _PERMANENT else Fate.LATER, why)

    def _open(self, client: smtplib.SMTP) -> None:
        """Greet, and identify oneself, unless that was done. Raises: `OSError`."""
        if client.helo_resp is not None or client.ehlo_resp is not None:
            return
        server = self._server
        code, said = client.connect(server.host, server.port)
        if code != 220:  # noqa: PLR2004  (RFC 5321 §4.2)
            raise smtplib.SMTPConnectError(code, said)
        client.ehlo()
        if server.security == "starttls":
            client.starttls(context=server.tls or ssl.create_default_context())
            client.ehlo()
        if server.user:
            client.login(server.user, server.password)

    @contextmanager
    def _bounded(self) -> Iterator[smtplib.SMTP]:
        """Give the connection for one exchange, which is cut off after its time."""
        if self._client is None:
            self._client = _client_of(self._server)
        with self._cut_after(self._client):
            yield self._client

    @contextmanager
    def _cut_after(self, client: smtplib.SMTP) -> Iterator[None]:
        timer = threading.Timer(self._server.seconds, _cut, (client,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _drop(self) -> None:
        client, self._client, self._sent = self._client, None, 0
        if client is not None:
            client.close()


def _client_of(server: Server) -> smtplib.SMTP:
    if server.security == "tls":
        context = server.tls or ssl.create_default_context()
        client: smtplib.SMTP = smtplib.SMTP_SSL(timeout=server.seconds, context=context)
        client._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001  (checked by TLS)
        return client
    client = smtplib.SMTP(timeout=server.seconds)
    client._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001  (set by its constructor alone)
    return client


def _cut(client: smtplib.SMTP) -> None:
    """End an exchange from beside it: whoever waits for the server gets an error."""
    open_socket = client.sock
    if open_socket is not None:
        with suppress(OSError, ValueError):
            open_socket.shutdown(socket.SHUT_RDWR)


def words_of(error: Exception) -> str:
    """Say what is wrong with the server; never a password, which no error of these holds."""
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode('ascii', 'replace') if isinstance(said, bytes) else said}"
    return f"{type(error).__name__}: {error}"


def carrier_by(settings: Settings) -> Carrier | None:
    """Return who carries by the settings; None where notices are off. Raises: `ConfigurationError`."""
    if not settings.sends_notices:
        return None
    sender = Sender(settings.notices_from, settings.notices_envelope_from or settings.notices_from)
    if settings.notices_folder:
        return Folder(Path(settings.notices_folder), sender)
    return Smtp(server_by(settings), sender)


def server_by(settings: Settings) -> Server:
    """Return the mail server of the settings. Raises: `ConfigurationError`."""
    host, _, port = settings.smtp_address.rpartition(":")
    password = ""
    if settings.smtp_password_file:
        password = read_file(Path(settings.smtp_password_file)).decode("utf-8", "replace").strip()
    context = None
    if settings.smtp_ca_file:
        try:
            context = ssl.create_default_context(cafile=settings.smtp_ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigurationError(f"smtp_ca_file: {settings.smtp_ca_file} cannot be read") from error
    return Server(
        host=host.strip("[]"),
        port=int(port),
        security=settings.smtp_security,
        seconds=settings.smtp_timeout_seconds,
        user=settings.smtp_user,
        password=password,
        tls=context,
    )
