"""`notigateway register-issuer`: say who may issue acts."""

from __future__ import annotations

from typing import Annotated

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile
from notigateway.issuer.publishing import register_issuing_body
from notigateway.repository.engine import writing
from notigateway.settings import load_settings


def register_issuer(
    dir3: Annotated[str, typer.Argument(help="The body's DIR3 code.")],
    acronym: Annotated[str, typer.Argument(help="For example TGSS.")],
    name: Annotated[str, typer.Argument(help="Its full name.")],
    nif: Annotated[str, typer.Argument(help="Its NIF.")],
    settings_file: SettingsFile = None,
) -> None:
    """Register an issuing body, or rename the one with that code; repeating changes nothing."""
    with opened(load_settings(settings_file)) as engine, writing(engine) as session:
        body = register_issuing_body(session, dir3=dir3, acronym=acronym, name=name, nif=nif)
        typer.echo(f"registered {body.dir3} {body.acronym}")
