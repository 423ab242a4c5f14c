"""What must hold of everything that is stored, whatever has happened to the gateway meanwhile.

The rules, by the word that a finding carries:

- `decision`: a notification whose state is final has one decisive event of its state and instant, any
  other has none;
- `receipt`: every event has its receipt, but for a withdrawal, a request for one to sign, and a publication
  for later, which has that of its coming to be at disposal, before any other; each receipt's bytes have their
  hash, its seal is of a known certificate, it says what the event says, and follows the one before it;
- `request`: the signed request that a receipt names is kept, unchanged;
- `revocation`: the list or answer by which a signer was found not to be revoked is kept, unchanged;
- `change`: every event has its place among the changes;
- `kept`: the tables that lists, changes and counts are answered from say what follows from notifications,
  changes and windows, and the text of a list row what its columns say;
- `time-stamp`: the time-stamped form of a receipt is that receipt with a token of its seal, by a pinned
  authority where any is given; so is the token of each checkpoint of the log, whose seal is of a known
  certificate;
- `checkpoint`: each checkpoint of the log bears the log's name, and is not of a time before the checkpoint
  or the record before it;
- `renewal`: each renewal of the log's head is of that head, and covered by the next one; so is each statement
  of the second tree of its root (`log verify` looks at its entries too);
- `unproven`: a receipt or a PDF of a seal that is out of use is proven to be older (`existing`);
- `store`: the document store is there, and its marker is this gateway's; else no document is looked at;
- `document`: every document that an act names is in the store, with the hash and the size stated.

Nothing is changed; a finding never stops the check. Certificates of powers that a seal out of use has sealed
are told as `void`, which is no fault: they have no time-stamp, and whoever needs one asks for a new one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from notigateway.errors import (
    DocumentDamagedError,
    Part,
    ReceiptInvalidError,
    StampInvalidError,
    TemporarilyUnavailableError,
)
from notigateway.evidence.history import dated
from notigateway.evidence.xades import verify_receipt
from notigateway.log.auditing_renewals import RenewalAudit
from notigateway.log.beside import AT_ONCE, REQUEST, STATUS, notifications_beside, receipts_beside
from notigateway.log.existing import Dating, Lacking, Unproven
from notigateway.log.heads import misdating, read_head, renaming
from notigateway.log.kept import KEPT_AT_ONCE, TABLES, missed, surplus
from notigateway.log.portions import FIRST, Head, Looked, Portion, Sort
from notigateway.log.rules import Finding, Rule, check_decision, check_events, misfit, named, read_own_stamp
from notigateway.repository import wholeness as stored
from notigateway.repository.engine import reading
from notigateway.repository.log import list_checkpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.history import Pin
    from notigateway.evidence.timestamp import Stamp
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.model import Event, Receipt
    from notigateway.repository.session import Session
    from notigateway.tlog.checkpoint import Checkpoint

Found = TypeVar("Found")


@dataclass(frozen=True)
class Checking:
    """What is checked, and against what."""

    engine: Engine
    store: DocumentStore
    seals: Sequence[Pin]
    authorities: Sequence[Pin] = ()
    # The name of the log; empty where any will do.
    origin: str = ""
    # As of when seals are in use or not; None where that is not asked.
    now: datetime | None = None

    @cached_property
    def _dating(self) -> Dating | None:
        return None if self.now is None else Dating.of(self.seals, self.authorities, self.now)

    @cached_property
    def _stampers(self) -> list[Certificate]:
        return [one.certificate for one in dated(self.authorities).values()]

    def count(self) -> int:
        """Return how many things there are to look at."""
        with reading(self.engine) as session:
            return stored.count_all(session)

    def portions(self) -> Iterator[Portion]:
        """Yield everything in portions that can be looked at one apart from the other."""
        for sort in Sort:
            with reading(self.engine) as session:
                size = KEPT_AT_ONCE if sort in TABLES else AT_ONCE
                ends = stored.ends_of_portions(session, sort, size=size)
            keys = [FIRST[sort], *ends, None]
            yield from (Portion(sort, after, until) for after, until in pairwise(keys))

    def findings(self, on_progress: Callable[[int], None] = lambda _: None) -> Iterator[Finding]:
        """Look at everything and yield what does not hold; `on_progress` gets how many were looked at."""
        yield from self.gathered(map(self.look, self.portions()), on_progress)

    def gathered(self, looked: Iterable[Looked], on_progress: Callable[[int], None]) -> Iterator[Finding]:
        """Yield what came of all portions, in their order."""
        before: Checkpoint | None = None
        unproven, void = Unproven(self._dating), 0
        for one in looked:
            for head in one.heads:
                yield from self._judged(head, before)
                before = before if head.says is None else head.says
            yield from one.findings
            unproven.take_heads((head.size, head.since) for head in one.heads if head.since is not None)
            unproven.take_heads(one.renewed)
            yield from unproven.findings(one.lacking)
            void += one.void
            on_progress(one.count)
            if any(finding.rule is Rule.STORE for finding in one.findings):
                break  # nothing can be said of the documents after, and nothing else comes after them
        yield from unproven.rest()
        if void:
            why = f"{void:,} are of a seal out of use, and have no time-stamp: ask for new ones"
            yield Finding(Rule.VOID, "certificates of powers", why)
        if self.origin and before is not None and before.origin != self.origin:
            detail = f'it is signed as "{before.origin}", and log_origin says "{self.origin}"'
            yield Finding(Rule.CHECKPOINT, f"checkpoint of {before.size} leaves", detail)

    def look(self, portion: Portion) -> Looked:
        """Look at one portion."""
        looks = {
            Sort.NOTIFICATIONS: self._notifications,
            Sort.RECEIPTS: self._receipts,
            Sort.REQUESTS: self._envelopes,
            Sort.CHECKPOINTS: self._checkpoints,
            Sort.RENEWALS: self._renewals,
            Sort.FORMS: self._forms,
            Sort.POWERS: self._powers,
            Sort.DOCUMENTS: self._documents,
        }
        return looks.get(portion.sort, self._surplus)(portion)

    def _read(
        self,
        portion: Portion,
        read: Callable[[Session, Any], Sequence[Found]],
        key_of: Callable[[Found], Any],
    ) -> Iterator[list[Found]]:
        """Yield what is stored of a portion, so many at once, each time read in a session of its own."""
        key = portion.after
        while True:
            with reading(self.engine) as session:
                rows = portion.cut(read(session, key), key_of)
            if not rows:
                return
            yield rows
            key = key_of(rows[-1])
            if portion.ends_with(key):
                return

    def _notifications(self, portion: Portion) -> Looked:
        count, findings = 0, list[Finding]()
        for rows in self._read(portion, notifications_beside, lambda row: row[0].code):
            for notification, sealed, placed, lacking in rows:
                findings += check_decision(notification)
                findings += check_events(notification, sealed=sealed, placed=placed)
                if lacking.intersection(event.id for event in notification.events):
                    lack = "it came to be at disposal without a receipt"
                    findings.append(Finding(Rule.RECEIPT, str(notification.id), lack))
            count += len(rows)
            with reading(self.engine) as session:
                findings += missed(session, after=rows[0][0].code - 1, until=rows[-1][0].code)
        return Looked(count, tuple(findings))

    def _surplus(self, portion: Portion) -> Looked:
        with reading(self.engine) as session:
            return Looked(0, tuple(surplus(session, portion)))

    def _receipts(self, portion: Portion) -> Looked:
        count, findings, lacking = 0, list[Finding](), list[Lacking]()
        for rows in self._read(portion, receipts_beside, lambda row: row[0][0].id):
            proven: list[tuple[Receipt, Stamp | None]] = []
            for (receipt, event, notification_id, *before), kept, told, stamps in rows:
                said, digest, status = str(receipt.id), named(receipt, REQUEST), named(receipt, STATUS)
                problem = self._problem(receipt, event, about=notification_id, before=before)
                if problem is not None:
                    findings.append(Finding(Rule.RECEIPT, said, problem))
                if digest is not None and digest not in kept:
                    findings.append(Finding(Rule.REQUEST, said, f"the request {digest} is not kept"))
                if status is not None and status not in told:
                    findings.append(Finding(Rule.REVOCATION, said, f"the status {status} is not kept"))
                try:
                    stamp = read_own_stamp(receipt, stamps.get(receipt.id), self._stampers)
                except StampInvalidError as error:
                    findings.append(Finding(Rule.TIME_STAMP, said, error.detail))
                    continue
                if problem is None:
                    proven.append((receipt, stamp))
            count += len(rows)
            if self._dating is not None:
                with reading(self.engine) as session:
                    lacking += self._dating.receipts(session, proven)
        return Looked(count, tuple(findings), lacking=tuple(lacking))

    def _forms(self, portion: Portion) -> Looked:
        """Look at the PDFs of seals out of use."""
        lacking, findings = list[Lacking](), list[Finding]()
        if self._dating is not None:
            read = partial(stored.forms_after, seals=self._dating.ended, limit=AT_ONCE)
            for rows in self._read(portion, read, lambda row: row.receipt_id):
                for row in rows:
                    try:
                        lacking += self._dating.forms(row)
                    except StampInvalidError as error:
                        findings.append(Finding(Rule.TIME_STAMP, f"PDF {row.receipt_id}", error.detail))
        return Looked(0, tuple(findings), lacking=tuple(lacking))

    def _powers(self, portion: Portion) -> Looked:
        """Count the certificates of powers that a seal out of use has sealed."""
        void = 0
        if self._dating is not None:
            read = partial(stored.powers_after, limit=AT_ONCE)
            for rows in self._read(portion, read, lambda row: row.id):
                void += sum(self._dating.has_ended(row.xml) for row in rows)
        return Looked(0, void=void)

    def _problem(
        self, receipt: Receipt, event: Event, *, about: UUID, before: Sequence[object]
    ) -> str | None:
        """Return what is wrong with a receipt; None where nothing is."""
        if hashlib.sha256(receipt.xml).hexdigest() != receipt.sha256:
            return "its bytes do not have their hash"
        try:
            facts = verify_receipt(receipt.xml, seal_certificates=self.seals)
        except ReceiptInvalidError as error:
            return error.detail
        return misfit(facts, receipt, event, about=about, before=before)

    def _envelopes(self, portion: Portion) -> Looked:
        count, findings = 0, list[Finding]()
        read = partial(stored.envelopes_after, limit=AT_ONCE)
        for rows in self._read(portion, read, lambda row: row.sha256):
            changed = (row.sha256 for row in rows if hashlib.sha256(row.xml).hexdigest() != row.sha256)
            lack = "its bytes do not have their hash"
            findings += (Finding(Rule.REQUEST, sha256, lack) for sha256 in changed)
            count += len(rows)
        return Looked(count, tuple(findings))

    def _checkpoints(self, portion: Portion) -> Looked:
        pinned, heads = dated(self.seals), list[Head]()
        read = partial(list_checkpoints, limit=AT_ONCE)
        for rows in self._read(portion, read, lambda row: row[0].size):
            heads += (
                read_head(row, record, seals=pinned, authorities=self._stampers, dating=self._dating)
                for row, record in rows
            )
        return Looked(len(heads), heads=tuple(heads))

    def _renewals(self, portion: Portion) -> Looked:
        """Look at all of them with the first: each is judged by the one before."""
        if not portion.is_first:
            return Looked(0)
        with reading(self.engine) as session:
            audit = RenewalAudit(session, self.seals, self._stampers)
            findings = tuple(Finding(Rule.RENEWAL, what, why) for what, why in audit.problems())
            renewed = () if self._dating is None or findings else tuple(self._dating.renewed(session))
            return Looked(0, findings, renewed=renewed)

    def _judged(self, head: Head, before: Checkpoint | None) -> Iterator[Finding]:
        """Yield what is wrong with a checkpoint, by the one before it."""
        subject = f"checkpoint of {head.size} leaves"
        if head.says is None:
            yield Finding(Rule.TIME_STAMP, subject, head.wrong)
            return
        renamed = renaming(head.says, None if before is None else before.origin)
        if renamed is not None:
            yield Finding(Rule.CHECKPOINT, subject, renamed)
        wrong = misdating(head.says, None if before is None else before.at, head.record)
        if wrong is not None:
            yield Finding(Rule.CHECKPOINT, subject, wrong)

    def _documents(self, portion: Portion) -> Looked:
        count, findings = 0, list[Finding]()
        read = partial(stored.documents_after, limit=AT_ONCE)
        seen = "none was looked at" if portion.is_first else f"none after {portion.after} was looked at"
        try:
            self.store.check_marker()
            for rows in self._read(portion, read, lambda row: row[0]):
                for sha256, least, greatest in rows:
                    findings += self._check_document(sha256, sizes=(least, greatest))
                    seen = f"none after {sha256} was looked at"
                count += len(rows)
        except TemporarilyUnavailableError as error:
            if error.part is not Part.STORE:
                raise
            detail = f"{error.detail}; of the documents {seen}"
            findings.append(Finding(Rule.STORE, self.store.place, detail))
        return Looked(count, tuple(findings))

    def _check_document(self, sha256: str, *, sizes: tuple[int, int]) -> Iterator[Finding]:
        try:
            size = len(self.store.get(sha256))
        except DocumentDamagedError as damage:
            yield Finding(Rule.DOCUMENT, sha256, damage.detail)
            return
        if sizes != (size, size):
            yield Finding(Rule.DOCUMENT, sha256, f"it has {size} bytes, an act says otherwise")
