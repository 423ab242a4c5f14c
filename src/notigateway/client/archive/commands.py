"""The commands that make something of an archive: its index, a table, the report of a day, a ZIP."""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from contextlib import closing, contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from notigateway.client.errors import ArchiveExportError, SpoolError
from notigateway.client.options import Ccc, Json, Matter, Naf, Nif, States, instant
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_WHOLE: Final = 4

archive_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Directory = Annotated[Path, typer.Argument(help="The archive: the folder of a pull.")]
Output = Annotated[Path, typer.Option(help="Write this file; it appears once it is whole.")]


@archive_app.command("rebuild", help="Make archive.db anew, of what the folders say.")
def rebuild_command(directory: Directory) -> None:
    """Read every folder."""
    from notigateway.client.archive.index import Index
    from notigateway.client.archive.reading import check_is_archive
    from notigateway.client.pulling_commands import tell_damaged
    from notigateway.client.spool import Spool

    check_is_archive(directory)
    with Spool(directory, looks=False) as spool, closing(Index(spool)) as index:
        index.rebuild(forgets=True)
        index.settle()
        typer.echo(f"{len(spool)} notifications")
    damaged = [*index.damaged, *(one.folder for one in index.lost)]
    tell_damaged(damaged)
    if damaged:
        raise typer.Exit(_NOT_WHOLE)


@archive_app.command(
    "check", help="Tell without the network what is missing or changed; exit code 4 if something is."
)
def check_command(directory: Directory, as_json: Json = False) -> None:
    """Hold every document and receipt to its size and SHA-256."""
    from notigateway.client import show
    from notigateway.client.archive.checking import check
    from notigateway.client.tables import print_table

    done = check(directory)
    if as_json:
        show.print_json(done)
    else:
        if done.wrong:
            print_table(
                ("what", "code", "addressee", "folder", "file"),
                (
                    (one.what, one.code or "", one.addressee or "", one.folder, one.file or "")
                    for one in done.wrong
                ),
            )
        counts = Counter(one.what.value.replace("_", " ") for one in done.wrong)
        said = ", ".join(f"{count} {what}" for what, count in counts.items()) or "all there, and as stored"
        typer.echo(f"{done.notifications} notifications, {done.files} files: {said}")
    if not done.is_whole:
        raise typer.Exit(_NOT_WHOLE)


@archive_app.command("export", help="Write a table of what is in the archive.")
def export_command(
    directory: Directory,
    form: Annotated[
        Literal["csv", "xlsx", "json", "parquet"],
        typer.Option("--format", help="csv and json also go to standard output."),
    ] = "csv",
    as_csv: Annotated[bool, typer.Option("--csv", help="As --format csv: for spreadsheets.")] = False,
    as_xlsx: Annotated[bool, typer.Option("--xlsx", help="As --format xlsx: with real dates.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As --format json: a line for each.")] = False,
    as_parquet: Annotated[bool, typer.Option("--parquet", help="As --format parquet.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write this file; it appears once it is whole.")] = None,
    state: States = None,
    nif: Nif = None,
    ccc: Ccc = None,
    naf: Naf = None,
    matter: Matter = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=instant, help="Put at disposal from: a day of Madrid, or such as 2026-11-23T09:00:00Z."
        ),
    ] = None,
    comma: Annotated[bool, typer.Option("--comma", help="Commas in CSV, and not semicolons.")] = False,
) -> None:
    """Export; instants of CSV and XLSX are those of Madrid, of JSON and Parquet UTC."""
    from notigateway.client.archive import export
    from notigateway.client.archive.reading import reading

    forms = {"csv": as_csv, "xlsx": as_xlsx, "json": as_json, "parquet": as_parquet}
    named = [name for name, is_named in forms.items() if is_named]
    if len(named) > 1:
        raise typer.BadParameter("give one form")
    wanted = named[0] if named else form
    chosen = export.Chosen(
        tuple(state or ()),
        {"addressee": nif, "ccc": ccc, "naf": naf, "matter": matter},
        None if since is None else instant_text(since),
    )
    with reading(directory) as index:
        rows = export.chosen_rows(index, chosen)
        if wanted in {"xlsx", "parquet"}:
            if output is None:
                raise ArchiveExportError(f"{wanted} is no text: --output FILE says where it goes")
            with _whole(output) as partial:
                (export.write_xlsx if wanted == "xlsx" else export.write_parquet)(rows, partial)
            return
        separator = "," if comma else ";"
        pieces = export.csv_pieces(rows, separator=separator) if wanted == "csv" else export.json_pieces(rows)
        if output is None:
            sys.stdout.buffer.writelines(pieces)
            sys.stdout.buffer.flush()
            return
        with _whole(output) as partial, partial.open("wb") as target:
            target.writelines(pieces)


@archive_app.command("report", help="Write the report of a day as one HTML file: what hurts comes first.")
def report_command(
    directory: Directory,
    output: Output,
    day: Annotated[str | None, typer.Option(help="Of Madrid, such as 2026-11-23; today if none.")] = None,
    language: Annotated[Literal["es", "en"], typer.Option(help="Of the report.")] = "es",
) -> None:
    """Report."""
    from notigateway.client.archive.reading import reading
    from notigateway.client.archive.report import Report, today, utc_now

    now = utc_now()
    try:
        wanted = today(now) if day is None else date.fromisoformat(day)
    except ValueError as error:
        raise typer.BadParameter(f"{day!r} is not a day such as 2026-11-23") from error
    if wanted > today(now):
        raise typer.BadParameter(f"{day} has not begun yet: it is {today(now)} in Madrid")
    with reading(directory) as index, _whole(output) as partial:
        text = Report(index, wanted, now=now, language=language).html(directory.resolve().name)
        partial.write_text(text, "utf-8")


@archive_app.command("zip", help="Write everything of one notification as a ZIP.")
def zip_command(
    directory: Directory,
    named: Annotated[
        str, typer.Argument(metavar="CODE|ID", help="Its code, its identifier, or its beginning.")
    ],
    output: Output,
) -> None:
    """Make a ZIP; each file is proven to be the one that was stored."""
    from notigateway.client.archive.reading import reading
    from notigateway.client.archive.zipping import folder_in, write_zip

    with reading(directory) as index, _whole(output) as partial:
        write_zip(directory, folder_in(index, named), partial)


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """Give a file beside that one, which takes its name once it is whole.

    Raises: `ArchiveExportError` where that would replace what is no table, report or ZIP; `SpoolError`.
    """
    from notigateway.client.stored import DESCRIPTION

    if file.is_symlink() or (file.exists() and not file.is_file()):
        raise ArchiveExportError(
            f"{file} is a link, a device or a folder, and no file: give another --output"
        )
    is_top, is_kept = (file.parent / ".lock").exists(), (file.parent / DESCRIPTION).exists()
    if is_kept or (is_top and file.name.lower().startswith((".", "archive."))):
        raise ArchiveExportError(f"{file} belongs to the archive itself: give another --output")
    partial: Path | None = None
    try:
        handle, made = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        os.close(handle)
        partial = Path(made)
        yield partial
        partial.replace(file)
    except OSError as error:
        raise SpoolError(f"cannot write {file}: {error.strerror or error}") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
