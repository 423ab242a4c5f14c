"""`make bench`: CPU per signed request, beside this machine's RSA-2048 private operation.

The server's whole way of a request is measured in this process, from the bytes that arrive to the
signed bytes that leave, the replay register in the database included; only HTTP is left out. Requests
are signed beforehand, each one anew: a repeated one would be refused.
"""

from __future__ import annotations

import gc
import platform
import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from bench.accepting import BATCH, BATCHES, measure_accepts
from bench.budgets import (
    ACCEPTS,
    BUDGETS,
    BUNDLES,
    FORMS,
    INLINE,
    PAGE_OF_1000,
    PARTS,
    PULLED,
    PULLED_CLIENT,
    PULLED_SERVER,
)
from bench.documents import INLINE_MEGABYTES, PARTS_MEGABYTES, measure_documents
from bench.gateway import Gateway
from bench.measure import Cpu, ecdsa_p256_private_operation, rsa_2048_private_operation
from bench.proving import measure_forms, measure_verifier
from bench.pulling import Pulled, measure_pull
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUESTS_OF_PAGE = {1: 200, 100: 100, 1_000: 30}
PING = "Ping"
REQUESTS_OF_PING = 200


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


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder), notifications=BATCH * (BATCHES + 1))
        lines = list(_lines(gateway))
        seals = [ecdsa_p256_private_operation()]
        accepts = measure_accepts(gateway)
        seals.append(ecdsa_p256_private_operation())
        forms, verifier = measure_forms(gateway), measure_verifier(gateway)
        inline = measure_documents(gateway, INLINE_MEGABYTES, in_parts=False)
        parts = measure_documents(gateway, PARTS_MEGABYTES, in_parts=True)
        pulled = measure_pull(Path(folder) / "pulled")
    yardstick, seal = Cpu.mean(line.yardstick for line in lines), Cpu.mean(seals)
    console = Console(width=120)
    console.print(_table(yardstick, lines))
    console.print(_accepts(yardstick, seal, accepts))
    console.print(_proving(seal, forms, verifier))
    console.print(_documents(yardstick, inline, parts))
    console.print(_pulled(pulled))


def _accepts(yardstick: Cpu, seal: Cpu, batch: Cpu) -> Table:
    """Show what a core does in a second, beside the signatures it could make."""
    table = Table(
        "of one core", title=f"Accepts in batches of {BATCH}, Python {platform.python_version()}, SQLite"
    )
    for heading in ("a second", "CPU µs each", "x ECDSA P-256", "budget"):
        table.add_column(heading, justify="right")
    for name, each in (
        ("ECDSA P-256 signatures", seal.median),
        ("RSA-2048 signatures", yardstick.median),
        (ACCEPTS, batch.median / BATCH),
        ("the same, 90 of 100 batches at least", batch.p90 / BATCH),
    ):
        numbers = (f"{1000 / each:,.0f}", f"{each * 1000:,.0f}", f"{each / seal.median:,.1f}")
        table.add_row(name, *numbers, _held(name, 1000 / each))
    return table


def _proving(seal: Cpu, forms: Cpu, verifier: Cpu) -> Table:
    """Show what a core does in a second for who must be convinced."""
    table = Table("of one core", title=f"Proving receipts, Python {platform.python_version()}")
    for heading in ("a second", "CPU ms each", "p90 ms", "x ECDSA P-256", "budget"):
        table.add_column(heading, justify="right")
    for name, each in ((FORMS, forms), (BUNDLES, verifier)):
        table.add_row(
            name,
            f"{1000 / each.median:,.0f}",
            f"{each.median:,.1f}",
            f"{each.p90:,.1f}",
            f"{each.median / seal.median:,.0f}",
            _held(name, each.median),
        )
    return table


def _documents(yardstick: Cpu, inline: Cpu, parts: Cpu) -> Table:
    """Show how much of a document a core delivers in a second."""
    table = Table("of one core", title=f"Documents in an answer, Python {platform.python_version()}")
    for heading in ("MB a second", "CPU ms", "x RSA-2048", "budget"):
        table.add_column(heading, justify="right")
    for name, each, size in ((INLINE, inline, INLINE_MEGABYTES), (PARTS, parts, PARTS_MEGABYTES)):
        rate = size / each.median * 1000
        numbers = (f"{rate:,.0f}", f"{each.median:,.0f}", f"{each.median / yardstick.median:,.0f}")
        table.add_row(name, *numbers, _held(name, rate))
    return table


def _pulled(pulled: Pulled) -> Table:
    """Show what it takes to have a mailbox: list, accept, retrieve, verify, store, over HTTP."""
    table = Table(
        f"of {pulled.stored:,}", title=f"A full pull, Python {platform.python_version()}, SQLite, gunicorn"
    )
    for heading in ("measured", "x RSA-2048", "budget"):
        table.add_column(heading, justify="right")
    table.add_row(PULLED, f"{pulled.a_second:,.0f} a second", "", _held(PULLED, pulled.a_second))
    for name, each in ((PULLED_SERVER, pulled.server_ms), (PULLED_CLIENT, pulled.client_ms)):
        table.add_row(name, f"{each:.2f} ms", f"{each / pulled.rsa_ms:,.1f}", _held(name, each))
    return table


def _lines(gateway: Gateway) -> Iterator[Line]:
    yield _measured(
        gateway, PING, f'<Ping xmlns="{NOTIGATEWAY_V1}"></Ping>', rows=0, requests=REQUESTS_OF_PING
    )
    for rows, requests in REQUESTS_OF_PAGE.items():
        content = (
            f'<ListNotifications xmlns="{NOTIGATEWAY_V1}"><pageSize>{rows}</pageSize></ListNotifications>'
        )
        yield _measured(gateway, f"ListNotifications, {rows:,} a page", content, rows=rows, requests=requests)


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


def _held(name: str, measured: float) -> str:
    """Return the budget of a line and whether it was kept."""
    budget = BUDGETS.get(name)
    return "" if budget is None else budget.verdict(measured)


def _table(yardstick: Cpu, lines: list[Line]) -> Table:
    title = f"CPU per signed request, Python {platform.python_version()}, SQLite"
    table = Table("request", title=title)
    for heading in ("answer KiB", "CPU ms", "p90 ms", "x RSA-2048", "µs per row", "budget"):
        table.add_column(heading, justify="right")
    table.add_row(
        "RSA-2048 private operation", "", f"{yardstick.median:.2f}", f"{yardstick.p90:.2f}", "1.0", "", ""
    )
    for line in lines:
        table.add_row(
            line.name,
            f"{line.answer_kib:,.1f}",
            f"{line.cpu.median:.2f}",
            f"{line.cpu.p90:.2f}",
            f"{line.ratio:.1f}",
            f"{line.cpu.median * 1000 / line.rows:,.0f}" if line.rows else "",
            _held(line.name, line.cpu.median if line.name == PAGE_OF_1000 else line.ratio),
        )
    return table


main()
