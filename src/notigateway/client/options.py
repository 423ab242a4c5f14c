"""Options that several commands share, as annotated types; typer reads them at run time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

import typer


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not an instant such as 2026-11-23T09:00:00Z") from error
    if instant.tzinfo is None:
        raise typer.BadParameter(f"{text!r} does not say its zone; append Z for UTC")
    return instant


Json = Annotated[bool, typer.Option("--json", help="Print JSON: one line for each item, or one document.")]
Kind = Annotated[str | None, typer.Option(help="Only this kind: notification or communication.")]
Role = Annotated[str | None, typer.Option(help="Only what you see in this capacity: own, red or attorney.")]
Addressee = Annotated[str | None, typer.Option(help="Only for this addressee (NIF).")]
Issuer = Annotated[str | None, typer.Option(help="Only from this issuing body (DIR3).")]
_INSTANT_HELP: Final = "An instant with zone, such as 2026-11-23T09:00:00Z."
From = Annotated[
    datetime | None, typer.Option(parser=_instant, help=f"Put at disposal from. {_INSTANT_HELP}")
]
To = Annotated[
    datetime | None, typer.Option(parser=_instant, help=f"Put at disposal before. {_INSTANT_HELP}")
]
Before = Annotated[
    datetime | None, typer.Option(parser=_instant, help=f"With a deadline before. {_INSTANT_HELP}")
]
Ids = Annotated[list[str] | None, typer.Argument(help="Identifiers of notifications.")]
IdsFile = Annotated[
    typer.FileText | None, typer.Option(help="Read identifiers from a file, one a line; - is standard input.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask, although it has legal effect.")]
