"""What the service may cost: the budgets beside which `make bench` prints what it measured.

`docs/performance.md` repeats them; a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on one measured number: at most or at least so much of a unit."""

    limit: float
    unit: str
    is_minimum: bool = False

    def __str__(self) -> str:
        """Return it as the tables show it."""
        return f"{'≥' if self.is_minimum else '≤'} {self.limit:,g} {self.unit}"

    def is_met(self, measured: float) -> bool:
        """Tell whether a measured number is within it."""
        return measured >= self.limit if self.is_minimum else measured <= self.limit


PAGE_OF_1: Final = "ListNotifications, 1 a page"
PAGE_OF_1000: Final = "ListNotifications, 1,000 a page"
ACCEPTS: Final = "accepts: sealed receipt, access record, log leaves, checkpoint"
BUDGETS: Final = {
    PAGE_OF_1: Budget(3.0, "x RSA-2048"),
    PAGE_OF_1000: Budget(10.0, "ms"),
    ACCEPTS: Budget(1_500, "a second", is_minimum=True),
}
