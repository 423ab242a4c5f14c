"""Whether a thing that is stored is as it must be: the rules of the check, each by itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from lxml.etree import XMLSyntaxError

from notigateway.errors import StampInvalidError
from notigateway.evidence.statement import parse_receipt
from notigateway.evidence.timestamp import embedded_certificates, read_stamp, signature_imprint, take_out
from notigateway.law.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from cryptography.x509 import Certificate

    from notigateway.evidence.statement import ReceiptFacts
    from notigateway.evidence.timestamp import Stamp
    from notigateway.repository.model import Event, Notification, Receipt
    from notigateway.repository.timestamps import ReceiptTimestamp

_DECIDED: Final = frozenset({State.ACCEPTED, State.REJECTED, State.LAPSED, State.READ, State.CANCELLED})
# What is attested by a receipt of its own: not what a withdrawal, a request to sign or a time to come tells.
_ATTESTED: Final = frozenset({State.AVAILABLE, State.ACCEPTED, State.REJECTED, State.LAPSED, State.READ})
_FOLLOWED: Final = frozenset({(State.SCHEDULED, State.AVAILABLE), (State.ACCEPTED, State.READ)})


class Rule(StrEnum):
    """Which rule does not hold."""

    DECISION = "decision"
    RECEIPT = "receipt"
    REQUEST = "request"
    REVOCATION = "revocation"
    CHANGE = "change"
    TIME_STAMP = "time-stamp"
    CHECKPOINT = "checkpoint"
    RENEWAL = "renewal"
    STORE = "store"
    DOCUMENT = "document"
    KEPT = "kept"
    UNPROVEN = "unproven"
    # Told, and no fault: nobody could have kept it from coming.
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold: the rule, what it is about, and how it is."""

    rule: Rule
    subject: str
    detail: str


def check_decision(notification: Notification) -> Iterator[Finding]:
    """Yield in what a notification's state differs from its events."""
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


def check_events(notification: Notification, *, sealed: set[UUID], placed: set[UUID]) -> Iterator[Finding]:
    """Yield which of its events lack a receipt or a place among the changes."""
    for event in notification.events:
        subject = f"{notification.id} event {event.position}"
        if event.state in _ATTESTED and event.id not in sealed:
            said = event.state if event.nature is None else f"{event.state} ({event.nature})"
            yield Finding(Rule.RECEIPT, subject, f"{said} without a receipt")
        if event.id not in placed:
            yield Finding(Rule.CHANGE, subject, f"{event.state} without a place")


def misfit(
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


def read_own_stamp(
    receipt: Receipt, stamped: ReceiptTimestamp | None, authorities: Sequence[Certificate]
) -> Stamp | None:
    """Return what the time-stamp in a receipt's time-stamped form states; None where there is no such form.

    Raises: `StampInvalidError` with what is wrong with the form.
    """
    if stamped is None:
        return None
    if hashlib.sha256(stamped.xml).hexdigest() != stamped.sha256:
        raise StampInvalidError("the bytes of the time-stamped form do not have their hash")
    try:
        original, token = take_out(stamped.xml)
        if token is None or original != receipt.xml:
            raise StampInvalidError("the time-stamped form is not this receipt with a time-stamp")
        pinned = authorities or embedded_certificates(token)
        stamp = read_stamp(token, imprint=signature_imprint(original), authorities=pinned)
    except ValueError as error:
        raise StampInvalidError(str(error)) from error
    if stamp.at != stamped.at:
        raise StampInvalidError(f"the time-stamp states {stamp.at}, its row {stamped.at}")
    return stamp


def named(receipt: Receipt, path: str) -> str | None:
    """Return the digest that a receipt names there; None where it names none or is damaged."""
    try:
        return parse_receipt(receipt.xml).findtext(path)
    except XMLSyntaxError:
        return None
