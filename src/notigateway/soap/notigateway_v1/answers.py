"""From rows and results to what the contract says of them."""

from __future__ import annotations

from datetime import timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from notigateway.contract import v1, v1_decisions, v1_following
from notigateway.contract.problems import texts_of
from notigateway.contract.versions import Version
from notigateway.errors import AlreadyDecidedError, GatewayError, LapsedError, NotificationUnknownError
from notigateway.law.actors import delegate_of, signing_person_of
from notigateway.law.information import INFORMATION_YEARS, information_until
from notigateway.law.lifecycle import MOVING_NOTHING, UNDECIDED
from notigateway.law.metadata import pairs_of
from notigateway.receipts.raising import Level
from notigateway.repository.quoted import addressee_name_of, body_name_of
from notigateway.soap.notigateway_v1.marks_answers import marks_of
from notigateway.soap.notigateway_v1.rows import shown_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.addressee import counting, following, mailbox
    from notigateway.addressee.contents import Content
    from notigateway.addressee.retrieved import Retrieved, Stamped
    from notigateway.receipts.raising import Raised
    from notigateway.repository import model
    from notigateway.repository.marks import Marks
    from notigateway.repository.timestamps import ReceiptTimestamp

_OUTCOMES: Final[dict[type[GatewayError] | None, str]] = {
    None: "decided",
    AlreadyDecidedError: "already_decided",
    LapsedError: "lapsed",
    NotificationUnknownError: "unknown",
}


def problem(error: type[GatewayError] | None) -> v1.Problem | None:
    """Return the catalogue's entry of an error."""
    if error is None:
        return None
    texts = texts_of(error)
    return v1.Problem(code=error.code, text_es=texts.es, text_en=texts.en, retryable=error.retryable)


def notification(
    row: model.Notification,
    now: datetime,
    *,
    information_years: int = INFORMATION_YEARS,
    marks: Marks | None = None,
) -> v1.Notification:
    """Return a notification's metadata as of `now`."""
    act = row.act
    state = row.state_at(now)
    sizes = tuple(map(int, act.document_sizes.split()))
    return v1.Notification(
        code=row.code,
        id=str(row.id),
        kind=row.kind,
        subject=act.subject,
        issuing_body=v1.IssuingBody(
            issuer_id=act.issuing_body.dir3, acronym=act.issuing_body.acronym, name=body_name_of(act)
        ),
        procedure=act.procedure,
        matter=act.matter,
        addressee=v1.Party(identifier=row.addressee.identifier, name=addressee_name_of(row)),
        role=row.seen_as,
        state=state,
        available_at=row.available_at,
        deadline=row.deadline,
        time_left=_time_left(row.deadline, now) if state in UNDECIDED else None,
        special_category=act.special_category,
        document_count=len(sizes),
        document_sizes=sizes,
        reference=act.reference,
        obligation_ground=row.ground,
        paper=act.paper,
        information_until=information_until(row.standing, now, years=information_years),
        ccc=act.ccc,
        naf=act.naf,
        predecessor=predecessor_of(row),
        metadata=tuple(v1.Metadata(key=key, value=value) for key, value in pairs_of(act.public_metadata)),
        marks=marks_of(marks),
    )


def _issuing_body(body: following.BodyCount) -> v1.IssuingBody:
    return v1.IssuingBody(issuer_id=body.dir3, acronym=body.acronym, name=body.name)


def _time_left(deadline: datetime | None, now: datetime) -> timedelta | None:
    """Return what is left of a term: nothing of one that an outage is about to move."""
    return None if deadline is None else max(deadline - now, timedelta(0))


# --- documents and receipts -----------------------------------------------------------------------


