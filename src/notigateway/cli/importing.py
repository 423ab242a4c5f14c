"""`notigateway import KIND FILE`: many addressees, accounts, RED assignments or powers at once."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from notigateway.cli.opening import bar, opened
from notigateway.cli.options import SettingsFile, SummaryAsJson, named_settings
from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from notigateway.cli.importer import Summary

KindName = Literal["addressees", "accounts", "red", "red-users", "powers", "obligations"]
_SOME_REFUSED: Final = 1


def import_(
    kind: Annotated[KindName, typer.Argument(help="What a line is.")],
    file: Annotated[Path, typer.Argument(help="CSV with a header, or JSON lines; - is standard input.")],
    errors: Annotated[
        Path | None,
        typer.Option(
            help="Write the refused lines here, as CSV or JSON lines as they came: mend and import that file."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every line; change nothing.")] = False,
    settings_file: SettingsFile = None,
    as_json: SummaryAsJson = False,
) -> None:
    """Import many lines into the registers, by the rules of the single commands.

    A bad line is reported with its number, column, code and reason, and the rest goes in. Repeating the
    command, also after a kill, enters what is missing and changes nothing else. What a line says:

    addressees: nif, name, and perhaps ccc, naf, from. accounts: nif, account, from, and perhaps to, main,
    ground, by. red: addressee, account, red_party, red_name, authorisation, from, and perhaps to,
    addressee_name, ground. red-users: holder, authorisation, person, person_name, from, and perhaps to.
    powers: as of `notigateway power import`. obligations: addressee, ground, since, and perhaps until,
    matters, procedures, addressee_name.

    Exit codes: 0 everything is in, 1 some lines were refused, 2 nothing could be done.
    """
    from rich.console import Console

    from notigateway.cli.import_files import check_file, header_of, opened_file, read_lines
    from notigateway.cli.import_kinds import KINDS
    from notigateway.cli.importer import LINES_PER_TRANSACTION, Importer
    from notigateway.cli.refused import RefusedFile
    from notigateway.repository.engine import let_others_write

    settings, of_kind = named_settings(settings_file), KINDS[kind]
    console = Console(stderr=True)
    if errors is not None and errors.exists() and file.exists() and errors.samefile(file):
        raise ConfigurationError("--errors names the file that is imported")
    with ExitStack() as stack:
        source = stack.enter_context(opened_file(file))
        total = check_file(source, of_kind.columns)
        engine = stack.enter_context(opened(settings))
        if not total:
            console.print("there is no line in the file", soft_wrap=True)
        refused = None
        if errors is not None:
            kept = stack.enter_context(errors.open("w", encoding="utf-8", newline=""))
            refused = RefusedFile(kept, header_of(source))
        importer = Importer(of_kind, settings, console, engine=engine, errors=refused)
        importer.summary.dry_run = dry_run
        started = time.monotonic()
        try:
            with bar("importing", total, console=console) as progress:
                lines = read_lines(source, of_kind.columns)
                while portion := list(islice(lines, LINES_PER_TRANSACTION)):
                    importer.work(portion)
                    progress.reach(portion[-1].number)
                    if not dry_run:
                        let_others_write(engine)
        finally:  # also when the operator interrupts: what is in, is in
            importer.summary.seconds = round(time.monotonic() - started, 3)
            _show(importer.summary, as_json=as_json)
    if importer.summary.refused:
        raise typer.Exit(_SOME_REFUSED)


def _show(summary: Summary, *, as_json: bool) -> None:
    """Print the summary on standard output."""
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
        return
    would = "would be " if summary.dry_run else ""
    typer.echo(
        f"{would}{summary.created} created, {summary.changed} changed, {summary.unchanged} unchanged, "
        f"{len(summary.refused)} refused in {summary.seconds:.1f} s"
    )
