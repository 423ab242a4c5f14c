"""The periodic jobs: what each does, and how its trouble is told."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway.addressee.following import Following
from notigateway.clock.agreement import check_clock
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.clock.obliging import rights_by
from notigateway.clock.runs import (
    SEAL_JOB,
    Done,
    of_cosigning,
    of_pushing,
    of_refresh,
    of_renewal,
    of_stamping,
    of_sweep,
    of_telling,
)
from notigateway.destinations import Destinations, read_networks
from notigateway.errors import GatewayError, ServiceError
from notigateway.evidence.seals import HeldSeal
from notigateway.law.pushing import SubscriptionKind
from notigateway.log.growing import advance
from notigateway.log.witnessing import Witnesses, collect
from notigateway.logger import Logger
from notigateway.outbox.carrying import carrier_by
from notigateway.outbox.composing import Composing
from notigateway.outbox.mail_server import Refusals
from notigateway.outbox.sending import Sending, tell
from notigateway.pki.keys import fingerprint, load_key_pair
from notigateway.push.callbacks import CallBacks
from notigateway.push.events import Events
from notigateway.push.keys import PushKeys
from notigateway.push.run import Pushing
from notigateway.push.sending import Sender
from notigateway.receipts.own import own_certificates
from notigateway.receipts.renewing import Asking, RenewalJob
from notigateway.receipts.stamping import Authority, stamp
from notigateway.trust.authorities import load_trust
from notigateway.trust.refreshing import Sources, refresh
from notigateway.wss.sign import Signer

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.push.events import Form
    from notigateway.settings import Settings

# Deadlines that approach, and powers that expire, are a matter of days.
_LOOK_EVERY: Final = timedelta(hours=1)
# How often a trouble that goes on is told again.
_REMIND_SECONDS: Final = 60.0
# Then the stop is looked at again.
_STAMPS_AT_MOST: Final = 200
_LAPSES_AT_MOST: Final = 400

_log = Logger("notigateway.job")


@dataclass(frozen=True, slots=True)
class Job:
    """What is done every so many seconds."""

    name: str
    every_seconds: float
    work: Callable[[Engine, datetime], Done]


def refreshing(settings: Settings, sealing: Sealing | None = None) -> Callable[[Engine, datetime], Done]:
    """Return what takes in lists of revoked certificates and those who are trusted.

    What validates the gateway's own seals is kept, also of the one that `sealing` follows.
    """

    def work(engine: Engine, now: datetime) -> Done:
        trust = load_trust(settings, engine, now=now, for_refreshing=True)
        find_own = partial(own_certificates, settings, _present(sealing, now))
        return of_refresh(refresh(engine, trust, Sources.by(settings), now=now, find_own=find_own))

    return work


def sweeping(settings: Settings, sealing: Sealing) -> Callable[[Engine, datetime], Done]:
    """Return what writes the receipts of what lapses. Raises: `ConfigurationError`."""
    how = Sweeping.by(settings)

    def work(engine: Engine, now: datetime) -> Done:
        check_clock(engine, now)
        done = sweep(engine, seal=sealing.seal(now), now=now, sweeping=how, most=_LAPSES_AT_MOST)
        return of_sweep(done)

    return work


def stamping(settings: Settings) -> Callable[[Engine, datetime], Done]:
    """Return what asks the authority for the time-stamps that are due; the settings name one."""

    def work(engine: Engine, now: datetime) -> Done:
        authority = Authority.by(settings, now=now)
        if authority is None:
            return Done({})
        size = settings.timestamp_batch_size
        return of_stamping(stamp(engine, authority=authority, now=now, batch_size=size, most=_STAMPS_AT_MOST))

    return work


def checkpointing(settings: Settings, sealing: Sealing) -> Callable[[Engine, datetime], Done]:
    """Return what signs the log's head, so that it is never old."""

    def work(engine: Engine, now: datetime) -> Done:
        advance(engine, seal=sealing.seal(now), origin=settings.log_origin, now=now)
        return Done({})

    return work


def cosigning(settings: Settings, sealing: Sealing) -> Callable[[Engine, datetime], Done]:
    """Return what asks the witnesses to cosign the log's newest head; the settings name some."""

    def work(engine: Engine, now: datetime) -> Done:
        witnesses = Witnesses.by(settings, _present(sealing, now))
        return Done({}) if witnesses is None else of_cosigning(collect(engine, witnesses, now=now))

    return work


