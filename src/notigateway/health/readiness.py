"""Whether a gateway can serve callers now, and what else stands badly with it.

Two sorts of findings. What leaves nobody served, or what only this machine has wrong, takes it out of
service: the database, its schema, the two certificates, revocation that nobody passes any more, issuers of
whom none is left. All else is told and takes nobody out: without the store lists and decisions go on, a job
that is late is late for every machine, and a probe would make an outage of a delay. Why: decision 0058.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from notigateway.health.certificates import (
    RENEW,
    SEAL,
    SERVICE,
    look_at_certificate,
    look_at_seal_in_use,
)
from notigateway.health.database import (
    DATABASE,
    END_LOCK,
    SCHEMA,
    START_IT,
    WRITES,
    look_at_database,
    look_at_writes,
)
from notigateway.health.finding import Finding, State
from notigateway.health.issuers import ISSUERS, LIST, look_at_authorities
from notigateway.health.jobs import JOBS, LATE_AFTER, check_of, look_at_jobs
from notigateway.health.looking import Look, Looks
from notigateway.health.revocation import REVOCATION, RevocationWanted, look_at_revocation
from notigateway.health.store import REACH_IT, STORE, look_at_store
from notigateway.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.health.instance import Instance
    from notigateway.repository.documents import DocumentStore
    from notigateway.trust.authorities import Authorities

_log = Logger("notigateway.health")

TAKES_OUT: Final = frozenset({DATABASE, WRITES, SCHEMA, SERVICE, SEAL, REVOCATION, ISSUERS, LIST})
CHECKS: Final = TAKES_OUT | {STORE, JOBS, *map(check_of, LATE_AFTER)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What a running gateway serves with, as far as its health depends on it."""

    engine: Engine
    store: DocumentStore
    service: Certificate
    seal: Seal
    authorities: Authorities
    revocation: RevocationWanted
    # Whether receipts are time-stamped: who stopped that has no late job.
    has_authority: bool
    # Whether its heads are cosigned.
    has_witnesses: bool = False
    sends_notices: bool = False
    pushes: bool = False


class Readiness:
    """Looks at a running gateway, and says in its log when it begins or ceases to be ready."""

    def __init__(self, instance: Instance, looks: Looks, clock: Callable[[], datetime]) -> None:
        self._instance = instance
        self._looks = looks
        self._clock = clock
        self._because: list[str] | None = None

    @classmethod
    def of(cls, instance: Instance, served: Served, clock: Callable[[], datetime]) -> Readiness:
        """Return the readiness of a gateway that serves with these."""
        return cls(instance, Looks(_looks(served)), clock)

    def findings(self) -> list[Finding]:
        """Return what is found now, or was a moment ago."""
        return self._looks.findings(self._clock())

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Return the status of HTTP, and what there is to say: 200, or 503 with what takes it out."""
        findings = self.findings()
        because = [one.check for one in findings if takes_out(one)]
        if because != self._because:
            is_first, self._because = self._because is None, because
            if because:
                _log.warning("readiness_lost", checks=because)
            elif is_first:  # the worker that was not ready may have been replaced since
                _log.info("ready")
            else:
                _log.info("readiness_regained")
        said: dict[str, Any] = {
            "status": "not ready" if because else "ready",
            "because": because,
            "instance": self._instance.line,
            "findings": [one.line for one in findings],
        }
        return (503 if because else 200), said


def takes_out(finding: Finding) -> bool:
    """Tell whether a finding takes this gateway out of service."""
    return finding.check in TAKES_OUT and finding.state in {State.FAILED, State.UNKNOWN}


def _looks(served: Served) -> list[Look]:
    """Return the looks; of those at the database one may have to wait for its turn to write."""

    def stored(now: datetime) -> list[Finding]:
        found = look_at_database(served.engine)
        if any(one.state is State.FAILED for one in found):
            return found
        jobs = look_at_jobs(
            served.engine,
            now,
            has_authority=served.has_authority,
            has_witnesses=served.has_witnesses,
            sends_notices=served.sends_notices,
            pushes=served.pushes,
        )
        return [*found, look_at_revocation(served.engine, served.revocation, now), *jobs]

    def certificates(now: datetime) -> list[Finding]:
        return [
            look_at_certificate(SERVICE, served.service, now, cure=RENEW),
            look_at_seal_in_use(served.seal, now),
            *look_at_authorities(served.authorities, now),
        ]

    return [
        Look(check=DATABASE, see=stored, cure=START_IT),
        Look(
            check=WRITES,
            see=lambda now: [look_at_writes(served.engine, now)],
            late=State.WARNING,
            cure=END_LOCK,
        ),
        Look(check=SERVICE, see=certificates),
        # Whose it must be, a worker that began without its database has yet to ask.
        Look(check=STORE, see=lambda _: [look_at_store(served.store)], cure=REACH_IT, needs=DATABASE),
    ]