def retrieved(
    asked: str,
    result: Retrieved,
    now: datetime,
    *,
    information_years: int,
    put: Callable[[Content | None], Content | None],
    marks: Mapping[int, Marks],
) -> v1.RetrievedNotification:
    """Return one item of RetrieveNotifications, named as it was asked for: perhaps in upper case.

    `put` has a content travel, and returns what of it stands in the answer.
    """
    row = result.notification
    return v1.RetrievedNotification(
        id=asked,
        notification=None
        if row is None
        else notification(row, now, information_years=information_years, marks=marks.get(row.code)),
        documents=tuple(document(row, put(content)) for row, content in result.documents),
        problem=problem(result.problem),
        receipts=tuple(receipt(row, stamped) for row, stamped in result.receipts),
    )


def predecessor_of(row: model.Notification) -> v1.Party | None:
    """Return whom the act names, where its addressee has taken that place."""
    if row.predecessor is None:
        return None
    return v1.Party(identifier=row.predecessor, name=row.predecessor_name or row.predecessor)


def document(row: model.Document, content: Content | None) -> v1.Document:
    """Return a document, with its bytes or by reference."""
    return v1.Document(
        document_id=str(row.id),
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        inline=content,
    )


def receipt(
    row: model.Receipt,
    stamped: ReceiptTimestamp | None = None,
    *,
    raised: Raised | None = None,
    file: bytes | None = None,
) -> v1.Receipt:
    """Return a receipt, its bytes as they are stored: the original, or the form with the time-stamp.

    Or in a form that was `raised` further. `file` is its other form, where one is wanted.
    """
    form = raised or stamped or row
    level = Level.EPES if stamped is None else Level.T
    return v1.Receipt(
        receipt_id=str(row.id),
        state=row.state,
        event_time=row.event_time,
        sha256=form.sha256,
        sealed=form.xml,
        level=level if raised is None else raised.level,
        file=file,
        nature=row.nature,
    )


def told_receipts(rows: Sequence[Stamped] | None, version: Version) -> Sequence[Stamped] | None:
    """Return those of the receipts that an answer of that version tells of."""
    return None if rows is None else [pair for pair in rows if is_told(pair[0], version)]


def receipts(
    asked: str,
    rows: Sequence[Stamped] | None,
    files: Sequence[bytes | None],
    raised: Mapping[UUID, Raised],
) -> v1.NotificationReceipts:
    """Return one item of RetrieveReceipts, named as it was asked for."""
    found = zip_longest(rows or (), files)
    return v1.NotificationReceipts(
        id=asked,
        receipts=tuple(
            receipt(row, stamped, raised=raised.get(row.id), file=file) for (row, stamped), file in found
        ),
        problem=problem(NotificationUnknownError if rows is None else None),
    )


# --- decisions ------------------------------------------------------------------------------------


def outcome(asked: str, result: mailbox.Outcome) -> v1_decisions.DecisionOutcome:
    """Return what became of one item, named as it was asked for."""
    if result.is_repeat:
        word, refusal = "already_decided_by_you", None
    else:
        word, refusal = _OUTCOMES.get(result.problem, "refused"), result.problem
    event, sealed = result.event, result.receipt
    return v1_decisions.DecisionOutcome(
        id=asked,
        outcome=word,
        decision=None if event is None else _decision(event, result.notification),
        receipt=None if sealed is None else receipt(sealed),
        problem=problem(refusal),
    )


def _decision(event: model.Event, notification: model.Notification | None) -> v1_decisions.Decision:
    """Return for whom and by whom it was decided, where and when."""
    return v1_decisions.Decision(
        state=event.state,
        at=event.at,
        channel=str(event.channel),
        party=_known(event.party, event.party_name or event.party),
        signer=_known(event.signer, event.signer_name or event.signer),
        nature=event.nature,
        means=event.means,
        level=event.level,
        represented=None if notification is None else _addressee(notification),
        delegate=_delegate(event),
        signing_person=_signing_person(event),
    )


def _addressee(row: model.Notification) -> v1.Party:
    return v1.Party(identifier=row.addressee.identifier, name=addressee_name_of(row))


def _delegate(event: model.Event) -> v1_decisions.Delegate | None:
    """Return who held the title by which it was done."""
    found = delegate_of(event)
    if found is None:
        return None
    party = v1.Party(identifier=found.identifier, name=found.name)
    return v1_decisions.Delegate(role=found.role, party=party, reference=found.reference)


