"""`notigateway matters`: the catalogue of what a power may name.

A line has `kind` (matter, group or procedure), `code`, `name`; a group and a procedure also the code of their
`matter`, a procedure that of its `group`, if it is in one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.cli.lines import check_names, read_lines
from notigateway.cli.opening import reading_in, writing_in
from notigateway.cli.options import SettingsFile, named_settings
from notigateway.errors import CatalogueInvalidError
from notigateway.law.catalogue import Entry, check_catalogue
from notigateway.law.representation import ItemKind

if TYPE_CHECKING:
    from collections.abc import Iterator

matters = typer.Typer(
    help="Load and list the catalogue of matters and procedures that a power may name.", no_args_is_help=True
)
_NAMES: Final = frozenset({"kind", "code", "name", "matter", "group"})


@matters.command()
def load(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header, or JSON lines: kind, code, name, matter, group.")
    ],
    settings_file: SettingsFile = None,
) -> None:
    """Make a file the whole catalogue: what it leaves out can no longer be named. Twice changes nothing."""
    from notigateway.repository.catalogue import load_catalogue

    entries = check_catalogue(_entries(file))
    with writing_in(named_settings(settings_file)) as session:
        done = load_catalogue(session, entries, now=datetime.now(UTC))
    typer.echo(
        f"new {done.new}, changed {done.changed}, withdrawn {done.withdrawn}, unchanged {done.unchanged}"
    )


@matters.command("list")
def list_matters(settings_file: SettingsFile = None) -> None:
    """List the catalogue, one entry a line: kind, code, name, matter, group."""
    from notigateway.repository.catalogue import list_entries

    with reading_in(named_settings(settings_file)) as session:
        lines = [
            "\t".join((entry.kind, entry.code, entry.name, entry.matter or "-", entry.group or "-"))
            for entry in list_entries(session)
        ]
    typer.echo("\n".join(lines), nl=bool(lines))


def _entries(file: Path) -> Iterator[tuple[int, Entry]]:
    """Read the lines. Raises: `ConfigurationError`, `CatalogueInvalidError`."""
    for number, said in read_lines(file):
        check_names(said, allowed=_NAMES, file=file, number=number)
        kind = said.get("kind", "")
        if kind not in set(ItemKind):
            raise CatalogueInvalidError(f"line {number}: kind", line=number, problem="kind")
        yield (
            number,
            Entry(
                kind=ItemKind(kind),
                code=said.get("code", ""),
                name=said.get("name", ""),
                matter=said.get("matter"),
                group=said.get("group"),
            ),
        )
