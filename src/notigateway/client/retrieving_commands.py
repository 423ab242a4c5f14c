"""The command that fetches what may be read of single notifications into a folder. No legal effect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.client.connection import connection_of
from notigateway.client.errors import SpoolError
from notigateway.client.file_names import folder_name, safe_name
from notigateway.client.naming import resolved
from notigateway.client.options import Ids, IdsFile, Json, chosen_ids
from notigateway.client.show import print_all
from notigateway.client.tables import print_table
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.client.api import NotificationClient
    from notigateway.client.values import RetrievedNotification

_REFUSED: Final = 1


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one notification: where its documents are, or why there are none."""

    id: str
    state: str
    files: tuple[str, ...] = ()
    problem: str = ""


def add_retrieving_command(app: typer.Typer) -> None:
    """Add `retrieve` to the command line."""
    app.command("retrieve", help="Fetch documents into a folder; accepts nothing. No legal effect.")(
        retrieve_command
    )


def retrieve_command(
    context: typer.Context,
    output: Annotated[Path, typer.Option(help="Write the documents below this folder.")],
    ids: Ids = None,
    ids_file: IdsFile = None,
    for_information: Annotated[
        bool,
        typer.Option("--for-information", help="Also of what lapsed or was rejected: to read it only."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print a line for each notification; write the documents of those that may be read."""
    with connection_of(context).client() as client:
        wanted = resolved(client, chosen_ids(ids, ids_file))
        found = [
            _fetch(client, item, output, for_information=for_information)
            for item in client.retrieve(wanted, for_information=for_information)
        ]
    print_all(found, _table, as_json=as_json)
    if any(one.problem for one in found):
        raise typer.Exit(_REFUSED)


def _fetch(
    client: NotificationClient, item: RetrievedNotification, output: Path, *, for_information: bool
) -> Fetched:
    """Write the documents of one notification, each whole and of its hash or not at all."""
    row = item.notification
    if row is None or item.problem is not None:
        why = "" if item.problem is None else f"{item.problem.code}: {item.problem.text_en}"
        return Fetched(item.id, "" if row is None else row.state, problem=why)
    folder = output / folder_name(row)
    files = []
    for position, document in enumerate(item.documents, start=1):
        came = document.pieces()
        pieces = (
            client.retrieve_document(
                item.id, document.document_id, sha256=document.sha256, for_information=for_information
            )
            if came is None
            else came
        )
        file = folder / safe_name(position, document.name)
        _write(file, pieces)
        files.append(str(file))
    return Fetched(item.id, row.state, tuple(files))


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that appears only once it is whole. Raises: `SpoolError`."""
    partial = file.with_name(f".{file.name}.part")
    try:
        make_folder(file.parent)
        with partial.open("wb") as target:
            for piece in pieces:
                target.write(piece)
        partial.replace(file)
    except OSError as error:
        raise SpoolError(f"cannot use {error.filename or file}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _table(found: Iterable[Fetched]) -> None:
    """Print what became of each."""
    print_table(
        ("id", "state", "documents", "problem"),
        ((one.id, one.state, "\n".join(one.files), one.problem) for one in found),
    )
