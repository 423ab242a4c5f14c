"""The tables of `make bench-load`."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Final

from rich.table import Table

from bench.budgets import BUDGETS, RATE, SINGLE_ACCEPTS, WAIT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.load import Load
LIST: Final = "list, page of 1"
ACCEPT: Final = "accept, one"


def load_table(database: str, loads: Sequence[Load]) -> Table:
    """Show every measurement."""
    title = f"Requests over HTTP, {database}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table("work", title=title)
    for heading in (
        "workers",
        "connections",
        "a second",
        "p50 ms",
        "p99 ms",
        "refused",
        "server CPU ms",
        "backend CPU ms",
        "sender, of a core",
    ):
        table.add_column(heading, justify="right")
    for load in loads:
        table.add_row(
            load.work,
            str(load.workers),
            str(load.connections),
            f"{load.a_second:,.0f}",
            f"{load.p50:,.0f}",
            f"{load.p99:,.0f}",
            str(load.refused),
            f"{load.server_cpu:.1f}",
            f"{load.backend_cpu:.1f}",
            f"{load.sender_share:.0%}",
        )
    return table


def budgets_table(database: str, loads: Sequence[Load]) -> Table:
    """Show the budgets: of one worker, and of single accepts by the best number of workers."""
    table = Table("what", title=f"Budgets over HTTP, {database}")
    table.add_column("measured", justify="right")
    table.add_column("budget", justify="right")
    for load in loads:
        if (load.work, load.workers, load.connections) == (LIST, 1, 64):
            table.add_row(RATE, f"{load.a_second:,.0f}", BUDGETS[RATE].verdict(load.a_second))
            table.add_row(WAIT, f"{load.p99:,.0f} ms", BUDGETS[WAIT].verdict(load.p99))
    lists, accepts = (
        max((load.a_second for load in loads if (load.work, load.connections) == (work, 32)), default=0.0)
        for work in (LIST, ACCEPT)
    )
    if lists:
        percent = 100 * accepts / lists
        text = f"{accepts:,.0f} of {lists:,.0f}, {percent:.0f} %"
        table.add_row(SINGLE_ACCEPTS, text, BUDGETS[SINGLE_ACCEPTS].verdict(percent))
    if not table.rows:
        table.add_row("all of them", "no", "of one worker with 64 connections, and of 32")
    return table
