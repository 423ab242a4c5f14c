"""`notigateway notices`: send notices, list what was sent and what failed, send that again."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings
from notigateway.cli.rounds import do_in_rounds
from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.repository.mails import Mail

notices = typer.Typer(
    help="Notices by e-mail: send them, list them, send again what failed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@notices.command()
def send(settings_file: SettingsFile = None, as_json: SummaryAsJson = False) -> None:
    """Send what is due, until nothing is or the mail server takes no more.

    `notigateway jobs` does it by itself. Several at once share the work. Exit code 1: something is left.
    """
    from notigateway.clock.runs import NOTICES
    from notigateway.jobs import noticing

    settings = named_settings(settings_file)
    if not settings.sends_notices:
        raise ConfigurationError("smtp_address: there is no mail server to send by")
    do_in_rounds(settings, NOTICES, noticing(settings), as_json=as_json)


@notices.command("list")
def list_command(
    settings_file: SettingsFile = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what could not be sent.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most, the newest first.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List messages to addresses; of erased ones only when and how it ended."""
    from notigateway.client.days import moment_text
    from notigateway.instants import instant_text
    from notigateway.law.contacts import NoticeState
    from notigateway.repository.engine import reading
    from notigateway.repository.mails import list_mails

    with opened(named_settings(settings_file)) as engine, reading(engine) as session:
        state = NoticeState.FAILED if failed else None
        found = [
            _said(one, at=instant_text if as_json else moment_text)
            for one in list_mails(session, state=state, limit=limit)
        ]
    for one in found:
        line = (
            json.dumps(one, ensure_ascii=False) if as_json else "  ".join(str(v) for v in one.values() if v)
        )
        typer.echo(harmless(line))


@notices.command()
def retry(
    mail: Annotated[
        UUID | None, typer.Argument(help="The identifier of a message, as `list` prints it.")
    ] = None,
    settings_file: SettingsFile = None,
    all_failed: Annotated[bool, typer.Option("--all-failed", help="Every message that failed.")] = False,
    as_json: SummaryAsJson = False,
) -> None:
    """Have failed messages sent again by the next run, with the Message-ID that they had.

    Not what was for an address that its party has replaced. Exit code 1: there was none.
    """
    from notigateway.repository.engine import writing
    from notigateway.repository.mails import retry_mails

    if (mail is None) is not all_failed:
        raise typer.BadParameter("name one message, or say --all-failed")
    with opened(named_settings(settings_file)) as engine, writing(engine) as session:
        count = retry_mails(session, now=datetime.now(UTC), mail_id=mail)
    typer.echo(json.dumps({"retried": count}) if as_json else f"{count} to be sent again")
    if not count:
        raise typer.Exit(1)


def _said(mail: Mail, *, at: Callable[[datetime], str]) -> dict[str, object]:
    """Return what is told of a message; its words are personal data, and not needed here."""
    return {
        "id": str(mail.id),
        "state": str(mail.outcome),
        "party": mail.party,
        "address": mail.address,
        "notices": mail.told,
        "queued_at": at(mail.queued_at),
        "ended_at": None if mail.ended_at is None else at(mail.ended_at),
        "attempts": mail.attempts,
        "trouble": mail.trouble,
    }
