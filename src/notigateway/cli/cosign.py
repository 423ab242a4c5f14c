"""`notigateway cosign`: ask the witnesses to cosign the newest head of the log."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings
from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError


def cosign(
    settings_file: SettingsFile = None,
    as_json: SummaryAsJson = False,
    due: Annotated[
        bool,
        typer.Option("--due", help="As a timer: leave whoever failed alone for a while, as the jobs do."),
    ] = False,
) -> None:
    """Ask the witnesses that are named for a cosignature on the newest head of the log, and check it.

    By hand it asks all that lack at once; by a timer run it every minute with --due. Heads count without it;
    who fails is asked again later, for the newest head of then. Exit code 1: some failed.
    """
    from notigateway.clock.runs import COSIGN, of_cosigning, recorded
    from notigateway.log.witnessing import Witnesses, collect, cosigned_by

    settings = named_settings(settings_file)
    with opened(settings) as engine:
        witnesses = Witnesses.by(settings)
        if witnesses is None:
            raise ConfigurationError("witnesses: there is no witness to ask")
        with recorded(engine, COSIGN, clock=lambda: datetime.now(UTC)) as found:
            done = collect(engine, witnesses, now=datetime.now(UTC), at_once=not due)
            found.append(of_cosigning(done))
        size, have, later = cosigned_by(engine, witnesses)
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"failures": sorted(done.failures)}, ensure_ascii=False))
    else:
        needed = f"{len(have)} cosignatures, of {witnesses.needed} that are needed"
        typer.echo(
            f"the newest head, of {size} entries, has {needed}: {done.cosigned} new, "
            f"{done.failed} witnesses failed"
        )
    for failure in sorted(done.failures):
        typer.echo(harmless(failure), err=True)
    for one in later if done.failed else ():
        typer.echo(harmless(one), err=True)
    if done.failed:
        raise typer.Exit(1)
