"""Keeps what is known of revoked certificates up to date, outside of every request.

From three places: files that the operator drops, lists at addresses of the settings, and, for the
certificates that called lately, the lists and responders that they name, where the host is allowed.
Whatever comes is verified first and then stored by its digest, for all workers and for receipts. Beside
that it keeps what the gateway's own certificates are validated by (`keeping`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cryptography import x509

from notigateway.errors import ConfigurationError, GatewayError, RevocationDataError
from notigateway.given_files import read_file
from notigateway.logger import Logger
from notigateway.pki.fetching import Fetcher
from notigateway.pki.ocsp import REQUEST_TYPE, question, responders
from notigateway.pki.revocation import RevocationSource, distribution_points
from notigateway.repository.engine import reading, writing
from notigateway.repository.trust import forget_replaced, forget_unseen, keep_revocation_data, list_watched
from notigateway.trust.admission import read_data
from notigateway.trust.dropped_files import DroppedFiles
from notigateway.trust.keeping import Own, keep_validation, nor_of_own
from notigateway.urls import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.pki.anchors import TrustStore
    from notigateway.settings import Settings

_log = Logger("notigateway.trust")
# A certificate that has not called for a day is asked about again when it does.
_WATCHED_FOR: Final = timedelta(days=1)
_WATCHED_AT_MOST: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where revocation data come from; `hosts` are those that may be contacted."""

    dropped: DroppedFiles
    list_urls: tuple[str, ...]
    hosts: tuple[str, ...]
    proxy_url: str
    timeout_seconds: int
    max_bytes: int

    @classmethod
    def by(cls, settings: Settings) -> Sources:
        """Find them, as the settings name them now; an address that stands there allows its own host."""
        urls = tuple(map(str, settings.revocation_list_urls))
        named = tuple(f"{url.host}:{url.port}" for url in settings.revocation_list_urls)
        return cls(
            dropped=DroppedFiles.of(settings),
            list_urls=urls,
            hosts=(*settings.revocation_hosts, *named),
            proxy_url=settings.revocation_proxy_url,
            timeout_seconds=settings.revocation_timeout_seconds,
            max_bytes=settings.revocation_max_bytes,
        )

    def fetcher(self, hosts: tuple[str, ...]) -> Fetcher:
        """Return what fetches from those hosts, within the limits."""
        return Fetcher(
            hosts,
            timeout_seconds=self.timeout_seconds,
            max_bytes=self.max_bytes,
            proxy_url=self.proxy_url,
        )


@dataclass(slots=True)
class Refreshed:
    """What a refresh found: new, already known, and what failed, each with its reason."""

    new: int = 0
    known: int = 0
    asked: int = 0
    kept: int = 0
    failures: list[str] = field(default_factory=list)


def refresh(
    engine: Engine, trust: TrustStore, sources: Sources, *, now: datetime, find_own: Callable[[], Own] = Own
) -> Refreshed:
    """Take in everything that there is; one place that fails does not hold up the others.

    `find_own` reads the gateway's own certificates; what keeps it from that holds up nothing else.

    Raises: `TemporarilyUnavailableError`.
    """
    done = Refreshed()
    with sources.fetcher(sources.hosts) as fetcher:
        run = _Run(engine, trust, fetcher, now, done)
        try:
            run.own = find_own()
        except ConfigurationError as error:
            run.fail("evidence_issuers_folder", error.detail)
        for problem in sources.dropped.problems:
            run.fail("revocation_folder", problem)
        for source, file in sources.dropped.files:
            run.take(source, str(file), partial(read_file, file, max_bytes=sources.max_bytes))
        run.fetch_lists(sources.list_urls)
        run.ask_about_watched()
    # Addresses in the gateway's own certificates are no stranger's: their hosts need no leave.
    with sources.fetcher((*sources.hosts, *run.own.hosts())) as fetcher:
        kept = keep_validation(engine, run.own, fetcher, dropped=run.of_own, now=now)
    done.kept += kept.new
    done.failures += kept.failures
    with writing(engine) as session:
        forget_replaced(session, now=now)
        forget_unseen(session, before=now - _WATCHED_FOR)
    return done


@dataclass(slots=True)
class _Run:
    """One refresh under way."""

    engine: Engine
    trust: TrustStore
    fetcher: Fetcher
    now: datetime
    done: Refreshed
    own: Own = field(default_factory=Own)
    fetched: set[str] = field(default_factory=set)
    # What of it all tells of the gateway's own certificates.
    of_own: list[tuple[RevocationSource, bytes]] = field(default_factory=list)

    def take(self, source: RevocationSource, name: str, get: Callable[[], bytes]) -> bool:
        """Get, verify and store; tell whether it went well."""
        is_of_own = False
        try:
            data = get()
            is_of_own = self.own.tells_of_it(source, data)
            if is_of_own:
                self.of_own.append((source, data))
            one = read_data(source, data, self.trust.authorities)
        except RevocationDataError as error:
            if not is_of_own:  # whose issuers need not be those of callers
                self.fail(name, nor_of_own(error))
            return is_of_own
        except ConfigurationError as error:
            self.fail(name, error.detail.removeprefix(f"cannot read {name}: "))
            return False
        with writing(self.engine) as session:
            is_new = keep_revocation_data(session, one, data, now=self.now)
        self.done.new += is_new
        self.done.known += not is_new
        return True

    def fail(self, name: str, reason: str) -> None:
        """Tell of a place that failed, and go on with the others."""
        self.done.failures.append(f"{name}: {reason}")
        _log.warning("revocation_source_failed", source=name, detail=reason)

    def fetch_lists(self, urls: Iterable[str]) -> bool:
        """Fetch lists, each address once; tell whether any came."""
        came = False
        for url in urls:
            if url in self.fetched:
                came = True
            elif self.take(RevocationSource.CRL, place_of(url), partial(self.fetcher.get, url)):
                self.fetched.add(url)
                came = True
        return came

    def ask_about_watched(self) -> None:
        """Ask about every certificate that called lately: its list where there is one, else a responder."""
        with reading(self.engine) as session:
            after = self.now - _WATCHED_FOR
            watched = list_watched(session, seen_after=after, limit=_WATCHED_AT_MOST)
        for der in watched:
            certificate = x509.load_der_x509_certificate(der)
            points = filter(self.fetcher.is_allowed, sorted(distribution_points(certificate)))
            if not self.fetch_lists(points):
                self._ask(certificate)

    def _ask(self, certificate: x509.Certificate) -> None:
        try:
            authority = self.trust.find_authority(certificate, self.now)
        except GatewayError:
            return  # expired since, or of an issuer that left the list: it is admitted no more
        request = question(certificate, authority)
        for url in filter(self.fetcher.is_allowed, responders(certificate)):
            self.done.asked += 1
            name = f"{place_of(url)} (serial {certificate.serial_number})"
            if self.take(RevocationSource.OCSP, name, partial(self.fetcher.post, url, request, REQUEST_TYPE)):
                return
