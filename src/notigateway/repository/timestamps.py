"""Receipts with a time-stamp, and the named queries of the job that asks for them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ForeignKey, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Evidence, Row, UtcDateTime
from notigateway.repository.model import Receipt
from notigateway.uuids import first_uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from notigateway.repository.session import Session


class ReceiptTimestamp(Row):
    """A receipt raised to XAdES-T: its original with a time-stamp of the seal; append-only.

    `at` is the instant that the time-stamp states.
    """

    __tablename__ = "receipt_timestamps"

    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipts.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(SHA256_HEX)
    xml: Mapped[bytes] = mapped_column(Evidence)


def find_timestamped(session: Session, ids: Iterable[UUID]) -> Mapping[UUID, ReceiptTimestamp]:
    """Return the time-stamped form of those of the receipts that have one, by the receipt."""
    query = select(ReceiptTimestamp).where(ReceiptTimestamp.receipt_id.in_(list(ids)))
    return {row.receipt_id: row for row in session.scalars(query)}


def claim_due(session: Session, *, now: datetime, until: datetime, limit: int) -> Sequence[Receipt]:
    """Return receipts whose time-stamp is due, oldest first; nobody else gets them before `until`.

    So several jobs share the work, and what one leaves behind that dies is taken up again.
    """
    query = (
        select(Receipt)
        .where(Receipt.timestamp_due_at <= now)
        .order_by(Receipt.timestamp_due_at, Receipt.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    receipts = session.scalars(query).all()
    for receipt in receipts:
        receipt.timestamp_due_at = until
    return receipts


def lock_undone(session: Session, ids: Iterable[UUID]) -> Mapping[UUID, Receipt]:
    """Return those of the receipts that still have no time-stamp, locked."""
    query = select(Receipt).where(Receipt.id.in_(list(ids)), Receipt.timestamp_due_at.is_not(None))
    return {row.id: row for row in session.scalars(query.order_by(Receipt.id).with_for_update())}


def count_undone(session: Session, *, made_before: datetime | None = None) -> int:
    """Return how many receipts wait for their time-stamp; of those made before an instant, where it is."""
    waiting = _undone(made_before)
    return session.scalar(select(func.count()).select_from(Receipt).where(*waiting)) or 0


def make_due(session: Session, *, made_before: datetime, now: datetime) -> None:
    """Have the receipts made before an instant that wait for their time-stamp due now."""
    later = Receipt.timestamp_due_at > now
    session.execute(
        update(Receipt)
        .where(*_undone(made_before), later)
        .values(timestamp_due_at=now)
        .execution_options(synchronize_session=False)
    )


def _undone(made_before: datetime | None) -> list[ColumnElement[bool]]:
    waiting: list[ColumnElement[bool]] = [Receipt.timestamp_due_at.is_not(None)]
    return waiting if made_before is None else [*waiting, Receipt.id < first_uuid7(made_before)]
