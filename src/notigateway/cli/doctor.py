"""`notigateway doctor`: what stands badly with a gateway and what cures it, before or while it runs."""

from __future__ import annotations

import shutil
from typing import Annotated, Final

import typer

from notigateway.cli.options import SettingsFile
from notigateway.cli.telling import in_json

_NARROWEST: Final = 60
_WIDEST: Final = 160


def doctor(
    settings_file: SettingsFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    online: Annotated[
        bool,
        typer.Option("--online", help="Also ask the time-stamp authority, and the device of the seal's key."),
    ] = False,
    time_source: Annotated[
        str, typer.Option(help="Compare the clock with a time server, HOST or HOST:PORT, by SNTP.")
    ] = "",
) -> None:
    """Look at everything that a gateway stands on; exit 1 where something failed or cannot be looked at."""
    from notigateway.cli.diagnosis import examine, page
    from notigateway.health.finding import State, worst

    chapters = examine(settings_file, online=online, time_source=time_source)
    findings = [one for some in chapters.values() for one in some]
    if as_json:
        said = [{"chapter": name, **one.line} for name, some in chapters.items() for one in some]
        typer.echo(in_json({"state": worst(findings).value, "findings": said}))
    else:
        width = min(max(shutil.get_terminal_size().columns, _NARROWEST), _WIDEST)
        typer.echo("\n".join(page(chapters, width)))
    if worst(findings) in {State.FAILED, State.UNKNOWN}:
        raise typer.Exit(1)
