"""`notigateway checkpoint` and `notigateway log verify|erase`: the log of receipts and access records."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import Processes, SettingsFile, SummaryAsJson, named_settings
from notigateway.cli.renewing import renew, second_tree
from notigateway.errors import ConfigurationError, LogDamagedError, TemporarilyUnavailableError
from notigateway.given_files import read_file
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notigateway.evidence.seals import HeldSeal
    from notigateway.tlog.checkpoint import Checkpoint

log = typer.Typer(
    help="Verify the log of receipts and access records, erase what is older than needed.",
    no_args_is_help=True,
)

log.command("renew")(renew)
log.command("second-tree")(second_tree)

_REASON_MAX: Final = 200
# A leaf is looked at in 40 µs.
_LEAVES_FOR_ONE_MORE: Final = 25_000


def checkpoint(
    settings_file: SettingsFile = None,
    every: Annotated[
        int, typer.Option(min=0, max=60, help="Go on, every so many seconds, until stopped; 0: once.")
    ] = 0,
) -> None:
    """Order what was committed since the last time in the log, and sign its head with the seal.

    Keep it running with `--every 30`, or start it by a timer once a minute. Several at once share the work.
    One that goes on takes up another seal in the settings by itself.
    """
    from notigateway.evidence.seals import HeldSeal

    settings = named_settings(settings_file)
    held = HeldSeal(lambda: named_settings(settings_file))
    held.at(datetime.now(UTC))
    while True:
        try:
            with opened(settings) as engine:
                _advance(engine, held, origin=settings.log_origin)
        except TemporarilyUnavailableError as trouble:
            if not every:
                raise
            typer.echo(f"{trouble.code}: {trouble.detail}", err=True)
        if not every:
            return
        time.sleep(every)


def _advance(engine: Engine, held: HeldSeal, *, origin: str) -> None:
    """Advance the log and print its head: what an auditor may keep elsewhere."""
    from notigateway.clock.runs import CHECKPOINT, recorded
    from notigateway.log.growing import advance

    with recorded(engine, CHECKPOINT, clock=lambda: datetime.now(UTC)):
        now = datetime.now(UTC)
        head = advance(engine, seal=held.at(now), origin=origin, now=now)
    if held.trouble is not None:
        typer.echo(f"{held.trouble.code}: {held.trouble.detail}", err=True)
    typer.echo("the log is empty" if head is None else head.text.decode().replace("\n", " ").rstrip())


@log.command()
def verify(
    settings_file: SettingsFile = None,
    seal_certificate: Annotated[
        list[Path] | None,
        typer.Option(help="Another certificate of the seal, besides the settings' present and retired ones."),
    ] = None,
    against: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that was kept elsewhere: its note, or its text.")
    ] = None,
    as_json: SummaryAsJson = False,
    processes: Processes = None,
) -> None:
    """Recompute the log: every record against its leaf, the tree, every checkpoint with seal and time-stamp.

    Exit code 1 names the first thing that is wrong, or each checkpoint whose time goes back, or that only a
    seal out of use vouches for.
    """
    from notigateway.cli.together import cores, looked_in_order, worth
    from notigateway.evidence.seals import load_history
    from notigateway.log.auditing import audit_log
    from notigateway.log.leaves import look_apart
    from notigateway.pki.keys import load_certificates
    from notigateway.receipts.stamping import pinned_authorities
    from notigateway.repository.engine import reading
    from notigateway.repository.log import log_size

    settings = named_settings(settings_file)
    given = [one for file in seal_certificate or [] for one in load_certificates(file)]
    several = partial(looked_in_order, look=look_apart, opening=opened, settings=settings)
    try:
        with opened(settings) as engine:
            with reading(engine) as session:
                wanted = worth(processes or cores(), log_size(session), for_one_more=_LEAVES_FOR_ONE_MORE)
            found = audit_log(
                engine,
                seal_certificates=[*given, *load_history(settings)],
                origin=settings.log_origin,
                authorities=pinned_authorities(settings),
                now=datetime.now(UTC),
                heads=[_kept_head(file) for file in against or []],
                look_at=partial(several, processes=wanted) if wanted > 1 else None,
            )
    except LogDamagedError as damage:
        typer.echo(f"{damage.code}: {damage.detail}", err=True)
        raise typer.Exit(1) from damage
    if as_json:
        told = {"misdated": len(found.misdated), "unproven": len(found.unproven)}
        typer.echo(json.dumps(found.summary() | told))
    else:
        numbers = ", ".join(f"{number} {name}" for name, number in found.summary().items())
        typer.echo(f"the log is whole: {numbers}")
    for one in [*found.misdated, *found.unproven]:
        typer.echo(one, err=True)
    if found.misdated or found.unproven:
        raise typer.Exit(1)


@log.command()
def prove(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="A head that was kept: its note, or its text.")],
    new: Annotated[
        Path | None,
        typer.Argument(metavar="[NEW]", help="A later one; left out: the log's newest."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Prove to whoever kept a head that the log has only grown since; print the proof as JSON.

    Exit code 1: the log does not begin with what the head says.
    """
    from notigateway.log.growing import consistency_of
    from notigateway.repository.engine import reading
    from notigateway.repository.log import find_last_checkpoint
    from notigateway.tlog.checkpoint import read_checkpoint
    from notigateway.tlog.merkle import is_consistent

    settings = named_settings(settings_file)
    older = _kept_head(old)
    with opened(settings) as engine, reading(engine) as session:
        last = find_last_checkpoint(session)
        if new is None and last is None:
            raise ConfigurationError("the log has no head yet")
        newer = read_checkpoint(last.text) if new is None and last is not None else _kept_head(new or old)
        try:
            proof = consistency_of(session, older.size, newer.size)
        except ValueError as error:
            typer.echo(f"LOG_DAMAGED: {error}", err=True)
            raise typer.Exit(1) from error
    roots = {"older_root": older.root, "newer_root": newer.root}
    holds = is_consistent(older.size, newer.size, proof=proof, **roots)
    if not holds or older.origin != newer.origin:
        typer.echo("LOG_DAMAGED: the log does not begin with what the older head says", err=True)
        raise typer.Exit(1)
    said = {
        "log": newer.origin,
        "old_size": older.size,
        "old_root": older.root.hex(),
        "new_size": newer.size,
        "new_root": newer.root.hex(),
        "proof": [one.hex() for one in proof],
    }
    typer.echo(json.dumps(said))


