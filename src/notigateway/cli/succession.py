"""`notigateway succession`: who has taken whose place, for the acts of every issuing body."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from notigateway.cli.opening import reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings, read_instant
from notigateway.instants import instant_text
from notigateway.law.succession import Cause

if TYPE_CHECKING:
    from notigateway.repository.successions import SuccessionRow

succession = typer.Typer(help="Enter, end and list who has taken whose place.", no_args_is_help=True)


@succession.command()
def enter(
    predecessor: Annotated[str, typer.Option(help="NIF of whose place is taken, or of the ward.")],
    successor: Annotated[str, typer.Option(help="NIF of who takes it, or of the guardian.")],
    successor_name: Annotated[str, typer.Option(help="Its name; a known addressee keeps its own.")],
    cause: Annotated[Cause, typer.Option(help="The fact, in one of these words.")],
    fact_at: Annotated[str, typer.Option(help="When it happened, as 2026-03-01T00:00:00+01:00.")],
    document: Annotated[str, typer.Option(help="The ground: the document that proves it.")],
    procedure: Annotated[
        list[str] | None, typer.Option(help="Only acts of this procedure; may be repeated.")
    ] = None,
    account: Annotated[str | None, typer.Option(help="Of a subrogation: the account.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Let one take the place of another from now on; repeating changes nothing."""
    from notigateway.clock.obliging import obliging_by
    from notigateway.issuer.succeeding import Succeeding, SuccessionTerms

    now, settings = datetime.now(UTC), named_settings(settings_file)
    terms = SuccessionTerms(
        predecessor=predecessor,
        successor=successor,
        successor_name=successor_name,
        cause=cause,
        fact_at=read_instant(fact_at) or now,
        document=document,
        procedures=frozenset(procedure or ()),
        account=account,
    )
    with writing_in(settings) as session:
        row = Succeeding.by(settings, obliging_by(settings)).communicate(session, terms, body=None, now=now)
        line = _line(row)
    typer.echo(line)


@succession.command("end")
def end_guardianship(
    entry: Annotated[UUID, typer.Argument(help="Its identifier, from `notigateway succession list`.")],
    at: Annotated[str | None, typer.Option(help="When, with its zone; by default now.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """End a guardianship, never in the past; the guardian sees nothing of the ward from then on."""
    from notigateway.issuer.succeeding import end_succession

    now = datetime.now(UTC)
    with writing_in(named_settings(settings_file)) as session:
        line = _line(end_succession(session, entry, at=read_instant(at) or now, now=now))
    typer.echo(line)


@succession.command("list")
def list_entries(settings_file: SettingsFile = None) -> None:
    """List them: identifier, both parties, cause, fact, communication, end, body, scope, document."""
    from notigateway.repository.successions import list_successions

    with reading_in(named_settings(settings_file)) as session:
        lines = [_line(row) for row in list_successions(session)]
    typer.echo("\n".join(lines), nl=bool(lines))


def _line(row: SuccessionRow) -> str:
    """Return one line of the register, for people and for `cut`."""
    return "\t".join(
        (
            str(row.id),
            row.predecessor.identifier,
            row.successor,
            str(row.cause),
            instant_text(row.fact_at),
            instant_text(row.communicated_at),
            "-" if row.ends_at is None else instant_text(row.ends_at),
            "-" if row.issuing_body is None else row.issuing_body.dir3,
            row.account or ",".join(row.procedures.splitlines()) or "-",
            row.document,
        )
    )
