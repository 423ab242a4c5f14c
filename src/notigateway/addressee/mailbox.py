"""The addressee's side: list, retrieve, accept, reject, receipts.

Each use case loads (authorisation is part of the query: what is not yours does not exist), asks the
rule, acts and records. It knows neither SOAP nor signatures; the border owns the transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notigateway import errors
from notigateway.addressee.contents import DocumentRange, InlineLimits, read_contents
from notigateway.addressee.retrieved import HandedOver, Retrieved, in_order, with_its_receipts
from notigateway.cursors import read_cursor, write_cursor
from notigateway.law.information import INFORMATION_YEARS, inform
from notigateway.law.lifecycle import State, decided_state
from notigateway.law.texts import check_reason
from notigateway.law.transitions import decide
from notigateway.law.users import sharing
from notigateway.receipts.acting import Acting, of_caller
from notigateway.receipts.recording import (
    record_decision,
    record_handover,
    record_information,
    record_request,
)
from notigateway.repository.listing import list_page
from notigateway.repository.marks import find_marks
from notigateway.repository.notices import queue_available
from notigateway.repository.notifications import find_visible, lock_visible
from notigateway.repository.receipts import find_of_own_decisions
from notigateway.repository.timestamps import find_timestamped
from notigateway.repository.users import find_registrations, lock_registrations_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row

    from notigateway.addressee.contents import Naming
    from notigateway.addressee.retrieved import Stamped
    from notigateway.evidence.sealing import Seal
    from notigateway.law.lifecycle import Decision
    from notigateway.law.representation import RightsPolicy
    from notigateway.receipts.asking import Asking
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.listing import ListFilter
    from notigateway.repository.marks import Marks
    from notigateway.repository.model import Event, Notification, Receipt
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Page:
    """A page of list rows, stated as of one instant; `next_cursor` is None on the last one."""

    rows: Sequence[Row[*tuple[object, ...]]]
    as_of: datetime
    next_cursor: str | None
    information_years: int = INFORMATION_YEARS
    # The party's marks by code, where they are asked for.
    marks: Mapping[int, Marks] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one item of a batch of decisions; `problem` is None where it was decided now."""

    id: UUID
    problem: type[errors.GatewayError] | None = None
    event: Event | None = None
    receipt: Receipt | None = None
    notification: Notification | None = None
    is_repeat: bool = False


