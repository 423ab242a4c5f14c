"""Failed authentications, limited by where they come from, before anything is computed.

Counted in each worker by itself: the purpose is to spare its processor, and a count in the database
would give whoever fails a write to it. With N workers a peer may fail N times as often.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Final

from notigateway.errors import TooManyFailuresError

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

_SECONDS: Final = 60
_REMEMBERED_PEERS: Final = 10_000
# What one subscriber has: a limit by single addresses would be none. RFC 6177 §2
_IPV6_PREFIX: Final = 64


class FailureLimit:
    """Remembers who failed how often in the running minute; safe between threads; 0 is no limit."""

    def __init__(self, per_minute: int, *, proxy_hops: int = 0) -> None:
        self._per_minute = per_minute
        self._proxy_hops = proxy_hops
        self._failures: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, environ: WSGIEnvironment, now: datetime) -> None:
        """Refuse a peer that failed too often. Raises: `TooManyFailuresError`."""
        if not self._per_minute:
            return
        minute, second = divmod(int(now.timestamp()), _SECONDS)
        counted_in, count = self._failures.get(self._peer(environ), (minute, 0))
        if counted_in == minute and count >= self._per_minute:
            raise TooManyFailuresError("too many failures", retry_after_seconds=_SECONDS - second)

    def count(self, environ: WSGIEnvironment, now: datetime) -> None:
        """Count a failure; the peer that failed longest ago is forgotten where there are too many."""
        peer = self._peer(environ) if self._per_minute else ""
        if not peer:
            return
        minute = int(now.timestamp()) // _SECONDS
        with self._lock:
            counted_in, count = self._failures.pop(peer, (minute, 0))
            self._failures[peer] = (minute, count + 1 if counted_in == minute else 1)
            while len(self._failures) > _REMEMBERED_PEERS:
                self._failures.popitem(last=False)

    def _peer(self, environ: WSGIEnvironment) -> str:
        """Return who asks: the address of the connection, or what the last trusted proxy says of it.

        Each proxy appends the address that it saw to X-Forwarded-For, so with N trusted hops the Nth
        from the right is true and all to its left is the caller's own writing. No address: no limit.
        """
        text = str(environ.get("REMOTE_ADDR", ""))
        if self._proxy_hops:
            stops = [stop.strip() for stop in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
            if len(stops) >= self._proxy_hops:
                text = stops[-self._proxy_hops]
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
