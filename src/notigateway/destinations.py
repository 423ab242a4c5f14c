"""Which addresses of the network something may be sent to that a stranger has named.

By default only public ones: whoever could have us post to the machines beside us would speak with our
voice behind our walls. A name is resolved here, once; if one of its addresses is refused, all are, and the
connection goes to an address that was looked at, so a name that answers otherwise a moment later gains
nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Forms of IPv6 in which an address of IPv4 is written, and where it stands in them, in bits from the right.
_EMBEDDING: Final = tuple(
    (ipaddress.IPv6Network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),  # mapped
        ("::/96", 0),  # compatible, obsolete
        ("64:ff9b::/96", 0),  # NAT64
        ("64:ff9b:1::/48", 0),  # NAT64 of a network of one's own
        ("2002::/16", 80),  # 6to4
    )
)
_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
_MOST_ADDRESSES: Final = 32


class AddressRefusedError(OSError):
    """A name leads to an address to which nothing is sent."""


def is_public(address: Address) -> bool:
    """Tell whether an address is one of the public network, in whatever form it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TEREDO or address.scope_id is not None:
            return False
        for network, shift in _EMBEDDING:
            if address in network:
                return is_public(ipaddress.IPv4Address(int(address) >> shift & 0xFFFF_FFFF))
        if address.is_site_local:
            return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    )


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, as the system finds them. Raises: `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True)
class Destinations:
    """The public network, or instead only the networks that the operator allows."""

    networks: Sequence[Network] = ()
    find: Callable[[str, int], list[str]] = resolve

    def admits(self, address: Address) -> bool:
        """Tell whether something may be sent to an address."""
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        plain = mapped or address
        if self.networks:
            return any(plain in network for network in self.networks if network.version == plain.version)
        return is_public(address)

    def choose(self, host: str, port: int) -> str:
        """Return an address of a name to which a connection may go, each of them having been looked at.

        Raises: `AddressRefusedError`; `OSError` where the name has none.
        """
        try:
            found = [ipaddress.ip_address(one) for one in self.find(host, port)]
        except UnicodeError as error:  # a label that is empty or too long
            raise AddressRefusedError("no name of a host") from error
        if not found or len(found) > _MOST_ADDRESSES:
            raise AddressRefusedError("no address, or too many")
        if not all(map(self.admits, found)):
            raise AddressRefusedError("an address of that name is not one to which anything is sent")
        return str(found[0])


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that an operator wrote. Raises: `ValueError`."""
    return tuple(ipaddress.ip_network(one) for one in texts)
