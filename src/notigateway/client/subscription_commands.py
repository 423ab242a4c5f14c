"""The commands on subscriptions to changes. None has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from notigateway.client.connection import connection_of
from notigateway.client.options import Json, whole_identifier
from notigateway.client.show import print_json
from notigateway.client.tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.contract.v1_push import DeadDelivery, Subscription

subscriptions_app = typer.Typer(
    name="subscriptions", help="Where changes are pushed to, and what could not be.", no_args_is_help=True
)
Named = Annotated[
    str,
    typer.Argument(
        metavar="ID", parser=whole_identifier, help="A subscription, as `subscriptions list` prints it."
    ),
]


@subscriptions_app.command("add", help="Have changes pushed to an address, which must confirm it.")
def add_command(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="An address that begins with https://.")],
    kind: Annotated[
        Literal["webhook", "soap"], typer.Option("--kind", help="CloudEvents, or SOAP call-backs.")
    ] = "webhook",
    as_json: Json = False,
) -> None:
    """Subscribe and print the subscription."""
    with connection_of(context).client() as client:
        _print([client.subscribe(url, kind=kind)], as_json=as_json)


@subscriptions_app.command("list", help="How each subscription stands; those that ended lately too.")
def list_command(context: typer.Context, as_json: Json = False) -> None:
    """Print them."""
    with connection_of(context).client() as client:
        _print(client.subscriptions(), as_json=as_json)


@subscriptions_app.command("remove", help="Have nothing more pushed there.")
def remove_command(context: typer.Context, subscription_id: Named, as_json: Json = False) -> None:
    """Unsubscribe and print how it ended."""
    with connection_of(context).client() as client:
        _print([client.unsubscribe(subscription_id)], as_json=as_json)


@subscriptions_app.command("dead", help="What was given up after three days.")
def dead_command(context: typer.Context, subscription_id: Named, as_json: Json = False) -> None:
    """Print it."""
    with connection_of(context).client() as client:
        found = client.dead_deliveries(subscription_id)
        if as_json:
            for one in found:
                print_json(one)
        else:
            columns = ("id", "code", "state", "position", "attempts", "dead at", "trouble")
            print_table(columns, map(_dead_row, found))


@subscriptions_app.command("replay", help="Have what was given up tried again: all of it, or these.")
def replay_command(
    context: typer.Context,
    subscription_id: Named,
    deliveries: Annotated[
        list[str] | None, typer.Argument(metavar="DELIVERY", help="As `subscriptions dead` prints them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Replay and print how many."""
    with connection_of(context).client() as client:
        replayed = client.replay_deliveries(subscription_id, deliveries or ())
    if as_json:
        print_json({"replayed": replayed})
    else:
        typer.echo(f"{replayed} tried again")


def _print(found: Iterable[Subscription], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            print_json(one)
        return
    print_table(("id", "kind", "url", "stands", "waiting", "dead", "trouble"), map(_row, found))


def _row(one: Subscription) -> tuple[object, ...]:
    stands = one.ended or ("unconfirmed" if one.confirmed_at is None else "confirmed")
    return one.subscription_id, one.kind, one.url, stands, one.waiting, one.dead, _trouble(one)


def _dead_row(one: DeadDelivery) -> tuple[object, ...]:
    return (
        one.delivery_id,
        one.code or "",
        one.state or "rights",
        one.position or "",
        one.attempts,
        f"{one.dead_at:%Y-%m-%d %H:%M}Z",
        _trouble(one),
    )


def _trouble(one: Subscription | DeadDelivery) -> str:
    return " ".join(str(word) for word in (one.trouble, one.status) if word is not None)
