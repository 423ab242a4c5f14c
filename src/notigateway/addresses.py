"""The address of a listening socket as an operator writes it: a host and a port."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import urlsplit

_PARTS: Final = re.compile(r"(?:\[(?P<v6>[^\[\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[1-9][0-9]{0,4})")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PORT_MAX: Final = 65_535


def host_and_port(address: str) -> tuple[str, int]:
    """Split an address: `127.0.0.1:8081`, `[::1]:8081` or `gateway.internal:8081`.

    Raises: `ValueError` for anything else; what was written is not in its text.
    """
    found = _PARTS.fullmatch(address)
    if found is None or int(found["port"]) > _PORT_MAX:
        raise ValueError("write HOST:PORT, for example 127.0.0.1:8081 or [::1]:8081, port 1 to 65535")
    host = found["v6"] or found["host"]
    try:
        if found["v6"]:
            IPv6Address(host)
        elif host.replace(".", "").isdigit():  # a number that is no address is no name either
            IPv4Address(host)
        elif not _NAME.fullmatch(host):
            raise ValueError("the host is neither an IP address nor a name")
    except AddressValueError as error:
        raise ValueError("the host is no IP address") from error
    return host, int(found["port"])


def check_host(host: str) -> str:
    """Return a host that an address may name, `crl.example.es`, with a port or without. Raises: `ValueError`.

    What is more than that, a whole address say, would be compared with hosts and never be one.
    """
    wrong = "write HOST or HOST:PORT, for example crl.example.es or crl.example.es:8080"
    try:
        parts = urlsplit(f"//{host}")
        named = (parts.hostname or "").encode("idna")
        is_one = parts.netloc == host and "@" not in host and parts.port != 0
    except ValueError as error:
        raise ValueError(wrong) from error
    if not (is_one and named) or any(letter.isspace() for letter in host):
        raise ValueError(wrong)
    return host


def check_address(address: str) -> str:
    """Return an address that can be listened at, or "" for none. Raises: `ValueError`."""
    if address:
        host_and_port(address)
    return address
