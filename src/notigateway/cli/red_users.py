"""`notigateway red user`: who works under a RED authorisation as a secondary user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from notigateway.cli.opening import reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.instants import instant_text
from notigateway.law.red_users import UserTerms

if TYPE_CHECKING:
    from notigateway.repository.red_users import RedUser

users = typer.Typer(
    help="Register, end and list secondary users of RED authorisations.", no_args_is_help=True
)


@users.command("add")
def add_user(
    holder: Annotated[str, typer.Option(help="NIF of the holder of the authorisation.")],
    authorisation: Annotated[str, typer.Option(help="Its number.")],
    person: Annotated[str, typer.Option(help="NIF of the person who works under it.")],
    person_name: Annotated[str, typer.Option(help="Name of that person.")],
    start: Annotated[
        str | None, typer.Option("--from", help="From when on, as 2026-03-01T00:00:00+01:00; by default now.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Until when, where that is known.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Register a secondary user: who receives what is for the holder, in the holder's name."""
    from notigateway.addressee.red_users import register_user

    now = datetime.now(UTC)
    terms = UserTerms(
        holder=holder,
        authorisation=authorisation,
        person=person,
        person_name=person_name,
        starts_at=read_instant(start) or now,
        ends_at=read_instant(end),
    )
    with writing_in(named_settings(settings_file)) as session:
        row = register_user(session, terms, now=now)
    typer.echo(_line(row))


@users.command("end")
def end_registration(
    user: Annotated[UUID, typer.Argument(help="Its identifier, from `notigateway red user list`.")],
    at: Annotated[str | None, typer.Option(help="When, with its zone; by default now.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """End a registration: from then on the person sees nothing by it any more."""
    from notigateway.addressee.red_users import end_user

    now = datetime.now(UTC)
    with writing_in(named_settings(settings_file)) as session:
        row = end_user(session, user, at=read_instant(at) or now, now=now)
    typer.echo(_line(row))


@users.command("list")
def list_users(
    holder: Annotated[str | None, typer.Option(help="Only of this holder.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """List the register, one a line: identifier, holder, authorisation, person, name, from, to."""
    from notigateway.repository.red_users import list_registrations

    with reading_in(named_settings(settings_file)) as session:
        lines = [_line(row) for row in list_registrations(session, holder=holder)]
    typer.echo("\n".join(lines), nl=bool(lines))


def _line(row: RedUser) -> str:
    """Return one line of the register, for people and for `cut`."""
    ends = "-" if row.ends_at is None else instant_text(row.ends_at)
    said = (str(row.id), row.holder, row.authorisation, row.person, row.person_name)
    return "\t".join((*said, instant_text(row.starts_at), ends))