def renewing(settings: Settings, sealing: Sealing) -> Callable[[Engine, datetime], Done]:
    """Return what renews the log's head where that is due; the settings name an authority."""
    asking = Asking()

    def work(engine: Engine, now: datetime) -> Done:
        authority = Authority.by(settings, now=now)
        if authority is None:
            return Done({})
        seal = sealing.seal(now)
        job = RenewalJob.by(settings, authority, seal.certificate, asking)
        return of_renewal(*job.renew_where_due(engine, seal, now=now))

    return work


def pushing(settings: Settings) -> Callable[[Engine, datetime], Done]:
    """Return what pushes changes to who has subscribed; the settings name a key.

    Raises: `ConfigurationError`.
    """
    keys = PushKeys.read(settings).keys
    destinations = Destinations(read_networks(settings.push_networks))
    following = Following(rights_by(settings), settings.information_years)
    service = load_key_pair(settings.service_key_file, settings.service_certificate_file)
    forms: dict[SubscriptionKind, Form] = {
        SubscriptionKind.WEBHOOK: Events(str(settings.public_url)),
        SubscriptionKind.SOAP: CallBacks(Signer(service.key, service.certificate)),
    }

    sender = Sender(keys[0], destinations, seconds=settings.push_timeout_seconds)

    def work(engine: Engine, now: datetime) -> Done:
        return of_pushing(Pushing(engine, following, forms, sender).run(now))

    return work


def noticing(settings: Settings) -> Callable[[Engine, datetime], Done]:
    """Return what sends notices; the settings say by whom. Raises: `ConfigurationError`."""
    composing = Composing(
        rights=rights_by(settings),
        digest_hour=settings.notices_digest_hour,
        page=str(settings.notices_page_url),
    )
    keep = timedelta(days=settings.notices_keep_days)
    sending = Sending(composing=composing, per_second=settings.notices_per_second, keep=keep)
    looked: list[datetime] = []
    refusals = Refusals()

    def work(engine: Engine, now: datetime) -> Done:
        carrier = carrier_by(settings, refusals=refusals, now=now)
        if carrier is None:
            return Done({})
        is_hourly = not looked or not timedelta(0) <= now - looked[-1] < _LOOK_EVERY
        done = tell(engine, carrier, sending, now=now, is_hourly=is_hourly)
        if is_hourly:
            looked[:] = [now]
        return of_telling(done)

    return work


def _present(sealing: Sealing | None, now: datetime) -> Certificate | None:
    """Return the certificate of what seals now; None where nothing does, which others tell of."""
    with suppress(GatewayError):
        return None if sealing is None else sealing.seal(now).certificate
    return None


class Standing:
    """A job's trouble while it goes on: told at once, then once a minute, and when it is over."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._since: float | None = None
        self._told_at = 0.0

    def tell(self, **line: object) -> None:
        """Tell of the trouble, unless that was done a moment ago."""
        if self._is_due():
            _log.warning("job_failed", job=self._job, **line)

    def tell_defect(self, error: Exception) -> None:
        """Tell of what nobody thought of, with its trace; as seldom."""
        if self._is_due():
            line = {"code": ServiceError.code, "detail": type(error).__name__}
            _log.error("job_failed", job=self._job, exc_info=error, **line)

    def _is_due(self) -> bool:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._told_at < _REMIND_SECONDS:
            return False
        self._told_at = now
        return True

    def end(self) -> None:
        """Tell that the trouble is over, if there was one."""
        if self._since is not None:
            _log.info("job_recovered", job=self._job, seconds=round(time.monotonic() - self._since, 1))
            self._since = None


class Sealing:
    """The seal of the jobs, which follow the settings in this alone: a run seals with what they name then."""

    def __init__(self, read: Callable[[], Settings]) -> None:
        self._held = HeldSeal(read)
        self._standing = Standing(SEAL_JOB)
        self._certificate: Certificate | None = None

    def seal(self, now: datetime) -> Seal:
        """Return what seals now. Raises: `ConfigurationError`, `TemporarilyUnavailableError`."""
        seal = self._held.at(now)
        if self._held.trouble is None:
            self._standing.end()
        else:
            self._standing.tell(**self._held.trouble.line)
        if self._certificate not in {None, seal.certificate}:
            _log.info("seal_changed", sha256=fingerprint(seal.certificate))
        self._certificate = seal.certificate
        return seal
