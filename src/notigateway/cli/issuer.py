"""`notigateway register-issuer` and `notigateway issuer`: who issues acts, and by which employees."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.opening import reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.instants import instant_text
from notigateway.law.employees import EmployeeTerms

if TYPE_CHECKING:
    from notigateway.repository.employees import Employee

issuer = typer.Typer(
    help="Authorise, withdraw and list the employees by whom issuing bodies act.", no_args_is_help=True
)

Dir3 = Annotated[str, typer.Argument(help="The body's DIR3 code.")]
Nif = Annotated[str, typer.Argument(help="The employee's NIF.")]
Ground = Annotated[str, typer.Option(help="The decision of the body, so that it can be found again.")]


def register_issuer(
    dir3: Dir3,
    acronym: Annotated[str, typer.Argument(help="For example TGSS.")],
    name: Annotated[str, typer.Argument(help="Its full name.")],
    nif: Annotated[str, typer.Argument(help="Its NIF.")],
    settings_file: SettingsFile = None,
) -> None:
    """Register an issuing body, or rename the one with that code; repeating changes nothing."""
    from notigateway.issuer.publishing import register_issuing_body

    with writing_in(named_settings(settings_file)) as session:
        body = register_issuing_body(session, dir3=dir3, acronym=acronym, name=name, nif=nif)
        typer.echo(f"registered {body.dir3} {body.acronym}")


@issuer.command()
def authorise(
    dir3: Dir3,
    nif: Nif,
    name: Annotated[str, typer.Argument(help="The employee's name.")],
    ground: Ground,
    until: Annotated[
        str | None,
        typer.Option(help="When it ends, as 2026-03-01T00:00:00+01:00; by default when it is withdrawn."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Let a public employee act for a body in the issuing contract, from now; repeating changes nothing."""
    from notigateway.issuer.employees import authorise_employee

    ends_at = None if until is None else read_instant(until)
    terms = EmployeeTerms(nif=nif, name=name, ground=ground, ends_at=ends_at)
    with writing_in(named_settings(settings_file)) as session:
        row = authorise_employee(session, dir3, terms, now=datetime.now(UTC))
    typer.echo(_line(row))


@issuer.command()
def withdraw(dir3: Dir3, nif: Nif, ground: Ground, settings_file: SettingsFile = None) -> None:
    """End an authorisation at once; what was done by it stands. Repeating changes nothing."""
    from notigateway.issuer.employees import withdraw_employee

    with writing_in(named_settings(settings_file)) as session:
        row = withdraw_employee(session, dir3, nif, ground=ground, now=datetime.now(UTC))
    typer.echo(_line(row))


@issuer.command()
def employees(dir3: Dir3, settings_file: SettingsFile = None) -> None:
    """List everybody whom a body has ever authorised, one a line: NIF, name, from, to, grounds."""
    from notigateway.issuer.employees import list_employees

    with reading_in(named_settings(settings_file)) as session:
        lines = [_line(row) for row in list_employees(session, dir3)]
    typer.echo("\n".join(lines), nl=bool(lines))


def _line(row: Employee) -> str:
    """Return one line of the register, for people and for `cut`."""
    ends = "-" if row.ends_at is None else instant_text(row.ends_at)
    return "\t".join(
        (row.nif, row.name, instant_text(row.starts_at), ends, row.ground, row.withdrawn_ground or "-")
    )
