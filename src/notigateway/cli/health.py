"""`notigateway health`: does the configured gateway serve? For health checks of containers and timers."""

from __future__ import annotations

from typing import Annotated, NoReturn

import typer

from notigateway.cli.options import SettingsFile
from notigateway.errors import ConfigurationError
from notigateway.health.asking import NobodyThereError, Told, ask, at, root_of
from notigateway.health.finding import State
from notigateway.health.instance import Instance
from notigateway.settings import Settings, load_settings
from notigateway.web.operations import ALIVE, READY


def health(
    alive: Annotated[
        bool, typer.Option("--alive/--ready", help="Only that it answers, or that it can serve callers.")
    ] = False,
    settings: SettingsFile = None,
    url: Annotated[
        str | None,
        typer.Option(
            envvar="NOTIGATEWAY_HEALTH_URL",
            help="Where it answers, instead of operations_address: http://HOST:PORT.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Ask the configured gateway whether it can serve; exit 0 if it can, 1 if not, with one line."""
    loaded = load_settings(settings)
    root = root_of(url) if url else at(_operations_address(loaded))
    try:
        told = ask(root, ALIVE if alive else READY)
    except NobodyThereError as error:
        _end(f"not healthy: {error} at {root}")
    instance = Instance.of(loaded)
    # Whoever only names an address asks from where the settings need not be.
    if (settings is not None or not url) and not told.is_of(instance):
        _end(f"not healthy: another gateway answers at {root}: {told.name}, {_difference(told, instance)}")
    if told.status != 200:  # noqa: PLR2004  (the one status of health)
        _end(f"not ready: {told.findings(State.FAILED, State.UNKNOWN)}")
    warnings = told.findings(State.WARNING, State.FAILED, State.UNKNOWN)
    typer.echo(f"{'alive' if alive else 'ready'}: {told.name}{'; ' if warnings else ''}{warnings}")


def _operations_address(settings: Settings) -> str:
    if not settings.operations_address:
        raise ConfigurationError("operations_address is empty, so nobody can ask: set it, or give --url")
    return settings.operations_address


def _difference(told: Told, instance: Instance) -> str:
    """Say in what it is another gateway than that of the settings."""
    if told.name != instance.public_url:
        return f"and the settings name {instance.public_url}"
    return "with another database or document store than the settings name"


def _end(said: str) -> NoReturn:
    typer.echo(said, err=True)
    raise typer.Exit(1)
