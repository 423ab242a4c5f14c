"""Receipts: sealed, about what happened, the same for ever."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway.client.proof import check_delivery, check_receipts
from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import Need, check
from notigateway.conformance.verdict import FailedError
from notigateway.errors import GatewayError
from notigateway.evidence.additions import take_apart
from notigateway.evidence.history import dated
from notigateway.evidence.xades import verify_receipt
from notigateway.verifier.pins import Trust
from notigateway.verifier.procedure import verify
from notigateway.verifier.report import Outcome
from notigateway.wss.freshness import read_instant

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.conformance.target import Target
    from notigateway.contract.v1 import Receipt
    from notigateway.evidence.statement import ReceiptFacts

# A receipt may be of a moment that has not come here yet.
_CLOCKS_DIFFER: Final = timedelta(minutes=5)
_SOURCE: Final = "docs/evidence.md; docs/lifecycle.md, R10"


@check(
    "REC-01",
    "every receipt of an accepted notification is sealed by the pinned seal, and about it",
    _SOURCE,
    Need.SEAL,
)
def _sealed(target: Target) -> None:
    identifier = target.supply.accepted_id()
    notification = target.client().history(identifier).notification
    check_receipts(notification, receipts=_receipts(target, identifier), seals=target.given.seals)


@check(
    "REC-02",
    "its receipts tell that it was put at disposal and accepted, and name its documents",
    _SOURCE,
    Need.SEAL,
)
def _delivery(target: Target) -> None:
    identifier = target.supply.accepted_id()
    (found,) = target.client().retrieve([identifier])
    if found.notification is None:
        raise FailedError("what was accepted is not told of")
    receipts = _receipts(target, identifier)
    states = [one.state for one in receipts]
    expect("available" in states, "there is no receipt that it was put at disposal")
    check_delivery(found.notification, documents=found.documents, receipts=receipts, seals=target.given.seals)


@check(
    "REC-03",
    "the receipt in the outcome of an acceptance is the one that is given later, byte for byte",
    _SOURCE,
    Need.EFFECT,
)
def _same_bytes(target: Target) -> None:
    outcome = target.supply.accepted()
    if outcome.receipt is None:
        raise FailedError("the outcome has no receipt")
    found = next(
        (one for one in _receipts(target, outcome.id) if one.receipt_id == outcome.receipt.receipt_id), None
    )
    if found is None:
        raise FailedError("the receipt of the outcome is not among those of the notification")
    # one that was time-stamped meanwhile holds the same original
    originals = [take_apart(one.xml()).original for one in (found, outcome.receipt)]
    expect(originals[0] == originals[1], "the receipt has other bytes later")


@check("REC-04", "a receipt says who decided and when, as the outcome does", _SOURCE, Need.EFFECT, Need.SEAL)
def _says_the_same(target: Target) -> None:
    outcome = target.supply.accepted()
    if outcome.receipt is None or outcome.decision is None:
        raise FailedError("the outcome has no receipt, or no decision")
    facts = _facts(outcome.receipt, target)
    same(facts.event_time, outcome.decision.at, "the instant in the receipt")
    same(str(facts.notification_id), outcome.id.lower(), "the notification in the receipt")
    same(facts.sha256, hashlib.sha256(outcome.receipt.xml()).hexdigest(), "the hash of the receipt")


@check(
    "REC-05",
    "the receipts of one notification are told oldest first, none twice",
    "wsdl/notigateway-v1.xsd, NotificationReceipts",
)
def _order(target: Target) -> None:
    receipts = _receipts(target, target.supply.accepted_id())
    times = [one.event_time for one in receipts]
    same(times, sorted(times), "the instants of the receipts")
    same(len({one.receipt_id for one in receipts}), len(receipts), "how many receipts are given once")


@check("REC-06", "a receipt comes as a PDF for who asks", "docs/form.md")
def _pdf(target: Target) -> None:
    (item,) = target.client().receipts([target.supply.accepted_id()], format="pdf")
    expect(item.receipts, "there are no receipts")
    expect(
        all((one.file or b"").startswith(b"%PDF-") for one in item.receipts),
        "a receipt comes without its PDF",
    )


@check("REC-07", "the receipts of what does not exist are nobody's", "docs/errors.md, NOTIFICATION_UNKNOWN")
def _of_nothing(target: Target) -> None:
    (item,) = target.client().receipts([str(uuid4())])
    same(item.problem and item.problem.code, "NOTIFICATION_UNKNOWN", "the problem")
    expect(not item.receipts, "there are receipts of what does not exist")


@check(
    "REC-08",
    "a bundle of a receipt stands the verifier, which has nothing but the pinned seal",
    "docs/evidence.md, Verifying without the service; docs/verifying.md",
    Need.SEAL,
)
def _bundle(target: Target) -> None:
    (item,) = target.client().receipts([target.supply.accepted_id()], format="bundle")
    trust = Trust(seals=list(dated(target.given.seals).values()), authorities=[], issuers=None)
    for one in item.receipts:
        report = verify(one.file or b"", trust=trust, at=_now(target), ahead=_CLOCKS_DIFFER)
        wrong = [f"{step.name}: {step.reason}" for step in report.steps if step.outcome is Outcome.FAILED]
        expect(not wrong, f"the verifier finds wrong in a bundle: {'; '.join(wrong)}")


def _now(target: Target) -> datetime:
    """Return what time it is to the service: in a sandbox that of its world."""
    if target.given.steering is None:
        return target.now()
    return read_instant(str(target.steering.clock()["now"]))


def _receipts(target: Target, identifier: str) -> list[Receipt]:
    (item,) = target.client().receipts([identifier])
    expect(item.receipts, f"there are no receipts: {item.problem.code if item.problem else 'and no problem'}")
    return list(item.receipts)


def _facts(receipt: Receipt, target: Target) -> ReceiptFacts:
    try:
        return verify_receipt(receipt.xml(), seal_certificates=target.given.seals)
    except GatewayError as error:
        raise FailedError(f"the receipt does not verify: {error}") from error
