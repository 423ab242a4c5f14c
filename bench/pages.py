"""Signed requests on their whole way through this process, and on PostgreSQL its backend's part too."""

from __future__ import annotations

import gc
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.asking import Often, spent_on
from bench.budgets import PAGE_OF_1_POSTGRESQL
from bench.gateway import Gateway
from bench.measure import Cpu, rsa_2048_private_operation
from bench.repositories import backends_of
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.postgresql import PostgreSQL

_REQUESTS_OF_PAGE: Final = {1: 200, 100: 100, 1_000: 30}
_REQUESTS_OF_PING: Final = 200
_REQUESTS_OF_POSTGRESQL: Final = 150
_PING: Final = f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>'


@dataclass(frozen=True, slots=True)
class Line:
    """One measured kind of request."""

    name: str
    rows: int
    answer_kib: float
    cpu: Cpu
    yardstick: Cpu

    @property
    def ratio(self) -> float:
        """The request beside what the RSA operation took before and after it."""
        return self.cpu.median / self.yardstick.median


def measure_pages(gateway: Gateway) -> Iterator[Line]:
    """Measure a ping, and pages of every size."""
    yield _measured(gateway, "Ping", _PING, rows=0, requests=_REQUESTS_OF_PING)
    for rows, requests in _REQUESTS_OF_PAGE.items():
        name = f"ListNotifications, {rows:,} a page"
        yield _measured(gateway, name, _page(rows), rows=rows, requests=requests)


def measure_on_postgresql(folder: Path, server: PostgreSQL) -> Line:
    """Measure a page of one over a fresh database: this process and the backend together."""
    database = "bench_page"
    server.create(database)
    gateway = Gateway(folder, notifications=_REQUESTS_OF_POSTGRESQL, database_url=server.url(database))
    with closing(gateway):
        content = _page(1).encode()
        answer = gateway.answer(gateway.signed(content))
        gc.collect()
        before = rsa_2048_private_operation()
        times = Often(_REQUESTS_OF_POSTGRESQL, _REQUESTS_OF_POSTGRESQL)
        backends = backends_of(server, database)
        costs = [sum(cost) for cost in spent_on(gateway, content, "company", backends=backends, often=times)]
        yardstick = Cpu.mean([before, rsa_2048_private_operation()])
        return Line(PAGE_OF_1_POSTGRESQL, 1, len(answer) / 1024, Cpu.among(costs), yardstick)


def _page(rows: int) -> str:
    return f'<ListNotifications xmlns="{NOTIGATEWAY_V1}"><pageSize>{rows}</pageSize></ListNotifications>'


def _measured(gateway: Gateway, name: str, content: str, *, rows: int, requests: int) -> Line:
    signed = deque(gateway.signed(content.encode()) for _ in range(requests + 1))
    answer = gateway.answer(signed.popleft())  # the first one also fills caches
    if answer.count(b"<id>") != rows:
        raise SystemExit(f"{name}: the answer does not hold {rows} rows")
    gc.collect()
    before = rsa_2048_private_operation()
    cpu = Cpu.of(lambda: gateway.answer(signed.popleft()) for _ in range(requests))
    yardstick = Cpu.mean([before, rsa_2048_private_operation()])
    return Line(name, rows, len(answer) / 1024, cpu, yardstick)
