"""`notigateway obligation`: the register of who is obliged to the electronic channel, on which ground."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from notigateway.cli.opening import reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.errors import NotAddresseeError
from notigateway.instants import instant_text
from notigateway.law.obligation_entries import ObligationTerms

if TYPE_CHECKING:
    from notigateway.repository.obligations import ObligationRow

obligation = typer.Typer(
    help="Enter, end and list who is obliged to the electronic channel.", no_args_is_help=True
)


@obligation.command()
def enter(
    addressee: Annotated[str, typer.Option(help="NIF or NIE of the natural person who is obliged.")],
    ground: Annotated[
        str,
        typer.Option(help="Of Orden ISM/903/2020 art. 4.1: a professional, b RED, c benefits, d attorney."),
    ],
    since: Annotated[str, typer.Option(help="From when; may be in the past: 2026-03-01T00:00:00+01:00.")],
    until: Annotated[str | None, typer.Option(help="Until when, where that is known.")] = None,
    matter: Annotated[
        list[str] | None, typer.Option(help="Ground a: a matter of the activity; may be repeated.")
    ] = None,
    procedure: Annotated[
        list[str] | None, typer.Option(help="Ground a: a procedure of the activity; may be repeated.")
    ] = None,
    addressee_name: Annotated[
        str | None, typer.Option(help="Name of the addressee: registers it where it is not known.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Enter an obligation; repeating changes nothing. What is at disposal already stays as it is."""
    from notigateway.addressee.obligations import enter_obligation
    from notigateway.clock.obliging import obliging_by

    now, settings = datetime.now(UTC), named_settings(settings_file)
    terms = ObligationTerms(
        addressee=addressee,
        ground=ground,
        since=read_instant(since) or now,
        until=read_instant(until),
        matters=frozenset(matter or ()),
        procedures=frozenset(procedure or ()),
    )
    with writing_in(settings) as session:
        row = enter_obligation(session, terms, name=addressee_name, obliging=obliging_by(settings), now=now)
    typer.echo(_line(row))


@obligation.command("end")
def end_entry(
    entry: Annotated[UUID, typer.Argument(help="Its identifier, from `notigateway obligation list`.")],
    at: Annotated[str | None, typer.Option(help="When, with its zone; by default now.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """End an entry; what was put at disposal while it stood keeps its deadline."""
    from notigateway.addressee.obligations import end_obligation
    from notigateway.clock.obliging import obliging_by

    now, settings = datetime.now(UTC), named_settings(settings_file)
    with writing_in(settings) as session:
        row = end_obligation(
            session,
            entry,
            at=read_instant(at) or now,
            obliging=obliging_by(settings),
            now=now,
        )
    typer.echo(_line(row))


@obligation.command("list")
def list_obligations(
    addressee: Annotated[str | None, typer.Option(help="Only of this NIF.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """List the entries: identifier, addressee, ground, since, until, matters, procedures, when entered."""
    from notigateway.repository.addressees import find_addressee
    from notigateway.repository.obligations import list_entries

    with reading_in(named_settings(settings_file)) as session:
        whose = None if addressee is None else find_addressee(session, addressee)
        if addressee is not None and whose is None:
            raise NotAddresseeError(f"addressee {addressee} is not registered")
        lines = [_line(row) for row in list_entries(session, whose)]
    typer.echo("\n".join(lines), nl=bool(lines))


def _line(row: ObligationRow) -> str:
    """Return one line of the register, for people and for `cut`."""
    return "\t".join(
        (
            str(row.id),
            row.addressee.identifier,
            str(row.ground),
            instant_text(row.since),
            "-" if row.until is None else instant_text(row.until),
            ",".join(row.matters.splitlines()) or "-",
            ",".join(row.procedures.splitlines()) or "-",
            instant_text(row.recorded_at),
            "-" if row.until_recorded_at is None else instant_text(row.until_recorded_at),
        )
    )
