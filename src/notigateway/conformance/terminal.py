"""The report at a terminal: a line for each check, why one failed or was not made, the sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from notigateway.conformance.kit import GROUPS
from notigateway.conformance.verdict import Verdict

if TYPE_CHECKING:
    from notigateway.conformance.verdict import Finding, Report

_WORDS: Final = {
    Verdict.PASSED: "ok",
    Verdict.FAILED: "FAILED",
    Verdict.ADVISED: "advice",
    Verdict.SKIPPED: "-",
}


def line_of(finding: Finding) -> str:
    """Return the line of a finding, with a second one where there is a reason."""
    check = finding.check
    line = f"{_WORDS[finding.verdict]:7}{check.identifier:9}{check.asks}"
    if not finding.reason:
        return line
    source = f" [{check.source}]" if finding.verdict is Verdict.FAILED else ""
    return f"{line}\n{'':16}{finding.reason}{source}"


def heading_of(group: str) -> str:
    """Return what stands above the checks of a group."""
    return f"\n{GROUPS[group]}"


def sum_of(report: Report) -> str:
    """Return the last line."""
    return f"\n{report.subject} ({report.contract}): {report.sum}, in {report.seconds:.1f} s"
