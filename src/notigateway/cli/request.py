"""`notigateway request`: hand out a signed request that is kept as evidence, whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from notigateway.cli.opening import reading_in
from notigateway.cli.options import SettingsFile, named_settings
from notigateway.errors import ConfigurationError


def request(
    sha256: Annotated[str, typer.Argument(help="SHA-256 of the request, as the receipt states it.")],
    output: Annotated[Path, typer.Option(help="The file to write; it must not be there.")],
    settings_file: SettingsFile = None,
) -> None:
    """Write the signed request behind a receipt to a file, for a court: its bundle may leave it out.

    It names every notification that was decided with it: it is not for a party that may not know of them.
    """
    from notigateway.repository.receipts import RequestEnvelope

    settings = named_settings(settings_file)
    with reading_in(settings) as session:
        kept = session.get(RequestEnvelope, sha256.strip().lower())
        if kept is None:
            raise ConfigurationError("no request with that SHA-256 is kept")
        try:
            with output.open("xb") as file:
                file.write(kept.xml)
        except OSError as error:
            raise ConfigurationError(f"{output}: {error.strerror}") from error
    typer.echo(f"{output}: the request of {kept.received_at:%Y-%m-%dT%H:%M:%SZ}")
