"""The forms of receipts that were made: which document of the store is a receipt's sealed PDF."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from notigateway.repository.session import Session


class ReceiptForm(Row):
    """The sealed PDF of a receipt: the first one made stays, so everybody gets the same."""

    __tablename__ = "receipt_forms"

    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipts.id"), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(SHA256_HEX)


def find_form(session: Session, receipt_id: UUID) -> str | None:
    """Return the hash under which the store has the receipt's PDF."""
    row = session.get(ReceiptForm, receipt_id)
    return None if row is None else row.sha256


def keep_form(session: Session, receipt_id: UUID, *, sha256: str, made_at: datetime) -> bool:
    """Keep a form unless there is one; tell whether this one stays."""
    return insert_if_absent(session, ReceiptForm, receipt_id=receipt_id, made_at=made_at, sha256=sha256)
