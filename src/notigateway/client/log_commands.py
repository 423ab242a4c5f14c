"""The commands that fetch a head of the service's log and prove that the log only grew. No legal effect."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from notigateway.client.connection import connection_of
from notigateway.client.errors import SpoolError
from notigateway.client.options import Json
from notigateway.client.show import print_json
from notigateway.client.tables import print_table

log = typer.Typer(
    help="The service's log: its newest head, and proof that it only grew.", no_args_is_help=True
)


def add_log_commands(app: typer.Typer) -> None:
    """Add `log` to the command line."""
    app.add_typer(log, name="log")


@log.command("head", help="Fetch the newest head, a signed note; its seal is proven by pull and monitors.")
def head_command(
    context: typer.Context,
    output: Annotated[Path | None, typer.Option(help="Write the note into this file.")] = None,
    as_json: Json = False,
) -> None:
    """Print the note as it is, or its lines as JSON."""
    with connection_of(context).client() as client:
        head = client.log_head()
    if output is not None and head is not None:
        try:
            output.write_bytes(head)
        except OSError as error:
            raise SpoolError(f"cannot write {output}: {error.strerror}") from error
    if as_json:
        print_json({"head": None if head is None else head.decode()})
    elif head is None:
        sys.stdout.write("none\n")
    elif output is None:
        sys.stdout.write(head.decode())


@log.command("consistency", help="Fetch the proof that the log of a new size continues that of an old one.")
def consistency_command(
    context: typer.Context,
    old_size: Annotated[int, typer.Argument(min=1, help="The earlier size.")],
    new_size: Annotated[int, typer.Argument(min=1, help="The later size.")],
    as_json: Json = False,
) -> None:
    """Print the hashes of the proof (RFC 9162), in hexadecimal."""
    with connection_of(context).client() as client:
        hashes = client.prove_consistency(old_size, new_size)
    if as_json:
        print_json({"old_size": old_size, "new_size": new_size, "hashes": [one.hex() for one in hashes]})
    else:
        print_table(("hash",), ((one.hex(),) for one in hashes))
