"""Options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

import os
from datetime import MAXYEAR, MINYEAR, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from notigateway.settings import Settings

_NAMES_THE_DATA: Final = "NOTIGATEWAY_DATABASE_URL"

SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="NOTIGATEWAY_SETTINGS",
        help="The TOML file with the settings.",
        readable=False,  # whoever reads it says so, in one line as of everything else
    ),
]
SummaryAsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]

Processes = Annotated[
    int | None, typer.Option(min=1, max=64, help="How many look at it; as many as there are cores.")
]


def named_settings(file: Path | None) -> Settings:
    """Return the settings of a command that works on a gateway's data: somebody must have said which.

    Where nobody did, the defaults name a database in whatever folder the operator happens to stand in.

    Raises: `ConfigurationError`.
    """
    from notigateway.settings import load_settings

    if file is None and not names_the_data():
        raise ConfigurationError(
            "no settings are named: give --settings FILE, or set NOTIGATEWAY_SETTINGS to the file "
            f"(or {_NAMES_THE_DATA}, where the environment holds them all)"
        )
    return load_settings(file)


def names_the_data() -> bool:
    """Tell whether the environment names the data of a gateway."""
    return bool(os.environ.get(_NAMES_THE_DATA))


def read_instant(text: str | None) -> datetime | None:
    """Read an instant with its zone; None where none is given. Raises: `ConfigurationError`."""
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError("not an instant: write for example 2026-03-01T00:00:00+01:00") from error
    if instant.tzinfo is None:
        raise ConfigurationError("the instant needs a zone: write for example 2026-03-01T00:00:00+01:00")
    if not MINYEAR < instant.year < MAXYEAR:  # in another zone it might lie outside the calendar
        raise ConfigurationError(f"the instant must lie in the years {MINYEAR + 1} to {MAXYEAR - 1}")
    return instant
