"""The command line's way to a client: options, environment, configuration file, in that order.

The configuration file is TOML with the options' names (`server_cert = ["service.cert.pem"]`); paths
in it are relative to the file.
"""

from __future__ import annotations

import ssl
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import typer

from notigateway.client.show import waiting
from notigateway.contract.problems import texts_of
from notigateway.errors import ConfigurationError, GatewayError
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from cryptography import x509

    from notigateway.client.api import NotificationClient
    from notigateway.client.wscn import WscnClient
    from notigateway.evidence.history import Pin
    from notigateway.pki.keys import KeyPair

_PATHS: Final = frozenset({"key", "cert", "p12", "password_file", "ca_file"})
_PATH_LISTS: Final = frozenset({"server_cert", "seal_cert", "timestamp_cert"})
_KEYS: Final = _PATHS | _PATH_LISTS | {"url", "public_url", "timeout_seconds", "contract", "mtom"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the service is, who calls, and whose signatures and seals are believed."""

    url: str | None
    key: Path | None
    cert: Path | None
    p12: Path | None
    password_file: Path | None
    server_cert: list[Path]
    seal_cert: list[Path]
    timestamp_cert: list[Path]
    ca_file: Path | None
    timeout_seconds: float
    public_url: str | None = None
    mtom: bool = False

    def client(self) -> NotificationClient:
        """Return the client of these options.

        Raises: `typer.BadParameter` for options that are missing or exclude each other;
        `ConfigurationError` for files that cannot be read.
        """
        from notigateway.client.api import NotificationClient
        from notigateway.client.transport import Retries
        from notigateway.pki.keys import load_certificates

        url, pair = self._checked_url(), self._pair()
        return NotificationClient(
            url,
            key=pair.key,
            certificate=pair.certificate,
            server_certificates=[one for file in self.server_cert for one in load_certificates(file)],
            timeout_seconds=self.timeout_seconds,
            retries=Retries(told=waiting),
            tls=_tls(self.ca_file),
            public_url=self.public_url,
            mtom=self.mtom,
        )

    def fetching(self) -> tuple[NotificationClient, list[Pin], list[Pin]]:
        """Return the client, the seals and the authorities for a process beside a pull. Raises: as those."""
        return self.client(), self.seals(), self.authorities()

    def wscn(self) -> WscnClient:
        """Return the client of the Social Security's contract. Raises: as `client`."""
        from notigateway.client.transport import Retries, Speech, Transport
        from notigateway.client.wscn import WscnClient, action, namespace_at, read_answer
        from notigateway.pki.anchors import PinnedCertificates
        from notigateway.pki.keys import load_certificates
        from notigateway.wss.sign import Signer

        url, pair = self._checked_url(), self._pair()
        namespace_at(url)
        transport = Transport(
            url,
            key_pair=pair,
            pinned=PinnedCertificates([one for file in self.server_cert for one in load_certificates(file)]),
            timeout_seconds=self.timeout_seconds,
            retries=Retries(told=waiting),
            clock=lambda: datetime.now(UTC),
            tls=_tls(self.ca_file),
            speech=Speech(action, read_answer),
            public_url=self.public_url,
        )
        return WscnClient(transport, Signer(pair.key, pair.certificate))

    def _pair(self) -> KeyPair:
        """Return the caller's key and certificate, which may sign now.

        Raises: `ConfigurationError`, each fault with a sentence of its own.
        """
        from notigateway.pki.keys import load_key_pair, load_p12

        password = _password(self.password_file)
        if self.p12 is not None:
            pair = load_p12(self.p12, password)
        else:
            pair = load_key_pair(self.key or Path(), self.cert or Path(), password)
        check_own(pair.certificate, datetime.now(UTC))
        return pair

    def _checked_url(self) -> str:
        if self.url is None:
            raise typer.BadParameter("the service's address is missing", param_hint="--url")
        if not self.server_cert:
            raise typer.BadParameter("the service's certificate is missing", param_hint="--server-cert")
        if (self.p12 is None) == (self.key is None) or (self.key is None) != (self.cert is None):
            raise typer.BadParameter("give --p12, or --key and --cert")
        return self.url

    def seals(self) -> list[Pin]:
        """Return the certificates whose seals on receipts are believed.

        Raises: `typer.BadParameter` when none is given; `ConfigurationError` for unreadable files.
        """
        if not self.seal_cert:
            raise typer.BadParameter(
                "the certificate of the service's seal is missing", param_hint="--seal-cert"
            )
        return [one for path in self.seal_cert for one in _pins(path)]

    def authorities(self) -> list[Pin]:
        """Return the authorities whose time-stamps are believed; none where that is not asked.

        Raises: `ConfigurationError` for unreadable files.
        """
        return [one for path in self.timestamp_cert for one in _pins(path)]


def check_own(certificate: x509.Certificate, now: datetime) -> None:
    """Check that the caller's certificate may sign at `now`: else the service would refuse it.

    Raises: `ConfigurationError`.
    """
    from notigateway.pki.fitness import check_fit_to_sign
    from notigateway.pki.keys import subject_of

    whose = f"your certificate ({subject_of(certificate)})"
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > end:
        said = f"expired at {instant_text(end)}"
    elif now < start:
        said = f"is valid only from {instant_text(start)}"
    else:
        try:
            check_fit_to_sign(certificate)
        except GatewayError as error:
            raise ConfigurationError(f"{whose} is not accepted: {texts_of(error).en}") from error
        return
    raise ConfigurationError(f"{whose} {said}, and it is {instant_text(now)} by the clock of this computer")


def _pins(path: Path) -> list[Pin]:
    from notigateway.evidence.history import load_seals
    from notigateway.pki.keys import load_certificates

    if path.is_dir():
        return [*load_seals(path)]
    return [*load_certificates(path)]


def connection_of(context: typer.Context) -> Connection:
    """Return the connection that the options before the command describe."""
    connection = context.obj
    assert isinstance(connection, Connection)  # noqa: S101 - the callback always ran before
    return connection


def read_config(file: Path) -> dict[str, Any]:
    """Return the defaults of a configuration file.

    Raises: `typer.BadParameter` for a file that cannot be read, an unknown key or a value of another type.
    """
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"cannot read {file}: {error}", param_hint="--config") from error
    unknown = sorted(values.keys() - _KEYS)
    if unknown:
        raise typer.BadParameter(f"{file}: unknown key {', '.join(unknown)}", param_hint="--config")
    return {name: _located(file, name, value) for name, value in values.items()}


def _located(file: Path, name: str, value: object) -> object:
    wanted: tuple[type, ...] = {"timeout_seconds": (int, float), "mtom": (bool,)}.get(name, (str,))
    given = value if name in _PATH_LISTS and isinstance(value, list) else [value]
    if not all(isinstance(one, wanted) for one in given):
        raise typer.BadParameter(f"{file}: {name} is not of its type", param_hint="--config")
    if name in _PATHS:
        return str(file.parent / str(value))
    if name in _PATH_LISTS:
        return [str(file.parent / str(one)) for one in given]
    return value


def _password(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise typer.BadParameter(
            f"cannot read {file}: {error.strerror}", param_hint="--password-file"
        ) from error


def _tls(ca_file: Path | None) -> ssl.SSLContext | None:
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise typer.BadParameter(f"cannot use {ca_file}: {error}", param_hint="--ca-file") from error
