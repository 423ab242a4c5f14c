"""Who carries messages: a mail server by SMTP, or a folder of files that a sandbox's user reads.

Either is given a message and says what became of it. Every exchange ends: a server that greets slowly or
says nothing any more is left after its time, however it stretches that.
"""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from notigateway.errors import ConfigurationError
from notigateway.given_files import read_file
from notigateway.outbox.mail_server import Connection, LoginRefusedError, Refusals, Server

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.settings import Settings

# Whatever the mail server can: nothing but ASCII goes over the wire.
_POLICY: Final = SMTP.clone(cte_type="7bit")
_PERMANENT: Final = 500
# "Service not available, closing transmission channel": of the server, not of the message.
_CLOSING: Final = 421
# Told of a sender where the message is larger than the server takes (RFC 1870 §6.1).
_TOO_BIG: Final = 552


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


class Smtp:
    """Sends messages over one connection, opened with the first of them and anew where it is gone."""

    def __init__(
        self, server: Server, sender: Sender, *, now: datetime, refusals: Refusals | None = None
    ) -> None:
        self._server = server
        self._sender = sender
        self._refusals = refusals or Refusals()
        self._now = now
        self._connection: Connection | None = None
        self._sent = 0

    def carry(self, letter: Letter) -> Carried:
        """Send one; on a connection that has carried others and is gone, once more on a new one."""
        if self._refusals.stand(self._server, self._now):
            return Carried(Fate.AWAY, "it has refused smtp_user and its password, and is not asked yet again")
        was_used = self._sent > 0
        found = self._try(letter)
        if found.fate is Fate.AWAY and was_used:
            found = self._try(letter)
        return found

    def close(self) -> None:
        """Say good-bye, if it is heard."""
        connection = self._connection
        if connection is not None:
            with suppress(OSError), connection.bounded():
                connection.quit()
        self._drop()

    def _try(self, letter: Letter) -> Carried:
        connection = self._connection = self._connection or Connection(self._server)
        is_open = False
        try:
            with connection.bounded():
                connection.open()
                is_open = True
                connection.send_message(
                    self._sender.write(letter), from_addr=self._sender.envelope, to_addrs=[letter.address]
                )
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return self._judged(code, said)
        except smtplib.SMTPDataError as error:
            return self._judged(error.smtp_code, error.smtp_error)
        except OSError as error:  # which `smtplib.SMTPException` is
            if isinstance(error, smtplib.SMTPSenderRefused) and error.smtp_code == _TOO_BIG:
                return self._judged(error.smtp_code, error.smtp_error)
            if isinstance(error, LoginRefusedError):
                self._refusals.note(self._server, self._now)
            # Of a server that was there until it had this one, it may be this one: the next is tried first.
            is_of_this = is_open and isinstance(error, (TimeoutError, smtplib.SMTPServerDisconnected))
            fate = Fate.LATER if is_of_this and not self._sent else Fate.AWAY
            self._drop()
            return Carried(fate, connection.words_of(error))
        self._sent += 1
        return Carried(Fate.SENT)

    def _judged(self, code: int, said: bytes | str) -> Carried:
        """Say what an answer to this message means; the connection goes on."""
        words = said.decode("ascii", "replace") if isinstance(said, bytes) else said
        why = f"{code} {words}"
        if code == _CLOSING:
            self._drop()
            return Carried(Fate.AWAY, why)
        connection = self._connection
        try:
            if connection is not None:
                with connection.bounded():
                    connection.rset()
        except OSError:
            self._drop()
        return Carried(Fate.REFUSED if code >= _PERMANENT else Fate.LATER, why)

    def _drop(self) -> None:
        connection, self._connection, self._sent = self._connection, None, 0
        if connection is not None:
            connection.close()


def carrier_by(settings: Settings, *, now: datetime, refusals: Refusals | None = None) -> Carrier | None:
    """Return who carries by the settings; None where notices are off. Raises: `ConfigurationError`."""
    if not settings.sends_notices:
        return None
    sender = Sender(settings.notices_from, settings.notices_envelope_from or settings.notices_from)
    if settings.notices_folder:
        return Folder(Path(settings.notices_folder), sender)
    return Smtp(server_by(settings), sender, now=now, refusals=refusals)


def server_by(settings: Settings) -> Server:
    """Return the mail server of the settings. Raises: `ConfigurationError`."""
    host, _, port = settings.smtp_address.rpartition(":")
    password = ""
    if settings.smtp_password_file:
        password = read_file(Path(settings.smtp_password_file)).decode("utf-8", "replace").strip()
        if not (password and password.isascii() and password.isprintable()):
            file = settings.smtp_password_file
            raise ConfigurationError(f"smtp_password_file: {file} holds no password in one line of ASCII")
    if not settings.smtp_user.isascii():
        raise ConfigurationError("smtp_user: it is to be ASCII")
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
