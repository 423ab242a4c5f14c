"""The commands on one's own electronic contact: where one is told by e-mail. None has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from notigateway.client.connection import connection_of
from notigateway.client.options import Json
from notigateway.client.show import print_json

if TYPE_CHECKING:
    from notigateway.client.values import Contacts

contacts_app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


@contacts_app.command("get", help="Show where you are told by e-mail.")
def get_command(context: typer.Context, as_json: Json = False) -> None:
    """Print the contact that stands."""
    with connection_of(context).client() as client:
        _print(client.contacts(), as_json=as_json)


@contacts_app.command(
    "set", help="Be told at these addresses from now on, and no others; with --none nowhere."
)
def set_command(
    context: typer.Context,
    address: Annotated[
        list[str] | None, typer.Argument(help="Up to five e-mail addresses of your own.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Withdraw them: be told nowhere.")] = False,
    language: Annotated[
        Literal["es", "en", "both"] | None, typer.Option(help="In which language; es if you do not say.")
    ] = None,
    delivery: Annotated[
        Literal["immediate", "daily"] | None,
        typer.Option(help="Each at once, or one message a day: what who acts for others gets unsaid."),
    ] = None,
    deadline_days: Annotated[
        int | None, typer.Option(min=0, max=10, help="How many days before a deadline as well; 0: not.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Set it, and print what stands now."""
    if bool(address) is none:
        raise typer.BadParameter("name addresses, or say --none")
    with connection_of(context).client() as client:
        found = client.set_contacts(
            address or (), language=language, delivery=delivery, deadline_days=deadline_days
        )
    _print(found, as_json=as_json)


def _print(found: Contacts, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif found.addresses:
        typer.echo(f"{', '.join(found.addresses)}: {found.delivery}, {found.language}")
        typer.echo(
            f"{found.deadline_days} days before a deadline" if found.deadline_days else "not of deadlines"
        )
    else:
        typer.echo("you are told nowhere")