def _signing_person(event: model.Event) -> v1_decisions.SigningPerson | None:
    """Return the natural person who signed."""
    found = signing_person_of(event)
    if found is None:
        return None
    return v1_decisions.SigningPerson(
        identifier=found.identifier,
        name=found.name,
        secondary_user=found.is_secondary_user,
        registration=None if found.registration is None else str(found.registration),
    )


def _known(identifier: str | None, name: str | None) -> v1.Party | None:
    """Return who it was, as far as it is known: other channels do not always tell."""
    return None if identifier is None else v1.Party(identifier=identifier, name=name or "")


# --- counts and history ---------------------------------------------------------------------------


def summary(
    result: following.Summary, page: counting.AddresseesPage | None = None
) -> v1_following.GetSummaryResponse:
    """Return counts, each list in an order of its own; what has no deadline comes last."""
    days = sorted(result.by_days_left.items(), key=lambda pair: (pair[0] is None, pair[0] or 0))
    return v1_following.GetSummaryResponse(
        as_of=result.as_of,
        total=result.total,
        by_state=tuple(
            v1_following.StateCount(state=state, count=count)
            for state, count in sorted(result.by_state.items())
        ),
        by_issuing_body=tuple(
            v1_following.IssuingBodyCount(
                issuing_body=_issuing_body(body), count=body.total, undecided=body.undecided
            )
            for body in result.by_issuing_body.values()
        ),
        by_days_left=tuple(v1_following.DaysLeftCount(days_left=left, count=count) for left, count in days),
        by_addressee=() if page is None else tuple(map(_addressee_count, page.counts)),
        next_cursor=None if page is None else page.next_cursor,
    )


def _addressee_count(one: counting.AddresseeCount) -> v1_following.AddresseeCount:
    return v1_following.AddresseeCount(
        addressee=v1.Party(identifier=one.identifier, name=one.name),
        count=one.total,
        undecided=one.undecided,
        nearest_deadline=one.nearest,
    )


def is_told(row: model.Event | model.Receipt, version: Version) -> bool:
    """Tell whether an answer of that version tells of it: of what moves nothing only a later one than 1.0.

    By its state alone it would be taken for something that moves.
    """
    return version >= Version.V1_1 or row.nature not in MOVING_NOTHING


def history(result: following.History, now: datetime, version: Version) -> v1_following.GetHistoryResponse:
    """Return the events of one notification and the changes of its deadline."""
    row = result.notification
    told = [one for one in result.events if is_told(one, version)]
    return v1_following.GetHistoryResponse(
        as_of=now,
        notification=notification(row, now, information_years=result.information_years),
        events=tuple(_event(one, row.available_at, row.receipt_of(one)) for one in told),
        deadline_changes=tuple(
            v1_following.DeadlineChange(
                at=one.at, previous=one.previous, deadline=one.deadline, cause=one.cause, reason=one.reason
            )
            for one in result.deadline_changes
        ),
        notices=tuple(
            v1_following.Notice(
                kind=one.kind, queued_at=one.queued_at, state=one.state, address=one.address, at=one.at
            )
            for one in result.notices
        ),
    )


def _event(row: model.Event, available_at: datetime, receipt: model.Receipt | None) -> v1_following.Event:
    """Return what happened, when, where, by whom, and who told us if it was elsewhere."""
    state, at = shown_event(row.state, row.at, available_at)
    return v1_following.Event(
        event_id=str(row.id),
        state=state,
        at=at,
        decisive=row.decisive,
        channel=row.channel,
        role=row.role,
        party=_known(row.party, row.party_name),
        signer=_known(row.signer, row.signer_name),
        delegate=_delegate(row),
        signing_person=_signing_person(row),
        reported_by=row.reported_by,
        reported_at=row.reported_at,
        receipt_id=None if receipt is None else str(receipt.id),
        nature=row.nature,
        means=row.means,
        level=row.level,
    )
