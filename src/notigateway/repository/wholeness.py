"""Named queries of the check: everything that is stored, in portions in the order of its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased, selectinload

from notigateway.law.lifecycle import State
from notigateway.repository.forms import ReceiptForm
from notigateway.repository.kept import OWN_CHANGES, OWN_ITEMS, RED_CHANGES, RED_ITEMS
from notigateway.repository.log import LogCheckpoint
from notigateway.repository.model import Document, Event, Notification, Receipt
from notigateway.repository.power_certificates import IssuedPowerCertificate
from notigateway.repository.receipts import RequestEnvelope
from notigateway.repository.renewals import LogRenewal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from notigateway.repository.session import Session


_KEYS: Final[dict[str, tuple[Any, ...]]] = {
    "notifications": (Notification.code,),
    "own_inbox": OWN_ITEMS.keys,
    "own_changes": OWN_CHANGES.keys,
    "red_inbox": RED_ITEMS.keys,
    "red_changes": RED_CHANGES.keys,
    "checkpoints": (LogCheckpoint.size,),
    "renewals": (LogRenewal.number,),
    "receipts": (Receipt.id,),
    "forms": (ReceiptForm.receipt_id,),
    "powers": (IssuedPowerCertificate.id,),
    "requests": (RequestEnvelope.sha256,),
    "documents": (Document.sha256,),
}


def count_all(session: Session) -> int:
    """Return how many things there are to look at."""
    keys = (Notification.code, Receipt.id, RequestEnvelope.sha256, LogCheckpoint.size)
    rows = sum(session.scalar(select(func.count(key))) or 0 for key in keys)
    return rows + (session.scalar(select(func.count(Document.sha256.distinct()))) or 0)


def ends_of_portions(session: Session, sort: str, *, size: int) -> Sequence[Any]:
    """Return the key of every so-manieth of a sort, in their order."""
    keys = select(*_KEYS[sort]).distinct().subquery()
    number = func.row_number().over(order_by=list(keys.c)).label("ordinal")
    numbered = select(*keys.c, number).subquery()
    *columns, number_of = numbered.c
    query = select(*columns).where(number_of % size == 0).order_by(*columns)
    found = session.execute(query).all()
    return [row[0] if len(columns) == 1 else tuple(row) for row in found]


def notifications_after(session: Session, code: int, *, limit: int) -> Sequence[Notification]:
    """Return notifications with their events."""
    query = (
        select(Notification)
        .where(Notification.code > code)
        .order_by(Notification.code)
        .options(selectinload(Notification.events))
        .limit(limit)
    )
    return session.scalars(query).all()


def receipts_after(
    session: Session, receipt_id: UUID, *, limit: int
) -> Sequence[Row[Receipt, Event, UUID, UUID | None, str | None]]:
    """Return receipts, each with its event, its notification's identifier, and the receipt before it."""
    before = aliased(Receipt)
    is_before = (before.notification_code == Receipt.notification_code) & (
        before.position == Receipt.position - 1
    )
    query = (
        select(Receipt, Event, Notification.id, before.id, before.sha256)
        .join(Event, Event.id == Receipt.event_id)
        .join(Notification, Notification.code == Receipt.notification_code)
        .outerjoin(before, is_before)
        .where(Receipt.id > receipt_id)
        .order_by(Receipt.id)
        .limit(limit)
    )
    return session.execute(query).all()


def events_with_receipt(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the events that have a receipt of their own state."""
    query = select(Event.id).join(Receipt, (Receipt.event_id == Event.id) & (Receipt.state == Event.state))
    return set(session.scalars(query.where(Event.id.in_(ids))))


def come_without_receipt(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of the events, of a publication for later, that lack the receipt of its having come.

    Where the sweep has found that its time came, or the chain began after it.
    """
    withdrawn, begun = aliased(Event), aliased(Receipt)
    never_was = exists().where(
        withdrawn.notification_code == Notification.code,
        withdrawn.state == State.CANCELLED,
        withdrawn.at < Notification.available_at,
    )
    has_begun = exists().where(
        begun.notification_code == Notification.code,
        begun.position == 1,
        begun.event_time >= Notification.available_at,
    )
    has_its_own = exists().where(Receipt.event_id == Event.id, Receipt.state == State.AVAILABLE)
    query = (
        select(Event.id)
        .join(Notification, Notification.code == Event.notification_code)
        .where(
            Event.id.in_(ids),
            Event.state == State.SCHEDULED,
            ~has_its_own,
            or_(Notification.state == State.AVAILABLE, and_(has_begun, ~never_was)),
        )
    )
    return set(session.scalars(query))


def forms_after(
    session: Session, receipt_id: UUID, *, seals: Collection[str], limit: int
) -> Sequence[ReceiptForm]:
    """Return the forms that some seals have sealed."""
    query = select(ReceiptForm).where(ReceiptForm.receipt_id > receipt_id, ReceiptForm.seal_sha256.in_(seals))
    return session.scalars(query.order_by(ReceiptForm.receipt_id).limit(limit)).all()


def powers_after(session: Session, certificate_id: UUID, *, limit: int) -> Sequence[IssuedPowerCertificate]:
    """Return the certificates of powers that were issued."""
    query = select(IssuedPowerCertificate).where(IssuedPowerCertificate.id > certificate_id)
    return session.scalars(query.order_by(IssuedPowerCertificate.id).limit(limit)).all()


def envelopes_after(session: Session, sha256: str, *, limit: int) -> Sequence[RequestEnvelope]:
    """Return signed requests as they were received."""
    query = select(RequestEnvelope).where(RequestEnvelope.sha256 > sha256)
    return session.scalars(query.order_by(RequestEnvelope.sha256).limit(limit)).all()


def kept_envelopes(session: Session, digests: Sequence[str]) -> set[str]:
    """Return those of the digests under which a signed request is kept."""
    return set(session.scalars(select(RequestEnvelope.sha256).where(RequestEnvelope.sha256.in_(digests))))


def documents_after(session: Session, sha256: str, *, limit: int) -> Sequence[Row[str, int, int]]:
    """Return the digest, the least and the greatest size stated for each stored document."""
    query = (
        select(Document.sha256, func.min(Document.size), func.max(Document.size))
        .where(Document.sha256 > sha256)
        .group_by(Document.sha256)
        .order_by(Document.sha256)
        .limit(limit)
    )
    return session.execute(query).all()
