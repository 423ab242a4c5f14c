"""How much waits for the periodic jobs, and since when; counted up to a bound, since it is asked often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from notigateway.law.contacts import NoticeDelivery, NoticeState
from notigateway.repository.contacts import Contact
from notigateway.repository.log import LogLeaf
from notigateway.repository.mails import Mail
from notigateway.repository.model import Notification, Receipt
from notigateway.repository.notices import Notice
from notigateway.repository.outages import is_due
from notigateway.repository.subscriptions import Delivery
from notigateway.repository.undelivered import untried_since

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Select

    from notigateway.repository.session import Session

# So many and more are told as so many.
MOST: Final = 100_000
# The oldest is looked for among so many: those that are due first.
_LOOKED_AT: Final = 1_000


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits: how much, and since when the oldest of it does; None where nothing waits."""

    waiting: int
    since: datetime | None


def timestamp_queue(session: Session) -> Queue:
    """Return the receipts that have no time-stamp."""
    undone = select(Receipt.id).where(Receipt.timestamp_due_at.is_not(None))
    first = session.scalars(undone.order_by(Receipt.timestamp_due_at).limit(_LOOKED_AT)).all()
    return Queue(_count(session, undone), _made_at(min(first)) if first else None)


def log_queue(session: Session) -> Queue:
    """Return the leaves that have no position in the log: no checkpoint covers their records."""
    unplaced = select(LogLeaf.subject).where(LogLeaf.position.is_(None))
    first = session.scalars(unplaced.order_by(LogLeaf.subject).limit(1)).first()
    return Queue(_count(session, unplaced), None if first is None else _made_at(first))


def lapse_queue(session: Session, *, until: datetime) -> Queue:
    """Return the lapses up to `until` that have no evidence yet."""
    due = select(Notification.deadline).where(is_due(until))
    return Queue(_count(session, due), session.scalar(select(func.min(due.subquery().c.deadline))))


def notice_queue(session: Session, now: datetime) -> Queue:
    """Return what is to be told and is not: messages, and notices that are due and no digest waits for."""
    mails = select(Mail.queued_at).where(Mail.due_at.is_not(None))
    notices = (
        select(Notice.due_at)
        .join(Contact, Contact.party == Notice.party)
        .where(
            Notice.mailing.is_(None),
            Notice.due_at <= now,
            Contact.replaced_at.is_(None),
            Contact.delivery == NoticeDelivery.IMMEDIATE,
        )
    )
    first = [session.scalar(select(func.min(one.subquery().columns[0]))) for one in (mails, notices)]
    return Queue(
        _count(session, mails) + _count(session, notices),
        min((one for one in first if one is not None), default=None),
    )


def failed_notices(session: Session) -> Queue:
    """Return the messages that could not be sent, until somebody has them sent again or they are erased."""
    failed = select(Mail.ended_at).where(Mail.outcome == NoticeState.FAILED, Mail.address != "")
    return Queue(_count(session, failed), session.scalar(select(func.min(failed.subquery().c.ended_at))))


def push_queue(session: Session, now: datetime) -> Queue:
    """Return what is to be pushed, and since when the oldest is due that nobody has tried.

    What waits for its receiver, or for what failed before it, is no matter of the gateway's.
    """
    waiting = select(Delivery.id).where(Delivery.dead_at.is_(None))
    return Queue(_count(session, waiting), untried_since(session, now))


def dead_deliveries(session: Session) -> Queue:
    """Return what was given up, until it is replayed, or forgotten."""
    dead = select(Delivery.dead_at).where(Delivery.dead_at.is_not(None))
    return Queue(_count(session, dead), session.scalar(select(func.min(dead.subquery().c.dead_at))))


def _count(session: Session, found: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(found.limit(MOST).subquery())) or 0


def _made_at(identifier: UUID) -> datetime:
    """Return when an identifier was made: the first 48 bits of a UUIDv7 (RFC 9562 §5.7)."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
