"""What the service may cost: the budgets beside which the benchmarks print what they measured.

`docs/performance.md` repeats them; a test compares. Absolute ones hold where RSA-2048 costs 0.40 ms.
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

    def verdict(self, measured: float) -> str:
        """Return it with whether it is kept."""
        return f"{self}: {'yes' if self.is_met(measured) else 'no'}"


# `make bench`
PAGE_OF_1: Final = "ListNotifications, 1 a page"
PAGE_OF_1_POSTGRESQL: Final = "ListNotifications, 1 a page, PostgreSQL, worker and backend"
PAGE_OF_1000: Final = "ListNotifications, 1,000 a page"
ACCEPTS: Final = "accepts: sealed receipt, access record, log leaves, checkpoint"
STRANGER: Final = "an envelope nobody is authorised for, until it is refused"
PUBLISH: Final = "acts published, in batches of 100"
SWEEP: Final = "lapses written down"
FORMS: Final = "PDF/A-3 typeset and sealed"
BUNDLES: Final = "bundles verified, every step"
COSIGNED: Final = "heads of the log cosigned: asked over HTTP, proven, kept on both sides"
PULLED: Final = "pulled by our client, 50 kB each: one process on each side"
PULLED_SERVER: Final = "the same, CPU of the server"
PULLED_CLIENT: Final = "the same, CPU of the client"
INLINE: Final = "a document of 5 MB within its answer"
PARTS: Final = "a document of 100 MB beside its answer (MTOM)"
COMMAND: Final = "a command of the command line"
# `make bench`, over HTTP, beside Apache CXF in the same run
CXF_PAGE_OF_1: Final = "ListNotifications, 1 a page, beside CXF"
CXF_PAGE_OF_1000: Final = "ListNotifications, 1,000 a page, beside CXF"
STREAMING_PAGE_OF_1000: Final = "ListNotifications, 1,000 a page, beside CXF streaming"
# `make bench-scale`
MANY_PAGE_OF_1: Final = "a representative's page of 1, beside the company's"
MANY_PAGE_OF_1000: Final = "a representative's page of 1,000, beside the company's"
MANY_CHANGES: Final = "a representative's changes, beside the company's"
MANY_SUMMARY: Final = "a representative's summary"
GROWTH: Final = "each of these, from 10,000 notifications to a million"
# `make bench-load`
RATE: Final = "requests a second of one worker, 64 connections"
WAIT: Final = "99 of 100 of these wait"
SINGLE_ACCEPTS: Final = "accepts of one, 32 at once, of the rate of pages of 1"

_RSA: Final = "x RSA-2048"
BUDGETS: Final = {
    PAGE_OF_1: Budget(5.0, _RSA),
    PAGE_OF_1_POSTGRESQL: Budget(8.0, _RSA),
    PAGE_OF_1000: Budget(10.0, "ms"),
    ACCEPTS: Budget(1_500, "a second", is_minimum=True),
    STRANGER: Budget(1.0, _RSA),
    PUBLISH: Budget(1_000, "a second", is_minimum=True),
    SWEEP: Budget(2_000, "a second", is_minimum=True),
    FORMS: Budget(40.0, "ms"),
    BUNDLES: Budget(10.0, "ms"),
    COSIGNED: Budget(40.0, "ms"),
    PULLED: Budget(170, "a second", is_minimum=True),
    PULLED_SERVER: Budget(3.0, "ms"),
    PULLED_CLIENT: Budget(4.0, "ms"),
    INLINE: Budget(150, "MB a second", is_minimum=True),
    PARTS: Budget(300, "MB a second", is_minimum=True),
    COMMAND: Budget(500.0, "ms"),
    CXF_PAGE_OF_1: Budget(0.6, "x"),
    CXF_PAGE_OF_1000: Budget(0.1, "x"),
    STREAMING_PAGE_OF_1000: Budget(0.5, "x"),
    MANY_PAGE_OF_1: Budget(2.0, "x"),
    MANY_PAGE_OF_1000: Budget(1.5, "x"),
    MANY_CHANGES: Budget(2.0, "x"),
    MANY_SUMMARY: Budget(50.0, "ms"),
    GROWTH: Budget(1.3, "x"),
    RATE: Budget(300, "a second", is_minimum=True),
    WAIT: Budget(400.0, "ms"),
    SINGLE_ACCEPTS: Budget(60.0, "%", is_minimum=True),
}
