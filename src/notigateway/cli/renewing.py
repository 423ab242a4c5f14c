"""`notigateway log renew|second-tree`: what keeps the log's proofs convincing for decades."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from notigateway.cli.opening import bar, opened
from notigateway.cli.options import SettingsFile, named_settings
from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError, StampInvalidError
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.receipts.renewing import RenewalJob


def renew(
    settings_file: SettingsFile = None,
    if_due: Annotated[
        bool, typer.Option("--if-due", help="Only where the setting renewal_days or a certificate wants it.")
    ] = False,
) -> None:
    """Have the time-stamp authority of now time-stamp the newest head of the log, and keep that in the log.

    One call for every receipt that there is. `notigateway jobs` does it where it is due. Exit code 1: the
    authority is away, or something is to be done before the proofs of today end.
    """
    from notigateway.clock.runs import RENEW, of_renewal, recorded

    with _job(settings_file) as (engine, job, seal), recorded(engine, RENEW, clock=_now) as found:
        warnings: list[str] = []
        if if_due:
            renewed, warnings = job.renew_where_due(engine, seal, now=_now())
        else:
            renewed = job.renew(engine, seal, now=_now())
        found.append(of_renewal(renewed, warnings))
    if renewed is None:
        typer.echo("nothing to renew")
    else:
        typer.echo(
            f"renewal {renewed.number}: the head of {renewed.size} leaves, time-stamped on "
            f"{instant_text(renewed.at)}; it counts until {instant_text(renewed.until)}"
        )
    for one in warnings:
        typer.echo(harmless(one), err=True)
    if warnings:
        raise typer.Exit(1)


def second_tree(settings_file: SettingsFile = None) -> None:
    """Renew the head, build the tree of SHA-512 up to it, and have its root time-stamped by SHA-512.

    Do it before SHA-256 ends, and once a year from then on. It may be stopped at any time, and goes on where
    it was; several at once share the work.
    """
    from notigateway.log.second import build, state
    from notigateway.repository.engine import reading
    from notigateway.repository.renewals import second_size

    with _job(settings_file) as (engine, job, seal):
        renewed = job.renew(engine, seal, now=_now())
        if renewed is None:
            typer.echo("the log is empty")
            return
        with reading(engine) as session:
            there = second_size(session)
        with bar("entries", renewed.size - there) as progress:
            added = build(engine, on_progress=lambda done: progress.reach(done - there))
        now = _now()
        with job.renewing(engine, seal, now=now) as renewing:
            built = state(engine, renewing, added=added, now=now)
    if built is not None:
        typer.echo(
            f"statement {built.number}: {built.size} entries, {built.added} of them new, time-stamped on "
            f"{instant_text(built.at)}"
        )


@contextmanager
def _job(settings_file: SettingsFile) -> Iterator[tuple[Engine, RenewalJob, Seal]]:
    """Open what renewing needs. Raises: `ConfigurationError`, `TemporarilyUnavailableError`."""
    from notigateway.evidence.seals import load_seal
    from notigateway.receipts.renewing import RenewalJob
    from notigateway.receipts.stamping import Authority

    settings = named_settings(settings_file)
    authority = Authority.by(settings, now=_now())
    if authority is None:
        raise ConfigurationError("timestamp_authority_url: there is no authority to ask")
    seal = load_seal(settings, now=_now())
    with opened(settings) as engine:
        try:
            yield engine, RenewalJob.by(settings, authority), seal
        except StampInvalidError as error:
            typer.echo(harmless(f"the authority gave no time-stamp: {error.detail}"), err=True)
            raise typer.Exit(1) from error


def _now() -> datetime:
    return datetime.now(UTC)
