"""Keeps what the gateway's own seals and time-stamp authorities will be validated by, while it can be had.

Years later an issuer may have closed, and says nothing any more of a certificate that has expired. So the
job that refreshes what is known of callers asks about the gateway's own certificates too, up to their
anchors, and what it learns is kept for good: one status a day of each, shared by all that was sealed.

That a certificate is revoked is kept as well, and told loudly: it is the gateway's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.errors import RevocationDataError
from notigateway.instants import instant_text
from notigateway.logger import Logger
from notigateway.pki.keys import fingerprint
from notigateway.pki.ocsp import REQUEST_TYPE, question, read_answer, responders
from notigateway.pki.revocation import (
    RevocationRecords,
    RevocationSource,
    distribution_points,
    read_list,
)
from notigateway.pki.validity import Validity
from notigateway.repository.engine import reading, writing
from notigateway.repository.kept_validation import find_last_status, keep_certificate, keep_status
from notigateway.repository.trust import keep_as_evidence
from notigateway.urls import place_of, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.pki.fetching import Fetcher
    from notigateway.pki.revocation import RevocationData, RevocationFinding

_log = Logger("notigateway.trust")
# A newer status is kept once the last one is so old, or is in force no more.
_EVERY: Final = timedelta(days=1)
# What goes into a receipt and a PDF must have room there: of a larger list there is an answer instead.
STATUS_MAX_BYTES: Final = 1024 * 1024
PATH_MOST: Final = 6
# How it ends what is said of a list or an answer that none of the callers' issuers has given.
_OF_NO_ISSUER: Final = (" by an authorised issuer", " of an authorised issuer")


@dataclass(frozen=True, slots=True)
class Own:
    """The certificates of the gateway's seals and time-stamp authorities, and of those who issued them."""

    certificates: Sequence[x509.Certificate] = ()
    issuers: Sequence[x509.Certificate] = ()

    def path(self, certificate: x509.Certificate) -> Sequence[x509.Certificate] | None:
        """Return a certificate and its issuers up to one that issued itself; None where one is not there."""
        path = [certificate]
        while not _issued(path[-1], path[-1]):
            issuer = next((one for one in self.issuers if _issued(one, path[-1])), None)
            if issuer is None or issuer in path or len(path) >= PATH_MOST:
                return None
            path.append(issuer)
        return path

    def hosts(self) -> tuple[str, ...]:
        """Return at which hosts its certificates say that their status is told: the operator named them."""
        everyone = [*self.certificates, *self.issuers] if self.issuers else []
        addresses = [url for one in everyone for url in (*responders(one), *distribution_points(one))]
        webs = [url.partition("://")[2] for url in addresses if scheme_of(url) in {"http", "https"}]
        return tuple(sorted({rest.partition("/")[0] for rest in webs}))

    def tells_of_it(self, source: RevocationSource, data: bytes) -> bool:
        """Tell whether a list or an answer is by one of those issuers."""
        try:
            if source is RevocationSource.OCSP:
                read_answer(data, self.issuers)
            else:
                read_list(data, self.issuers)
        except RevocationDataError:
            return False
        return True


def is_of_no_issuer(error: RevocationDataError) -> bool:
    """Tell whether a list or an answer is refused for who has given it, who may be one of `Own.issuers`."""
    return error.detail.endswith(_OF_NO_ISSUER)


def nor_of_own(error: RevocationDataError) -> str:
    """Return why a list or an answer was not taken in that is by none of `Own.issuers` either."""
    ending = next((one for one in _OF_NO_ISSUER if error.detail.endswith(one)), None)
    if ending is None:
        return error.detail
    return f"{error.detail}, nor {ending.split()[0]} one in evidence_issuers_folder"


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


@dataclass(slots=True)
class Kept:
    """What a run kept that is new, and what failed, each with its reason."""

    new: int = 0
    failures: list[str] = field(default_factory=list)


def keep_validation(
    engine: Engine,
    own: Own,
    fetcher: Fetcher,
    *,
    dropped: Iterable[tuple[RevocationSource, bytes]],
    now: datetime,
) -> Kept:
    """Keep the certificates, and of each that can be asked about its status where that is due.

    `dropped` are the lists and answers that the operator brought, whoever they are about. Without issuers
    nothing is kept and nothing is wrong: the operator does not want it.

    Raises: `TemporarilyUnavailableError`.
    """
    run = _Run(engine, fetcher, list(dropped), now)
    if own.issuers:
        for certificate in own.certificates:
            run.keep(certificate, own.path(certificate))
    return run.kept


@dataclass(frozen=True, slots=True)
class _Told:
    """What a list or an answer says of one certificate, and its bytes (DER)."""

    one: RevocationData
    finding: RevocationFinding
    data: bytes


