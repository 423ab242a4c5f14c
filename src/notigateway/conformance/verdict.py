"""What becomes of a check: its verdict and why, and all of them together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.conformance.kit import Check


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    ADVISED = "advised"
    SKIPPED = "skipped"


class NothingToAskError(ConfigurationError):
    """No check can be made, this one or another: the text tells why, and the run ends."""


class FailedError(Exception):
    """The service does not do what the contract says; the text tells what it did."""


class AdvisedError(Exception):
    """It is no fault, and could be better; the text tells how."""


class SkippedError(Exception):
    """It could not be asked; the text tells what is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and what became of it; `reason` is empty where it passed."""

    check: Check
    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings about one subject, in the order in which they were made.

    `subject` is the address of a service, or the command of a client.
    """

    subject: str
    contract: str
    at: datetime
    findings: Sequence[Finding]

    def count(self, verdict: Verdict) -> int:
        """Return how many checks ended so."""
        return sum(one.verdict is verdict for one in self.findings)

    @property
    def seconds(self) -> float:
        """Return how long all of them took."""
        return sum(one.seconds for one in self.findings)

    @property
    def exit_code(self) -> int:
        """Return 0 where all that was asked passed, 1 where something failed, 2 where nothing was asked."""
        if self.count(Verdict.FAILED):
            return 1
        return 0 if self.count(Verdict.PASSED) or self.count(Verdict.ADVISED) else 2

    @property
    def sum(self) -> str:
        """Return how many there are of each verdict; of advice where there is some."""
        counted = [(verdict, self.count(verdict)) for verdict in Verdict]
        return ", ".join(f"{count} {one}" for one, count in counted if count or one is not Verdict.ADVISED)
