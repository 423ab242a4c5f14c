"""Who asked for what: one record for each verified request, whatever became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Evidence, Row, UtcDateTime

if TYPE_CHECKING:
    from notigateway.repository.model import Notification
    from notigateway.repository.session import Session


class AccessRecord(Row):
    """One request of a caller: append-only; the columns repeat what a search needs of `record`.

    `record` is what the log commits to: compact JSON, stored once and never written anew.
    """

    __tablename__ = "access_records"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    party: Mapped[str] = mapped_column(String(9))
    operation: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(String(64))
    record: Mapped[bytes] = mapped_column(Evidence)


def note_found(session: Session, notification: Notification) -> None:
    """Note that a query found the notification for a caller; its addressee must be loaded."""
    session.found[notification.code] = notification.addressee.identifier
