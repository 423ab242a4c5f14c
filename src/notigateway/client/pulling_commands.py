"""The command that keeps an archive of everything that concerns the party. Accepts only when asked."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.client import show
from notigateway.client.connection import connection_of
from notigateway.client.days import decided_text
from notigateway.client.matters import check_matter
from notigateway.client.options import EVERYTHING, Json, States, choosing, directory
from notigateway.client.tables import shown
from notigateway.client.values import Filter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.client.pulled import Correction, Lost, PullReport

_REFUSED: Final = 1
_NOT_VERIFIED: Final = 4
_CORRECTED: Final = 5
_TOLD_AT_MOST: Final = 20


def add_pulling_command(app: typer.Typer) -> None:
    """Add `pull` to the command line."""
    app.command("pull", help="Keep an archive of everything, once each; with --accept, accept it first.")(
        choosing(pull_command)
    )


def pull_command(
    context: typer.Context,
    directory: Annotated[
        Path,
        typer.Argument(
            parser=directory,
            metavar="DIRECTORY",
            help="The archive: each notification has a folder below it.",
        ),
    ],
    accept: Annotated[
        bool, typer.Option("--accept", help="Accept what is at disposal: this has legal effect.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Look at everything, not only at what has changed.")
    ] = False,
    folders: Annotated[
        str | None,
        typer.Option(
            metavar="TEMPLATE",
            help="Where folders stand in a new archive; by default {nif}/{year}/{code}. Others: {name} "
            "{month} {id} {body} {ccc} {naf} {matter}.",
        ),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt", help="Go on with an archive of another party or address: you know it is one."
        ),
    ] = False,
    parallel: Annotated[int, typer.Option(min=1, max=32, help="How many downloads at a time.")] = 4,
    processes: Annotated[
        int, typer.Option(min=1, max=32, help="From 2: as many processes download, one each at a time.")
    ] = 1,
    accept_log_name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The name of a log that was restored: you have asked who runs the service."
        ),
    ] = None,
    state: States = None,
    where: Filter = EVERYTHING,
    as_json: Json = False,
) -> None:
    """Pull into an archive; run it again after any interruption."""
    from notigateway.client.fetching import Processes
    from notigateway.client.pulling import pull as pull_all

    seals, authorities = connection_of(context).seals(), connection_of(context).authorities()
    with connection_of(context).client() as client, show.pull_progress() as progress:
        check_matter(client, where)
        report = pull_all(
            client,
            directory,
            seal_certificates=seals,
            accept=accept,
            where=replace(where, states=tuple(state or ())),
            parallel=parallel,
            full=full,
            processes=Processes(processes, connection_of(context).fetching) if processes > 1 else None,
            progress=progress,
            accepted_log_name=accept_log_name,
            authorities=authorities,
            folders=folders,
            adopt=adopt,
            tell=tell_aloud,
        )
    (show.print_json if as_json else show.report_table)(report)
    end_as(report)


def end_as(*reports: PullReport) -> None:
    """End with the exit code of what these runs left, the gravest first. Raises: `Exit`."""
    if any(one.not_verified or one.lost or one.damaged for one in reports):
        raise typer.Exit(_NOT_VERIFIED)
    if any(one.corrections for one in reports):
        raise typer.Exit(_CORRECTED)
    if any(one.refused for one in reports):
        raise typer.Exit(_REFUSED)


def tell_aloud(report: PullReport) -> None:
    """Tell on standard error what nobody may miss, whatever becomes of standard output. Raises: `OSError`."""
    _tell_corrections(report.corrections)
    _tell_lost(report.lost)
    tell_damaged(report.damaged)
    sys.stderr.flush()


def _tell_lost(lost: Sequence[Lost]) -> None:
    """Tell what was stored and is not there, or not as it was, where nobody misses it."""
    for one in lost[:_TOLD_AT_MOST]:
        line = f"LOST: {one.code} of {one.addressee}: {one.text}"
        sys.stderr.write(f"notigateway-client: {shown(line)}\n")
    if len(lost) > _TOLD_AT_MOST:
        mended = sum(one.is_mended for one in lost)
        sys.stderr.write(
            f"notigateway-client: LOST: {len(lost)} in all, {mended} of them fetched again; "
            "--json lists them, and archive check what is lost still\n"
        )


def tell_damaged(folders: Sequence[str]) -> None:
    """Tell of folders that cannot be read."""
    for one in folders:
        line = (
            f"DAMAGED: {one}: its notification.json cannot be read. A pull fetches what it held again, into "
            "a folder beside it where nothing says what that was; look at what is in it"
        )
        sys.stderr.write(f"notigateway-client: {shown(line)}\n")


def _tell_corrections(corrections: Sequence[Correction]) -> None:
    """Tell corrections where nobody misses them: whatever counts a term from the former instant is wrong."""
    for one in corrections:
        was = f"{one.former_state} {decided_text(one.former_state, one.former_at)}"
        now = f"{one.state} {decided_text(one.state, one.at)}"
        where = "" if one.channel is None else f" ({one.channel})"
        line = (
            f"CORRECTED: {one.code} of {one.addressee} is {now}{where}, and not {was}: terms run from "
            f"the new instant; what was said before is {one.folder}/{one.former_file}"
        )
        sys.stderr.write(f"notigateway-client: {shown(line)}\n")
