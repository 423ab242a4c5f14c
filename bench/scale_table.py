"""The tables of `make bench-scale`: every cost, and every cost beside its budget."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.table import Table

from bench.asking import (
    CHANGES_OF_1,
    CHANGES_OF_1000,
    NEWS,
    PAGE_OF_1,
    PAGE_OF_1000,
    QUESTIONS,
    SUMMARY,
    Asked,
)
from bench.budgets import (
    BUDGETS,
    GROWTH,
    MANY_CHANGES,
    MANY_PAGE_OF_1,
    MANY_PAGE_OF_1000,
    MANY_SUMMARY,
    Budget,
)
from bench.world import ASKERS, THE_COMPANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# By which budget a representative's cost is judged beside the company's.
BESIDE_COMPANY: Final = {
    PAGE_OF_1.name: MANY_PAGE_OF_1,
    PAGE_OF_1000.name: MANY_PAGE_OF_1000,
    CHANGES_OF_1.name: MANY_CHANGES,
    CHANGES_OF_1000.name: MANY_CHANGES,
    NEWS.name: MANY_CHANGES,
}


@dataclass(frozen=True, slots=True)
class Size:
    """What was measured in a repository of so many notifications; `rsa` is the yardstick beside it, in ms."""

    rows: int
    filled_seconds: float
    rsa: float
    asked: tuple[Asked, ...]

    def of(self, asker: str, question: str) -> Asked:
        """Return what a question has cost somebody."""
        return next(one for one in self.asked if (one.asker, one.question) == (asker, question))


def work_table(database: str, sizes: Sequence[Size]) -> Table:
    """Show the CPU milliseconds, best and median, and how many rows came for them."""
    rsa = ", ".join(f"{size.rsa:.2f}" for size in sizes)
    table = Table(
        "question",
        "who",
        title=f"CPU ms, best / median, {database}, Python {platform.python_version()}, RSA-2048 {rsa} ms",
    )
    with_backend = database == "postgresql"
    for size in sizes:
        table.add_column(f"{size.rows:,}", justify="right")
        if with_backend:
            table.add_column("backend", justify="right")
        table.add_column("rows", justify="right")
    for question in QUESTIONS:
        for asker in ASKERS:
            cells = []
            for size in sizes:
                one = size.of(asker.name, question.name)
                cells.append(f"{one.best:,.1f} / {one.median:,.1f}")
                if with_backend:
                    cells.append(f"{one.backend_best:,.1f} / {one.backend_median:,.1f}")
                cells.append(f"{one.rows:,}")
            table.add_row(question.name, asker.name, *cells, end_section=asker is ASKERS[-1])
    return table


def verdicts_table(database: str, sizes: Sequence[Size]) -> Table:
    """Show each cost beside its budget, worker and backend together: by best, the least disturbed."""
    table = Table("cost", "who", title=f"Budgets, {database}, {sizes[-1].rows:,} notifications")
    for heading in ("measured", "budget"):
        table.add_column(heading, justify="right")
    for name, who, measured, budget in _judged(sizes):
        table.add_row(name, who, f"{measured:,.2f} {budget.unit}", budget.verdict(measured))
    return table


def _judged(sizes: Sequence[Size]) -> Iterator[tuple[str, str, float, Budget]]:
    """Yield each cost that has a budget: its name, whose it is, what was measured."""
    first, last = sizes[0], sizes[-1]
    for asker in ASKERS:
        if asker is not THE_COMPANY:
            for question, budget in BESIDE_COMPANY.items():
                company = last.of(THE_COMPANY.name, question).whole_best
                ratio = last.of(asker.name, question).whole_best / company
                yield f"{question}, beside the company's", asker.name, ratio, BUDGETS[budget]
            summary = last.of(asker.name, SUMMARY.name).whole_best
            yield SUMMARY.name, asker.name, summary, BUDGETS[MANY_SUMMARY]
        if last is not first:
            for each in QUESTIONS:
                small, large = (size.of(asker.name, each.name).whole_best for size in (first, last))
                yield f"{each.name}, from {first.rows:,}", asker.name, large / small, BUDGETS[GROWTH]
