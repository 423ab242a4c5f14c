"""The commands that follow changes, count and tell the history. None has a legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.client.connection import connection_of
from notigateway.client.naming import resolved
from notigateway.client.options import OR_BEGINNING, Json, Role, identifier
from notigateway.client.show import changes_table, history_table, print_json, summary_table

if TYPE_CHECKING:
    from notigateway.client.values import Change, RightsChange


def add_following_commands(app: typer.Typer) -> None:
    """Add `changes`, `summary` and `history` to the command line."""
    app.command("changes", help="List what has changed since a cursor. No legal effect.")(changes_command)
    app.command("summary", help="Count notifications by state, issuing body and days left.")(summary_command)
    app.command("history", help="Tell what happened to a notification.")(history_command)


def changes_command(
    context: typer.Context,
    cursor: Annotated[str | None, typer.Option(help="As printed by an earlier call.")] = None,
    *,
    from_now: Annotated[bool, typer.Option("--from-now", help="Only print a cursor to go on from.")] = False,
    with_rights: Annotated[
        bool, typer.Option("--rights", help="Also tell which titles were gained or lost, by addressee.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print every change since the cursor, what became of titles, then the cursor to go on from."""
    found: list[Change] = []
    rights: list[RightsChange] = []
    has_changed = False
    with connection_of(context).client() as client:
        while True:
            page = client.changes_page(cursor, from_now=from_now, rights=with_rights)
            found += page.changes
            rights += page.rights_changes
            has_changed = has_changed or page.rights_changed
            cursor = page.next_cursor
            if not page.has_more:
                break
    if as_json:
        for one in found:
            print_json(one)
        for right in rights:
            print_json({"rights_change": right})
        print_json({"next_cursor": cursor, "rights_changed": has_changed})
    else:
        changes_table(found, rights, cursor, rights_changed=has_changed)


def summary_command(
    context: typer.Context,
    role: Role = None,
    by_addressee: Annotated[
        bool, typer.Option("--by-addressee", help="Count for each addressee too, the most urgent first.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the counts."""
    with connection_of(context).client() as client:
        summary = client.summary(role=role, by_addressee=by_addressee)
    (print_json if as_json else summary_table)(summary)


def history_command(
    context: typer.Context,
    notification_id: Annotated[
        str,
        typer.Argument(parser=identifier, metavar="ID", help=f"Identifier of a notification{OR_BEGINNING}."),
    ],
    as_json: Json = False,
) -> None:
    """Print the events of one notification."""
    with connection_of(context).client() as client:
        (wanted,) = resolved(client, [notification_id])
        history = client.history(wanted)
    (print_json if as_json else history_table)(history)
