"""Where an HTTP request comes from, for limits: an IPv4 address, or the network of an IPv6 subscriber."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

# What one subscriber has: a limit by single addresses would be none. RFC 6177 §2
_IPV6_PREFIX: Final = 64
# This machine, private networks, those of carriers and of one link. RFC 1918, 3927, 4193, 4291, 6598
_INTERNAL: Final = tuple(
    ip_network(one)
    for one in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"),
        *("::/64", "fc00::/7", "fe80::/10"),
    )
)


def peer_of(environ: WSGIEnvironment, *, proxy_hops: int) -> str:
    """Return who asks: the address of the connection, or what the last trusted proxy says of it.

    Each proxy appends the address that it saw to X-Forwarded-For, so with N trusted hops the Nth
    from the right is true and all to its left is the caller's own writing. Empty where there is none.
    """
    text = str(environ.get("REMOTE_ADDR", ""))
    if proxy_hops > 0:
        stops = [stop.strip() for stop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        if len(stops) >= proxy_hops:
            text = stops[-proxy_hops]
    try:
        address = ip_address(text)
    except (AddressValueError, ValueError):
        return ""
    return _network(address)


def may_be_a_proxy(peer: str) -> bool:
    """Tell whether a peer stands in a network of ours, where one address may stand for many callers."""
    network = ip_network(peer)
    return any(network.version == one.version and network.subnet_of(one) for one in _INTERNAL)  # type: ignore[arg-type]  # of one version


def _network(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))
