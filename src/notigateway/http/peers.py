"""Where an HTTP request comes from, for limits: an IPv4 address, or the network of an IPv6 subscriber."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# What one subscriber has: a limit by single addresses would be none. RFC 6177 §2
_IPV6_PREFIX: Final = 64


def peer_of(environ: WSGIEnvironment, *, proxy_hops: int) -> str:
    """Return who asks: the address of the connection, or what the last trusted proxy says of it.

    Each proxy appends the address that it saw to X-Forwarded-For, so with N trusted hops the Nth
    from the right is true and all to its left is the caller's own writing. Empty where there is none.
    """
    text = str(environ.get("REMOTE_ADDR", ""))
    if proxy_hops:
        stops = [stop.strip() for stop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        if len(stops) >= proxy_hops:
            text = stops[-proxy_hops]
    try:
        return _network(ip_address(text))
    except (AddressValueError, ValueError):
        return ""


def _network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))
