"""What is done besides answering: acts published, lapses written down, strangers refused."""

from __future__ import annotations

import gc
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from bench.acts import publish_to_company
from bench.gateway import Gateway
from bench.measure import Cpu
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from pathlib import Path

BATCH: Final = 100
_BATCHES: Final = 10
_STRANGERS: Final = 40
_PAST_DEADLINE: Final = timedelta(days=12)
_PING: Final = f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>'.encode()


def measure_publishing_and_sweeping(folder: Path) -> tuple[float, float]:
    """Return the CPU milliseconds of an act that is published, its documents stored, and of a lapse."""
    gateway = Gateway(folder, notifications=0)
    with closing(gateway):
        office = gateway.application.gate.office
        firsts = iter(range(0, BATCH * (_BATCHES + 1), BATCH))

        def work() -> None:
            first = next(firsts)
            batch = range(first, first + BATCH)
            publish_to_company(office.engine, office.publishing, batch, ago=_PAST_DEADLINE, at_once=BATCH)

        work()
        gc.collect()
        published = Cpu.of(work for _ in range(_BATCHES)).median / BATCH
        now, before = datetime.now(UTC), time.process_time_ns()
        swept = sweep(office.engine, seal=office.seal, now=now, sweeping=Sweeping())
        spent = (time.process_time_ns() - before) / 1e6
        if swept.lapsed != BATCH * (_BATCHES + 1):
            raise SystemExit("not everything has lapsed")
        return published, spent / swept.lapsed


def measure_strangers(gateway: Gateway) -> tuple[Cpu, Cpu]:
    """Return the CPU milliseconds of an envelope of somebody whose authority nobody has authorised.

    Until it is refused, and with the signed fault that says so.
    """
    requests = [gateway.signed(_PING, "untrusted") for _ in range(2 * _STRANGERS + 1)]
    gateway.refused(requests.pop())
    gc.collect()
    until_refused = Cpu.of(lambda: gateway.proven(requests.pop()) for _ in range(_STRANGERS))
    return until_refused, Cpu.of(lambda: gateway.refused(requests.pop()) for _ in range(_STRANGERS))
