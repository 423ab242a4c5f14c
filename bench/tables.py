"""The tables of `make bench`."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from rich.table import Table

from bench.accepting import BATCH
from bench.budgets import (
    ACCEPTS,
    BUDGETS,
    BUNDLES,
    COMMAND,
    COSIGNED,
    CXF_PAGE_OF_1,
    CXF_PAGE_OF_1000,
    FORMS,
    PAGE_OF_1000,
    PUBLISH,
    PULLED,
    PULLED_CLIENT,
    PULLED_SERVER,
    STREAMING_PAGE_OF_1000,
    SWEEP,
)
from bench.peers import CXF, CXF_STREAMING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.beside import Beside
    from bench.measure import Cpu
    from bench.pages import Line
    from bench.pulling import Pulled


def requests_table(yardstick: Cpu, lines: Sequence[Line]) -> Table:
    """Show what requests cost, beside RSA."""
    title = f"CPU per signed request, Python {platform.python_version()}, SQLite where not said"
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


def accepts_table(yardstick: Cpu, seal: Cpu, batch: Cpu) -> Table:
    """Show what a core accepts in a second, beside the signatures it could make."""
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


def work_table(costs: dict[str, float]) -> Table:
    """Show what else a core does, each in milliseconds of CPU."""
    table = Table("of one core", title=f"Besides answering, Python {platform.python_version()}, SQLite")
    for heading in ("a second", "CPU ms each", "budget"):
        table.add_column(heading, justify="right")
    for name in (PUBLISH, SWEEP, FORMS, BUNDLES, COSIGNED, COMMAND):
        each = costs[name]
        judged = 1000 / each if name in {PUBLISH, SWEEP} else each
        table.add_row(name, f"{1000 / each:,.0f}", f"{each:,.2f}", _held(name, judged))
    return table


def starts_table(yardstick: Cpu, starts: dict[str, float]) -> Table:
    """Show what each command takes that has nothing to do, the heaviest last."""
    table = Table("command with nothing to do", title=f"Starts, Python {platform.python_version()}, SQLite")
    for heading in ("CPU ms", "x RSA-2048", "budget"):
        table.add_column(heading, justify="right")
    for name, cost in sorted(starts.items(), key=lambda one: one[1]):
        table.add_row(name, f"{cost:,.0f}", f"{cost / yardstick.median:,.0f}", _held(COMMAND, cost))
    return table


def pulled_table(pulled: Pulled) -> Table:
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


def documents_table(yardstick: Cpu, each: dict[str, tuple[int, Cpu]]) -> Table:
    """Show how much of a document a core delivers in a second: its megabytes and their cost by its name."""
    table = Table("of one core", title=f"Documents in an answer, Python {platform.python_version()}")
    for heading in ("MB a second", "CPU ms", "x RSA-2048", "budget"):
        table.add_column(heading, justify="right")
    for name, (size, cost) in each.items():
        rate = size / cost.median * 1000
        numbers = (f"{rate:,.0f}", f"{cost.median:,.0f}", f"{cost.median / yardstick.median:,.0f}")
        table.add_row(name, *numbers, _held(name, rate))
    return table


def beside_table(beside: Sequence[Beside]) -> Table:
    """Show every server's CPU for each size of page, and the gateway's share of it."""
    sizes = sorted({one.rows for one in beside})
    own = {one.rows: one.median for one in beside if one.server == beside[0].server}
    table = Table("server, over HTTP", title="CPU ms a request, and the gateway's beside it")
    for rows in sizes:
        table.add_column(f"page of {rows:,}", justify="right")
        table.add_column("gateway's", justify="right")
    table.add_column("memory MB", justify="right")
    for server in dict.fromkeys(one.server for one in beside):
        found = {one.rows: one for one in beside if one.server == server}
        cells = [
            text
            for rows in sizes
            for text in (f"{found[rows].median:,.1f}", f"{own[rows] / found[rows].median:.2f} x")
        ]
        table.add_row(server, *cells, f"{found[sizes[0]].resident_mb:,.0f}")
    return table


def peers_table(beside: Sequence[Beside]) -> Table:
    """Show the budgets beside Apache CXF; nothing where it could not be had."""
    table = Table("budget", title="Beside Apache CXF, in the same run")
    table.add_column("measured", justify="right")
    table.add_column("budget", justify="right")
    found = {(one.server, one.rows): one.median for one in beside}
    own = beside[0].server
    for name, peer, rows in (
        (CXF_PAGE_OF_1, CXF, 1),
        (CXF_PAGE_OF_1000, CXF, 1_000),
        (STREAMING_PAGE_OF_1000, CXF_STREAMING, 1_000),
    ):
        if (peer, rows) in found:
            ratio = found[own, rows] / found[peer, rows]
            table.add_row(name, f"{ratio:.2f} x", BUDGETS[name].verdict(ratio))
    return table


def _held(name: str, measured: float) -> str:
    """Return the budget of a line and whether it was kept."""
    budget = BUDGETS.get(name)
    return "" if budget is None else budget.verdict(measured)
