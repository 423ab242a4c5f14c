"""`notigateway witness`: cosign the heads of logs that only grow, for whoever watches gateways of others.

Needs no gateway: no settings, no database of one. Its one file is written in `witness/configured.py`.
"""

from __future__ import annotations

import signal
import socket
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from notigateway.witness.configured import Configured
    from notigateway.witness.kept import Kept, Waiting

witness = typer.Typer(
    help="Run a witness: it cosigns the heads of logs that only grow.", no_args_is_help=True
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The witness's file (TOML).", readable=False)]
_CONNECTIONS: Final = 256
_QUEUE: Final = 128


@dataclass(frozen=True, slots=True)
class _Telling:
    """How the witness's lines are written."""

    log_format: str
    log_level: str = "info"


@witness.callback()
def _group() -> None:
    """Run a witness: it cosigns the heads of logs that only grow."""


@witness.command()
def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the key is written.")],
    name: Annotated[str, typer.Option(help="The witness's name, such as witness.example/w1.")],
) -> None:
    """Make the key of a witness, never over a file that is there, and print its vkey for who trusts it."""
    from notigateway.witness.configured import make_key

    typer.echo(make_key(file, name).vkey)


@witness.command()
def serve(
    file: File,
    log_format: Annotated[
        Literal["json", "console"], typer.Option(help="How lines are written to standard error.")
    ] = "json",
) -> None:
    """Serve until SIGTERM or SIGINT; READY and the vkey are printed when it answers.

    Restart it when a seal certificate or a period of a log has changed.
    """
    from notigateway import telemetry
    from notigateway.http.side_door import SideDoor
    from notigateway.logger import Logger
    from notigateway.witness.answering import BOUNDS, Service
    from notigateway.witness.configured import load_witness
    from notigateway.witness.judging import Witness
    from notigateway.witness.kept import Kept

    telemetry.configure(_Telling(log_format))
    configured = load_witness(file)
    lines, kept, stopping = Logger("notigateway.witness"), Kept(configured.database), threading.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda _number, _frame: stopping.set())
    listener = _listen(configured)
    door = SideDoor(
        Service(Witness(configured, kept), kept),
        listener,
        report=lambda error: lines.error("witness_failed", exc_info=error),
        bounds=BOUNDS,
        connections_max=_CONNECTIONS,
    )
    door.start()
    host, port = listener.getsockname()[:2]
    typer.echo(f"READY http://{f'[{host}]' if ':' in host else host}:{port} {configured.me.vkey}")
    stopping.wait()
    door.stop()
    listener.close()
    kept.close()


@witness.command()
def heads(file: File) -> None:
    """Print the head of each log that was cosigned last, split views that were seen, and who waits."""
    from notigateway.tlog.checkpoint import read_checkpoint
    from notigateway.tlog.note import read_note

    with closing(_opened(file)) as kept:
        cosigned, accepted_names = kept.heads(), kept.accepted()
        conflicts, waiting = kept.conflicts(), kept.waiting()
    for origin, head in cosigned.items():
        at = instant_text(datetime.fromtimestamp(head.cosigned, UTC))
        typer.echo(f"{harmless(origin)}: {head.size} entries, root {head.root.hex()}, cosigned {at}")
    for origin, follows, accepted in accepted_names:
        if origin not in cosigned:
            named = f"{harmless(origin)}, before {harmless(follows)}"
            typer.echo(f"{named}: accepted {accepted}, and no head of it has come since")
    for origin, size, seen, refused, at in conflicts:
        last = read_checkpoint(read_note(seen).text)
        back = f"gone back from {last.size} entries to {size}" if size < last.size else f"{size} entries"
        typer.echo(f"SPLIT VIEW of {harmless(origin)}, {back}, seen {at}:")
        typer.echo("\n".join(map(_quoted, (seen, refused))))
    for one in waiting:
        typer.echo(f"waits for `notigateway witness accept`: {_told(one)}")


@witness.command()
def accept(
    file: File,
    origin: Annotated[str, typer.Argument(metavar="ORIGIN", help="The log's new name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: you have asked who runs the log.")] = False,
) -> None:
    """Confirm that a log which was restored goes on under a new name: its seal has signed a head of it.

    Nothing proves that the new log holds what the old one did. Ask who runs it by another way, then say so.
    """
    from notigateway.tlog.checkpoint import read_checkpoint
    from notigateway.tlog.note import read_note
    from notigateway.tlog.quoted import quoted_words

    with closing(_opened(file)) as kept:
        found = next((one for one in kept.waiting() if one.origin == origin), None)
        if found is None:
            raise ConfigurationError("no log waits under that name: see `notigateway witness heads`")
        typer.echo(_told(found))
        new, cosigned = read_checkpoint(read_note(found.note).text), kept.heads()
        last = cosigned.get(new.follows.origin if new.follows else found.follows)
        known = None if last is None else read_checkpoint(read_note(last.note).text)
        if last is not None and known is not None:
            former = harmless(known.origin)
            typer.echo(f"the head of {former} that this witness cosigned last:\n{_quoted(last.note)}")
        typer.echo(f"a head under the new name:\n{_quoted(found.note)}")
        typer.echo(harmless(quoted_words(new, known, "this witness has cosigned")))
        if not yes:
            typer.confirm("Cosign heads of the new name?", abort=True)
        with kept.turn() as turn:
            turn.accept(found, datetime.now(UTC))
        typer.echo(f"accepted: {harmless(origin)}")


def _told(one: Waiting) -> str:
    return f"{harmless(one.origin)}, sealed by the seal of {harmless(one.follows)}, first asked {one.at}"


def _quoted(note: bytes) -> str:
    """Return a note for a terminal, each line set in."""
    return "\n".join(f"    {harmless(line)}" for line in note.decode("utf-8", "replace").splitlines())


def _opened(file: Path) -> Kept:
    from notigateway.witness.configured import load_witness
    from notigateway.witness.kept import Kept

    return Kept(load_witness(file).database)


def _listen(configured: Configured) -> socket.socket:
    from notigateway.addresses import host_and_port

    host, port = host_and_port(configured.listen)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=_QUEUE)
    except OSError as error:
        raise ConfigurationError(f"listen: cannot take {configured.listen}: {error.strerror}") from error
    listener.setblocking(False)
    return listener
