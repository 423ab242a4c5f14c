"""Where a sandbox listens, and the token for who administers it where more than this machine reaches it."""

from __future__ import annotations

import re
import secrets
import socket
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError
from notigateway.private_files import is_kept
from notigateway.sandbox.settings_file import replace_file

if TYPE_CHECKING:
    from ipaddress import IPv4Address
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"
# What a header can carry, and nobody guesses: one that a person has chosen may stand there too.
_TOKEN: Final = re.compile(r"[!-~]{16,512}")
_TOKEN_BYTES: Final = 32
_TOKEN_MAX_BYTES: Final = 1024


def listen(address: str, port: int) -> socket.socket:
    """Take a port (0: a free one) of an IP address. Raises: `ConfigurationError`."""
    host = _host(address)
    family = socket.AF_INET6 if isinstance(host, IPv6Address) else socket.AF_INET
    # Whoever listens at every address of this machine is found at those of IPv4 too.
    both = host == IPv6Address("::") and socket.has_dualstack_ipv6()
    try:
        return socket.create_server((str(host), port), family=family, dualstack_ipv6=both)
    except OSError as error:
        raise ConfigurationError(f"cannot take port {port} of {address}: {error.strerror}") from error


def address_of(listener: socket.socket) -> str:
    """Return where this machine reaches it: http://HOST:PORT, also where it listens at every address."""
    host, port = listener.getsockname()[:2]
    if isinstance(found := ip_address(host), IPv6Address):
        return f"http://[{'::1' if found.is_unspecified else found}]:{port}"
    return f"http://{LOOPBACK if found.is_unspecified else found}:{port}"


def token_for(directory: Path, address: str) -> str | None:
    """Return the token of a sandbox, made once; None where only this machine reaches it.

    Raises: `ConfigurationError` where its file is read by others, or holds none; `OSError`.
    """
    if _host(address).is_loopback:
        return None
    file = directory / "token.txt"
    if not file.exists():
        replace_file(file, f"{secrets.token_urlsafe(_TOKEN_BYTES)}\n")
    if not is_kept(file):
        raise ConfigurationError(f"others may read {file}: chmod 600, or delete it for a new one")
    with file.open("rb") as source:
        token = source.read(_TOKEN_MAX_BYTES).decode("utf-8", "replace").strip()
    if not _TOKEN.fullmatch(token):
        raise ConfigurationError(
            f"{file} holds no token of 16 to 512 visible characters: delete it for a new one"
        )
    return token


def _host(address: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(address)
    except ValueError as error:
        raise ConfigurationError("--listen: write an IP address: 127.0.0.1, 0.0.0.0 or ::1") from error
