"""`notigateway health`: does the service answer? For container health checks."""

from __future__ import annotations

from typing import Annotated

import httpx
import typer

_TIMEOUT_SECONDS = 5.0


def health(
    url: Annotated[
        str, typer.Option(envvar="NOTIGATEWAY_HEALTH_URL", help="The service's address on this machine.")
    ] = "http://127.0.0.1:8080/notigateway/v1",
) -> None:
    """Ask the running service for its contract; exit 0 if it answers, 1 if it does not."""
    try:
        answer = httpx.get(f"{url}?wsdl", timeout=_TIMEOUT_SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        typer.echo(f"not healthy: {type(error).__name__} at {url}", err=True)
        raise typer.Exit(1) from error
    if answer.status_code != httpx.codes.OK:
        typer.echo(f"not healthy: HTTP {answer.status_code} at {url}", err=True)
        raise typer.Exit(1)
    typer.echo("healthy")
