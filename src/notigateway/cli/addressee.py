"""`notigateway addressee`: the register of addressees: names, accounts, and which is the main one when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.opening import writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.addressee.register import Entries

Nif = Annotated[str, typer.Argument(help="NIF of the company or person.")]
Number = Annotated[str, typer.Argument(help="A contribution account (CCC) or an affiliation number (NAF).")]
From = Annotated[
    str | None, typer.Option("--from", help="From when on, as 2026-03-01T00:00:00+01:00; by default now.")
]

addressee = typer.Typer(
    help="Register addressees: their names, their accounts, and which is the main one.", no_args_is_help=True
)


@addressee.command("name")
def rename(
    nif: Nif,
    name: Annotated[str, typer.Argument(help="Its name.")],
    settings_file: SettingsFile = None,
) -> None:
    """Register an addressee, or rename it; notifications keep the name that their act says."""
    from notigateway.addressee.register import name_addressee

    with writing_in(named_settings(settings_file)) as session:
        row = name_addressee(session, nif, name, now=datetime.now(UTC))
    typer.echo(f"{row.identifier}\t{row.name}")


@addressee.command()
def account(nif: Nif, number: Number, start: From = None, settings_file: SettingsFile = None) -> None:
    """Say that an account is the addressee's; it moves no right until it is the main one."""
    from notigateway.addressee.register import add_account

    now = datetime.now(UTC)
    with writing_in(named_settings(settings_file)) as session:
        row = add_account(session, nif, number, starts_at=read_instant(start) or now, now=now)
    typer.echo(f"account\t{row.number}\t{_span(row.starts_at, row.ends_at)}")


@addressee.command("end-account")
def close_account(
    nif: Nif,
    number: Number,
    at: Annotated[str | None, typer.Option(help="When, with its zone; by default now.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Say that an account is no longer the addressee's, nor its main one; never in the past."""
    from notigateway.addressee.register import end_account
    from notigateway.clock.obliging import obliging_by

    now, settings = datetime.now(UTC), named_settings(settings_file)
    with writing_in(settings) as session:
        row = end_account(session, nif, number, at=read_instant(at) or now, now=now)
        obliging_by(settings).look_again(session, row.addressee_id, now=now)
    typer.echo(f"account\t{row.number}\t{_span(row.starts_at, row.ends_at)}")


@addressee.command("main")
def main_account(
    nif: Nif,
    number: Number,
    start: From = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Of a correction: until when it was so, where that is known.")
    ] = None,
    ground: Annotated[
        str | None,
        typer.Option(help="Makes it a correction, which moves what is at disposal already: why, in a line."),
    ] = None,
    by: Annotated[str | None, typer.Option(help="NIF of the person who enters it.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Say which account is the main one, by which RED follows; without a ground for what comes only."""
    from notigateway.addressee.register import MainTerms, set_main_account
    from notigateway.clock.obliging import obliging_by

    now, settings = datetime.now(UTC), named_settings(settings_file)
    terms = MainTerms(
        addressee=nif,
        account=number,
        starts_at=read_instant(start) or now,
        ends_at=read_instant(end),
        ground=ground,
        recorded_by=by,
    )
    with writing_in(settings) as session:
        row = set_main_account(session, terms, now=now)
        obliging_by(settings).look_again(session, row.addressee_id, now=now)
    typer.echo(f"main\t{row.number}\t{_span(row.starts_at, row.ends_at)}")


@addressee.command()
def history(nif: Nif, settings_file: SettingsFile = None) -> None:
    """Show all that the register says and said of an addressee, one entry a line."""
    from notigateway.addressee.register import read_entries

    with writing_in(named_settings(settings_file)) as session:
        lines = list(_lines(read_entries(session, nif)))
    typer.echo("\n".join(lines))


def _lines(entries: Entries) -> Iterator[str]:
    """Return the lines: names, accounts, then entries of main accounts as they were made."""
    for former in entries.former_names:
        yield f"name\t{former.name}\t-\t{instant_text(former.until)}"
    yield f"name\t{entries.addressee.name}\t-\t-"
    for held in entries.accounts:
        yield f"account\t{held.number}\t{_span(held.starts_at, held.ends_at)}"
    for main in entries.mains:
        recorded = instant_text(main.recorded_at)
        yield "\t".join(
            (
                "main",
                main.number or "-",
                _span(main.starts_at, main.ends_at),
                f"recorded {recorded}",
                main.recorded_by or "-",
                main.ground or "-",
            )
        )


def _span(starts_at: datetime, ends_at: datetime | None) -> str:
    """Return from when until when, for people and for `cut`."""
    return f"{instant_text(starts_at)}\t{'-' if ends_at is None else instant_text(ends_at)}"
