"""`notigateway timestamp`: raise sealed receipts to XAdES-T, time-stamp heads of the log and PDFs."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings
from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError


def timestamp(
    settings_file: SettingsFile = None,
    as_json: SummaryAsJson = False,
) -> None:
    """Ask the authority for the time-stamp of every receipt, checkpoint and PDF without one, and check it.

    Run it every minute. Receipts have their effect without it; what fails is tried again later, and
    nothing is lost. Several at once share the work. Exit code 1: some failed.
    """
    from notigateway.clock.runs import STAMP, of_stamping, recorded
    from notigateway.receipts.stamping import Authority, stamp

    settings = named_settings(settings_file)
    authority = Authority.by(settings, now=datetime.now(UTC))
    if authority is None:
        raise ConfigurationError("timestamp_authority_url: there is no authority to ask")
    with opened(settings) as engine, recorded(engine, STAMP, clock=lambda: datetime.now(UTC)) as found:
        done = stamp(
            engine, authority=authority, now=datetime.now(UTC), batch_size=settings.timestamp_batch_size
        )
        found.append(of_stamping(done))
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"failures": sorted(done.failures)}, ensure_ascii=False))
    else:
        typer.echo(
            f"{done.stamped} receipts, {done.checkpoints} checkpoints, {done.forms} PDFs and "
            f"{done.archives} archived forms time-stamped, {done.failed} failed, {done.waiting} waiting"
        )
    for failure in sorted(done.failures):
        typer.echo(harmless(failure), err=True)
    if done.failed:
        raise typer.Exit(1)
