"""Failed authentications, limited by where they come from, before anything is computed.

Counted in each worker by itself: the purpose is to spare its processor, and a count in the database
would give whoever fails a write to it. With N workers a peer may fail N times as often.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from notigateway.errors import TooManyFailuresError
from notigateway.http.peers import may_be_a_proxy, peer_of

if TYPE_CHECKING:
    from datetime import datetime
    from wsgiref.types import WSGIEnvironment

_SECONDS: Final = 60
_REMEMBERED_PEERS: Final = 10_000


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
        """Return who asks. No address: no limit; nor one that may be a proxy's, until that is said."""
        peer = peer_of(environ, proxy_hops=self._proxy_hops)
        return "" if peer and self._proxy_hops < 0 and may_be_a_proxy(peer) else peer
