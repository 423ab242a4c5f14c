"""`notigateway`: the operator's command, one sub-command per file."""

from __future__ import annotations

import os
import sys

import typer

from notigateway import __version__
from notigateway.cli.addressee import addressee
from notigateway.cli.check import check
from notigateway.cli.database import migrate
from notigateway.cli.demo import demo
from notigateway.cli.doctor import doctor
from notigateway.cli.explain import explain
from notigateway.cli.health import health
from notigateway.cli.issuer import issuer, register_issuer
from notigateway.cli.jobs import jobs
from notigateway.cli.keys import keys
from notigateway.cli.log import checkpoint, log
from notigateway.cli.matters import matters
from notigateway.cli.obligation import obligation
from notigateway.cli.outage import outage
from notigateway.cli.power import power
from notigateway.cli.publish import publish
from notigateway.cli.red import red
from notigateway.cli.refresh_trust import refresh_trust
from notigateway.cli.request import request
from notigateway.cli.sandbox import sandbox
from notigateway.cli.store import store
from notigateway.cli.succession import succession
from notigateway.cli.sweep import sweep
from notigateway.cli.telling import TRACE_VARIABLE, tell
from notigateway.cli.timestamp import timestamp
from notigateway.private_files import keep_to_owner
from notigateway.telemetry import speak_beside_output

app = typer.Typer(
    name="notigateway",
    help="A SOAP gateway for bulk retrieval of electronic administrative notifications.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    check, checkpoint, demo, doctor, explain, health, jobs, migrate, publish, refresh_trust, register_issuer,
    request, sandbox, sweep, timestamp,
):  # fmt: skip
    app.command()(command)
app.add_typer(addressee, name="addressee")
app.add_typer(issuer, name="issuer", no_args_is_help=True)
app.add_typer(keys, name="keys", no_args_is_help=True)
app.add_typer(log, name="log", no_args_is_help=True)
app.add_typer(obligation, name="obligation")
app.add_typer(matters, name="matters")
app.add_typer(outage, name="outage", no_args_is_help=True)
app.add_typer(power, name="power")
app.add_typer(red, name="red")
app.add_typer(store, name="store")
app.add_typer(succession, name="succession")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def main() -> None:
    """Run a command; whatever stops it is one clear line and exit code 2, with a trace for who asks."""
    keep_to_owner()
    speak_beside_output()
    try:
        app()
    except Exception as error:  # noqa: BLE001 - an operator at a terminal is told, never shown a traceback
        tell(error, trace=bool(os.environ.get(TRACE_VARIABLE)))
        sys.exit(2)


if __name__ == "__main__":
    main()
