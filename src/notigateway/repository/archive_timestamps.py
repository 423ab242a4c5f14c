"""Rows and queries of archive time-stamps: of the few receipts that somebody wants in the form of ETSI."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, Text, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Evidence, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notigateway.repository.session import Session


class ArchiveTimestamp(Row):
    """One archive time-stamp of a receipt, the first or a later one; `token` is null until it is there.

    `validation` names what it covers besides the receipt and the ones before: digests of what is kept.
    `due_at` is when to ask for it, and once it is there, when the next one is due.
    """

    __tablename__ = "archive_timestamps"

    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    validation: Mapped[str] = mapped_column(Text)
    token: Mapped[bytes | None] = mapped_column(Evidence)
    at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0", default=0)


def want_archive_timestamp(
    session: Session, receipt_id: UUID, *, number: int, validation: str, now: datetime
) -> None:
    """Have an archive time-stamp asked for, unless it is so already."""
    insert_if_absent(
        session, ArchiveTimestamp, receipt_id=receipt_id, number=number, validation=validation, due_at=now
    )


def list_archive_timestamps(
    session: Session, ids: Sequence[UUID]
) -> Mapping[UUID, Sequence[ArchiveTimestamp]]:
    """Return the archive time-stamps of those receipts, the first one first, also those not there yet."""
    wanted = select(ArchiveTimestamp).where(ArchiveTimestamp.receipt_id.in_(ids))
    found: dict[UUID, list[ArchiveTimestamp]] = {}
    for row in session.scalars(wanted.order_by(ArchiveTimestamp.number)):
        found.setdefault(row.receipt_id, []).append(row)
    return found


def claim_due_archives(
    session: Session, *, now: datetime, until: datetime, limit: int
) -> Sequence[tuple[UUID, int]]:
    """Return what is due, the oldest first, by receipt and number; nobody else gets it before `until`."""
    query = (
        select(ArchiveTimestamp)
        .where(ArchiveTimestamp.due_at <= now)
        .order_by(ArchiveTimestamp.due_at, ArchiveTimestamp.receipt_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = session.scalars(query).all()
    for row in rows:
        row.due_at = until
    return [(row.receipt_id, row.number) for row in rows]


def keep_archive_token(
    session: Session, receipt_id: UUID, number: int, *, token: bytes, at: datetime, next_at: datetime
) -> bool:
    """Keep an archive time-stamp, and when the next one is due; False where there is one already."""
    row = (
        ArchiveTimestamp.receipt_id == receipt_id,
        ArchiveTimestamp.number == number,
        ArchiveTimestamp.token.is_(None),
    )
    kept = update(ArchiveTimestamp).where(*row).values(token=token, at=at, due_at=next_at)
    return session.scalar(kept.returning(ArchiveTimestamp.receipt_id)) is not None


def postpone_archive(session: Session, receipt_id: UUID, number: int, *, until: datetime | None) -> None:
    """Come to it again then; to one that another has followed, never."""
    row = ArchiveTimestamp.receipt_id == receipt_id, ArchiveTimestamp.number == number
    attempts = ArchiveTimestamp.attempts + 1
    session.execute(update(ArchiveTimestamp).where(*row).values(due_at=until, attempts=attempts))


def count_unstamped_archives(session: Session) -> int:
    """Return how many archive time-stamps are wanted and not there."""
    query = select(func.count()).select_from(ArchiveTimestamp)
    return session.scalar(query.where(ArchiveTimestamp.token.is_(None))) or 0
