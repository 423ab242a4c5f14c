"""`notigateway refresh-trust`: fetch and take in what tells which certificates were revoked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings
from notigateway.cli.telling import harmless, in_json


def refresh_trust(
    settings_file: SettingsFile = None,
    as_json: SummaryAsJson = False,
) -> None:
    """Bring what is known of revoked certificates up to date; workers take it over within seconds.

    Run it by a timer, every five minutes or so: without it what is known becomes out of date, and
    everything with an effect is refused. Exit code 1: some place failed; the others were taken in.
    """
    from notigateway.clock.runs import REFRESH, of_refresh, recorded
    from notigateway.receipts.own import own_certificates
    from notigateway.trust.authorities import load_trust
    from notigateway.trust.refreshing import Sources, refresh

    settings = named_settings(settings_file)
    with opened(settings) as engine, recorded(engine, REFRESH, clock=lambda: datetime.now(UTC)) as found:
        now = datetime.now(UTC)
        done = refresh(
            engine,
            load_trust(settings, engine, now=now, for_refreshing=True),
            Sources.by(settings),
            now=now,
            find_own=partial(own_certificates, settings),
        )
        found.append(of_refresh(done))
    if as_json:
        typer.echo(in_json(asdict(done)))
    else:
        typer.echo(
            f"{done.new} new, {done.known} already known, {done.kept} kept for evidence, "
            f"{len(done.failures)} failed"
        )
        for failure in done.failures:
            typer.echo(harmless(failure), err=True)
    if done.failures:
        raise typer.Exit(1)
