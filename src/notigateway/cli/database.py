"""`notigateway migrate`: bring the database to this version's schema, or tell where it stands."""

from __future__ import annotations

from typing import Annotated

import typer

from notigateway.cli.options import SettingsFile, named_settings


def migrate(
    settings_file: SettingsFile = None,
    show: Annotated[bool, typer.Option("--show", help="Only tell the revision; change nothing.")] = False,
) -> None:
    """Bring the database to this version's schema, each step whole or not at all.

    Run it before the new version starts, while the one before still serves. Repeating changes nothing;
    two at the same time wait for each other.
    """
    from notigateway.repository.engine import connected
    from notigateway.repository.schema import current_revision, head_revision, upgrade

    with connected(named_settings(settings_file)) as engine:
        if not show:
            upgrade(engine)
        typer.echo(f"database at revision {current_revision(engine) or 'none'}, newest {head_revision()}")
