"""`notigateway sweep`: write the evidence of what has lapsed."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.opening import bar, opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings

if TYPE_CHECKING:
    from notigateway.clock.lapsing import Sweeping, Swept
    from notigateway.settings import Settings


def sweep(
    settings_file: SettingsFile = None,
    batch: Annotated[
        int | None,
        typer.Option(min=1, max=5000, help="Notifications in one transaction; the settings' if left out."),
    ] = None,
    as_json: SummaryAsJson = False,
) -> None:
    """Write a sealed receipt for every notification that has lapsed, and move what outages suspend.

    Run it at least every hour. The lapse has effect without it. Several at once share the work; after
    a kill the next one goes on. Exit code 1: some lapsed, or came to be at disposal, when the seal's
    certificate was not valid.
    """
    from notigateway.clock.lapsing import Sweeping

    settings = named_settings(settings_file)
    swept, seconds = _sweep(settings, Sweeping.by(settings, batch_size=batch), datetime.now(UTC))
    if as_json:
        said = asdict(swept) | {"seconds": seconds}
        del said["is_cut"]  # by a bound that this command does not set
        typer.echo(json.dumps(said))
    else:
        typer.echo(f"{swept.lapsed} lapsed, {swept.moved} deadlines moved in {seconds:.1f} s")
    if swept.unsealed:
        typer.echo(
            f"{swept.unsealed} lapsed when the seal's certificate was not valid: sweep with another seal",
            err=True,
        )
    if swept.unsealed_arrivals:
        typer.echo(
            f"{swept.unsealed_arrivals} came to be at disposal when the seal's certificate was not valid: "
            "sweep with another seal, before they are decided",
            err=True,
        )
    if swept.unsealed or swept.unsealed_arrivals:
        raise typer.Exit(1)


def _sweep(settings: Settings, sweeping: Sweeping, now: datetime) -> tuple[Swept, float]:
    """Sweep with a progress bar; return what was done and the seconds it took."""
    from notigateway.clock.lapsing import count_due_lapses
    from notigateway.clock.lapsing import sweep as sweep_all
    from notigateway.clock.runs import SWEEP, of_sweep, recorded
    from notigateway.evidence.seals import load_seal

    started = time.monotonic()
    seal = load_seal(settings, now=now)
    with opened(settings) as engine, recorded(engine, SWEEP, clock=lambda: datetime.now(UTC)) as found:
        total = count_due_lapses(engine, seal=seal, now=now, sweeping=sweeping)
        with bar("sweeping", total) as progress:
            swept = sweep_all(engine, seal=seal, now=now, sweeping=sweeping, on_progress=progress.reach)
        found.append(of_sweep(swept))
    return swept, round(time.monotonic() - started, 3)
