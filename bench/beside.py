"""Pages over HTTP, of the gateway and of its peers in turns: CPU of the whole server for each request.

The same requests for all, each signed anew and sent once. A B A B: what else the machine does meanwhile falls
on each of them alike.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from bench.acts import prepare
from bench.peers import Peer, peers
from bench.processes import cpu_seconds_below, resident_mb_below
from bench.sending import Target, send_all
from bench.serving import PATH, serving
from notigateway.pki.keys import load_key_pair
from notigateway.settings import load_settings
from notigateway.wss.ns import NOTIGATEWAY_V1
from notigateway.wss.sign import Signer, sign_envelope

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.sandbox.holders import Pki

GATEWAY: Final = "notigateway"
# Of each size of page: how many requests in a turn.
_REQUESTS: Final = {1: 200, 100: 60, 1_000: 15}
_TURNS: Final = 3
# A virtual machine compiles what it does often; the others need their caches filled, and the memory of a
# large answer once given to them.
_WARM_UP: Final = {True: {1: 3_000, 100: 300, 1_000: 60}, False: {1: 50, 100: 10, 1_000: 20}}
_CONNECTIONS: Final = 4
_PER_MINUTE: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Beside:
    """CPU milliseconds a request of one server for one size of page, of several turns; its memory in MB."""

    server: str
    rows: int
    median: float
    least: float
    resident_mb: float


def measure_beside(folder: Path) -> list[Beside]:
    """Start everybody, warm everybody up, and measure in turns."""
    with serving(folder, "--workers", "1", caller_requests_per_minute=_PER_MINUTE) as served:
        prepare(load_settings(served.folder / "notigateway.toml"), max(_REQUESTS) + 1)
        gateway = Peer(GATEWAY, Target(served.address, PATH), served.process.pid)
        with peers(folder / "peers", served.pki) as found:
            return _measure([gateway, *found], served.pki)


def _measure(servers: list[Peer], pki: Pki) -> list[Beside]:
    spent: dict[tuple[str, int], list[float]] = defaultdict(list)
    holder = pki.holder("company")
    pair = load_key_pair(holder.key, holder.certificate)
    signer = Signer(pair.key, pair.certificate)
    for server in servers:
        for rows, count in _WARM_UP[server.compiles].items():
            _send(server, signer, rows, count)
    for rows, count in _REQUESTS.items():
        for _ in range(_TURNS):
            for server in servers:
                spent[server.name, rows].append(_send(server, signer, rows, count))
    memory = {server.name: resident_mb_below(server.pid) for server in servers}
    return [
        Beside(name, rows, statistics.median(turns), min(turns), memory[name])
        for (name, rows), turns in spent.items()
    ]


def _send(server: Peer, signer: Signer, rows: int, count: int) -> float:
    """Send that many and return the CPU milliseconds of each. Raises: `SystemExit` where one is refused."""
    content = f'<ListNotifications xmlns="{NOTIGATEWAY_V1}"><pageSize>{rows}</pageSize></ListNotifications>'
    now = datetime.now(UTC)
    envelopes = [sign_envelope(content.encode(), signer=signer, now=now) for _ in range(count)]
    before = cpu_seconds_below(server.pid)
    sent = send_all(server.target, envelopes, connections=_CONNECTIONS)
    if sent.refused:
        raise SystemExit(f"{server.name}: {sent.refused} of {count} refused")
    return 1000 * (cpu_seconds_below(server.pid) - before) / count
