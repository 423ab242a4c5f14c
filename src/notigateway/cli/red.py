"""`notigateway red`: the register of RED assignments, kept as the RED system says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from notigateway.cli.opening import opened, reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.cli.red_users import users
from notigateway.instants import instant_text
from notigateway.law.titles import RedTerms

if TYPE_CHECKING:
    from notigateway.repository.kept_anew import Mended
    from notigateway.repository.rights import RedAssignment

red = typer.Typer(
    help="Register, end and list RED assignments: who manages which account.", no_args_is_help=True
)
red.add_typer(users, name="user")


Ground = Annotated[
    str | None,
    typer.Option(help="Makes it a correction, which moves what is at disposal already: why, in a line."),
]


@red.command()
def assign(
    addressee: Annotated[str, typer.Option(help="NIF of the company or person whose account it is.")],
    account: Annotated[str, typer.Option(help="Its main contribution account (CCC), or else its NAF.")],
    red_party: Annotated[str, typer.Option(help="NIF of the RED-authorised person.")],
    red_name: Annotated[str, typer.Option(help="Name of the RED-authorised person.")],
    authorisation: Annotated[str, typer.Option(help="Number of the RED authorisation.")],
    start: Annotated[
        str | None,
        typer.Option("--from", help="When it begins, as 2026-03-01T00:00:00+01:00; by default now."),
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="When it ends, where that is known.")] = None,
    addressee_name: Annotated[
        str | None, typer.Option(help="Name of the addressee: registers it with that account.")
    ] = None,
    ground: Ground = None,
    settings_file: SettingsFile = None,
) -> None:
    """Register an assignment; repeating changes nothing. Two of one account never overlap.

    One dated back counts for what is put at disposal from now on, unless a ground makes it a correction;
    the same with a ground corrects what was registered without one.
    """
    from notigateway.addressee.red import assign_red
    from notigateway.clock.obliging import obliging_by

    now, settings = datetime.now(UTC), named_settings(settings_file)
    terms = RedTerms(
        addressee=addressee,
        addressee_name=addressee_name,
        account=account,
        red_party=red_party,
        red_name=red_name,
        authorisation=authorisation,
        starts_at=read_instant(start) or now,
        ends_at=read_instant(end),
        ground=ground,
    )
    with writing_in(settings) as session:
        row = assign_red(session, terms, now=now)
        # With a name its account may have become the main one, which obliges the self-employed.
        obliging_by(settings).look_again(session, row.addressee_id, now=now)
    typer.echo(_line(row))


@red.command("end")
def end_assignment(
    assignment: Annotated[UUID, typer.Argument(help="Its identifier, from `notigateway red list`.")],
    at: Annotated[str | None, typer.Option(help="When, with its zone; by default now.")] = None,
    ground: Ground = None,
    settings_file: SettingsFile = None,
) -> None:
    """End an assignment; what was put at disposal before stays visible to the RED person."""
    from notigateway.addressee.red import end_red

    now = datetime.now(UTC)
    with writing_in(named_settings(settings_file)) as session:
        row = end_red(session, assignment, at=read_instant(at) or now, now=now, ground=ground)
    typer.echo(_line(row))


@red.command("plan")
def plan_windows(settings_file: SettingsFile = None) -> None:
    """Derive RED windows from the register, and mend what lists, changes and counts are answered from.

    Run it once after an upgrade, and where `notigateway check` says so: what the database keeps ready of each
    notification and each change is compared with what is stored, portion by portion, and written anew where
    it is wrong; so are texts of list rows, where there is none too. Others go on meanwhile.
    """
    from notigateway.addressee.red import plan_anew
    from notigateway.repository.engine import reading, writing
    from notigateway.repository.kept_anew import write_kept_anew
    from notigateway.repository.powers import list_assigned

    now = datetime.now(UTC)
    with opened(named_settings(settings_file)) as engine:
        with reading(engine) as session:
            numbers = list_assigned(session)
        for number in numbers:
            with writing(engine) as session:
                plan_anew(session, number, now=now)
        mended = write_kept_anew(engine)
    typer.echo(f"RED windows derived from the register: of {len(numbers):,} addressees with assignments")
    typer.echo(f"kept ready for lists, changes and counts: {_told(mended)}")


@red.command("list")
def list_assignments(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """List the register, one assignment a line: identifier, account, addressee, person, from, to."""
    from notigateway.law.accounts import account_key, read_account
    from notigateway.repository.powers import list_all_red_assignments

    key = None if account is None else account_key(read_account(account))
    with reading_in(named_settings(settings_file)) as session:
        rows = list_all_red_assignments(session)
        lines = [_line(row) for row in rows if key is None or account_key(row.account) == key]
    typer.echo("\n".join(lines), nl=bool(lines))


def _told(mended: Mended) -> str:
    """Return what was mended, for people."""
    wrong = f"{mended.portions:,} portions of up to a thousand were wrong and are mended"
    kept = wrong if mended.portions else "all of it was right"
    return f"{kept}; {mended.texts:,} texts of list rows written"


def _line(row: RedAssignment) -> str:
    """Return one line of the register, for people and for `cut`."""
    ends = "-" if row.ends_at is None else instant_text(row.ends_at)
    return "\t".join(
        (
            str(row.id),
            row.account,
            row.addressee.identifier,
            row.red_party,
            row.authorisation,
            instant_text(row.starts_at),
            ends,
        )
    )
