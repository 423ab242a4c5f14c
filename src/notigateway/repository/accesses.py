"""Who asked for what: one record for each verified request, whatever became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import LargeBinary, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from notigateway.repository.model import Notification

_FOUND = "found_for_a_caller"


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
    record: Mapped[bytes] = mapped_column(LargeBinary)


def note_found(session: Session, notification: Notification) -> None:
    """Remember that a query found the notification for a caller; its addressee must be loaded."""
    session.info.setdefault(_FOUND, {})[notification.code] = notification.addressee.identifier


def take_found(session: Session) -> dict[int, str]:
    """Return the codes that were found for the session's caller, each with its addressee, and forget them."""
    found: dict[int, str] = session.info.pop(_FOUND, {})
    return found
