"""The command that marks notifications for those who work for the same party. No legal effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.client.connection import connection_of
from notigateway.client.given import label as to_label
from notigateway.client.naming import resolved
from notigateway.client.options import Ids, IdsFile, Json, chosen_ids
from notigateway.client.show import print_all
from notigateway.client.tables import marks_text, print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.client.values import MarkedNotification

_REFUSED: Final = 1


def add_marking_command(app: typer.Typer) -> None:
    """Add `mark` to the command line."""
    app.command(
        "mark", help="Mark for your colleagues: downloaded, put away, whose, labels. No legal effect."
    )(mark_command)


def mark_command(
    context: typer.Context,
    ids: Ids = None,
    ids_file: IdsFile = None,
    downloaded: Annotated[
        bool | None, typer.Option("--downloaded/--not-downloaded", help="Whether it is downloaded.")
    ] = None,
    archived: Annotated[
        bool | None, typer.Option("--archived/--not-archived", help="Whether it is put away.")
    ] = None,
    assign: Annotated[str | None, typer.Option(metavar="WHOM", help="In whose hands it is.")] = None,
    unassign: Annotated[bool, typer.Option("--unassign", help="In nobody's hands any more.")] = False,
    if_unassigned: Annotated[
        bool, typer.Option("--if-unassigned", help="Assign only what is in nobody's hands.")
    ] = False,
    label: Annotated[
        list[str] | None, typer.Option(parser=to_label, help="Set this label; may be repeated.")
    ] = None,
    remove_label: Annotated[
        list[str] | None, typer.Option(parser=to_label, help="Take this label away; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Mark, and print how the marks of each stand now."""
    chosen = chosen_ids(ids, ids_file)
    with connection_of(context).client() as client:
        found = client.mark(
            resolved(client, chosen),
            downloaded=downloaded,
            archived=archived,
            assign=assign,
            unassign=unassign,
            if_unassigned=if_unassigned,
            labels=label or (),
            remove_labels=remove_label or (),
        )
    print_all(found, _table, as_json=as_json)
    if any(one.problem for one in found):
        raise typer.Exit(_REFUSED)


def _table(found: Iterable[MarkedNotification]) -> None:
    print_table(
        ("id", "marks", "problem"),
        (
            (
                one.id,
                marks_text(one.marks),
                f"{one.problem.code}: {one.problem.text_en}" if one.problem else "",
            )
            for one in found
        ),
    )
