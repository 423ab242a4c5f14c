"""Decisions taken in other channels, as the issuing body reports them.

The earliest event wins, whoever tells of it first (Ley 39/2015 art. 41.7; RD 203/2021 art. 42.1; Orden
ISM/903/2020 art. 6.4 and 9). So a report may come late and still be the decision: then it takes the
place of the one that stood, which stays on record, with its receipt. A later one is recorded too and
decides nothing. The clock's event stands at the deadline, whether it is written down yet or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notigateway.errors import (
    ActUnknownError,
    AlreadyDecidedError,
    InvalidActError,
    LapsedError,
    NotRejectableError,
    ReportInvalidError,
)
from notigateway.evidence.statement import ReportDetails
from notigateway.instants import to_milliseconds
from notigateway.issuer.amending import Result, decisive_event, stated
from notigateway.law.identifiers import check_nif
from notigateway.law.lifecycle import Channel, Decision, Kind, State, is_held
from notigateway.law.submission import NAME_MAX, check_identifier, check_text
from notigateway.receipts.recording import Attested, record_receipt, record_request, request_evidence
from notigateway.repository.issuer import lock_issued
from notigateway.repository.model import Event
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from notigateway.issuer.amending import Acting
    from notigateway.repository.model import Notification


@dataclass(frozen=True, kw_only=True)
class Report:
    """A decision taken elsewhere; `evidence` is where the body keeps its proof.

    Who decided may be unknown: paper is handed over at a door.
    """

    reference: str
    channel: Channel
    decision: Decision
    at: datetime
    evidence: str
    party: str | None = None
    party_name: str | None = None


def prevails(notification: Notification, at: datetime, now: datetime) -> bool:
    """Tell whether an event of that instant is the first: before the standing one and the deadline."""
    deadline = notification.deadline
    if deadline is not None and at >= deadline and not is_held(notification.standing, now):
        return False
    standing = decisive_event(notification)
    return standing is None or at < standing.at


def report_all(session: Session, reports: Sequence[Report], *, acting: Acting) -> list[Result]:
    """Record each reported decision; each has its receipt, whether it decides or not."""
    rows = lock_issued(session, acting.body, [report.reference for report in reports])
    results = [
        stated(_report_one(session, report, rows.get(report.reference), acting=acting), acting.now)
        for report in reports
    ]
    if any(result.receipt is not None and not result.is_repeat for result in results):
        record_request(session, acting.proof, now=acting.now)
    return results


def _report_one(
    session: Session, report: Report, notification: Notification | None, *, acting: Acting
) -> Result:
    """Record one report, or say why it cannot have happened like that."""
    if notification is None:
        return Result(report.reference, ActUnknownError)
    try:
        report = _checked(report)
    except InvalidActError as error:
        return Result(report.reference, ReportInvalidError, notification, field=str(error.facts["field"]))
    if not notification.available_at <= report.at <= acting.now:
        return Result(report.reference, ReportInvalidError, notification, field="at")
    state = _state(notification, report.decision)
    if state is None:
        return Result(report.reference, NotRejectableError, notification)
    earlier = _same_report(notification, report, state)
    if earlier is not None:
        # A repeat is idempotent: the same receipt, nothing new.
        receipt = notification.receipt_of(earlier)
        standing = decisive_event(notification)
        return Result(
            report.reference,
            notification=notification,
            standing=standing,
            receipt=receipt,
            is_repeat=True,
        )
    return _record(session, report, notification, state=state, acting=acting)


def _checked(report: Report) -> Report:
    """Return the report in its one form. Raises: `InvalidActError` with the field."""
    check_text("evidence", report.evidence, longest=NAME_MAX)
    party = report.party
    if party is not None:
        party = check_identifier("decidedBy.identifier", party, check_nif)
    if report.party_name is not None:
        check_text("decidedBy.name", report.party_name, longest=NAME_MAX)
    return replace(report, party=party, at=to_milliseconds(report.at))


def _state(notification: Notification, decision: Decision) -> State | None:
    """Return the state that the decision leads to; None where it leads nowhere."""
    if notification.kind is Kind.COMMUNICATION:
        return State.READ if decision is Decision.ACCEPT else None
    return State.ACCEPTED if decision is Decision.ACCEPT else State.REJECTED


def _same_report(notification: Notification, report: Report, state: State) -> Event | None:
    """Return the event of the same decision: same channel, instant and kind."""
    wanted = (report.channel, report.at, state)
    return next((e for e in notification.events if (e.channel, e.at, e.state) == wanted), None)


def _record(
    session: Session, report: Report, notification: Notification, *, state: State, acting: Acting
) -> Result:
    """Write the event and its receipt; move the notification where the event is the first one."""
    is_first = prevails(notification, report.at, acting.now)
    replaced = decisive_event(notification)
    problem = None if is_first else (LapsedError if replaced is None else AlreadyDecidedError)
    if is_first:
        if replaced is not None:
            replaced.decisive = False
            session.flush()  # before the new one: at most one event of a notification is decisive
        notification.state, notification.decided_at = state, report.at
    event = Event(
        id=uuid7(acting.now),
        notification_code=notification.code,
        position=len(notification.events) + 1,
        state=state,
        decisive=is_first,
        at=report.at,
        channel=report.channel,
        party=report.party,
        party_name=report.party_name or _known_name(notification, report.party),
        reported_by=acting.body.dir3,
        reported_at=acting.now,
        reported_reference=report.evidence,
        correlation_id=acting.proof.correlation_id,
    )
    notification.events.append(event)
    details = ReportDetails(
        reported_at=acting.now,
        reference=report.evidence,
        identifier=event.party,
        name=event.party_name,
    )
    receipt = record_receipt(
        notification,
        event,
        seal=acting.seal,
        now=acting.now,
        attested=Attested(request=request_evidence(acting.proof), report=details),
    )
    session.flush()
    return Result(
        report.reference,
        problem,
        notification,
        standing=event if is_first else replaced,
        receipt=receipt,
        is_correction=is_first and replaced is not None,
        is_recorded_only=not is_first,
    )


def _known_name(notification: Notification, party: str | None) -> str | None:
    """Return the name of the party where it is the addressee itself."""
    addressee = notification.addressee
    return addressee.name if addressee.identifier == party else None
