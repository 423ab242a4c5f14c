"""`notigateway check`: prove that everything stored is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.opening import bar
from notigateway.cli.options import Processes, SettingsFile, named_settings
from notigateway.cli.telling import harmless, in_json

if TYPE_CHECKING:
    from notigateway.log.rules import Finding


def check(
    settings_file: SettingsFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    processes: Processes = None,
) -> None:
    """Check decisions, receipts, time-stamps, requests, changes and documents; change nothing.

    It may run while the gateway serves. One line for each thing that does not hold, then a summary;
    exit code 1 where anything does not hold. Of receipts and PDFs whose seal is out of use and that nothing
    proves to be older, twenty are named and all are counted.
    """
    from notigateway.cli.checking import findings, opened_checking
    from notigateway.cli.together import cores
    from notigateway.log.rules import Rule
    from notigateway.repository.log_left import log_left

    settings = named_settings(settings_file)
    found = 0
    with log_left(settings.database_url), opened_checking(settings) as checking:
        total = checking.count()
        with bar("checking", total) as checked:
            for finding in findings(
                settings,
                checking,
                total=total,
                processes=processes or cores(),
                on_progress=checked.advance,
            ):
                found += finding.rule is not Rule.VOID
                typer.echo(_line(finding, as_json=as_json))
    summary = {"checked": total, "findings": found}
    typer.echo(json.dumps(summary) if as_json else f"{total:,} things checked, {found:,} do not hold")
    if found:
        raise typer.Exit(1)


def _line(finding: Finding, *, as_json: bool) -> str:
    if as_json:
        return in_json(asdict(finding))
    return harmless(f"{finding.rule}: {finding.subject}: {finding.detail}")
