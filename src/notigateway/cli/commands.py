"""The operator's commands by their names: where each stands, and the program made of all or of one."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

# The module of this package in which a command or a group has its own name.
COMMANDS: Final = {
    "check": "check",
    "checkpoint": "log",
    "cosign": "cosign",
    "demo": "demo",
    "doctor": "doctor",
    "explain": "explain",
    "health": "health",
    "import": "importing",
    "jobs": "jobs",
    "migrate": "database",
    "monitor": "monitor",
    "publish": "publish",
    "refresh-trust": "refresh_trust",
    "register-issuer": "issuer",
    "request": "request",
    "sandbox": "sandbox",
    "sweep": "sweep",
    "timestamp": "timestamp",
    "version": "version",
    "witness": "witness",
    "addressee": "addressee",
    "issuer": "issuer",
    "keys": "keys",
    "log": "log",
    "obligation": "obligation",
    "matters": "matters",
    "notices": "notices",
    "outage": "outage",
    "power": "power",
    "push": "push",
    "red": "red",
    "seal": "seal",
    "store": "store",
    "scenario": "scenario",
    "succession": "succession",
}


def program(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the program with these commands; the others' modules are not loaded."""
    app = typer.Typer(
        name="notigateway",
        help="A SOAP gateway for bulk retrieval of electronic administrative notifications.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_nothing)
    for name in names:
        own = name.replace("-", "_")
        found = getattr(
            import_module(f"{__package__}.{COMMANDS[name]}"), f"{own}_" if iskeyword(own) else own
        )
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _nothing() -> None:
    """Make a program of a single command one that is named before it, as that of all is."""
