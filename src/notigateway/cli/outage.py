"""`notigateway outage declare|close|list`: the times in which the service could not be reached."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from notigateway.cli.opening import opened, reading_in
from notigateway.cli.options import SettingsFile, named_settings
from notigateway.errors import OutageInvalidError
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notigateway.repository.outages import OutageRow
    from notigateway.settings import Settings

_INSTANT = "with zone, for example 2026-11-23T08:00:00+01:00"

outage = typer.Typer(
    help="Declare, close and list outages: more than 12 hours suspend the clock.", no_args_is_help=True
)


@outage.command()
def declare(
    start: Annotated[str, typer.Option(help=f"When it began, {_INSTANT}.")],
    reason: Annotated[str, typer.Option(help="Why, in a line.")],
    by: Annotated[str, typer.Option(help="NIF of the person who declares it.")],
    end: Annotated[str | None, typer.Option(help="When it ended; left out while it lasts.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Declare an outage and move the deadlines it reaches; one that lasts is closed later.

    Declare it before the next sweep: what has a lapse receipt is not revived.
    """
    from notigateway.clock.outages import declare_outage
    from notigateway.repository.engine import writing

    started_at = _instant("started_at", start)
    ended_at = None if end is None else _instant("ended_at", end)
    settings = named_settings(settings_file)
    with opened(settings) as engine:
        now = datetime.now(UTC)
        with writing(engine) as session:
            row = declare_outage(
                session,
                started_at=started_at,
                ended_at=ended_at,
                reason=reason,
                declared_by=by,
                now=now,
                hours_add_up=settings.outage_hours_add_up,
            )
        _move_deadlines(engine, settings, row, now)


@outage.command()
def close(
    outage_id: Annotated[UUID, typer.Argument(help="As `outage list` shows it.")],
    end: Annotated[str, typer.Option(help=f"When it ended, {_INSTANT}.")],
    settings_file: SettingsFile = None,
) -> None:
    """Tell when an outage ended and move the deadlines it reaches; an end at its start takes it back."""
    from notigateway.clock.outages import close_outage
    from notigateway.repository.engine import writing

    ended_at = _instant("ended_at", end)
    settings = named_settings(settings_file)
    with opened(settings) as engine:
        now = datetime.now(UTC)
        with writing(engine) as session:
            row = close_outage(
                session,
                outage_id,
                ended_at=ended_at,
                now=now,
                hours_add_up=settings.outage_hours_add_up,
            )
        _move_deadlines(engine, settings, row, now)


@outage.command(name="list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
    settings_file: SettingsFile = None,
) -> None:
    """List all outages, oldest first."""
    from notigateway.repository.outages import list_outages

    with reading_in(named_settings(settings_file)) as session:
        for row in list_outages(session):
            shown = _describe(row)
            line = "  ".join(value or "-" for value in shown.values())
            typer.echo(json.dumps(shown) if as_json else line)


def _move_deadlines(engine: Engine, settings: Settings, row: OutageRow, now: datetime) -> None:
    """Move the deadlines and tell how many."""
    from notigateway.clock.lapsing import Sweeping
    from notigateway.clock.outages import recompute_deadlines

    moved = recompute_deadlines(engine, now=now, sweeping=Sweeping.by(settings))
    typer.echo(f"outage {row.id}: {moved} deadlines moved")


def _describe(row: OutageRow) -> dict[str, str | None]:
    """Return what an operator wants to know of an outage."""
    return {
        "id": str(row.id),
        "start": instant_text(row.started_at),
        "end": None if row.ended_at is None else instant_text(row.ended_at),
        "declared_by": row.declared_by,
        "reason": row.reason,
    }


def _instant(element: str, text: str) -> datetime:
    """Return an instant with zone. Raises: `OutageInvalidError`."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = datetime.min  # noqa: DTZ901  (as wrong as one without zone)
    if instant.tzinfo is None:
        raise OutageInvalidError(f"{element}: must be an instant {_INSTANT}", element=element, rule="instant")
    return instant
