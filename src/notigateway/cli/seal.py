"""`notigateway seal retire`: end the period of a seal, once all that it made has proof of its time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from notigateway.cli.opening import opened
from notigateway.cli.options import SettingsFile, named_settings
from notigateway.cli.telling import harmless
from notigateway.errors import ConfigurationError, RevocationDataError, StampInvalidError
from notigateway.instants import instant_text, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from notigateway.evidence.history import DatedCertificate
    from notigateway.receipts.proofs_due import ProofsDue
    from notigateway.receipts.stamping import Authority
    from notigateway.settings import Settings

seal = typer.Typer(help="End the use of a seal.", no_args_is_help=True)

_NOT_ENDED: Final = 1
# For so long a worker whose clock is behind seals on, and a minute more for a request that it has begun.
_SETTLES: Final = timedelta(minutes=6)


@seal.callback()
def _seal() -> None:
    """Group the commands, although there is one."""


@seal.command()
def retire(
    certificate: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Its file in retired_seals_folder: seal-2026.cert.pem."),
    ],
    settings_file: SettingsFile = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say how much has no time-stamp yet; change nothing.")
    ] = False,
    ahead: Annotated[
        int,
        typer.Option(
            "--in", min=3, max=3600, help="In so many seconds it stops sealing: reload before, in time."
        ),
    ] = 5,
    wait: Annotated[
        int, typer.Option(min=0, max=86_400, help="For so many seconds the authority is asked again.")
    ] = 300,
) -> None:
    """Stop sealing with it, have everything it made time-stamped, and only then end its period.

    It takes six minutes: for so long what was sealed just before may be on its way into the database. First
    name the next seal in the settings, and put the former certificate into retired_seals_folder. Whatever
    stops this command, run it again: it goes on. Where the period has ended, that is told, and nothing is
    changed. Exit code 1: the period is not ended, and why.
    """
    settings = named_settings(settings_file)
    with opened(settings) as engine:
        pinned = _pinned(settings, certificate)
        if check:
            stopped = min(pinned.stops, _now())
            _tell(_count(engine, pinned, stopped))
        if pinned.until <= _now():
            ended = f"its period ended at {instant_text(pinned.until)} already"
            typer.echo(f"{certificate}: {ended}; nothing was changed")
        if check or pinned.until <= _now():
            return
        stopped = _stop(settings, certificate, pinned, ahead=timedelta(seconds=ahead))
        authority = _authority(settings)
        retiring = _Retiring(engine, settings, authority, pinned, stopped)
        if not (retiring.have_all_stamped(seconds=wait) and retiring.settle(certificate, seconds=wait)):
            raise typer.Exit(_NOT_ENDED)
        # What was under way when it stopped is there by now, and waits for its time-stamp.
        if not (retiring.have_all_stamped(seconds=wait) and retiring.renew() and retiring.get_past_tokens()):
            raise typer.Exit(_NOT_ENDED)
    from notigateway.evidence.periods import write_period

    until = write_period(settings.retired_seals_folder, certificate, "until", to_milliseconds(_now()))
    typer.echo(
        f"{certificate}: its period ended at {instant_text(until)}; destroy its key, and publish the folder"
    )


def _pinned(settings: Settings, name: str) -> DatedCertificate:
    """Return the certificate of that file with its period. Raises: `ConfigurationError`."""
    from notigateway.evidence.history import PERIODS, load_seals
    from notigateway.pki.keys import load_certificates

    folder = settings.retired_seals_folder
    if name == PERIODS or Path(name).name != name or not (folder / name).is_file():
        raise ConfigurationError(
            f"retired_seals_folder: there is no file {name} in {folder}: put the former certificate there"
        )
    (named, *_) = load_certificates(folder / name)
    (present, *_) = load_certificates(settings.seal_certificate_file)
    if named == present:
        raise ConfigurationError(
            "seal_certificate_file still names this seal: name the next one, then run this again, and reload"
        )
    return next(one for one in load_seals(folder) if one.certificate == named)


def _stop(settings: Settings, name: str, pinned: DatedCertificate, *, ahead: timedelta) -> datetime:
    """Write when it stops sealing, unless that is written, and wait until it has."""
    from notigateway.evidence.periods import write_period

    stops = pinned.stops
    if stops > _now() + ahead:
        # Every process that has it looks once a second, and seals until then: so it is never at once.
        stops = (_now() + ahead).replace(microsecond=0)
        stops = write_period(settings.retired_seals_folder, name, "stops", stops)
        typer.echo(f"{name}: it seals no more from {instant_text(stops)} on; reload what still has it")
    while _now() <= stops:
        time.sleep(0.2)
    return stops


def _authority(settings: Settings) -> Authority:
    from notigateway.receipts.stamping import Authority

    authority = Authority.by(settings, now=_now())
    if authority is None:
        raise ConfigurationError(
            "timestamp_authority_url: there is no authority to ask, so nothing can prove later what this "
            "seal made: its period is not ended. Where it must end all the same, as when its key was stolen, "
            "write `until` into periods.toml: what has no time-stamp then is as good as forged"
        )
    return authority


@dataclass(frozen=True, slots=True)
class _Retiring:
    """What ends the period of a seal that has stopped; each step says why where it cannot."""

    engine: Engine
    settings: Settings
    authority: Authority
    pinned: DatedCertificate
    stopped: datetime

    def have_all_stamped(self, *, seconds: int, clock: Callable[[], float] = time.monotonic) -> bool:
        """Ask for time-stamps until nothing waits; tell whether that came about in time."""
        from notigateway.pki.keys import fingerprint
        from notigateway.receipts.proofs_due import have_asked_again
        from notigateway.receipts.stamping import stamp

        name, until = fingerprint(self.pinned.certificate), clock() + seconds
        size = self.settings.timestamp_batch_size
        while True:
            left = _count(self.engine, self.pinned, self.stopped)
            if left.is_nothing:
                return True
            _tell(left)
            have_asked_again(self.engine, name, stopped=self.stopped, now=_now())
            done = stamp(self.engine, authority=self.authority, now=_now(), batch_size=size)
            if _count(self.engine, self.pinned, self.stopped).is_nothing:
                continue
            for failure in sorted(done.failures):
                typer.echo(harmless(failure), err=True)
            if clock() >= until:
                typer.echo(
                    "its period is not ended: what has no time-stamp could not be told from a forgery then. "
                    "It stays stopped; run this again when the authority answers",
                    err=True,
                )
                return False
            time.sleep(min(5.0, max(0.0, until - clock())) if done.failed else 0.0)

    def settle(self, name: str, *, seconds: int, clock: Callable[[], float] = time.monotonic) -> bool:
        """Wait until nothing that it sealed before it stopped can still be on its way into the database.

        A worker's clock may be behind, so it seals a while longer, and what it has sealed is committed after:
        once no worker seals, every transaction that is open then must be over. Tell whether it is.
        """
        from notigateway.repository.retiring import transactions_under_way

        settled = self.stopped + _SETTLES
        if _now() < settled:
            typer.echo(f"{name}: until {instant_text(settled)} something may be under way: waiting")
        _wait_until(settled)
        until, before = clock() + seconds, transactions_under_way(self.engine)
        left = before
        if before:
            typer.echo(f"{name}: {len(before)} transactions are open: waiting for them to end")
        while left and clock() < until:
            time.sleep(0.2)
            left &= transactions_under_way(self.engine)
        if left:
            typer.echo(
                f"its period is not ended: {len(left)} transactions are open yet, which may hold what it "
                "sealed (a copy of the database that is being made is one, too). Run this again then",
                err=True,
            )
        return not left

    def renew(self) -> bool:
        """Renew the newest head, so that for decades one chain proves all that this seal made."""
        from notigateway.evidence.seals import load_seal
        from notigateway.receipts.renewing import RenewalJob

        present = load_seal(self.settings, now=_now())
        try:
            RenewalJob.by(self.settings, self.authority).renew(self.engine, present, now=_now())
        except (StampInvalidError, RevocationDataError) as error:
            typer.echo(f"its period is not ended: the head of the log could not be renewed, {error.detail}")
            return False
        return True

    def get_past_tokens(self) -> bool:
        """Wait until this clock is past what is dated; tell whether it is.

        The authority's clock may be ahead of this one, or may have been, and of its servers one more than
        another: the period must not end before any instant that they have stated.
        """
        from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
        from notigateway.pki.keys import fingerprint
        from notigateway.receipts.proofs_due import last_dated

        last = last_dated(self.engine, fingerprint(self.pinned.certificate))
        if last is None:
            return True
        last += timedelta(milliseconds=1)
        if last > _now() + CLOCKS_DIFFER_AT_MOST:
            typer.echo(
                f"its period is not ended: a time-stamp says that it is of {instant_text(last)}, by the "
                "authority's clock. Ask who runs it, set this machine's clock right, and run this again then",
                err=True,
            )
            return False
        _wait_until(last)
        return True


def _wait_until(instant: datetime) -> None:
    while _now() < instant:
        time.sleep(min(1.0, max(0.0, (instant - _now()).total_seconds())))


def _count(engine: Engine, pinned: DatedCertificate, stopped: datetime) -> ProofsDue:
    from notigateway.pki.keys import fingerprint
    from notigateway.receipts.proofs_due import count_due

    return count_due(engine, fingerprint(pinned.certificate), stopped=stopped)


def _tell(left: ProofsDue) -> None:
    typer.echo(f"without a time-stamp: {left.receipts} receipts, {left.heads} checkpoints, {left.forms} PDFs")


def _now() -> datetime:
    return datetime.now(UTC)
