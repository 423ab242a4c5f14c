"""Which certificates are admitted now, and for what: path, revocation, and how old a status may be.

The declared policy. What has an effect (accept, reject, rights, everything of an issuing body) needs a
status that is current: without one it is refused, and may be tried again. Reading needs one as well, but
it may have been current up to `grace` ago, so that a responder that is down for minutes stops nobody
from listing. A certificate known to be revoked is refused at once, however old that knowledge is.

Nothing is fetched here: workers read from the database what `refreshing` put there.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.errors import (
    CertificateRevokedError,
    IssuerNotAuthorisedError,
    Part,
    RevocationDataError,
    RevocationUnknownError,
    TemporarilyUnavailableError,
)
from notigateway.logger import Logger
from notigateway.pki.anchors import ISSUER_NOT_VALID, LIST_OUT_OF_DATE
from notigateway.pki.keys import fingerprint
from notigateway.pki.ocsp import read_answer
from notigateway.pki.revocation import (
    RevocationFinding,
    RevocationRecords,
    RevocationSource,
    RevocationStatus,
    read_list,
)
from notigateway.pki.validity import RENEWAL_SECONDS
from notigateway.repository.engine import reading, writing
from notigateway.repository.trust import get_revocation_data, list_current_digests, mark_as_evidence, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.pki.anchors import TrustStore
    from notigateway.pki.revocation import RevocationData

_log = Logger("notigateway.trust")
# How long a worker may not know of what was refreshed.
RELOAD_SECONDS: Final = 5.0
# Clocks of issuers may be ahead of ours.
_SKEW: Final = timedelta(minutes=5)
# How often a worker writes that a certificate still calls: where its status is out of date, and else.
_WATCH_AGAIN: Final = timedelta(seconds=30)
_WATCH_STILL: Final = timedelta(hours=1)
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationPolicy:
    """How old a status may be for reading; `is_off` switches revocation off, which production refuses."""

    grace: timedelta
    is_off: bool = False


# What has run out, and of which part of the gateway it is.
_RUN_OUT: Final = {ISSUER_NOT_VALID: Part.ISSUER, LIST_OUT_OF_DATE: Part.TRUSTED_LIST}


def find_authority(trust: TrustStore, certificate: Certificate, now: datetime) -> Certificate:
    """Return the authorised issuer of a certificate that may sign now.

    Where an issuer's own certificate has ended, or the next trusted list is due, nothing is wrong with the
    caller, and nothing that a caller could mend: the operator brings what is missing, and asking again helps.

    Raises: what `TrustStore.find_authority` raises, `TemporarilyUnavailableError`.
    """
    try:
        return trust.find_authority(certificate, now)
    except IssuerNotAuthorisedError as error:
        part = _RUN_OUT.get(str(error.facts.get("reason")))
        if part is None:
            raise
        raise TemporarilyUnavailableError(
            error.detail, part=part, retry_after_seconds=RENEWAL_SECONDS
        ) from error


class Admission:
    """Decides about the certificates of one process; safe between threads."""

    def __init__(
        self,
        engine: Engine,
        trust: TrustStore,
        policy: RevocationPolicy,
        *,
        reload_seconds: float = RELOAD_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._trust = trust
        self._policy = policy
        self._reload_seconds = reload_seconds
        self._monotonic = monotonic
        self._known: dict[str, RevocationData | None] = {}
        self._watched: dict[str, datetime] = {}
        self._kept: set[str] = set()
        self._records = RevocationRecords()
        self._loaded_at: float | None = None
        self._lock = threading.Lock()

    def check(self, certificate: Certificate, now: datetime) -> None:
        """Check the path to an authorised issuer, and that the certificate is not known to be revoked.

        Raises: what `find_authority` raises, `CertificateRevokedError`.
        """
        authority = find_authority(self._trust, certificate, now)
        if self._policy.is_off:
            return
        finding = self._find(certificate, authority)
        if finding is not None and finding.status is RevocationStatus.REVOKED:
            raise CertificateRevokedError("on its issuer's word", **_facts(finding))

    def require_status(
        self, certificate: Certificate, now: datetime, *, has_effect: bool
    ) -> RevocationFinding | None:
        """Return what is known of the status of a certificate that has proven its signature.

        One whose status is not known well enough is put on the list of those to ask about. What tells
        the status of somebody who decides is kept for ever, before the receipt that names it is written.
        None only where revocation is switched off.

        Raises: `CertificateRevokedError`, `RevocationUnknownError`, `TemporarilyUnavailableError`.
        """
        if self._policy.is_off:
            return None
        finding = self._find(certificate, find_authority(self._trust, certificate, now))
        is_current = finding is not None and finding.this_update - _SKEW <= now <= finding.fresh_until
        if not is_current or (finding is not None and finding.is_watched):
            self._watch(certificate, now, again=not is_current)
        if finding is None:
            raise RevocationUnknownError("nothing is known", reason="not-known")
        if finding.status is RevocationStatus.REVOKED:
            raise CertificateRevokedError("on its issuer's word", **_facts(finding))
        grace = timedelta(0) if has_effect else self._policy.grace
        if now > finding.fresh_until + grace or now < finding.this_update - _SKEW:
            raise RevocationUnknownError(
                "what is known is out of date", reason="out-of-date", fresh_until=finding.fresh_until
            )
        if has_effect:
            self._keep(finding.sha256)
        return finding

    def look_again(self) -> None:
        """Have what was refreshed known at the next request, not within seconds."""
        with self._lock:
            self._loaded_at = None

    def _find(self, certificate: Certificate, authority: Certificate) -> RevocationFinding | None:
        self._reload()
        return self._records.find(certificate, authority)

    def _keep(self, sha256: str) -> None:
        """Mark a list or answer as evidence: once per worker, and apart from the decision, which it outlives.

        In the decision's own transaction it would be one row that all decisions lock.
        """
        if sha256 in self._kept:
            return
        with writing(self._engine) as session:
            mark_as_evidence(session, sha256)
        if len(self._kept) >= _REMEMBERED:
            self._kept.clear()
        self._kept.add(sha256)

    def _watch(self, certificate: Certificate, now: datetime, *, again: bool) -> None:
        """See to it that the status is asked for while the certificate calls: a row, renewed by the hour."""
        sha256 = fingerprint(certificate)
        last = self._watched.get(sha256)
        if last is not None and last <= now < last + (_WATCH_AGAIN if again else _WATCH_STILL):
            return
        with writing(self._engine) as session:
            watch(session, sha256=sha256, der=certificate.public_bytes(Encoding.DER), now=now)
        if len(self._watched) >= _REMEMBERED:
            self._watched.clear()
        self._watched[sha256] = now

    def _reload(self) -> None:
        """Read what is new in the database, at most every few seconds; others go on meanwhile."""
        at = self._monotonic()
        if self._loaded_at is not None and at - self._loaded_at < self._reload_seconds:
            return
        is_first = self._loaded_at is None
        # The first request needs an answer and waits; later ones use what there is.
        if not self._lock.acquire(blocking=is_first):
            return
        try:
            if self._loaded_at is None or at - self._loaded_at >= self._reload_seconds:
                self._load()
                self._loaded_at = at
        finally:
            self._lock.release()

    def _load(self) -> None:
        with reading(self._engine) as session:
            digests = list_current_digests(session)
            if digests == self._known.keys():
                return
            missing = digests - self._known.keys()
            new = get_revocation_data(session, missing) if missing else ()
        known = {sha256: one for sha256, one in self._known.items() if sha256 in digests}
        for sha256, source, data in new:
            try:
                known[sha256] = read_data(source, data, self._trust.authorities)
            except RevocationDataError as error:
                # Of an issuer that was authorised when it was stored, and no longer is.
                _log.warning("revocation_data_ignored", detail=error.detail)
                known[sha256] = None
        self._known = known
        self._records = RevocationRecords(one for one in known.values() if one is not None)


def read_data(source: RevocationSource, data: bytes, authorities: Iterable[Certificate]) -> RevocationData:
    """Read and verify a list or an answer. Raises: `RevocationDataError`."""
    if source is RevocationSource.CRL:
        return read_list(data, authorities, of_holders=True)
    return read_answer(data, authorities)


def _facts(finding: RevocationFinding) -> dict[str, datetime]:
    """Return what a caller may know about its own certificate."""
    return {} if finding.revoked_at is None else {"revoked_at": finding.revoked_at}
