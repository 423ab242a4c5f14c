"""The rule of time (`evidence.existence`) for what is stored: what a seal out of use made without any proof.

A receipt is proven by its own time-stamp, by that of any head of the log that covers its leaf, and by
renewals of heads; a PDF by its own alone. Heads cover all that came before them: so of a seal one number
says enough, how far the log reached when the last head was dated before that seal's end. It is known before
any receipt is looked at, and whoever looks at receipts keeps nothing but those that their own time-stamp does
not prove.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from notigateway.evidence.algorithms import known_algorithms, sealed_by
from notigateway.evidence.existence import Judgement, Proof
from notigateway.evidence.history import dated
from notigateway.evidence.lasting import Lasting
from notigateway.evidence.timestamp import read_stamp
from notigateway.evidence.xades import seal_certificate_of
from notigateway.log.rules import Finding, Rule
from notigateway.pki.keys import fingerprint
from notigateway.repository.log import positions_of
from notigateway.repository.renewals import list_renewals, list_roots
from notigateway.tlog.renewal import note_imprint, read_record
from notigateway.tlog.second import statement_imprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cryptography.x509 import Certificate

    from notigateway.evidence.history import DatedCertificate, Pin
    from notigateway.evidence.timestamp import Stamp
    from notigateway.repository.forms import ReceiptForm
    from notigateway.repository.model import Receipt
    from notigateway.repository.session import Session

_NAMED_AT_MOST: Final = 20
_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Lacking:
    """Something of a seal out of use that its own time-stamp does not prove to be older.

    `position` is that of its leaf, where a head of the log may prove it yet.
    """

    kind: str
    subject: str
    seal: str
    why: str
    position: int | None = None


@dataclass(frozen=True)
class Dating:
    """Which seals are out of use, since when and why, and whose time-stamps count."""

    judgement: Judgement
    authorities: Mapping[str, DatedCertificate]
    ended: Mapping[str, tuple[datetime, str]]

    @classmethod
    def of(cls, seals: Sequence[Pin], authorities: Sequence[Pin], now: datetime) -> Dating | None:
        """Return it; None where there is nothing to be judged: every seal is in use, or nobody is pinned."""
        judgement = Judgement(now, known_algorithms())
        ended = {}
        for name, pin in dated(seals).items():
            end, why = judgement.end(pin, sealed_by(pin.certificate.public_key()))
            if end < now:
                ended[name] = end, why
        return cls(judgement, dated(authorities), ended) if ended and authorities else None

    @property
    def stampers(self) -> list[Certificate]:
        """The certificates of the authorities, whatever their periods are."""
        return [one.certificate for one in self.authorities.values()]

    def proof(self, stamp: Stamp, *later: Proof) -> Proof:
        """Return the word of a pinned authority as a proof."""
        return Proof(stamp.at, self.authorities[fingerprint(stamp.authority)], stamp.algorithms, later)

    def since(self, stamp: Stamp | None) -> datetime | None:
        """Return since when a time-stamp proves what it is about; None where it does not count."""
        return None if stamp is None else self.judgement.earliest([self.proof(stamp)])

    def receipts(self, session: Session, rows: Iterable[tuple[Receipt, Stamp | None]]) -> list[Lacking]:
        """Return which of some receipts that are proven otherwise lack a time-stamp of their own."""
        found = {}
        for receipt, stamp in rows:
            seal = fingerprint(seal_certificate_of(receipt.xml))
            if seal in self.ended and not self._is_before(self.since(stamp), seal):
                found[receipt.id] = seal
        places = positions_of(session, list(found)) if found else {}
        lack = "and neither its time-stamp nor that of a head of the log proves that it is older"
        return [
            Lacking("receipt", str(one), seal, f"{self.ended[seal][1]}, {lack}", places.get(one))
            for one, seal in found.items()
        ]

    def forms(self, row: ReceiptForm) -> Iterator[Lacking]:
        """Yield that a PDF of a seal out of use lacks a time-stamp that proves it.

        Not one that is made anew for whoever asks, since the authority of its time-stamp has ended.

        Raises: `StampInvalidError` for a time-stamp that is not of its PDF.
        """
        seal = row.seal_sha256 or ""
        stamp = None
        if row.token is not None:
            if Lasting(self.judgement, self.authorities).has_ended(row.token):
                return
            imprint = bytes.fromhex(row.imprint or "")
            stamp = read_stamp(row.token, imprint=imprint, authorities=self.stampers)
        if not self._is_before(self.since(stamp), seal):
            lack = "and no time-stamp of its own proves that it is older"
            yield Lacking("PDF", str(row.receipt_id), seal, f"{self.ended[seal][1]}, {lack}")

    def has_ended(self, sealed: bytes) -> bool:
        """Tell whether the seal on a receipt or a certificate of a power is out of use."""
        return fingerprint(seal_certificate_of(sealed)) in self.ended

    def renewed(self, session: Session) -> Iterator[tuple[int, datetime]]:
        """Yield how far the log reached, and when, by each renewed head and each second tree that counts.

        They have been found to be right (`auditing_renewals`).
        """
        statements: list[tuple[int, Proof]] = []  # up to which renewal each binds them
        later: tuple[Proof, ...] = ()
        for root in reversed(list_roots(session, limit=_AT_ONCE)):
            record = read_record(root.record)
            imprint = statement_imprint(record.subject)
            proof = self.proof(read_stamp(record.token, imprint=imprint, authorities=self.stampers), *later)
            if self.judgement.counts(proof):
                later = (proof,)
                statements.insert(0, (root.renewal, proof))
                yield root.size, proof.at
        later = ()
        for row in reversed(list_renewals(session, limit=_AT_ONCE)):
            record = read_record(row.record)
            stamp = read_stamp(record.token, imprint=note_imprint(record.subject), authorities=self.stampers)
            binding = [one for renewal, one in statements if renewal >= row.number][:1]
            proof = self.proof(stamp, *later, *binding)
            if self.judgement.counts(proof):
                later = (proof,)
                yield row.size, proof.at

    def _is_before(self, since: datetime | None, seal: str) -> bool:
        return since is not None and since <= self.ended[seal][0]


@dataclass
class Unproven:
    """Gathers what nothing proves: some are named, all are counted."""

    dating: Dating | None
    # How many leaves the last head has that was dated before the end of a seal.
    reach: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def take_heads(self, heads: Iterable[tuple[int, datetime]]) -> None:
        """Take heads that are proven: how many leaves each has, and since when it is proven."""
        ended = {} if self.dating is None else self.dating.ended
        for size, at in heads:
            for seal, (end, _) in ended.items():
                if at <= end:
                    self.reach[seal] = max(self.reach[seal], size)

    def findings(self, lacking: Iterable[Lacking]) -> Iterator[Finding]:
        """Yield what no head proves either, until there are too many to be named."""
        for one in lacking:
            if one.position is not None and one.position < self.reach[one.seal]:
                continue
            self.counts[one.kind] += 1
            if self.counts[one.kind] <= _NAMED_AT_MOST:
                yield Finding(Rule.UNPROVEN, f"{one.kind} {one.subject}", one.why)

    def rest(self) -> Iterator[Finding]:
        """Yield how many were not named."""
        for kind, count in self.counts.items():
            if count > _NAMED_AT_MOST:
                why = f"{count - _NAMED_AT_MOST:,} more, {count:,} in all, that nothing proves to be older"
                yield Finding(Rule.UNPROVEN, f"{kind}s", why)
