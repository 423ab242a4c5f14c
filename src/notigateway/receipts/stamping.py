"""Raises sealed receipts to XAdES-T, outside of every request: asks an authority for their time-stamps.

The heads of the log, its checkpoints, the PDFs that were made of receipts, and the few receipts that
somebody wants in the archival form of ETSI are time-stamped by the same job. A receipt has its whole effect
without a time-stamp, so an authority that is dead, slow or lying delays and never loses: what failed is due
again later, at longer and longer intervals. A token is checked before it is stored. Several jobs share the
work: each claims a batch, asks without holding a transaction, and stores.
"""

from __future__ import annotations

import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import ConfigurationError, RevocationDataError, StampInvalidError
from notigateway.evidence.history import PERIODS
from notigateway.evidence.lasting import Lasting
from notigateway.evidence.timestamp import (
    TOKEN_MAX_BYTES,
    Timestamp,
    add_token,
    check_not_before_seal,
    make_request,
    read_answer,
    signature_imprint,
)
from notigateway.pki.validity import Validity, last_to_end
from notigateway.receipts.authorities import dated_authorities
from notigateway.receipts.raising import Archiving, stamp_archives
from notigateway.receipts.stamping_forms import stamp_forms
from notigateway.repository.archive_timestamps import count_unstamped_archives
from notigateway.repository.engine import reading, writing
from notigateway.repository.forms import count_unstamped_forms
from notigateway.repository.log import count_unstamped, keep_token, list_unstamped
from notigateway.repository.timestamps import ReceiptTimestamp, claim_due, count_undone, lock_undone
from notigateway.tlog.dating import checkpoint_imprint
from notigateway.urls import place_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from cryptography import x509
    from sqlalchemy import Engine

    from notigateway.evidence.history import DatedCertificate
    from notigateway.pki.fetching import Fetcher
    from notigateway.settings import Settings

_QUERY: Final = "application/timestamp-query"
_AT_ONCE: Final = 4
_NONCE_BITS: Final = 63
# Longer than a batch can take: then its job is dead, and another takes it up.
_CLAIMED_FOR: Final = timedelta(minutes=30)
_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_MOST_DOUBLINGS: Final = 7


@dataclass(frozen=True)
class Authority:
    """Where time-stamps are asked for, and the pinned certificates of those who may give them.

    `pins` are all that ever were pinned, with their periods: they say how long a time-stamp lasts.
    """

    url: str
    certificates: Sequence[x509.Certificate]
    timeout_seconds: int
    pins: Sequence[DatedCertificate] = ()

    @classmethod
    def by(cls, settings: Settings, *, now: datetime) -> Self | None:
        """Read it from the settings; None where they name none.

        Raises: `ConfigurationError` where the folder holds no certificate, or none that is valid now: every
        token would be refused, after it was asked and paid for.
        """
        if not settings.timestamp_authority_url:
            return None
        folder, pinned = settings.timestamp_authority_folder, dated_authorities(settings)
        if not pinned:
            raise ConfigurationError(f"timestamp_authority_folder: no certificate (*.pem) in {folder}")
        if not any(Validity.of(one.certificate).covers(now) for one in pinned):
            raise ConfigurationError(_none_valid(folder, [one.certificate for one in pinned], now))
        # Of those that are out of use nothing new is taken: it would prove nothing to anybody.
        certificates = [one.certificate for one in pinned if one.covers(now)]
        if not certificates:
            raise ConfigurationError(f"timestamp_authority_folder: by {PERIODS} of {folder} none is in use")
        url, seconds = str(settings.timestamp_authority_url), settings.timestamp_timeout_seconds
        return cls(url, certificates, seconds, pinned)

    def lasting(self, now: datetime) -> Lasting:
        """Return what says until when time-stamps count."""
        return Lasting.of(self.pins or self.certificates, now)

    def lasts_until(self, now: datetime) -> datetime:
        """Return until when a time-stamp counts that the last of them to end gives now."""
        return max(map(self.lasting(now).until_of, self.certificates), default=now)

    def ask(self, fetcher: Fetcher, imprint: bytes) -> Timestamp:
        """Return a checked time-stamp of a SHA-256.

        Raises: `StampInvalidError`, also where nobody answers.
        """
        nonce = secrets.randbits(_NONCE_BITS)
        try:
            answer = fetcher.post(self.url, make_request(imprint, nonce), _QUERY)
        except RevocationDataError as error:
            raise StampInvalidError(f"{error.detail} from {place_of(self.url)}") from error
        return read_answer(answer, imprint=imprint, nonce=nonce, authorities=self.certificates)


def _none_valid(folder: Path, certificates: Sequence[x509.Certificate], now: datetime) -> str:
    last = last_to_end(certificates)
    lack = None if last is None else last.lack(now)
    return f"timestamp_authority_folder: no certificate in {folder} is valid now: the last one {lack}"


@dataclass(slots=True)
class Stamped:
    """What a run did: to how many receipts, checkpoints of the log, PDFs and archived forms of receipts.

    `failures` are the reasons, `waiting` how many of all of them have no time-stamp yet.
    """

    stamped: int = 0
    checkpoints: int = 0
    forms: int = 0
    archives: int = 0
    failed: int = 0
    waiting: int = 0
    failures: set[str] = field(default_factory=set)


