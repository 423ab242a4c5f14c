"""What a receipt must prove before anything is stored: the seal, and that it is about this very thing.

The seal is verified by `evidence`, against the pinned seal certificates; here its facts are compared
with what the service said beside it: the notification, the decision, each document's bytes.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import DocumentMismatchError, NotVerifiedError, ReceiptNotVerifiedError
from notigateway.client.values import CONTENT_RELEASED
from notigateway.errors import GatewayError, StampInvalidError
from notigateway.evidence.additions import LEVELS, take_apart
from notigateway.evidence.archive import archive_stamps, read_archive_stamp
from notigateway.evidence.history import DatedCertificate, dated
from notigateway.evidence.seal_stamps import stamps_on_seal
from notigateway.evidence.timestamp import embedded_certificates
from notigateway.evidence.xades import seal_certificate_of, verify_receipt
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint, subject_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from cryptography import x509

    from notigateway.contract.v1 import Document, Notification, NotificationReceipts, Receipt
    from notigateway.evidence.additions import Held
    from notigateway.evidence.history import Pin
    from notigateway.evidence.statement import ReceiptFacts
    from notigateway.evidence.timestamp import Stamp

# Why a receipt came at a lower level than was asked for, by the level at which it came.
_NOT_YET: Final = {
    "B": "a receipt is time-stamped about a minute after it is made; ask again then",
    "T": "the service does not hold what validates seal and time-stamp; ask again in a minute, and if that "
    "does not help, ask whoever runs it",
    "LT": "an archive time-stamp is made once it was asked for; ask again in a minute",
}


def verify(receipt: Receipt, *, notification_id: str, seals: Sequence[Pin]) -> ReceiptFacts:
    """Return what a receipt proves about a notification.

    Raises: `ReceiptNotVerifiedError` when it is not sealed by a pinned seal, or says something else
    than the service said of it.
    """
    try:
        facts = verify_receipt(receipt.xml(), seal_certificates=seals)
    except GatewayError as error:
        raise ReceiptNotVerifiedError(f"receipt {receipt.receipt_id}: {error}") from error
    said = (receipt.receipt_id.lower(), receipt.state, receipt.event_time, notification_id.lower())
    if said != (str(facts.receipt_id), facts.state, facts.event_time, str(facts.notification_id)):
        raise ReceiptNotVerifiedError(f"receipt {receipt.receipt_id} is about something else")
    return facts


def check_receipts(
    notification: Notification, *, receipts: Sequence[Receipt], seals: Sequence[Pin]
) -> list[ReceiptFacts]:
    """Return what the receipts of a notification prove: each genuine, about it, and none taken away.

    Raises: `ReceiptNotVerifiedError`.
    """
    proven = [verify(receipt, notification_id=notification.id, seals=seals) for receipt in receipts]
    for facts in proven:
        _check_place(facts, proven)
    about = (notification.code, notification.addressee.identifier)
    if any((facts.notification_code, facts.addressee) != about for facts in proven):
        raise ReceiptNotVerifiedError("a receipt is about another notification")
    return proven


def check_delivery(
    notification: Notification,
    *,
    documents: Sequence[Document],
    receipts: Sequence[Receipt],
    seals: Sequence[Pin],
) -> None:
    """Check that every receipt is genuine, one of them releases the content, and names these documents.

    Raises: `ReceiptNotVerifiedError`, `DocumentMismatchError`.
    """
    proven = check_receipts(notification, receipts=receipts, seals=seals)
    releasing = [facts for facts in proven if facts.state in CONTENT_RELEASED]
    if not releasing:
        raise ReceiptNotVerifiedError("no receipt proves that the content may be read")
    delivered = {(one.document_id.lower(), one.sha256, one.size) for one in documents}
    for facts in releasing:
        if delivered != {(str(one.document_id), one.sha256, one.size) for one in facts.documents}:
            raise DocumentMismatchError(
                f"receipt {facts.receipt_id} names other documents than those delivered"
            )


def _check_place(facts: ReceiptFacts, others: Iterable[ReceiptFacts]) -> None:
    """Check that the receipt before this one is among all those of its notification, unchanged.

    Each names the one before it by its hash: where one was taken away or replaced, the next one shows it.

    Raises: `ReceiptNotVerifiedError`.
    """
    previous = facts.previous
    if previous is None:
        return
    found = {other.receipt_id: other.sha256 for other in others}.get(previous.evidence_id)
    if found != previous.sha256:
        what = "is missing" if found is None else "is another"
        raise ReceiptNotVerifiedError(
            f"receipt {facts.receipt_id} follows receipt {previous.evidence_id}, which {what}"
        )


def undated(receipt: Receipt, seals: Sequence[Pin], *, now: datetime, authorities: Sequence[Pin] = ()) -> str:
    """Return what others may hold against the time of a receipt that is proven here; "" where nothing.

    The answer of the pinned service vouches for it here. To others a receipt of a seal out of use needs a
    time-stamp from before that end (`evidence.existence`). Where `authorities` are pinned, a time-stamp of
    anybody else is told, whatever the seal; else whether they trust its authority is theirs to say.
    """
    ended = {name: pin.until for name, pin in dated(seals).items() if pin.until < now}
    if not ended and not authorities:
        return ""
    held, pinned = take_apart(receipt.xml()), dated(authorities)
    until = ended.get(fingerprint(seal_certificate_of(held.original))) if ended else None
    if until is None and held.token is not None and _is_always_believed(held.token, pinned):
        return ""
    stamps = _stamps(held, [one.certificate for one in pinned.values()])
    believed = [one.at for one in stamps if not pinned or pinned[fingerprint(one.authority)].covers(one.at)]
    others = [] if believed else _stamps(held)
    if until is None:
        return _stranger(others[0], pinned) if others else ""
    said = f"to others it proves nothing: its seal is out of use since {instant_text(until)}"
    if others:
        return f"{said}, and {_stranger(others[0], pinned)}"
    if not believed:
        return f"{said}, and it has no time-stamp"
    first = min(believed)
    return f"{said}, its time-stamp is of {instant_text(first)}" if first > until else ""


def _stamps(held: Held, authorities: Sequence[x509.Certificate] = ()) -> list[Stamp]:
    """Return what the time-stamps of these authorities, or of anybody, state of a proven receipt.

    Those on its seal come first; an archive time-stamp is about the seal too. What is wrong hinders nothing.
    """
    found: list[tuple[int, Stamp]] = []
    with suppress(StampInvalidError):
        found += stamps_on_seal(held, authorities)
    for one in archive_stamps(held):
        with suppress(StampInvalidError):
            by = authorities or embedded_certificates(one.token)
            covered = [(place, stamp.at) for place, stamp in found]
            found.append((one.place, read_archive_stamp(held, one, by, covered=covered)))
    return [stamp for _, stamp in found]


def _is_always_believed(token: bytes, pinned: Mapping[str, DatedCertificate]) -> bool:
    """Tell whether the authority of a time-stamp that is proven is pinned for as long as it is valid."""
    (certificate,) = embedded_certificates(token)  # it is kept with its signer's alone
    return pinned.get(fingerprint(certificate)) == DatedCertificate.of(certificate)


def _stranger(stamp: Stamp, pinned: Mapping[str, DatedCertificate]) -> str:
    """Return why a time-stamp is not believed: of nobody pinned, or not while they were in use."""
    if fingerprint(stamp.authority) in pinned:
        return f"its time-stamp is of {instant_text(stamp.at)}, when its authority was not in use"
    who = f"{subject_of(stamp.authority)} (SHA-256 {fingerprint(stamp.authority)})"
    return f"its time-stamp is by an authority that is not pinned: {who}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one receipt, or of a notification that has none (`receipt` is None).

    `problem` may be there although it is `verified`: what others could hold against it, or that it came at a
    lower level than was asked for. `level` is told of what is verified, by what the file holds.
    """

    id: str
    receipt: Receipt | None
    verified: bool
    problem: str = ""
    level: str | None = None

    def is_below(self, asked: str | None) -> bool:
        """Tell whether it came, and at a lower level than was asked for."""
        return asked is not None and self.level is not None and _is_below(self.level, asked)


