"""The commands by which an entity says who works for it. None touches a notification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from notigateway.client.connection import connection_of
from notigateway.client.options import Ends, Json, Starts
from notigateway.client.show import print_json
from notigateway.client.tables import print_table
from notigateway.client.values import User
from notigateway.contract.v1_users import GrantUser

users_app = typer.Typer(
    name="users", help="Who works for your entity, and for what; and for whom you work.", no_args_is_help=True
)
Registration = Annotated[str, typer.Argument(metavar="ID", help="A registration, as `users list` prints it.")]


@users_app.command("grant", help="Let a person work for your entity, instead of what was said before.")
def grant_command(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="NIF", help="NIF or NIE of a natural person.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    client: Annotated[
        list[str] | None, typer.Option("--client", help="NIF of an addressee for whom; repeat it.")
    ] = None,
    clients: Annotated[Path | None, typer.Option("--clients", help="File of such NIFs, one a line.")] = None,
    all_clients: Annotated[bool, typer.Option("--all-clients", help="For all, yours too.")] = False,
    matter: Annotated[
        list[str] | None, typer.Option("--matter", help="A matter in which; none: all. Repeat it.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="May neither accept nor reject.")] = False,
    starts: Starts = None,
    ends: Ends = None,
    as_json: Json = False,
) -> None:
    """Register a person and print the registration."""
    named = list(client or [])
    if clients is not None:
        try:
            named += clients.read_text(encoding="utf-8").split()
        except (OSError, ValueError) as error:
            raise typer.BadParameter(f"{clients} cannot be read") from error
    if all_clients == bool(named):
        raise typer.BadParameter("give either clients (--client, --clients) or --all-clients")
    terms = GrantUser(
        person=person,
        person_name=name,
        all_clients=all_clients,
        clients=tuple(dict.fromkeys(named)),
        matters=tuple(matter or ()),
        may_decide=not read_only,
        starts_at=starts,
        ends_at=ends,
    )
    with connection_of(context).client() as service:
        _print([service.grant_user(terms)], as_json=as_json)


@users_app.command("list", help="Who works for your entity, and for whom you work; ended ones too.")
def list_command(
    context: typer.Context,
    user_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="This one alone, its clients by name.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print registrations."""
    with connection_of(context).client() as service:
        _print(list(service.users()) if user_id is None else [service.user(user_id)], as_json=as_json)


@users_app.command("end", help="From now on let a person no longer work for your entity.")
def end_command(context: typer.Context, user_id: Registration, as_json: Json = False) -> None:
    """End a registration and print it."""
    with connection_of(context).client() as service:
        _print([service.end_user(user_id)], as_json=as_json)


def _print(users: list[User], *, as_json: bool) -> None:
    if as_json:
        for one in users:
            print_json(one)
        return
    columns = ("id", "entity", "person", "name", "clients", "matters", "decides", "from", "until")
    print_table(columns, map(_row, users))
    for nif in users[0].clients if len(users) == 1 else ():
        typer.echo(nif)


def _row(one: User) -> tuple[object, ...]:
    return (
        one.user_id,
        one.entity.identifier,
        one.person.identifier,
        one.person.name,
        "all" if one.all_clients else one.client_count,
        ", ".join(one.matters) or "all",
        "yes" if one.may_decide else "no",
        one.starts_at,
        one.ends_at or "",
    )
