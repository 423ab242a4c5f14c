"""The commands by which an entity says who works for it. None touches a notification."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from notigateway.client.connection import connection_of
from notigateway.client.days import moment_text
from notigateway.client.given import ENCODING, nif, read_file
from notigateway.client.granting import Wanted, changes, decides, standing, terms_of
from notigateway.client.options import Ends, Json, Starts, whole_identifier
from notigateway.client.shapes import as_json as as_shape
from notigateway.client.show import print_json
from notigateway.client.tables import print_table
from notigateway.client.values import User

users_app = typer.Typer(
    name="users", help="Who works for your entity, and for what; and for whom you work.", no_args_is_help=True
)
Registration = Annotated[
    str,
    typer.Argument(
        metavar="ID", parser=whole_identifier, help="A registration, whole, as `users list` prints it."
    ),
]
_MEANWHILE: Final = 1


@users_app.command("grant", help="Let a person work for your entity: to read, or with --may-decide.")
def grant_command(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="NIF", parser=nif, help="NIF or NIE of a natural person.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name.")],
    client: Annotated[
        list[str] | None,
        typer.Option("--client", parser=nif, help="NIF of an addressee for whom; repeat it."),
    ] = None,
    clients: Annotated[
        typer.FileText | None,
        typer.Option(
            "--clients", encoding=ENCODING, help="File of such NIFs, one a line; - is standard input."
        ),
    ] = None,
    all_clients: Annotated[bool, typer.Option("--all-clients", help="For all, yours too.")] = False,
    add_client: Annotated[
        list[str] | None, typer.Option(parser=nif, help="Also for this one; the others stay. Repeat it.")
    ] = None,
    remove_client: Annotated[
        list[str] | None, typer.Option(parser=nif, help="No longer for this one. Repeat it.")
    ] = None,
    matter: Annotated[
        list[str] | None, typer.Option("--matter", help="A matter in which; repeat it.")
    ] = None,
    all_matters: Annotated[
        bool, typer.Option("--all-matters", help="In all: so it is for who is new.")
    ] = False,
    may_decide: Annotated[
        bool | None, typer.Option("--may-decide/--read-only", help="May accept and reject, or only read.")
    ] = None,
    starts: Starts = None,
    ends: Ends = None,
    no_end: Annotated[
        bool, typer.Option("--no-end", help="Until it is ended: so it is for who is new.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Register a person, and print it and what it replaces. What is not said stays as it was."""
    if (matter and all_matters) or (ends and no_end):
        raise typer.BadParameter("--matter and --all-matters, --ends and --no-end exclude each other")
    wanted = Wanted(
        person=person,
        name=name,
        all_clients=all_clients,
        clients=[*(client or ()), *([] if clients is None else read_file(clients, nif))],
        added=add_client or (),
        removed=remove_client or (),
        all_matters=all_matters,
        matters=matter or (),
        may_decide=may_decide,
        starts=starts,
        ends=ends,
        endless=no_end,
    )
    with connection_of(context).client() as service:
        known = list(service.users())
        before = [service.user(one.user_id) for one in standing(known, person, starts or datetime.now(UTC))]
        granted = service.grant_user(terms_of(wanted, before[0] if before else None))
        seen = {one.user_id for one in known} | {granted.user_id}
        # Whoever registered the same person between the two has been replaced, and is not known here.
        between = [
            one for one in service.users() if one.user_id not in seen and one.person.identifier == person
        ]
        replaced = [one for one in [*before, *between] if one.user_id != granted.user_id]
    if as_json:
        print_json({**as_shape(granted), "replaced": replaced})
    else:
        _print([granted], as_json=False)
        for one in replaced:
            typer.echo(
                f"instead of {one.user_id}, {'; '.join(changes(one, granted)) or 'which said the same'}"
            )
    if between:
        typer.echo(
            "somebody else registered this person meanwhile, and that is replaced too: look again", err=True
        )
        raise typer.Exit(_MEANWHILE)


@users_app.command("list", help="Who works for your entity, and for whom you work; ended ones too.")
def list_command(
    context: typer.Context,
    user_id: Annotated[
        str | None,
        typer.Argument(metavar="ID", parser=whole_identifier, help="This one alone, its clients by name."),
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
    for client in users[0].clients if len(users) == 1 else ():
        typer.echo(client)


def _row(one: User) -> tuple[object, ...]:
    return (
        one.user_id,
        one.entity.identifier,
        one.person.identifier,
        one.person.name,
        "all" if one.all_clients else one.client_count,
        ", ".join(one.matters) or "all",
        decides(one),
        moment_text(one.starts_at),
        moment_text(one.ends_at),
    )
