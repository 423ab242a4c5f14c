"""What must hold of everything that is stored, whatever has happened to the gateway meanwhile.

The rules, by the word that a finding carries:

- `decision`: a notification whose state is final has one decisive event of its state and instant, any
  other has none;
- `receipt`: every decisive event, but for a withdrawal, has its receipt; each receipt's bytes have their
  hash, its seal is of a known certificate, it says what the event says, and follows the one before it;
  what was published for later has that of its coming to be at disposal before any other;
- `request`: the signed request that a receipt names is kept, unchanged;
- `revocation`: the list or answer by which a signer was found not to be revoked is kept, unchanged;
- `change`: every event has its place among the changes;
- `time-stamp`: the time-stamped form of a receipt is that receipt with a token of its seal, by a pinned
  authority where any is given; so is the token of each checkpoint of the log, whose seal is of a known
  certificate;
- `checkpoint`: each checkpoint of the log bears the log's name, and is not of a time before the checkpoint
  or the record before it;
- `store`: the document store is there, and its marker is this gateway's; else no document is looked at;
- `document`: every document that an act names is in the store, with the hash and the size stated.

Nothing is changed; a finding never stops the check.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from lxml.etree import XMLSyntaxError

from notigateway.errors import (
    CheckpointInvalidError,
    DocumentDamagedError,
    Part,
    ReceiptInvalidError,
    StampInvalidError,
    TemporarilyUnavailableError,
)
from notigateway.evidence.history import dated
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.timestamp import check_token, embedded_certificates, signature_imprint, take_out
from notigateway.evidence.xades import verify_receipt
from notigateway.law.lifecycle import State
from notigateway.log.heads import misdating
from notigateway.repository import wholeness as stored
from notigateway.repository.changes import events_with_place
from notigateway.repository.engine import reading
from notigateway.repository.log import list_checkpoints
from notigateway.repository.timestamps import find_timestamped
from notigateway.repository.trust import get_revocation_data
from notigateway.tlog.checkpoint import verify_checkpoint
from notigateway.tlog.dating import verify_checkpoint_token
from notigateway.wss.ns import EVIDENCE_1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cryptography.x509 import Certificate
    from sqlalchemy import Engine

    from notigateway.evidence.history import DatedSeal, Pin
    from notigateway.evidence.statement import ReceiptFacts
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.log import LogCheckpoint
    from notigateway.repository.model import Event, Notification, Receipt
    from notigateway.repository.session import Session
    from notigateway.repository.timestamps import ReceiptTimestamp
    from notigateway.tlog.checkpoint import Checkpoint

Key = TypeVar("Key")
Found = TypeVar("Found")

_AT_ONCE: Final = 500
_FIRST: Final = UUID(int=0)
_DECIDED: Final = frozenset({State.ACCEPTED, State.REJECTED, State.LAPSED, State.READ, State.CANCELLED})
_FOLLOWED: Final = frozenset({(State.SCHEDULED, State.AVAILABLE), (State.ACCEPTED, State.READ)})
_REQUEST: Final = "/".join(f"{{{EVIDENCE_1}}}{name}" for name in ("RequestEvidence", "EnvelopeSha256"))
_STATUS: Final = "/".join(f"{{{EVIDENCE_1}}}{name}" for name in ("ActorAuthentication", "RevocationSha256"))


class Rule(StrEnum):
    """Which rule does not hold."""

    DECISION = "decision"
    RECEIPT = "receipt"
    REQUEST = "request"
    REVOCATION = "revocation"
    CHANGE = "change"
    TIME_STAMP = "time-stamp"
    CHECKPOINT = "checkpoint"
    STORE = "store"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: the rule, what it is about, and how it is."""

    rule: Rule
    subject: str
    detail: str


