"""`notigateway push`: push what has changed, list who is told and what was given up, replay or stop that."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit
from uuid import UUID

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings
from notigateway.cli.rounds import do_in_rounds
from notigateway.cli.telling import harmless, in_json
from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from notigateway.repository.subscriptions import Delivery, Subscription

push = typer.Typer(
    help="Changes pushed to who has subscribed: push them, list receivers and what was given up.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Named = Annotated[UUID, typer.Argument(help="The identifier of a subscription, as `list` prints it.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@push.command()
def send(settings_file: SettingsFile = None, as_json: SummaryAsJson = False) -> None:
    """Push what is due, until nothing is or no receiver takes more.

    `notigateway jobs` does it by itself. Several at once may tell a receiver the same twice.
    """
    from notigateway.clock.runs import PUSH
    from notigateway.jobs import pushing

    settings = named_settings(settings_file)
    if not settings.pushes:
        raise ConfigurationError("push_key_files: there is no key to push with")
    do_in_rounds(settings, PUSH, pushing(settings), as_json=as_json)


@push.command("list")
def list_command(settings_file: SettingsFile = None, as_json: AsJson = False) -> None:
    """List the subscriptions that stand: whom each tells, how much waits, and what is wrong."""
    from notigateway.repository.engine import reading
    from notigateway.repository.subscriptions import count_deliveries, list_all

    with opened(named_settings(settings_file)) as engine, reading(engine) as session:
        standing = list_all(session)
        counts = count_deliveries(session, [one.id for one in standing])
        found = [_subscribed(one, *counts.get(one.id, (0, 0))) for one in standing]
    _print(found, as_json=as_json)


@push.command()
def dead(
    subscription: Annotated[
        UUID | None, typer.Argument(help="Of this subscription only, as `list` prints it.")
    ] = None,
    settings_file: SettingsFile = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many at most, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List what was given up after three days; it is kept for thirty."""
    from notigateway.repository.engine import reading
    from notigateway.repository.undelivered import list_given_up

    with opened(named_settings(settings_file)) as engine, reading(engine) as session:
        found = [_given_up(*one) for one in list_given_up(session, subscription=subscription, most=limit)]
    _print(found, as_json=as_json)


@push.command()
def replay(
    subscription: Annotated[
        UUID | None, typer.Argument(help="The identifier of a subscription, as `list` prints it.")
    ] = None,
    settings_file: SettingsFile = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="Whatever was given up, of all.")] = False,
) -> None:
    """Have what was given up sent again by the next run, for three days anew."""
    from notigateway.repository.engine import reading, writing
    from notigateway.repository.subscriptions import list_all, replay_dead

    if (subscription is None) is not all_dead:
        raise typer.BadParameter("name one subscription, or say --all-dead")
    count = 0
    with opened(named_settings(settings_file)) as engine:
        with reading(engine) as session:
            chosen = [one.id for one in list_all(session) if all_dead or one.id == subscription]
        for one in chosen:
            with writing(engine) as session:
                count += replay_dead(session, one, (), now=datetime.now(UTC))
    typer.echo(f"{count} to be sent again")
    if not count:
        raise typer.Exit(1)


@push.command()
def stop(subscription: Named, settings_file: SettingsFile = None) -> None:
    """End a subscription, and forget what waits for it; its party sees that the operator has."""
    from notigateway.law.pushing import Ended
    from notigateway.repository.engine import writing
    from notigateway.repository.subscriptions import end_subscription

    with opened(named_settings(settings_file)) as engine, writing(engine) as session:
        is_ended = end_subscription(session, subscription, Ended.STOPPED, now=datetime.now(UTC))
    if not is_ended:
        typer.echo("no subscription of that identifier stands", err=True)
        raise typer.Exit(1)
    typer.echo("stopped")


def _subscribed(one: Subscription, waiting: int, given_up: int) -> dict[str, object]:
    """Return what is told of a subscription; of its address the host, since the rest may be a secret."""
    return {
        "id": str(one.id),
        "party": one.party,
        "kind": str(one.kind),
        "receiver": urlsplit(one.url).netloc,
        "created_at": one.created_at.isoformat(),
        "confirmed_at": None if one.confirmed_at is None else one.confirmed_at.isoformat(),
        "waiting": waiting,
        "dead": given_up,
        "attempts": one.attempts,
        "due_at": one.due_at.isoformat(),
        "trouble": one.trouble,
        "status": one.trouble_status,
    }


def _given_up(one: Subscription, delivery: Delivery) -> dict[str, object]:
    """Return what is told of a delivery."""
    return {
        "id": str(delivery.id),
        "subscription": str(one.id),
        "party": one.party,
        "receiver": urlsplit(one.url).netloc,
        "notification": None if delivery.notification_id is None else str(delivery.notification_id),
        "state": delivery.state,
        "queued_at": delivery.queued_at.isoformat(),
        "dead_at": None if delivery.dead_at is None else delivery.dead_at.isoformat(),
        "attempts": delivery.attempts,
        "trouble": delivery.trouble,
        "status": delivery.trouble_status,
    }


def _print(found: list[dict[str, object]], *, as_json: bool) -> None:
    """Print one a line: what is something of each, or all of it as JSON."""
    for one in found:
        typer.echo(in_json(one) if as_json else harmless(_words(one)))


def _words(one: dict[str, object]) -> str:
    return "  ".join(f"{name}={value}" for name, value in one.items() if value not in {None, 0})
