"""A job that a command does by itself, round after round, as `notigateway jobs` would."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from notigateway.cli.opening import opened
from notigateway.cli.telling import harmless

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from notigateway.clock.runs import Done
    from notigateway.settings import Settings


def do_in_rounds(
    settings: Settings, job: str, work: Callable[[Engine, datetime], Done], *, as_json: bool
) -> None:
    """Do a job until nothing is left to do at once, print what each round did, and record the last one.

    Exit code 1: something is left that could not be done.
    """
    from notigateway.clock.runs import recorded

    with opened(settings) as engine, recorded(engine, job, clock=lambda: datetime.now(UTC)) as found:
        while True:
            done = work(engine, datetime.now(UTC))
            found[:] = [done]
            typer.echo(harmless(json.dumps(done.said | {"left": done.left}) if as_json else done.words))
            if not done.is_more:
                break
    if done.left:
        raise typer.Exit(1)
