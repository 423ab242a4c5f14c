"""Writing down what happened: event, statement, sealed receipt, and the request that proves the will.

A receipt is in the transaction of what it attests; that of a handover is committed before content leaves.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.serialization import Encoding

from notigateway.drawing import draw_bytes
from notigateway.evidence import statement as evidence
from notigateway.evidence.element import render
from notigateway.law.caller import NOBODY
from notigateway.law.information import inform
from notigateway.law.lifecycle import MOVING_NOTHING, Channel, Nature, State
from notigateway.law.metadata import pairs_of
from notigateway.law.transitions import lapse
from notigateway.receipts.acting import Attested, authentication_of, request_evidence
from notigateway.repository.making import keep, make
from notigateway.repository.model import Receipt
from notigateway.repository.natures import chain_of
from notigateway.repository.quoted import addressee_name_of, body_name_of, body_nif_of
from notigateway.repository.receipts import keep_request_envelope
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from notigateway.evidence.sealing import Seal
    from notigateway.law.caller import Circumstances
    from notigateway.law.deadlines import Outage
    from notigateway.law.transitions import Transition
    from notigateway.receipts.acting import Acting
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Event, Notification
    from notigateway.repository.session import Session

# 120 random bits, 24 characters of base32: who has not seen the printed form cannot find it. Of each random
# byte five bits are taken.
_CSV_CODE_CHARACTERS: Final = 24
_BASE32: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 8


def record_request(session: Session, asking: Asking) -> None:
    """Add the signed request to the transaction, once for all that it decides, and who signed it for whom."""
    proof, signer = asking.proof, asking.proof.certificate
    keep_request_envelope(
        session,
        sha256=proof.sha256,
        xml=proof.envelope,
        received_at=asking.now,
        certificate=None if signer is None else signer.public_bytes(Encoding.DER),
        party=asking.party,
    )


def record_decision(
    notification: Notification, transition: Transition, acting: Acting, *, seal: Seal
) -> tuple[Event, Receipt]:
    """Add the decisive event and its sealed receipt to the transaction; return both."""
    told, attested = acting.on(notification)
    return _record_event(notification, transition, told, now=acting.asking.now, seal=seal, attested=attested)


def record_report(
    notification: Notification,
    transition: Transition,
    told: Circumstances,
    *,
    asking: Asking,
    seal: Seal,
) -> tuple[Event, Receipt]:
    """Add the event that an issuing body reported, decisive or not, and its sealed receipt; return both."""
    now = told.reported_at or asking.now
    details = evidence.ReportDetails(
        reported_at=now,
        reference=told.reported_reference or "",
        identifier=told.party,
        name=told.party_name,
        nature=transition.nature,
        first_attempt_at=told.first_attempt_at,
    )
    attested = Attested(
        authentication=authentication_of(asking), request=request_evidence(asking.proof), report=details
    )
    return _record_event(notification, transition, told, now=now, seal=seal, attested=attested)


def _record_event(
    notification: Notification,
    transition: Transition,
    told: Circumstances,
    *,
    now: datetime,
    seal: Seal,
    attested: Attested,
) -> tuple[Event, Receipt]:
    """Let it happen, and attest its event; before it, that the notification was put at disposal."""
    event = notification.happen(transition, told, now=now)
    if event is None:
        raise LookupError(f"{transition.cause} has no event and no receipt of one")
    record_put_at_disposal(notification, now=now, seal=seal)
    fact = Fact(event, event.state, event.at, event.channel, event.reason, event.nature)
    return event, _record(notification, fact, seal=seal, now=now, attested=attested)


def record_put_at_disposal(notification: Notification, *, now: datetime, seal: Seal) -> Receipt | None:
    """Attest that the notification is at disposal since its time; once, and before anything else.

    None where it is attested already, where it was withdrawn before its time, so that it was not, or where
    the seal's certificate was not valid at that time.
    """
    if notification.available_at > now or _was_withdrawn_before_its_time(notification):
        return None
    if any((r.state, r.nature) == (State.AVAILABLE, None) for r in notification.receipts):
        return None
    if not seal.covers(notification.available_at):
        return None
    at = Fact(notification.events[0], State.AVAILABLE, notification.available_at)
    return _record(notification, at, seal=seal, now=now, attested=Attested())


def _was_withdrawn_before_its_time(notification: Notification) -> bool:
    """Tell whether its time came when it was withdrawn already, whatever was reported since."""
    return any(
        event.state is State.CANCELLED and event.at < notification.available_at
        for event in notification.events
    )


def record_handover(notification: Notification, acting: Acting, *, seal: Seal) -> Receipt | None:
    """Attest that the content was handed over for the first time since the acceptance.

    None where it is attested already, or nothing was accepted: opening a communication has its own
    receipt. The border must commit before the content leaves.
    """
    if not notification.awaits_handover():
        return None
    accepted = notification.decisive_event()
    if accepted is None:
        raise LookupError("what was accepted has its event")
    now, (_, attested) = acting.asking.now, acting.on(notification)
    # What was decided elsewhere before its time came to be at disposal afterwards.
    record_put_at_disposal(notification, now=now, seal=seal)
    # A request that waited may have come before the acceptance that it then found; nothing left then.
    fact = Fact(accepted, State.READ, max(now, accepted.at), Channel.WEB_SERVICE)
    return _record(notification, fact, seal=seal, now=now, attested=attested)


def record_information(
    notification: Notification, acting: Acting, *, seal: Seal, years: int
) -> Receipt | None:
    """Attest that the party read it for information: an event without effect, and its receipt.

    None where that is attested already, once for each party. The border must commit before the content
    leaves.

    Raises: what `law.information.inform` raises.
    """
    now = acting.asking.now
    transition = inform(notification.standing, now, years=years)
    told, attested = acting.on(notification)
    if any((e.nature, e.party) == (transition.nature, told.party) for e in notification.events):
        return None
    _, receipt = _record_event(notification, transition, told, now=now, seal=seal, attested=attested)
    return receipt


def record_lapse(
    notification: Notification, *, outages: Sequence[Outage], now: datetime, seal: Seal
) -> tuple[Event, Receipt]:
    """Write down that the term ended without access (Ley 39/2015 art. 43.2): event and sealed receipt.

    It happened at the deadline, whenever it is written down; nobody caused it, in no channel. Of the
    declared `outages` the receipt names those within the term.
    """
    transition = lapse(notification.standing, now)
    within = [one for one in outages if one.touches(notification.available_at, transition.at)]
    attested = Attested(outages=within)
    return _record_event(notification, transition, NOBODY, now=now, seal=seal, attested=attested)


@dataclass(frozen=True, slots=True)
class Fact:
    """What is attested: the state that began at an instant, and the event at which the receipt stands."""

    event: Event
    state: State
    at: datetime
    channel: Channel | None = None
    reason: str | None = None
    nature: Nature | None = None


def _record(
    notification: Notification, fact: Fact, *, seal: Seal, now: datetime, attested: Attested
) -> Receipt:
    """Seal a fact as the next one in the notification's chain.

    Raises: `TemporarilyUnavailableError` where the seal cannot be used now; the transaction ends with it.
    """
    is_beside, chain = fact.nature in MOVING_NOTHING, chain_of(notification.receipts)
    last = None if is_beside or not chain else chain[-1]
    receipt = make(
        Receipt,
        id=uuid7(now),
        notification_code=notification.code,
        position=None if is_beside else len(chain) + 1,
        event_id=fact.event.id,
        state=fact.state,
        nature=fact.nature,
        event_time=fact.at,
        csv_code=draw_bytes(_CSV_CODE_CHARACTERS).translate(_BASE32).decode(),
        timestamp_due_at=now,
    )
    statement = _statement(notification, fact, receipt, attested=attested, issuer=seal.issuer, last=last)
    # The instant of the event: the seal must be valid then. A report is sealed when it was told.
    sealed_at = fact.at if attested.report is None else attested.report.reported_at
    receipt.xml = seal.seal(render(statement), sealed_at, now=now)
    receipt.sha256 = hashlib.sha256(receipt.xml).hexdigest()
    keep(notification, notification.receipts, receipt)
    return receipt


def _statement(
    notification: Notification,
    fact: Fact,
    receipt: Receipt,
    *,
    attested: Attested,
    issuer: evidence.EvidenceIssuerDetails,
    last: Receipt | None,
) -> evidence.Statement:
    """Say what the receipt attests: RD 203/2021 art. 42.3 and Orden ISM/903/2020 art. 8.5."""
    act, addressee = notification.act, notification.addressee.identifier
    classes = evidence.RetentionClass
    return evidence.Statement(
        evidence_id=receipt.id,
        event=fact.state,
        nature=fact.nature,
        event_time=fact.at,
        submission_time=notification.available_at,
        deadline=notification.deadline,
        ground=notification.ground,
        paper=act.paper,
        channel=fact.channel,
        reason=fact.reason,
        issuer=issuer,
        sender=evidence.SenderDetails(
            dir3=act.issuing_body.dir3, name=body_name_of(act), nif=body_nif_of(act)
        ),
        recipient=evidence.RecipientDetails(identifier=addressee, name=addressee_name_of(notification)),
        predecessor=_predecessor(notification),
        delegate=attested.delegate,
        signer=attested.signer,
        authentication=attested.authentication,
        request=attested.request,
        report=attested.report,
        outages=attested.outages,
        previous=None if last is None else evidence.PreviousEvidence(evidence_id=last.id, sha256=last.sha256),
        csv_code=receipt.csv_code,
        retention=classes.SPECIAL_CATEGORY if act.special_category else classes.STANDARD,
        content=_content(notification),
    )


def _predecessor(notification: Notification) -> evidence.PredecessorDetails | None:
    """Name whom the act names, where its place was taken."""
    if notification.predecessor is None:
        return None
    name = notification.predecessor_name or notification.predecessor
    return evidence.PredecessorDetails(identifier=notification.predecessor, name=name)


def _content(notification: Notification) -> evidence.UserContent:
    """Name the act and its documents."""
    act = notification.act
    return evidence.UserContent(
        notification_id=notification.id,
        notification_code=notification.code,
        act_reference=act.reference,
        subject=act.subject,
        procedure=act.procedure,
        matter=act.matter,
        ccc=act.ccc,
        naf=act.naf,
        metadata=tuple(
            evidence.StatedMetadata(key=key, value=value) for key, value in pairs_of(act.public_metadata)
        ),
        documents=tuple(
            evidence.AttestedDocument(document_id=d.id, media_type=d.media_type, size=d.size, sha256=d.sha256)
            for d in act.documents
        ),
    )
