"""`notigateway version`: which version this is."""

from __future__ import annotations

import typer

from notigateway import __version__


def version() -> None:
    """Print the version."""
    typer.echo(__version__)