def examine(
    item: NotificationReceipts,
    seals: Sequence[Pin],
    *,
    now: datetime | None = None,
    authorities: Sequence[Pin] = (),
    asked: str | None = None,
) -> Iterator[Verdict]:
    """Yield a verdict on each receipt of a notification, or the one that there is none.

    `authorities` are those of time-stamps that are believed; anybody's where none is named. `asked` is the
    level at which they were asked for.
    """
    if not item.receipts:
        why = f"{item.problem.code}: {item.problem.text_en}" if item.problem else "there is no receipt"
        yield Verdict(item.id, None, verified=False, problem=why)
    found = [(receipt, _proven(receipt, item.id, seals)) for receipt in item.receipts]
    proven = [facts for _, facts in found if not isinstance(facts, NotVerifiedError)]
    for receipt, facts in found:
        problem = facts if isinstance(facts, NotVerifiedError) else _misplaced(facts, proven)
        at = now or datetime.now(UTC)
        if problem is not None:
            yield Verdict(item.id, receipt, verified=False, problem=problem.line())
            continue
        level = take_apart(receipt.xml()).level
        told = _shortfall(level, asked), undated(receipt, seals, now=at, authorities=authorities)
        yield Verdict(item.id, receipt, verified=True, problem="; ".join(filter(None, told)), level=level)


def _is_below(level: str, asked: str) -> bool:
    return LEVELS.index(level) < LEVELS.index(asked)


def _shortfall(level: str, asked: str | None) -> str:
    """Return what is to be said where less came than was asked for; "" where it did not."""
    if asked is None or not _is_below(level, asked):
        return ""
    return f"asked for {asked}, came {level}: {_NOT_YET[level]}"


def _proven(receipt: Receipt, notification_id: str, seals: Sequence[Pin]) -> ReceiptFacts | NotVerifiedError:
    try:
        return verify(receipt, notification_id=notification_id, seals=seals)
    except NotVerifiedError as error:
        return error


def _misplaced(facts: ReceiptFacts, others: Iterable[ReceiptFacts]) -> NotVerifiedError | None:
    try:
        _check_place(facts, others)
    except NotVerifiedError as error:
        return error
    return None
