"""Messages that tell notices, one for each address: what waits, what was sent, what failed.

Each has an identifier of its own from when it is composed: sent twice, after a job was killed between sending
and writing that down, it bears the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Index, Integer, String, Text, Uuid, exists, func, insert, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.contacts import NoticeKind, NoticeState
from notigateway.repository.columns import Row, UtcDateTime, Word
from notigateway.repository.contacts import Contact
from notigateway.repository.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from notigateway.repository.session import Session


class Mail(Row):
    """One message to one address, with the words that were or will be sent; erased after its time."""

    __tablename__ = "mails"
    __table_args__ = (
        Index(None, "mailing"),
        Index(
            "ix_mails_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
        Index(
            "ix_mails_failed",
            "ended_at",
            sqlite_where=text("outcome = 'failed'"),
            postgresql_where=text("outcome = 'failed'"),
        ),
        Index(None, "ended_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    mailing: Mapped[UUID] = mapped_column(Uuid)
    party: Mapped[str] = mapped_column(String(9))
    contact_id: Mapped[UUID] = mapped_column(Uuid)
    address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(255))
    body: Mapped[str] = mapped_column(Text)
    # How many notices it tells.
    told: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[NoticeState] = mapped_column(Word(NoticeState))
    # Since when it is due, a digest at its hour, or since it was wanted again; the date of the message.
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When to try next; null once it is sent or failed.
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trouble: Mapped[str | None] = mapped_column(String(250))


@dataclass(frozen=True, slots=True)
class ToldNotice:
    """A notice as its recipient reads it in the history; to one address, once there is a message."""

    kind: NoticeKind
    queued_at: datetime
    state: NoticeState
    address: str | None
    at: datetime | None


def write_mails(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert new messages."""
    if rows:
        session.execute(insert(Row.metadata.tables[Mail.__tablename__]), list(rows))


def claim_mails(session: Session, *, now: datetime, until: datetime, limit: int) -> Sequence[Mail]:
    """Return messages that are due, oldest first; nobody else gets them before `until`."""
    query = (
        select(Mail)
        .where(Mail.due_at <= now)
        .order_by(Mail.due_at, Mail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = session.scalars(query).all()
    for one in found:
        one.due_at = until
    return found


def lock_mails(session: Session, ids: Sequence[UUID]) -> Sequence[Mail]:
    """Return those of the messages that wait, locked."""
    query = select(Mail).where(Mail.id.in_(ids), Mail.due_at.is_not(None)).order_by(Mail.id)
    return session.scalars(query.with_for_update()).all()


def list_told(session: Session, code: int, party: str) -> Sequence[ToldNotice]:
    """Return what a party was told of a notification, in the order in which it was queued."""
    query = (
        select(Notice.kind, Notice.queued_at, Mail.outcome, Mail.address, Mail.ended_at)
        .outerjoin(Mail, Mail.mailing == Notice.mailing)
        .where(Notice.notification_code == code, Notice.party == party)
        .order_by(Notice.id, Mail.id)
    )
    return [
        ToldNotice(kind, queued_at, state or NoticeState.QUEUED, address or None, at)
        for kind, queued_at, state, address, at in session.execute(query)
    ]


def list_mails(session: Session, *, state: NoticeState | None = None, limit: int) -> Sequence[Mail]:
    """Return messages, the newest first."""
    query = select(Mail).order_by(Mail.id.desc()).limit(limit)
    return session.scalars(query if state is None else query.where(Mail.outcome == state)).all()


def retry_mails(session: Session, *, now: datetime, mail_id: UUID | None = None) -> int:
    """Have failed messages, or one of them, sent again; return how many.

    Not what is erased, nor what was for an address that its party has replaced since.
    """
    stands = exists().where(Contact.id == Mail.contact_id, Contact.replaced_at.is_(None))
    which = [Mail.outcome == NoticeState.FAILED, Mail.address != "", stands]
    found = session.execute(
        update(Mail)
        .where(*which, *([] if mail_id is None else [Mail.id == mail_id]))
        .values(
            outcome=NoticeState.QUEUED, queued_at=now, due_at=now, attempts=0, ended_at=None, trouble=None
        )
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())


def erase_mails(session: Session, *, ended_before: datetime, limit: int) -> int:
    """Erase addresses and words of messages that ended before an instant; return of how many.

    That, when and of which kind stays.
    """
    old = select(Mail.id).where(Mail.ended_at < ended_before, Mail.address != "").limit(limit)
    found = session.execute(
        update(Mail)
        .where(Mail.id.in_(old))
        .values(address="", subject="", body="")
        .returning(Mail.id)
        .execution_options(synchronize_session=False)
    )
    return len(found.all())


def count_failed(session: Session) -> int:
    """Return how many messages have failed, and were not sent again."""
    query = select(func.count()).select_from(Mail).where(Mail.outcome == NoticeState.FAILED)
    return session.scalar(query) or 0
