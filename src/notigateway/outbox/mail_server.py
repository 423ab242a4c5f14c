"""A mail server and one connection to it, which ends in time whatever the server does.

TLS is required where it is named, never tried; a password goes over nothing else. A refused login is told in
our own words: a server may repeat what it was sent.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

# A login that is refused over and over locks the account, or shuts out this machine.
_LOGIN_PAUSE: Final = timedelta(minutes=15)
_PERMANENT: Final = 500
_ENHANCED_STATUS: Final = re.compile(r"\d\.\d{1,3}\.\d{1,3}(?=\s|$)")  # RFC 3463


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where the mail server is, and how it is spoken to."""

    host: str
    port: int
    security: str
    seconds: float
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = None


class Refusals:
    """Remembers a refused login: who sends is not named to that server again until a pause is over."""

    def __init__(self) -> None:
        self._refused: tuple[str, str, str] | None = None
        self._until: datetime | None = None

    def note(self, server: Server, now: datetime) -> None:
        """Remember it."""
        self._refused, self._until = _login(server), now + _LOGIN_PAUSE

    def stand(self, server: Server, now: datetime) -> bool:
        """Tell whether the same login was refused a short while ago."""
        until = self._until
        return until is not None and _login(server) == self._refused and until - _LOGIN_PAUSE <= now < until


def _login(server: Server) -> tuple[str, str, str]:
    return (f"{server.host}:{server.port}", server.user, server.password)


class LoginRefusedError(smtplib.SMTPException):
    """The mail server refuses who sends, for good."""


class Connection(smtplib.SMTP):
    """One connection, opened with its first use; cut off from beside where an exchange takes too long."""

    def __init__(self, server: Server) -> None:
        super().__init__(timeout=server.seconds)
        self.server = server
        self.is_cut = False
        self._is_greeted = False
        # Beside what is TLS or not yet: shut down, every wait for the server is over, handshakes too.
        self._wire: socket.socket | None = None
        # Else a set of its constructor, which also connects: what a certificate is checked against.
        self._host = server.host

    def open(self) -> None:
        """Greet, and identify oneself, unless that was done. Raises: `OSError`."""
        if self._is_greeted:
            return
        server = self.server
        code, said = self.connect(server.host, server.port)
        if code != 220:  # noqa: PLR2004  (RFC 5321 §4.2)
            raise smtplib.SMTPConnectError(code, said)
        self.ehlo()
        if server.security == "starttls":
            if not self.has_extn("starttls"):
                raise smtplib.SMTPNotSupportedError("it offers no STARTTLS, which smtp_security demands")
            self.starttls(context=self._context())
            self.ehlo()
        if server.user:
            self._identify()
        self._is_greeted = True

    def _identify(self) -> None:
        try:
            self.login(self.server.user, self.server.password)
        except smtplib.SMTPAuthenticationError as error:
            status = _ENHANCED_STATUS.match(_text_of(error.smtp_error))
            words = f"{error.smtp_code} {'' if status is None else status[0] + ' '}at login"
            if error.smtp_code < _PERMANENT:
                raise smtplib.SMTPException(f"{words}: it takes none now") from None
            raise LoginRefusedError(f"{words}: it refuses smtp_user and its password") from None

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Cut what is done within off when its time is over."""
        timer = threading.Timer(self.server.seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        """Let go of everything."""
        super().close()
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _cut(self) -> None:
        self.is_cut = True
        wire = self._wire
        if wire is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def _context(self) -> ssl.SSLContext:
        return self.server.tls or ssl.create_default_context()

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:  # noqa: ANN401  (smtplib's own)
        taken: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._wire = taken.dup()
        if self.is_cut:
            taken.close()
            raise TimeoutError
        if self.server.security != "tls":
            return taken
        return self._context().wrap_socket(taken, server_hostname=host)

    def words_of(self, error: Exception) -> str:
        """Say what is wrong with the server; never a password, which no error of these holds."""
        if self.is_cut or isinstance(error, TimeoutError):
            return f"it took longer than {self.server.seconds:g} s (smtp_timeout_seconds)"
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate: {error.verify_message}"
        if isinstance(error, smtplib.SMTPResponseException):
            return f"{error.smtp_code} {_text_of(error.smtp_error)}"
        if isinstance(error, smtplib.SMTPException):
            return str(error)
        return f"{type(error).__name__}: {error}"


def _text_of(said: bytes | str) -> str:
    return said.decode("ascii", "replace") if isinstance(said, bytes) else said


def greet(server: Server) -> str:
    """Only open a connection, and end it; return what is wrong with the server, in words."""
    connection = Connection(server)
    try:
        with connection.bounded():
            connection.open()
            connection.quit()
    except OSError as error:  # which `smtplib.SMTPException` is
        return connection.words_of(error)
    finally:
        connection.close()
    return ""
