"""`notigateway check`: prove that everything stored is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.opening import bar, opened
from notigateway.cli.options import SettingsFile, named_settings
from notigateway.cli.telling import harmless, in_json

if TYPE_CHECKING:
    from notigateway.log.wholeness import Finding


def check(
    settings_file: SettingsFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Check decisions, receipts, time-stamps, requests, changes and documents; change nothing.

    It may run while the gateway serves. One line for each thing that does not hold, then a summary;
    exit code 1 where anything does not hold.
    """
    from notigateway.evidence.seals import load_history
    from notigateway.log.wholeness import Checking
    from notigateway.receipts.stamping import pinned_authorities
    from notigateway.repository.log_left import log_left
    from notigateway.repository.marking import open_store

    settings = named_settings(settings_file)
    seals = load_history(settings)
    found = 0
    with log_left(settings.database_url), opened(settings) as engine:
        store = open_store(settings.document_store_url, engine)
        checking = Checking(engine, store, seals, pinned_authorities(settings), settings.log_origin)
        total = checking.count()
        with bar("checking", total) as checked:
            for finding in checking.findings(checked.advance):
                found += 1
                typer.echo(_line(finding, as_json=as_json))
    summary = {"checked": total, "findings": found}
    typer.echo(json.dumps(summary) if as_json else f"{total:,} things checked, {found:,} do not hold")
    if found:
        raise typer.Exit(1)


def _line(finding: Finding, *, as_json: bool) -> str:
    if as_json:
        return in_json(asdict(finding))
    return harmless(f"{finding.rule}: {finding.subject}: {finding.detail}")
