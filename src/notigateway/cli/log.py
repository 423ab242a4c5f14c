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
from notigateway.errors import (
    ConfigurationError,
    LogDamagedError,
    TemporarilyUnavailableError,
)
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from notigateway.evidence.history import Pin
    from notigateway.evidence.seals import HeldSeal

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
        list[Path] | None,
        typer.Option(help="Heads that were kept elsewhere, in any of their shapes (evidence.md)."),
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
    from notigateway.receipts.authorities import pinned_authorities
    from notigateway.repository.engine import reading
    from notigateway.repository.log import log_size
    from notigateway.tlog.kept_head import heads_in

    settings = named_settings(settings_file)
    given = [one for file in seal_certificate or [] for one in load_certificates(file)]
    seals: list[Pin] = [*given, *load_history(settings)]
    heads = [one.checked(seals, "--seal-certificate") for file in against or [] for one in heads_in(file)]
    several = partial(looked_in_order, look=look_apart, opening=opened, settings=settings)
    try:
        with opened(settings) as engine:
            with reading(engine) as session:
                wanted = worth(processes or cores(), log_size(session), for_one_more=_LEAVES_FOR_ONE_MORE)
            found = audit_log(
                engine,
                seal_certificates=seals,
                origin=settings.log_origin,
                authorities=pinned_authorities(settings),
                now=datetime.now(UTC),
                heads=heads,
                look_at=partial(several, processes=wanted) if wanted > 1 else None,
            )
    except LogDamagedError as damage:
        typer.echo(f"{damage.code}: {damage.detail}", err=True)
        raise typer.Exit(1) from damage
    if as_json:
        told = {"misdated": len(found.misdated), "unproven": len(found.unproven)}
        typer.echo(json.dumps(found.summary() | told | {"against": len(heads)}))
    else:
        kept = f"; it holds all heads given by --against: {len(heads)}" if heads else ""
        typer.echo(f"the log is whole: {found.words}{kept}")
    for one in [*found.misdated, *found.unproven]:
        typer.echo(one, err=True)
    if found.misdated or found.unproven:
        raise typer.Exit(1)


@log.command()
def prove(
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="A head that was kept, in any of its shapes (evidence.md).")
    ],
    new: Annotated[
        Path | None,
        typer.Argument(metavar="[NEW]", help="A later one; left out: the log's newest."),
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Prove to whoever kept a head that the log has only grown since; print the proof as JSON.

    A head of a name that the log had before a restore is proven too, and the name told. Exit code 1: the log
    does not begin with what the head says.
    """
    from notigateway.evidence.seals import load_history
    from notigateway.log.proving import prove as prove_growth
    from notigateway.repository.engine import reading
    from notigateway.tlog.kept_head import head_in

    settings = named_settings(settings_file)
    seals = load_history(settings)
    older = head_in(old).checked(seals, "retired_seals_folder")
    newer = None if new is None else head_in(new).checked(seals, "retired_seals_folder")
    try:
        with opened(settings) as engine, reading(engine) as session:
            proven = prove_growth(session, older, newer)
    except LogDamagedError as damage:
        typer.echo(f"{damage.code}: {damage.detail}", err=True)
        raise typer.Exit(1) from damage
    typer.echo(json.dumps(proven.said()))
    if proven.older.origin != proven.newer.origin:
        former = f'that head is of the name "{proven.older.origin}" that the log had before it was restored'
        typer.echo(f'{former}: it goes on from it, as "{proven.newer.origin}"', err=True)


@log.command()
def resume(
    last_head: Annotated[
        Path,
        typer.Option(
            help="The last head that others know, signed: a note, a client's .log-head, a monitor's state."
        ),
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
    from notigateway.tlog.kept_head import signed_head_in

    if not 1 <= len(reason) <= _REASON_MAX or not (reason.isascii() and reason.isprintable()):
        raise ConfigurationError(f"--reason: 1 to {_REASON_MAX} printable letters of ASCII")
    settings = named_settings(settings_file)
    found = signed_head_in(last_head, "and what is quoted under the seal has to be signed")
    known = found.checked(load_history(settings), "retired_seals_folder")
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
