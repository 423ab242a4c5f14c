"""`notigateway store`: mark the document store as this gateway's, once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, named_settings

store = typer.Typer(
    help="Mark the document store as this gateway's.", no_args_is_help=True, pretty_exceptions_enable=False
)


@store.callback()
def _store() -> None:
    """Mark the document store as this gateway's."""


@store.command()
def mark(
    settings_file: SettingsFile = None,
    without_documents: Annotated[
        bool,
        typer.Option(
            "--without-documents",
            help="Also a store that lacks documents that the database names: they are lost.",
        ),
    ] = False,
) -> None:
    """Write the marker by which the gateway knows its store from one that is not mounted.

    Once for each gateway, after `migrate` and before it serves; repeating changes nothing. It makes the
    folder of a local store. A store of another gateway is refused, and one that lacks documents that the
    database names.
    """
    from notigateway.repository.marking import mark_store, open_store

    settings = named_settings(settings_file)
    with opened(settings) as engine:
        its = open_store(settings.document_store_url, engine)
        done = mark_store(engine, its, now=datetime.now(UTC), without_documents=without_documents)
    typer.echo(f"{its.place} {done.value}")