@dataclass(frozen=True)
class Will:
    """What a party wants of the notifications that it names."""

    decision: Decision
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """What a party may do, built once with what it needs.

    `chunk_max_bytes` is the largest piece of a document.
    """

    store: DocumentStore
    seal: Seal = field(repr=False)
    rights: RightsPolicy
    inline: InlineLimits
    chunk_max_bytes: int
    information_years: int = INFORMATION_YEARS

    def list_notifications(
        self,
        session: Session,
        asking: Asking,
        *,
        chosen: ListFilter,
        cursor: str | None,
        page_size: int,
        with_marks: bool = False,
    ) -> Page:
        """Return a page in the order of the public code. No legal effect (Orden ISM/903/2020 art. 8.1).

        Raises: `InvalidCursorError`.
        """
        belongs_to = (asking.party, *chosen.described())
        after = read_cursor(cursor, belongs_to=belongs_to)
        registrations = find_registrations(session, asking.caller, asking.now)
        # One row more than asked for tells whether another page follows.
        rows = list_page(
            session,
            party=asking.party,
            chosen=chosen,
            after_code=after,
            limit=page_size + 1,
            now=asking.now,
            rights=asking.rights(self.rights),
            registrations=registrations,
        )
        shown = rows[:page_size]
        next_cursor = write_cursor(shown[-1].code, belongs_to=belongs_to) if len(rows) > page_size else None
        shared = sharing(asking.party, registrations)
        marks = find_marks(session, shared, [row.code for row in shown]) if with_marks else {}
        return Page(shown, asking.now, next_cursor, self.information_years, marks)

    def retrieve(
        self,
        session: Session,
        asking: Asking,
        ids: Sequence[UUID],
        *,
        for_information: bool = False,
        with_receipts: bool = False,
    ) -> list[Retrieved]:
        """Return metadata and, once accepted, which documents there are; an item's failure stays its own.

        With `for_information` also the documents of what lapsed or was rejected: `hand_over` attests them
        before they leave. Their content is read by `with_contents`, when the transaction has ended.
        """
        found = self._visible(session, asking, ids)
        results = [
            self._retrieve_one(asking, wanted, found.get(wanted), for_information=for_information)
            for wanted in ids
        ]
        if not with_receipts:
            return results
        sealed = [receipt.id for row in found.values() for receipt in row.receipts]
        stamped = find_timestamped(session, sealed)
        return [with_its_receipts(one, one.notification, stamped) for one in results]

    def with_contents(self, results: Sequence[Retrieved], beside: Naming | None = None) -> list[Retrieved]:
        """Read the documents that go inline, or `beside` the answer; outside of any transaction."""
        return read_contents(results, store=self.store, inline=self.inline, beside=beside)

    def _retrieve_one(
        self, asking: Asking, wanted: UUID, notification: Notification | None, *, for_information: bool
    ) -> Retrieved:
        """Return one notification, and the documents that may leave of it."""
        if notification is None:
            return Retrieved(wanted, problem=errors.NotificationUnknownError)
        refusal = self._holding_back(notification, asking, for_information=for_information)
        if refusal is not None:
            return Retrieved(wanted, notification, problem=refusal)
        documents = [(document, None) for document in notification.act.documents]
        return Retrieved(
            wanted, notification, documents, is_for_information=not notification.is_content_released()
        )

    def _holding_back(
        self, notification: Notification, asking: Asking, *, for_information: bool
    ) -> type[errors.LifecycleError] | None:
        """Return why the content may not leave; None where it may.

        Content only after a committed acceptance (Ley 39/2015 art. 43.1), or for information; metadata
        always. One word for all that holds it back otherwise: the state is in the metadata.
        """
        if notification.is_content_released():
            return None
        if not for_information:
            return errors.NotAcceptedError
        try:
            inform(notification.standing, asking.now, years=self.information_years)
        except errors.LifecycleError as refusal:
            return type(refusal)
        return None

    def find_range(
        self,
        session: Session,
        asking: Asking,
        *,
        notification_id: UUID,
        document_id: UUID,
        offset: int,
        length: int | None,
        for_information: bool = False,
    ) -> DocumentRange:
        """Return which range of one document may leave: no longer than a piece may be, shorter at the end.

        Raises: `NotificationUnknownError`, `NotAcceptedError`, `DocumentUnknownError`, `InvalidRangeError`;
        for information also `CancelledError`, `LapseNotFinalError`, `InformationEndedError`.
        """
        notification = self._visible(session, asking, [notification_id]).get(notification_id)
        if notification is None:
            raise errors.NotificationUnknownError
        refusal = self._holding_back(notification, asking, for_information=for_information)
        if refusal is not None:
            raise refusal
        document = next((d for d in notification.act.documents if d.id == document_id), None)
        if document is None:
            raise errors.DocumentUnknownError
        if offset >= document.size:
            raise errors.InvalidRangeError(size=document.size)
        length = min(length or self.chunk_max_bytes, self.chunk_max_bytes, document.size - offset)
        informed = None if notification.is_content_released() else notification.code
        return DocumentRange(document, offset, length, notification.awaits_handover(), informed)

    def read_range(self, wanted: DocumentRange) -> bytes:
        """Read it, outside of any transaction.

        Raises: `DocumentDamagedError`, `TemporarilyUnavailableError`.
        """
        return self.store.get_range(wanted.document.sha256, offset=wanted.offset, length=wanted.length)

    def hand_over(
        self, session: Session, asking: Asking, ids: Sequence[UUID], *, for_information: bool = False
    ) -> HandedOver:
        """Attest that content is handed over for the first time; the border commits before it answers.

        Apart from what only reads: it happens once per notification, and once per party where it is only for
        information. Meanwhile a title may have ended, or a report of another channel have moved what was
        decided.
        """
        found = self._locked(session, asking, ids)
        acting = Acting(asking)
        lost: dict[UUID, type[errors.GatewayError]] = {}
        receipts = []
        for one in dict.fromkeys(ids):
            row = found.get(one)
            if row is None:
                lost[one] = errors.NotificationUnknownError
            elif (refusal := self._holding_back(row, asking, for_information=for_information)) is not None:
                lost[one] = refusal
            else:
                receipts.append(self._attest(row, acting))
        if any(receipts):
            record_request(session, asking)
        return HandedOver(lost, found)

    def _attest(self, notification: Notification, acting: Acting) -> Receipt | None:
        if notification.is_content_released():
            return record_handover(notification, acting, seal=self.seal)
        return record_information(notification, acting, seal=self.seal, years=self.information_years)

    def list_receipts(
        self, session: Session, asking: Asking, ids: Sequence[UUID]
    ) -> list[tuple[UUID, list[Stamped] | None]]:
        """Return the receipts of each notification, oldest first, each with its time-stamped form if any.

        None where the notification does not exist for the caller. Of what the caller decided itself the
        receipts stay its own, also after the title has ended by which it saw the notification.
        """
        found: dict[UUID, Sequence[Receipt]] = {
            one: row.receipts for one, row in self._visible(session, asking, ids).items()
        }
        gone = set(ids) - set(found)
        if gone:
            found |= find_of_own_decisions(session, gone, party=asking.party)
        stamped = find_timestamped(session, [row.id for rows in found.values() for row in rows])
        answers = []
        for wanted in ids:
            rows = in_order(found.get(wanted))
            answers.append((wanted, None if rows is None else [(row, stamped.get(row.id)) for row in rows]))
        return answers

    def decide_all(self, session: Session, asking: Asking, ids: Sequence[UUID], will: Will) -> list[Outcome]:
        """Accept or reject each notification; one bad item never fails its neighbours.

        The border must commit before it tells anybody: an outcome exists only with its receipt.

        Raises: `TextInvalidError` for a reason that reads otherwise than it is written; nothing is decided.
        """
        check_reason(will.reason)
        rows = self._locked(session, asking, ids)
        arrived = [row for row in rows.values() if row.state is State.SCHEDULED]
        acting = Acting(asking, will.reason)
        outcomes = [self._decide_one(wanted, rows.get(wanted), acting, will) for wanted in ids]
        if any(outcome.problem is None for outcome in outcomes):
            record_request(session, asking)
        # The sweep would have told of them: others than who decides may act for the addressee.
        queue_available(session, arrived, rights=self.rights, now=asking.now)
        return outcomes

    def _decide_one(
        self, wanted: UUID, notification: Notification | None, acting: Acting, will: Will
    ) -> Outcome:
        """Ask the rule for one notification; record what it allows, explain what it refuses."""
        if notification is None:
            return Outcome(wanted, errors.NotificationUnknownError)
        if notification.title is not None and not notification.title.may_decide:
            return Outcome(wanted, errors.NotAllowedToDecideError)
        try:
            transition = decide(notification.standing, will.decision, acting.asking.now)
        except errors.AlreadyDecidedError:
            return _earlier_decision(wanted, notification, acting.asking, will)
        except (errors.LifecycleError, errors.NotFoundError) as refusal:
            return Outcome(wanted, type(refusal))
        event, receipt = record_decision(notification, transition, acting, seal=self.seal)
        return Outcome(wanted, None, event, receipt, notification)

    def _visible(self, session: Session, asking: Asking, ids: Sequence[UUID]) -> dict[UUID, Notification]:
        rights = asking.rights(self.rights)
        registrations = find_registrations(session, asking.caller, asking.now)
        return find_visible(
            session, ids, party=asking.party, now=asking.now, rights=rights, registrations=registrations
        )

    def _locked(self, session: Session, asking: Asking, ids: Sequence[UUID]) -> dict[UUID, Notification]:
        rights = asking.rights(self.rights)
        registrations = lock_registrations_of(session, asking.caller, asking.now)
        return lock_visible(
            session, ids, party=asking.party, now=asking.now, rights=rights, registrations=registrations
        )


def _earlier_decision(wanted: UUID, notification: Notification, asking: Asking, will: Will) -> Outcome:
    """Tell who decided before, with the receipt."""
    event = next(e for e in notification.events if e.decisive)
    receipt = notification.receipt_of(event)
    asked = (decided_state(notification.kind, will.decision), of_caller(notification, asking).party)
    # A repeat of the same decision by the same party is idempotent: the same receipt, nothing new.
    is_same = (event.state, event.party) == asked
    return Outcome(wanted, errors.AlreadyDecidedError, event, receipt, notification, is_repeat=is_same)
