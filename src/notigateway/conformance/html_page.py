"""The report as one page with nothing beside it, for screen, paper, keyboard and screen reader."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

from notigateway.conformance.kit import GROUPS
from notigateway.conformance.verdict import Verdict
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.conformance.verdict import Finding, Report

# Verdicts are told by a word first; the colours have a contrast of at least 7 to 1 (WCAG 2.2, 1.4.6).
_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2rem; }
caption { text-align: left; font-weight: bold; font-size: 1.25rem; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #767676; }
th[scope=row] { white-space: nowrap; font-weight: normal; font-family: ui-monospace, monospace; }
.passed { color: #0b4f1d; } .failed { color: #8a0f0f; font-weight: bold; } .advised { color: #5c3c00; }
.skipped { color: #444; }
h1, li, p { overflow-wrap: anywhere; }
.reason { margin: .25rem 0 0; min-width: 12rem; }
.source { color: #444; }
a { color: #003e8a; } a:focus { outline: 3px solid #003e8a; outline-offset: 2px; }
@media (prefers-color-scheme: dark) {
  body { color: #f2f2f2; background: #121212; } .passed { color: #a7e8b5; } .failed { color: #ffb3b3; }
  .advised { color: #ffd98a; } .skipped, .source { color: #cfcfcf; }
  a { color: #a9cdff; } a:focus { outline-color: #a9cdff; }
}
@media print { body { max-width: none; } nav { display: none; } }
"""
_OVERFLOW: Final = "overflow-x: auto"


def html_of(report: Report) -> str:
    """Return the page."""
    failed = [one for one in report.findings if one.verdict is Verdict.FAILED]
    title = f"Conformance of {report.subject}"
    groups = [(name, list(found)) for name, found in groupby(report.findings, lambda one: one.check.group)]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}: {report.sum}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(title)}</h1>\n"
        f"<p>Contract {escape(report.contract)}, {escape(instant_text(report.at))}: "
        f"<strong>{report.sum}</strong>, in {report.seconds:.1f} seconds.</p>\n"
        f"{_failures(failed)}{_contents(groups)}"
        f"{''.join(_table(name, found) for name, found in groups)}</main>\n</body>\n</html>\n"
    )


def _failures(failed: Iterable[Finding]) -> str:
    lines = "".join(
        f'<li><a href="#{one.check.identifier}">{one.check.identifier}</a> {escape(one.check.asks)}</li>\n'
        for one in failed
    )
    return f"<h2>What failed</h2>\n<ul>\n{lines}</ul>\n" if lines else "<h2>Nothing failed</h2>\n"


def _contents(groups: Iterable[tuple[str, list[Finding]]]) -> str:
    lines = "".join(f'<li><a href="#group-{name}">{escape(GROUPS[name])}</a></li>\n' for name, _ in groups)
    return f'<nav aria-label="Groups of checks">\n<ul>\n{lines}</ul>\n</nav>\n'


def _table(name: str, found: Iterable[Finding]) -> str:
    rows = "".join(map(_row, found))
    return (
        f'<div style="{_OVERFLOW}" role="region" tabindex="0" aria-labelledby="group-{name}">\n<table>\n'
        f'<caption id="group-{name}">{escape(GROUPS[name])}</caption>\n'
        '<thead><tr><th scope="col">Check</th><th scope="col">Verdict</th>'
        f'<th scope="col">What is asked for</th><th scope="col">Source</th></tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )


def _row(finding: Finding) -> str:
    check = finding.check
    reason = f'<p class="reason">{escape(finding.reason)}</p>' if finding.reason else ""
    return (
        f'<tr id="{check.identifier}"><th scope="row">{check.identifier}</th>'
        f'<td class="{finding.verdict}">{finding.verdict}</td><td>{escape(check.asks)}{reason}</td>'
        f'<td class="source">{escape(check.source)}</td></tr>\n'
    )
