"""`notigateway health`: does the configured gateway serve? For health checks of containers and timers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from notigateway.cli.options import SettingsFile
from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.health.asking import Told
    from notigateway.settings import Settings


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
    from notigateway.health.asking import NobodyThereError, ask, at, root_of
    from notigateway.health.finding import State
    from notigateway.web.operations import ALIVE, READY

    # Whoever names an address asks from where the settings need not be, and for life they never matter.
    wants_settings = not url or (settings is not None and not alive)
    loaded, lack = _load(settings) if wants_settings else (None, "")
    root = root_of(url) if url else at(_operations_address(loaded, settings))
    try:
        told = ask(root, ALIVE if alive else READY)
    except NobodyThereError as error:
        _end(f"not healthy: {error} at {root}{lack}")
    differs = "" if loaded is None else _difference(told, loaded)
    is_its_name = loaded is not None and told.name == str(loaded.public_url)
    if differs and not (alive and is_its_name):
        _end(f"not healthy: another gateway answers at {root}: {told.name}, {differs}")
    if told.status != 200:  # noqa: PLR2004  (the one status of health)
        _end(f"not ready: {told.findings(State.FAILED, State.UNKNOWN)}{lack}")
    warnings = told.findings(State.WARNING, State.FAILED, State.UNKNOWN)
    differs = f"; {differs}" if differs else ""
    said = f"{'; ' if warnings else ''}{warnings}{differs}{lack}"
    typer.echo(f"{'alive' if alive else 'ready'}: {told.name}{said}")


def _load(file: Path | None) -> tuple[Settings | None, str]:
    """Return the settings, or what keeps the next start from them: what runs began with others."""
    from notigateway.health.asking import as_a_line
    from notigateway.settings import load_settings

    try:
        return load_settings(file), ""
    except ConfigurationError as error:
        return None, f"; its next start would be refused: {as_a_line(error.detail)}"


def _operations_address(settings: Settings | None, file: Path | None) -> str:
    from notigateway.health.named_address import find_named_address

    if settings is None:
        return find_named_address(file)
    if not settings.operations_address:
        raise ConfigurationError("operations_address is empty, so nobody can ask: set it, or give --url")
    return settings.operations_address


def _difference(told: Told, settings: Settings) -> str:
    """Say in what it is another gateway than that of the settings; "" where it is that one."""
    from notigateway.health.instance import Instance, counted_from_here

    instance = Instance.of(settings)
    if told.is_of(instance):
        return ""
    if told.name != instance.public_url:
        return f"and the settings name {instance.public_url}"
    return f"with another database or document store than the settings name{counted_from_here(settings)}"


def _end(said: str) -> NoReturn:
    typer.echo(said, err=True)
    raise typer.Exit(1)
