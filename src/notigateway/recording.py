"""Writing down a decision: event, statement, sealed receipt and the request that proves the will.

What is attested is written before it has effect: all of it is in the transaction of the state change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from notigateway.evidence.statement import (
    ActorAuthentication,
    AttestedDocument,
    DelegateDetails,
    RecipientDetails,
    ReportDetails,
    RequestEvidence,
    SenderDetails,
    Statement,
    UserContent,
    render,
)
from notigateway.lifecycle import Channel, State
from notigateway.repository.model import Event, Receipt
from notigateway.repository.receipts import keep_request_envelope
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.orm import Session

    from notigateway.evidence.xades import Seal
    from notigateway.pki.identity import Caller
    from notigateway.repository.model import Notification


@dataclass(frozen=True)
class RequestProof:
    """The signed request as it was received: the caller's proof of will."""

    correlation_id: UUID
    envelope: bytes = field(repr=False)
    signature_method: str

    @cached_property
    def sha256(self) -> str:
        """Return the hash under which the envelope is kept."""
        return hashlib.sha256(self.envelope).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Who asks for a change of rights, when, and the proof of it."""

    caller: Caller
    now: datetime
    proof: RequestProof


def record_request(session: Session, proof: RequestProof, *, now: datetime) -> None:
    """Add the signed request to the transaction, once for all that it decides."""
    keep_request_envelope(session, sha256=proof.sha256, xml=proof.envelope, received_at=now)


def record_decision(
    notification: Notification,
    *,
    state: State,
    caller: Caller,
    now: datetime,
    seal: Seal,
    proof: RequestProof,
    reason: str | None,
) -> tuple[Event, Receipt]:
    """Add the decisive event and its sealed receipt to the transaction; return both."""
    event = Event(
        id=uuid7(now),
        notification_code=notification.code,
        position=len(notification.events) + 1,
        state=state,
        decisive=True,
        at=now,
        channel=Channel.WEB_SERVICE,
        role=notification.seen_as,
        party=caller.party,
        party_name=caller.party_name,
        signer=caller.signer,
        signer_name=caller.signer_name,
        reason=reason,
        correlation_id=proof.correlation_id,
    )
    notification.events.append(event)
    delegate = DelegateDetails(
        role=notification.seen_as,
        identifier=caller.signer,
        name=caller.signer_name,
        reference=notification.seen_by,
    )
    authentication = ActorAuthentication(
        certificate_sha256=caller.certificate_fingerprint,
        issuer=caller.certificate_issuer,
        serial=caller.certificate_serial,
        identifier=caller.signer,
        validated_at=event.at,
    )
    receipt = record_receipt(
        notification,
        event,
        seal=seal,
        now=now,
        attested=Attested(delegate=delegate, authentication=authentication, request=request_evidence(proof)),
    )
    return event, receipt


def record_receipt_request(
    notification: Notification, *, caller: Caller, now: datetime, correlation_id: UUID
) -> None:
    """Write down that a receipt to sign was asked for: an event that decides nothing and has no receipt."""
    notification.events.append(
        Event(
            id=uuid7(now),
            notification_code=notification.code,
            position=len(notification.events) + 1,
            state=State.RECEIPT_REQUESTED,
            decisive=False,
            at=now,
            channel=Channel.WEB_SERVICE,
            role=notification.seen_as,
            party=caller.party,
            party_name=caller.party_name,
            signer=caller.signer,
            signer_name=caller.signer_name,
            correlation_id=correlation_id,
        )
    )


def record_lapse(notification: Notification, *, now: datetime, seal: Seal) -> tuple[Event, Receipt]:
    """Write down that the term ended without access (Ley 39/2015 art. 43.2): event and sealed receipt.

    It happened at the deadline, whenever it is written down; nobody caused it, in no channel.
    """
    event = Event(
        id=uuid7(now),
        notification_code=notification.code,
        position=len(notification.events) + 1,
        state=State.LAPSED,
        decisive=True,
        at=notification.lapse(),
    )
    notification.events.append(event)
    return event, record_receipt(notification, event, seal=seal, now=now, attested=Attested())


def request_evidence(proof: RequestProof) -> RequestEvidence:
    """Return what a receipt says of a signed request."""
    return RequestEvidence(
        message_id=proof.correlation_id,
        envelope_sha256=proof.sha256,
        signature_method=proof.signature_method,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """What a receipt says beyond the notification and the event: nothing where the clock decided."""

    delegate: DelegateDetails | None = None
    authentication: ActorAuthentication | None = None
    request: RequestEvidence | None = None
    report: ReportDetails | None = None


def record_receipt(
    notification: Notification, event: Event, *, seal: Seal, now: datetime, attested: Attested
) -> Receipt:
    """Add the sealed receipt of an event to the transaction and return it."""
    receipt_id = uuid7(now)
    sealed_at = event.at if attested.report is None else attested.report.reported_at
    xml = seal.seal(render(_statement(notification, event, receipt_id, attested)), sealed_at)
    receipt = Receipt(
        id=receipt_id,
        notification_code=notification.code,
        event_id=event.id,
        state=event.state,
        event_time=event.at,
        sha256=hashlib.sha256(xml).hexdigest(),
        xml=xml,
    )
    notification.receipts.append(receipt)
    return receipt


def _statement(notification: Notification, event: Event, receipt_id: UUID, attested: Attested) -> Statement:
    """Say what the receipt attests: RD 203/2021 art. 42.3 and Orden ISM/903/2020 art. 8.5."""
    act, body, addressee = notification.act, notification.act.issuing_body, notification.addressee
    return Statement(
        evidence_id=receipt_id,
        event=event.state,
        event_time=event.at,
        submission_time=notification.available_at,
        deadline=notification.deadline,
        channel=event.channel,
        reason=event.reason,
        sender=SenderDetails(dir3=body.dir3, name=body.name, nif=body.nif),
        recipient=RecipientDetails(identifier=addressee.identifier, name=addressee.name),
        delegate=attested.delegate,
        authentication=attested.authentication,
        request=attested.request,
        report=attested.report,
        content=UserContent(
            notification_id=notification.id,
            notification_code=notification.code,
            act_reference=act.reference,
            subject=act.subject,
            procedure=act.procedure,
            documents=tuple(
                AttestedDocument(document_id=d.id, media_type=d.media_type, size=d.size, sha256=d.sha256)
                for d in act.documents
            ),
        ),
    )
