"""Decisions: the first one stands, each item has its own outcome, and repeating gives the same receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway.client.errors import GatewayFaultError
from notigateway.conformance.expecting import answered, expect, refused, same
from notigateway.conformance.kit import Need, check
from notigateway.conformance.raw import soap_headers
from notigateway.conformance.verdict import FailedError, SkippedError
from notigateway.pki.identity import read_caller

if TYPE_CHECKING:
    from notigateway.client.values import DecisionOutcome
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/lifecycle.md, One decision"
_CONTENT: Final = "docs/lifecycle.md, R1; Ley 39/2015 art. 43.1"
_TURNING: Final = "aceptado \u202e"


@check("DEC-01", "an acceptance is decided now, by the caller, with a receipt", _SOURCE, Need.EFFECT)
def _accept(target: Target) -> None:
    outcome = target.supply.accepted()
    _expect_decided(target, outcome, "accepted")
    same(target.client().history(outcome.id).notification.state, "accepted", "the state after accepting")


@check("DEC-02", "accepting again gives the same receipt, and decides nothing new", _SOURCE, Need.EFFECT)
def _again(target: Target) -> None:
    first = target.supply.accepted()
    (again,) = target.client().accept([first.id])
    same(again.outcome, "already_decided_by_you", "the outcome of the second acceptance")
    _expect_same_receipt(again, first)
    if again.decision is None or first.decision is None:
        raise FailedError("an outcome tells no decision")
    same(again.decision.at, first.decision.at, "when it was decided")


@check("DEC-03", "who rejects what is accepted is told of the acceptance, which stands", _SOURCE, Need.EFFECT)
def _other_decision(target: Target) -> None:
    first = target.supply.accepted()
    (other,) = target.client().reject([first.id])
    same(other.outcome, "already_decided", "the outcome of rejecting what is accepted")
    _expect_same_receipt(other, first)
    same(target.client().history(first.id).notification.state, "accepted", "the state afterwards")


@check("DEC-04", "a rejection is decided, with its receipt, and delivers no content", _SOURCE, Need.EFFECT)
def _reject(target: Target) -> None:
    item = target.supply.undecided()
    (outcome,) = target.client().reject([item.id])
    _expect_decided(target, outcome, "rejected")
    (found,) = target.client().retrieve([item.id])
    expect(not found.documents, "the content of what was rejected is delivered")


@check(
    "DEC-05",
    "what was rejected may be read for information, and stays rejected",
    "docs/lifecycle.md, R1b",
    Need.EFFECT,
)
def _for_information(target: Target) -> None:
    item = target.supply.undecided()
    target.client().reject([item.id])
    (found,) = target.client().retrieve([item.id], for_information=True)
    expect(found.documents, "what was rejected cannot be read for information")
    same(target.client().history(item.id).notification.state, "rejected", "the state after reading")


@check(
    "DEC-06", "no content before the acceptance: neither in a list of documents nor piece by piece", _CONTENT
)
def _not_before(target: Target) -> None:
    item = target.supply.untouched()
    (found,) = target.client().retrieve([item.id])
    expect(found.notification is not None, "the metadata of an undecided notification are not told")
    expect(not found.documents, "documents are delivered before the acceptance")
    same(found.problem and found.problem.code, "NOT_ACCEPTED", "the problem of an undecided notification")
    for one in (uuid4(), *_documents_elsewhere(target)):
        try:
            b"".join(target.client().retrieve_document(item.id, str(one)))
        except GatewayFaultError as fault:
            same(fault.code, "NOT_ACCEPTED", "the fault for a document of an undecided notification")
        else:
            raise FailedError("a document is delivered before the acceptance")


@check(
    "DEC-07", "each item has its own outcome, in the order in which it was asked for", _SOURCE, Need.EFFECT
)
def _batch(target: Target) -> None:
    unknown, (first, second) = str(uuid4()), target.supply.several(2)
    outcomes = list(target.client().accept([second.id, unknown, first.id]))
    same([one.id for one in outcomes], [second.id, unknown, first.id], "the order of the outcomes")
    same([one.outcome for one in outcomes], ["decided", "unknown", "decided"], "the outcomes")
    receipts = {one.receipt.receipt_id for one in outcomes if one.receipt is not None}
    same(len(receipts), 2, "how many receipts two decisions have")
    same(
        outcomes[1].problem and outcomes[1].problem.code,
        "NOTIFICATION_UNKNOWN",
        "the problem of the unknown one",
    )


@check(
    "DEC-08",
    "a reason with a character that turns the direction is refused, and nothing is decided",
    "docs/security.md, Texts",
    Need.EFFECT,
)
def _reason(target: Target) -> None:
    item = target.supply.untouched()
    try:
        list(target.client().reject([item.id], reason=_TURNING))
    except GatewayFaultError as fault:
        same(fault.code, "TEXT_INVALID", "the fault")
    else:
        raise FailedError("a reason that reads otherwise than it is written is taken")
    same(target.client().history(item.id).notification.state, "available", "the state afterwards")


@check(
    "DEC-09",
    "a communication is read by accepting it, and cannot be rejected",
    "docs/lifecycle.md, R11",
    Need.PUBLISHING,
)
def _communication(target: Target) -> None:
    item = target.supply.communication()
    (rejected,) = target.client().reject([item.id])
    expect(not rejected.is_done, "a communication was rejected")
    (read,) = target.client().accept([item.id])
    expect(read.is_done, f"a communication cannot be read: {read.outcome}")
    same(target.client().history(item.id).notification.state, "read", "the state of what was read")


@check("DEC-10", "an effect is not repeated by the same message", "docs/security.md, Replay", Need.EFFECT)
def _replayed(target: Target) -> None:
    operation, item = "AcceptNotifications", target.supply.undecided()
    content = f'<{operation} xmlns="{target.dialect.namespace}"><id>{item.id}</id></{operation}>'.encode()
    data, headers = (
        target.draft(operation, content=content).build(),
        soap_headers(target.dialect.action(operation)),
    )
    answered(target, target.send(data, headers), operation)
    refused(target, data, "MESSAGE_REPLAYED", headers=headers)


def _expect_decided(target: Target, outcome: DecisionOutcome, state: str) -> None:
    same(outcome.outcome, "decided", "the outcome")
    if outcome.decision is None or outcome.receipt is None:
        raise FailedError("the outcome has no decision, or no receipt")
    same((outcome.decision.state, outcome.receipt.state), (state, state), "the state of decision and receipt")
    party = outcome.decision.party.identifier if outcome.decision.party is not None else None
    same(party, read_caller(target.given.me.certificate).party, "who decided")
    same(outcome.receipt.event_time, outcome.decision.at, "the instant of the receipt")


def _expect_same_receipt(found: DecisionOutcome, wanted: DecisionOutcome) -> None:
    if found.receipt is None or wanted.receipt is None:
        raise FailedError("an outcome has no receipt")
    same(found.receipt.receipt_id, wanted.receipt.receipt_id, "the receipt")
    expect(found.receipt.xml() == wanted.receipt.xml(), "the receipt has other bytes the second time")


def _documents_elsewhere(target: Target) -> list[str]:
    """Return the documents of an accepted notification: an undecided one must not give them either."""
    try:
        (found,) = target.client().retrieve([target.supply.accepted_id()])
    except SkippedError:
        return []
    return [one.document_id for one in found.documents]