def _noted(file: Path) -> bytes:
    """Return the note in a file, or the one that a client keeps. Raises: `ConfigurationError`."""
    data = read_file(file)
    if not data.startswith(b"{"):
        return data
    try:
        return str(json.loads(data)["head"]).encode()
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ConfigurationError(f"{file} holds no head of a log") from error


def _kept_head(file: Path) -> Checkpoint:
    """Read a head that was kept as a note, or as its text alone."""
    from notigateway.tlog.checkpoint import read_checkpoint

    text, divided, _ = read_file(file).partition(b"\n\n")
    return read_checkpoint(text + b"\n" if divided else text)


@log.command()
def resume(
    last_head: Annotated[
        Path,
        typer.Option(help="The last head that others know: its note, or a client's .log-head."),
    ],
    reason: Annotated[str, typer.Option(help="Why it goes on under a new name: signed, and public.")],
    settings_file: SettingsFile = None,
) -> None:
    """After a restore to an earlier point: go on under a new name, which `log_origin` says already.

    The first head of that name quotes the last known one of the former name. Clients and witnesses stop until
    a person has confirmed it. Without this, what is signed under the former name is a split view.
    """
    from notigateway.evidence.seals import load_history, load_seal
    from notigateway.log.resuming import resume as go_on
    from notigateway.tlog.note import read_note, verify_note

    if not 1 <= len(reason) <= _REASON_MAX or not (reason.isascii() and reason.isprintable()):
        raise ConfigurationError(f"--reason: 1 to {_REASON_MAX} printable letters of ASCII")
    settings = named_settings(settings_file)
    note = read_note(_noted(last_head))
    known = verify_note(note, seal_certificates=load_history(settings)).checkpoint
    now = datetime.now(UTC)
    with opened(settings) as engine:
        head = go_on(
            engine,
            seal=load_seal(settings, now=now),
            origin=settings.log_origin,
            last=known,
            reason=" ".join(reason.split()),
            now=now,
        )
    typer.echo(head.text.decode().replace("\n", " ").rstrip())


@log.command("erase")
def erase_old(
    before: Annotated[str, typer.Option(help="Access records of before this instant, with zone.")],
    settings_file: SettingsFile = None,
) -> None:
    """Erase access records at the end of their retention; their leaves stay, and all proofs stay valid.

    Only what a checkpoint covers is erased. It cannot be undone.
    """
    from notigateway.log.growing import erase

    try:
        instant = datetime.fromisoformat(before)
    except ValueError as error:
        raise typer.BadParameter(f"{before} is no instant") from error
    if instant.tzinfo is None or instant > datetime.now(UTC):
        raise typer.BadParameter(f"{before} must have a zone and lie in the past")
    with opened(named_settings(settings_file)) as engine:
        erased = erase(engine, before=instant)
    typer.echo(f"{erased} access records of before {instant_text(instant)} erased")
