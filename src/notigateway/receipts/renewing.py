"""Renewing by the settings: what a head of the log, or the second tree, is renewed with, and by whom."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.seals import load_history
from notigateway.evidence.timestamp import TOKEN_MAX_BYTES
from notigateway.instants import instant_text
from notigateway.log.renewing import AHEAD, Renewing, is_due, is_ending, renew, standing, warning
from notigateway.pki.keys import fingerprint
from notigateway.repository.engine import reading
from notigateway.repository.renewals import find_last_root
from notigateway.trust.kept import choose, read_chosen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.algorithms import Algorithms
    from notigateway.evidence.sealing import Seal
    from notigateway.log.renewing import Renewed, Standing
    from notigateway.receipts.stamping import Authority
    from notigateway.settings import Settings

# What the log's tree and its proofs rest on.
_OF_THE_LOG: Final = frozenset({"SHA-256"})
# A record has room for so much of what tells of an authority's status (base64, beside its certificates).
_STATUSES_MAX_BYTES: Final = 256 * 1024
_ASKED_EVERY: Final = timedelta(days=1)
# So long before it ends, the second tree must have been built.
_SECOND_AHEAD: Final = timedelta(days=365)


@dataclass(slots=True)
class Asking:
    """When an authority was asked last for a token that lasts longer: by one process, until that ends."""

    at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is to be asked again."""
        return self.at is None or now >= self.at + _ASKED_EVERY


@dataclass(frozen=True, slots=True)
class RenewalJob:
    """What the job does: `every` is how often a head is renewed where nothing else makes it due."""

    authority: Authority
    origin: str
    every: timedelta
    seals: Mapping[str, Certificate]
    algorithms: Algorithms
    asking: Asking = field(default_factory=Asking)

    @classmethod
    def by(
        cls,
        settings: Settings,
        authority: Authority,
        present: Certificate | None = None,
        asking: Asking | None = None,
    ) -> Self:
        """Read it from the settings; `present` is what seals now, as for `load_history`.

        Raises: `ConfigurationError`.
        """
        history = load_history(settings, present)
        seals = {fingerprint(one.certificate): one.certificate for one in history}
        every = timedelta(days=settings.renewal_days)
        origin, algorithms = settings.log_origin, known_algorithms()
        return cls(authority, origin, every, seals, algorithms, asking or Asking())

    @contextmanager
    def renewing(self, engine: Engine, seal: Seal, *, now: datetime) -> Iterator[Renewing]:
        """Give what heads are renewed with, for as long as the authority is asked."""
        # Who only reads what is kept takes nothing from here, and asks nobody.
        from notigateway.pki.fetching import Fetcher  # noqa: PLC0415

        host = self.authority.url.partition("://")[2].partition("/")[0]
        seconds = self.authority.timeout_seconds
        with Fetcher([host], timeout_seconds=seconds, max_bytes=2 * TOKEN_MAX_BYTES) as fetcher:
            yield Renewing(
                ask=lambda imprint: self.authority.ask(fetcher, imprint),
                seal=seal,
                seals={**self.seals, fingerprint(seal.certificate): seal.certificate},
                origin=self.origin,
                until=self.authority.lasting(now).until,
                validation=lambda authority: _kept_of(engine, authority, now),
            )

    def renew(
        self, engine: Engine, seal: Seal, *, now: datetime, beyond: datetime | None = None
    ) -> Renewed | None:
        """Renew the newest head now. Raises: as `log.renewing.renew`."""
        with self.renewing(engine, seal, now=now) as renewing:
            return renew(engine, renewing, now=now, beyond=beyond)

    def renew_where_due(
        self, engine: Engine, seal: Seal, *, now: datetime
    ) -> tuple[Renewed | None, list[str]]:
        """Renew where that is due; return what came of it, and of what an operator is to be warned."""
        until = self.authority.lasting(now).until
        found, renewed = standing(engine, until), None
        if found is not None and is_due(found, every=self.every, seal=seal.certificate, now=now):
            renewed = self.renew(engine, seal, now=now)
            found = standing(engine, until)
        if found is not None and self._may_lengthen(found, now):
            renewed = self.renew(engine, seal, now=now, beyond=found.until) or renewed
            found = standing(engine, until)
        ending = None if found is None else warning(found, now=now)
        return renewed, [one for one in (ending, self._sunset(engine, now)) if one is not None]

    def _may_lengthen(self, found: Standing, now: datetime) -> bool:
        """Tell whether the authority is to be asked since what proves by now ends soon.

        Where the next one is pinned beforehand, the authority may go on to sign with the former for months:
        it is asked once a day.
        """
        if not is_ending(found, now=now) or found.until is None:
            return False
        if self.authority.lasts_until(now) <= found.until or not self.asking.is_due(now):
            return False
        self.asking.at = now
        return True

    def _sunset(self, engine: Engine, now: datetime) -> str | None:
        """Return what is to be told of an algorithm of the log that ends; None where none does soon."""
        end = self.algorithms.end_of(_OF_THE_LOG)
        if end is None or end[0] - _SECOND_AHEAD > now:
            return None
        with reading(engine) as session:
            last = find_last_root(session)
        if last is not None and last.at > end[0] - AHEAD:
            return None
        return (
            f"{end[1]} is relied on until {instant_text(end[0])}: build the second tree in the last "
            f"{AHEAD.days} days before, by `notigateway log second-tree`"
        )


def _kept_of(
    engine: Engine, authority: Certificate, now: datetime
) -> tuple[Sequence[bytes], Sequence[bytes]]:
    """Return what is kept of an authority that gives a token now: its issuers, and what tells of them."""
    with reading(engine) as session:
        chosen = choose(session, [authority], now)
        if chosen is None:
            return (), ()
        found = read_chosen(session, chosen)
    statuses = [*found.revocation_lists, *found.status_answers]
    has_room = sum(map(len, statuses)) <= _STATUSES_MAX_BYTES
    return found.certificates[1:], statuses if has_room else ()
