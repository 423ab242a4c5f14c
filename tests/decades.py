"""A log over decades: seals and authorities that follow each other, heads that are renewed, a verifier."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from kept_log import CALLER, ORIGIN
from notigateway.evidence.algorithms import known_algorithms
from notigateway.evidence.bundle import write_bundle
from notigateway.evidence.history import DatedCertificate
from notigateway.evidence.lasting import Lasting
from notigateway.evidence.sealing import Seal
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.timestamp import Timestamp
from notigateway.evidence.wording import Reading
from notigateway.log.access import AccessNotes
from notigateway.log.renewing import Renewing, renew
from notigateway.log.second import build, state
from notigateway.pki.keys import fingerprint
from notigateway.receipts.stamping import stamp
from notigateway.repository.engine import reading, writing
from notigateway.repository.log import log_access
from notigateway.repository.model import Receipt
from notigateway.repository.timestamps import find_timestamped
from notigateway.uuids import uuid7
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from pki import Issue, company_subject, ec_key, pki
from tsa import Answering, serving, token_of, tsa

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from notigateway.evidence.algorithms import Algorithms
    from notigateway.log.renewing import Renewed
    from notigateway.log.second import Built
    from notigateway.pki.keys import KeyPair
    from notigateway.verifier.report import Report
    from stack import Stack


def on(year: int, month: int = 6, day: int = 1) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


@cache
def authority(first: int, last: int) -> KeyPair:
    """Return an authority whose certificate is valid from the beginning of a year to the end of another."""
    return tsa(f"tsa-{first}", (datetime(first, 1, 1, tzinfo=UTC), datetime(last, 12, 31, tzinfo=UTC)))


@cache
def seal(first: int, last: int) -> KeyPair:
    """Return a seal with such a certificate."""
    return Issue(
        company_subject("A28000016", f"Sello de la pasarela {first}"),
        ec_key(f"seal-{first}"),
        by=pki().issuing,
        not_before=datetime(first, 1, 1, tzinfo=UTC),
        not_after=datetime(last, 12, 31, tzinfo=UTC),
    ).make()


@dataclass
class Decades:
    """A gateway whose clock is moved by years; what it seals with and whom it asks changes with them.

    The first seal is the stack's own, out of use since the end of 2027.
    """

    stack: Stack
    seals: list[DatedCertificate] = field(default_factory=list)
    authorities: list[DatedCertificate] = field(default_factory=list)
    seal: Seal = field(init=False)
    authority: KeyPair = field(init=False)
    origin: str = ORIGIN
    digest: str = "sha256"

    def __post_init__(self) -> None:
        """Begin in the stack's year."""
        self.seals.append(DatedCertificate.of(pki().seal.certificate, until=on(2027, 12, 31)))
        self.seal = self.stack.office.seal
        self.ask(authority(2020, 2029))

    def ask(self, pair: KeyPair) -> None:
        """Ask another authority from now on."""
        self.authority = pair
        self.authorities.append(DatedCertificate.of(pair.certificate))

    def use(self, pair: KeyPair) -> None:
        """Seal with another seal from now on."""
        self.seal = Seal(pair)
        self.seals.append(DatedCertificate.of(pair.certificate))

    def stamp(self) -> None:
        """Get every time-stamp that is due."""
        now = self.stack.now
        with serving(Answering(self.authority, at=now), pinned=self.authority) as asked:
            done = stamp(self.stack.engine, authority=asked, now=now, batch_size=100)
        assert not done.failures

    def renewing(self, at: datetime | None = None) -> Renewing:
        """Return what heads are renewed with now; the authority's clock may say something else."""
        pair, digest, when = self.authority, self.digest, at or self.stack.now

        def ask(imprint: bytes) -> Timestamp:
            return Timestamp(token_of(imprint, at=when, pair=pair, digest=digest), when)

        seals = {fingerprint(one.certificate): one.certificate for one in self.seals}
        until = Lasting.of(self.authorities, self.stack.now).until
        return Renewing(ask=ask, seal=self.seal, seals=seals, origin=self.origin, until=until)

    def renew(self, now: datetime) -> Renewed:
        """Renew the newest head, then."""
        self.stack.now = now
        self.access()
        found = renew(self.stack.engine, self.renewing(), now=now)
        assert found is not None
        return found

    def second_tree(self, now: datetime) -> Built:
        """Renew, build the second tree and have it time-stamped, then."""
        self.renew(now)
        added = build(self.stack.engine)
        found = state(self.stack.engine, self.renewing(), added=added, now=now)
        assert found is not None
        return found

    def access(self, count: int = 1) -> None:
        """Leave access records."""
        with writing(self.stack.engine) as session:
            for number in range(count):
                now = self.stack.now + timedelta(milliseconds=number)
                notes = AccessNotes(CALLER, correlation_id=uuid7(now), now=now)
                log_access(session, notes.columns())

    def bundle(self, receipt_id: UUID, write: Callable[..., bytes] = write_bundle) -> bytes:
        """Return the bundle of a receipt, or another form of it, made now."""
        with reading(self.stack.engine) as session:
            receipt = session.get_one(Receipt, receipt_id)
            stamped = find_timestamped(session, [receipt_id]).get(receipt_id)
            chain = session.scalars(
                select(Receipt).where(Receipt.notification_code == receipt.notification_code)
            ).all()
        before = Reading(parse_receipt(receipt.xml)).find("PreviousEvidence", "Sha256")
        previous = next((one for one in chain if one.sha256 == before), None)
        proving = replace(
            self.stack.office.proving,
            seal=self.seal,
            log_origin=self.origin,
            authorities=lambda: self.authorities,
        )
        now = self.stack.now
        return proving.bundle_of(
            receipt, stamped, previous=previous, may_see=lambda _: True, now=now, write=write
        )

    def verify(
        self,
        data: bytes,
        at: datetime,
        *,
        algorithms: Algorithms | None = None,
        required_level: str | None = None,
        request: bytes | None = None,
        without_form: bool = False,
    ) -> Report:
        """Verify a file by all seals and authorities that there ever were."""
        trust = Trust(seals=self.seals, authorities=self.authorities, issuers=None)
        return verify(
            data,
            trust=trust,
            at=at,
            algorithms=algorithms,
            required_level=required_level,
            request=request,
            without_form=without_form,
        )


def sunset_of_sha256(at: datetime) -> Algorithms:
    """Return a table by which SHA-256 ends then."""
    return replace(known_algorithms(), ends={**known_algorithms().ends, "SHA-256": at})
