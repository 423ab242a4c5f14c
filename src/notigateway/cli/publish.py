"""`notigateway publish FOLDER`: put the acts of a manifest at the disposal of their addressees."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.cli.opening import bar, opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings

if TYPE_CHECKING:
    from notigateway.cli.publishing import Summary

MANIFEST: Final = "manifest.jsonl"


def publish(
    folder: Annotated[Path, typer.Argument(help=f"Holds {MANIFEST} and the documents it names.")],
    settings_file: SettingsFile = None,
    as_json: SummaryAsJson = False,
) -> None:
    """Publish the acts of FOLDER/manifest.jsonl, one JSON object per line, with their documents.

    A bad line is reported with its number and the rest goes in; then the exit code is 1. Repeating
    the command, also after a kill, publishes what is missing: an act is known by its issuing body's
    reference.

    A line has issuing_body (DIR3), reference, subject, procedure, matter, addressee (identifier, name; ccc
    and naf where the act quotes them) and documents (file, media_type; name). It may have kind, available_at,
    voluntary, obligation_ground, paper, special_category and metadata: docs/operations.md has an example and
    what each means.
    """
    from rich.console import Console

    from notigateway.cli.publishing import ACTS_PER_TRANSACTION, Publisher, last_number, read_lines
    from notigateway.clock.agreement import check_clock
    from notigateway.evidence.seals import load_seal

    settings = named_settings(settings_file)
    total = last_number(folder / MANIFEST)
    console = Console(stderr=True)
    seal = load_seal(settings, now=datetime.now(UTC))
    with opened(settings) as engine:
        check_clock(engine, datetime.now(UTC))  # receipts and deadlines stay as they are made
        publisher = Publisher(folder, settings, console, engine=engine, seal=seal)
        started = time.monotonic()
        try:
            with bar("publishing", total, console=console) as progress:
                lines = read_lines(folder / MANIFEST)
                while batch := list(islice(lines, ACTS_PER_TRANSACTION)):
                    publisher.publish(batch)
                    progress.reach(batch[-1][0])
        finally:  # also when a store fails or the operator interrupts: what is in, is in
            publisher.summary.seconds = round(time.monotonic() - started, 3)
            _show(publisher.summary, as_json=as_json)
    if publisher.summary.refused:
        raise typer.Exit(1)


def _show(summary: Summary, *, as_json: bool) -> None:
    """Print the summary on standard output."""
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
        return
    typer.echo(
        f"{summary.published} published, {summary.unchanged} unchanged, {len(summary.refused)} refused "
        f"in {summary.seconds:.1f} s"
    )