@dataclass(slots=True)
class _Run:
    engine: Engine
    fetcher: Fetcher
    dropped: Sequence[tuple[RevocationSource, bytes]]
    now: datetime
    kept: Kept = field(default_factory=Kept)

    def keep(self, certificate: x509.Certificate, path: Sequence[x509.Certificate] | None) -> None:
        """Keep a path, and what tells of each of its certificates but the anchor."""
        if path is None:
            self._fail(certificate, "its issuer is not in evidence_issuers_folder")
            return
        with writing(self.engine) as session:
            for one, issuer in zip(path, [*path[1:], None], strict=True):
                self.kept.new += keep_certificate(
                    session,
                    sha256=fingerprint(one),
                    issuer_sha256=None if issuer is None else fingerprint(issuer),
                    der=one.public_bytes(Encoding.DER),
                )
        for one, issuer in pairwise(path):
            # Of one that has expired an entry may have been dropped from its list (RFC 5280 §3.3).
            if Validity.of(one).covers(self.now):
                self._keep_status(one, issuer)

    def _keep_status(self, certificate: x509.Certificate, issuer: x509.Certificate) -> None:
        """Keep the newest that can be had: of what was dropped, and of the addresses the first that tells."""
        with reading(self.engine) as session:
            last = find_last_status(session, fingerprint(certificate))
            since = None if last is None else last.this_update
        if last is not None and self.now < min(last.fresh_until, last.this_update + _EVERY):
            return
        found: list[_Told] = []
        failures: list[str] = []
        for source, data in self.dropped:
            told = _tell(source, data, certificate, issuer)
            found += [told] if isinstance(told, _Told) else []
        for place, source, get in self._places(certificate, issuer):
            try:
                told = _tell(source, get(), certificate, issuer)
            except RevocationDataError as error:
                told = error.detail
            if isinstance(told, _Told):
                found.append(told)
                break
            failures.append(f"{place}: {told}")
        # Of one instant the smaller: a list speaks of thousands, an answer of one.
        newest = max(found, key=lambda one: (one.finding.this_update, -len(one.data)), default=None)
        if newest is not None and (since is None or newest.finding.this_update > since):
            self._store(certificate, newest)
        if newest is None or newest.finding.fresh_until < self.now:
            said = "; ".join(failures) or "it names no address that is asked, and no file tells of it"
            self._fail(certificate, f"nothing tells of its status now: {said}")

    def _places(
        self, certificate: x509.Certificate, issuer: x509.Certificate
    ) -> Iterable[tuple[str, RevocationSource, Callable[[], bytes]]]:
        """Yield where it can be asked, a responder first: its answer is small, and about one certificate."""
        asked = question(certificate, issuer)
        for url in responders(certificate):
            yield (
                place_of(url),
                RevocationSource.OCSP,
                partial(self.fetcher.post, url, asked, REQUEST_TYPE),
            )
        for url in sorted(distribution_points(certificate)):
            yield place_of(url), RevocationSource.CRL, partial(self.fetcher.get, url)

    def _store(self, certificate: x509.Certificate, told: _Told) -> None:
        with writing(self.engine) as session:
            keep_as_evidence(session, told.one, told.data, now=self.now)
            self.kept.new += keep_status(session, fingerprint(certificate), told.finding)
        if told.finding.revoked_at is not None:
            since = instant_text(told.finding.revoked_at)
            self._fail(certificate, f"it is revoked since {since}: what it signs convinces nobody")

    def _fail(self, certificate: x509.Certificate, reason: str) -> None:
        """Tell of a certificate of which something is missing, and go on with the others."""
        subject = certificate.subject.rfc4514_string()
        self.kept.failures.append(f"{subject}: {reason}")
        _log.error("own_certificate_not_validated", subject=subject, detail=reason)


def _tell(
    source: RevocationSource,
    data: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
) -> _Told | str:
    """Return what a list or an answer says of a certificate, or why it says nothing that can be kept."""
    try:
        if source is RevocationSource.OCSP:
            one: RevocationData = read_answer(data, [issuer])
        else:
            if data.lstrip().startswith(b"-----"):
                data = x509.load_pem_x509_crl(data).public_bytes(Encoding.DER)
            one = read_list(data, [issuer])
    except RevocationDataError as error:
        return error.detail
    except ValueError:
        return "the revocation list cannot be read"
    if len(data) > STATUS_MAX_BYTES:
        return f"its {len(data)} bytes have no room in a receipt"
    finding = RevocationRecords([one]).find(certificate, issuer)
    if finding is None or finding.this_update > certificate.not_valid_after_utc:
        return "it does not tell of the certificate"
    return _Told(one, finding, data)