def stamp(
    engine: Engine, *, authority: Authority, now: datetime, batch_size: int, most: int | None = None
) -> Stamped:
    """Ask for the time-stamps that are due, batch by batch, at most so many; stop where nobody answers."""
    # Who only checks time-stamps takes the authorities from here, and asks nobody.
    from notigateway.pki.fetching import Fetcher  # noqa: PLC0415

    done = Stamped()
    host = authority.url.partition("://")[2].partition("/")[0]
    fetching = Fetcher([host], timeout_seconds=authority.timeout_seconds, max_bytes=2 * TOKEN_MAX_BYTES)
    with fetching as fetcher, ThreadPoolExecutor(_AT_ONCE) as pool:
        while most is None or done.stamped < most:
            with writing(engine) as session:
                due = claim_due(session, now=now, until=now + _CLAIMED_FOR, limit=batch_size)
                claimed = {row.id: row.xml for row in due}
            if not claimed:
                break
            answers = pool.map(lambda xml: _ask(authority, fetcher, xml), claimed.values())
            results = dict(zip(claimed, answers, strict=True))
            _store(engine, results, claimed, now=now)
            _count(done, results)
            if all(isinstance(one, str) for one in results.values()):
                break  # dead or lying: what is claimed next would fare no better
        _stamp_checkpoints(engine, authority, fetcher, done=done, limit=batch_size)
        _stamp_forms(engine, authority, fetcher, pool, done=done, now=now, limit=batch_size)
        _stamp_archives(engine, authority, fetcher, done=done, now=now, limit=batch_size)
    with reading(engine) as session:
        done.waiting = count_undone(session) + count_unstamped(session) + count_unstamped_forms(session)
        done.waiting += count_unstamped_archives(session)
    return done


def _stamp_archives(
    engine: Engine, authority: Authority, fetcher: Fetcher, *, done: Stamped, now: datetime, limit: int
) -> None:
    """Get one batch of archive time-stamps: so a mass of them holds up nothing else."""
    archiving = Archiving(
        ask=lambda imprint: authority.ask(fetcher, imprint),
        ends=authority.lasts_until(now),
        until=authority.lasting(now).until,
        pause=_pause_after,
    )
    found = stamp_archives(engine, archiving, now=now, limit=limit)
    failures = [one for one in found if isinstance(one, str)]
    done.archives += len(found) - len(failures)
    done.failed += len(failures)
    done.failures.update(failures)


def _stamp_forms(
    engine: Engine,
    authority: Authority,
    fetcher: Fetcher,
    pool: Executor,
    *,
    done: Stamped,
    now: datetime,
    limit: int,
) -> None:
    """Ask for the time-stamps of PDFs that are due, batch by batch, until all of one fail."""
    while True:
        found = stamp_forms(
            engine,
            lambda imprint: authority.ask(fetcher, imprint),
            pool,
            now=now,
            pause=_pause_after,
            limit=limit,
        )
        failures = [one for one in found if isinstance(one, str)]
        done.forms += len(found) - len(failures)
        done.failed += len(failures)
        done.failures.update(failures)
        if len(failures) == len(found):
            return


def _pause_after(attempts: int) -> timedelta:
    """Return how long to wait before asking again, longer and longer."""
    pause: timedelta = _FIRST_PAUSE * 2 ** min(attempts, _MOST_DOUBLINGS)
    return min(pause, _LONGEST_PAUSE)


def _stamp_checkpoints(
    engine: Engine, authority: Authority, fetcher: Fetcher, *, done: Stamped, limit: int
) -> None:
    """Ask for the time-stamps of the log's heads, the oldest first, until one fails.

    Several jobs may ask for the same; the first that stores its own stands.
    """
    with reading(engine) as session:
        waiting = [(one.size, one.signature) for one in list_unstamped(session, limit=limit)]
    for size, signature in waiting:
        try:
            token = authority.ask(fetcher, checkpoint_imprint(signature)).token
        except (StampInvalidError, RevocationDataError) as error:
            done.failed += 1
            done.failures.add(error.detail)
            return
        with writing(engine) as session:
            done.checkpoints += keep_token(session, size, token)


def _ask(authority: Authority, fetcher: Fetcher, receipt: bytes) -> Timestamp | str:
    """Return the time-stamp of a receipt's seal, or why there is none."""
    try:
        found = authority.ask(fetcher, signature_imprint(receipt))
        check_not_before_seal(receipt, found.at)
    except (StampInvalidError, RevocationDataError) as error:
        return error.detail
    return found


def _store(
    engine: Engine,
    results: Mapping[UUID, Timestamp | str],
    originals: Mapping[UUID, bytes],
    *,
    now: datetime,
) -> None:
    """Store what was answered; what was not is due again later."""
    with writing(engine) as session:
        for receipt_id, receipt in lock_undone(session, results).items():
            result = results[receipt_id]
            if isinstance(result, Timestamp):
                xml = add_token(originals[receipt_id], result.token)
                sha256 = hashlib.sha256(xml).hexdigest()
                session.add(ReceiptTimestamp(receipt_id=receipt_id, at=result.at, sha256=sha256, xml=xml))
                receipt.timestamp_due_at = None
            else:
                receipt.timestamp_due_at = now + _pause_after(receipt.timestamp_attempts)
                receipt.timestamp_attempts += 1


def _count(done: Stamped, results: Mapping[UUID, Timestamp | str]) -> None:
    failures = [one for one in results.values() if isinstance(one, str)]
    done.stamped += len(results) - len(failures)
    done.failed += len(failures)
    done.failures.update(failures)