@dataclass(frozen=True)
class Checking:
    """What is checked, and against what."""

    engine: Engine
    store: DocumentStore
    seals: Sequence[Pin]
    authorities: Sequence[Certificate] = ()
    # The name of the log; empty where any will do.
    origin: str = ""

    def count(self) -> int:
        """Return how many things there are to look at."""
        with reading(self.engine) as session:
            return stored.count_all(session)

    def findings(self, on_progress: Callable[[int], None] = lambda _: None) -> Iterator[Finding]:
        """Look at everything and yield what does not hold; `on_progress` gets how many were looked at."""
        yield from self._notifications(on_progress)
        yield from self._receipts(on_progress)
        yield from self._envelopes(on_progress)
        yield from self._checkpoints(on_progress)
        yield from self._documents(on_progress)

    def _notifications(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        code = 0
        while True:
            with reading(self.engine) as session:
                rows = stored.notifications_after(session, code, limit=_AT_ONCE)
                if not rows:
                    return
                ids = [event.id for row in rows for event in row.events]
                sealed = stored.events_with_receipt(session, ids)
                placed = events_with_place(session, ids)
                lacking = stored.begun_without_disposal(session, ids)
            for row in rows:
                yield from _check_decision(row)
                yield from _check_events(row, sealed=sealed, placed=placed)
                if lacking.intersection(event.id for event in row.events):
                    yield Finding(Rule.RECEIPT, str(row.id), "it came to be at disposal without a receipt")
            code = rows[-1].code
            on_progress(len(rows))

    def _receipts(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        last = _FIRST
        while True:
            with reading(self.engine) as session:
                rows = stored.receipts_after(session, last, limit=_AT_ONCE)
                if not rows:
                    return
                named = {row[0].id: _named(row[0], _REQUEST) for row in rows}
                kept = stored.kept_envelopes(session, [digest for digest in named.values() if digest])
                stamps = find_timestamped(session, [row[0].id for row in rows])
                statuses = {row[0].id: _named(row[0], _STATUS) for row in rows}
                told = _kept_statuses(session, {digest for digest in statuses.values() if digest})
            for receipt, event, notification_id, *before in rows:
                problem = self._problem(receipt, event, about=notification_id, before=before)
                if problem is not None:
                    yield Finding(Rule.RECEIPT, str(receipt.id), problem)
                digest = named[receipt.id]
                if digest is not None and digest not in kept:
                    yield Finding(Rule.REQUEST, str(receipt.id), f"the request {digest} is not kept")
                status = statuses[receipt.id]
                if status is not None and status not in told:
                    yield Finding(Rule.REVOCATION, str(receipt.id), f"the status {status} is not kept")
                wrong = _stamp_problem(receipt, stamps.get(receipt.id), self.authorities)
                if wrong is not None:
                    yield Finding(Rule.TIME_STAMP, str(receipt.id), wrong)
            last = rows[-1][0].id
            on_progress(len(rows))

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
        return _misfit(facts, receipt, event, about=about, before=before)

    def _checkpoints(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        pinned, before = dated(self.seals), None
        read = partial(list_checkpoints, limit=_AT_ONCE)
        for row, record in self._each(read, 0, key_of=lambda row: row[0].size, on_progress=on_progress):
            subject = f"checkpoint of {row.size} leaves"
            try:
                head = _verified(row, pinned.get(row.seal_sha256), self.authorities)
            except (CheckpointInvalidError, StampInvalidError) as error:
                yield Finding(Rule.TIME_STAMP, subject, error.detail)
                continue
            if self.origin and head.origin != self.origin:
                detail = f'it is signed as "{head.origin}", and log_origin says "{self.origin}"'
                yield Finding(Rule.CHECKPOINT, subject, detail)
            wrong = misdating(head, before, record)
            if wrong is not None:
                yield Finding(Rule.CHECKPOINT, subject, wrong)
            before = head.at

    def _envelopes(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        read = partial(stored.envelopes_after, limit=_AT_ONCE)
        for row in self._each(read, "", key_of=lambda row: row.sha256, on_progress=on_progress):
            if hashlib.sha256(row.xml).hexdigest() != row.sha256:
                yield Finding(Rule.REQUEST, row.sha256, "its bytes do not have their hash")

    def _documents(self, on_progress: Callable[[int], None]) -> Iterator[Finding]:
        read = partial(stored.documents_after, limit=_AT_ONCE)
        found = self._each(read, "", key_of=lambda row: row[0], on_progress=on_progress)
        seen = "none was looked at"
        try:
            self.store.check_marker()
            for sha256, least, greatest in found:
                yield from self._check_document(sha256, sizes=(least, greatest))
                seen = f"none after {sha256} was looked at"
        except TemporarilyUnavailableError as error:
            if error.part is not Part.STORE:
                raise
            yield Finding(Rule.STORE, self.store.place, f"{error.detail}; of the documents {seen}")

    def _each(
        self,
        read: Callable[[Session, Key], Sequence[Found]],
        key: Key,
        *,
        key_of: Callable[[Found], Key],
        on_progress: Callable[[int], None],
    ) -> Iterator[Found]:
        """Yield all that is stored of a sort, portion after portion, each read in a session of its own."""
        while True:
            with reading(self.engine) as session:
                rows = read(session, key)
            if not rows:
                return
            yield from rows
            key = key_of(rows[-1])
            on_progress(len(rows))

    def _check_document(self, sha256: str, *, sizes: tuple[int, int]) -> Iterator[Finding]:
        try:
            size = len(self.store.get(sha256))
        except DocumentDamagedError as damage:
            yield Finding(Rule.DOCUMENT, sha256, damage.detail)
            return
        if sizes != (size, size):
            yield Finding(Rule.DOCUMENT, sha256, f"it has {size} bytes, an act says otherwise")


def _verified(row: LogCheckpoint, seal: DatedSeal | None, authorities: Sequence[Certificate]) -> Checkpoint:
    """Return what a checkpoint says. Raises: `CheckpointInvalidError`, `StampInvalidError`."""
    if seal is None:
        raise CheckpointInvalidError("signed with a seal whose certificate was not given")
    head = verify_checkpoint(row.text, row.signature, seal_certificate=seal)
    if row.token is not None:
        pinned = authorities or embedded_certificates(row.token)
        verify_checkpoint_token(row.token, row.signature, head, authorities=pinned)
    return head


def _check_decision(notification: Notification) -> Iterator[Finding]:
    decisive = [event for event in notification.events if event.decisive]
    subject = str(notification.id)
    wanted = 1 if notification.state in _DECIDED else 0
    if len(decisive) != wanted:
        yield Finding(Rule.DECISION, subject, f"{notification.state} with {len(decisive)} decisive events")
        return
    for event in decisive:
        if (event.state, event.at) != (notification.state, notification.decided_at):
            yield Finding(Rule.DECISION, subject, f"{notification.state}, but its event says {event.state}")
    if [event.position for event in notification.events] != list(range(1, len(notification.events) + 1)):
        yield Finding(Rule.DECISION, subject, "its events are not numbered from 1 without a gap")


def _check_events(notification: Notification, *, sealed: set[UUID], placed: set[UUID]) -> Iterator[Finding]:
    for event in notification.events:
        subject = f"{notification.id} event {event.position}"
        if event.decisive and event.state is not State.CANCELLED and event.id not in sealed:
            yield Finding(Rule.RECEIPT, subject, f"{event.state} without a receipt")
        if event.id not in placed:
            yield Finding(Rule.CHANGE, subject, f"{event.state} without a place")


def _misfit(
    facts: ReceiptFacts, receipt: Receipt, event: Event, *, about: UUID, before: Sequence[object]
) -> str | None:
    """Return in what a valid receipt differs from what it is kept as; None where it does not."""
    said = (facts.receipt_id, facts.notification_id, facts.notification_code)
    if said != (receipt.id, about, receipt.notification_code) or not _may_stand_at(receipt, event):
        return "it is the receipt of something else"
    if (facts.state, facts.event_time) != (receipt.state, receipt.event_time):
        return "its row says another event than itself"
    if receipt.state is event.state and facts.event_time != event.at:
        return f"it says {facts.event_time}, the event {event.at}"
    previous = facts.previous
    if previous is not None and [previous.evidence_id, previous.sha256] != before:
        return "it does not follow the receipt before it"
    return None


def _may_stand_at(receipt: Receipt, event: Event) -> bool:
    """Tell whether the receipt attests the event, or what followed from it.

    What was published for later comes to be at disposal; what was accepted is handed over.
    """
    followed = (event.state, receipt.state) in _FOLLOWED and receipt.event_time >= event.at
    return receipt.state is event.state or followed


def _stamp_problem(
    receipt: Receipt, stamped: ReceiptTimestamp | None, authorities: Sequence[Certificate]
) -> str | None:
    """Return what is wrong with a receipt's time-stamped form; None where nothing is, or there is none."""
    if stamped is None:
        return None
    if hashlib.sha256(stamped.xml).hexdigest() != stamped.sha256:
        return "the bytes of the time-stamped form do not have their hash"
    try:
        original, token = take_out(stamped.xml)
        if token is None or original != receipt.xml:
            return "the time-stamped form is not this receipt with a time-stamp"
        pinned = authorities or embedded_certificates(token)
        at = check_token(token, imprint=signature_imprint(original), authorities=pinned)
    except StampInvalidError as error:
        return error.detail
    except ValueError as error:
        return str(error)
    return None if at == stamped.at else f"the time-stamp states {at}, its row {stamped.at}"


def _kept_statuses(session: Session, digests: set[str]) -> set[str]:
    """Return those of the digests under which a list or answer is kept, unchanged."""
    kept = get_revocation_data(session, digests) if digests else ()
    return {sha256 for sha256, _, data in kept if hashlib.sha256(data).hexdigest() == sha256}


def _named(receipt: Receipt, path: str) -> str | None:
    """Return the digest that a receipt names there; None where it names none or is damaged."""
    try:
        return parse_receipt(receipt.xml).findtext(path)
    except XMLSyntaxError:
        return None
