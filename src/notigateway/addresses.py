"""The address of a listening socket as an operator writes it: a host and a port."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

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


def check_address(address: str) -> str:
    """Return an address that can be listened at, or "" for none. Raises: `ValueError`."""
    if address:
        host_and_port(address)
    return address
