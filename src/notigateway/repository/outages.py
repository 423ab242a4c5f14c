"""Rows and queries of the clock: outages, every change of a deadline, and what is overdue."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    String,
    Text,
    UniqueConstraint,
    Uuid,
    and_,
    exists,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.law.deadlines import DeadlineCause, Outage
from notigateway.law.lifecycle import UNDECIDED, State
from notigateway.repository.asking_party import long_before
from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.held import hold, whole
from notigateway.repository.loading import WHOLE
from notigateway.repository.model import Notification
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notigateway.law.transitions import Transition
    from notigateway.repository.asking_party import Instant
    from notigateway.repository.own_inbox import OwnItem
    from notigateway.repository.session import Session

# Any number, the same for ever.
_OUTAGE_LOCK = 43_2017


class OutageRow(Row):
    """A declared time in which the service could not be reached; open while `ended_at` is NULL."""

    __tablename__ = "outages"
    __table_args__ = (CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="ends_after_start"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = mapped_column(UtcDateTime)
    declared_by: Mapped[str] = mapped_column(String(9))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # As of when every deadline is computed with it; NULL from its closing until that is done again.
    recomputed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def outage(self) -> Outage:
        """What the rule needs to know of this row."""
        return Outage(self.started_at, self.ended_at)


class DeadlineChange(Row):
    """A deadline that was moved: by an outage or by the issuing body; append-only."""

    __tablename__ = "deadline_changes"
    __table_args__ = (UniqueConstraint("notification_code", "position"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    notification_code: Mapped[int] = mapped_column(ForeignKey("notifications.code"))
    position: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    previous: Mapped[datetime] = mapped_column(UtcDateTime)
    deadline: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[str] = mapped_column(String(24))
    outage_id: Mapped[UUID | None] = mapped_column(ForeignKey("outages.id"))
    by: Mapped[str] = mapped_column(String(9))
    reason: Mapped[str | None] = mapped_column(Text)


# --- outages


def wait_for_turn_to_declare(session: Session) -> None:
    """Let one transaction at a time add or end an outage, so that no two overlap. SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _OUTAGE_LOCK})


def find_outage(session: Session, outage_id: UUID) -> OutageRow | None:
    """Return the outage with that identifier, as it is committed now."""
    return session.get(OutageRow, outage_id, populate_existing=True)


def list_outages(session: Session) -> Sequence[OutageRow]:
    """Return every outage, oldest first."""
    return session.scalars(select(OutageRow).order_by(OutageRow.started_at)).all()


def list_unsettled_outages(session: Session) -> Sequence[OutageRow]:
    """Return the outages that last, or whose end has not moved every deadline yet."""
    return session.scalars(select(OutageRow).where(is_unsettled()).order_by(OutageRow.started_at)).all()


def find_overlapping(session: Session, outage: Outage) -> OutageRow | None:
    """Return an outage that shares time with this one; an end is not part of it."""
    later = [] if outage.ended_at is None else [OutageRow.started_at < outage.ended_at]
    query = select(OutageRow).where(
        or_(OutageRow.ended_at.is_(None), OutageRow.ended_at > outage.started_at), *later
    )
    return session.scalars(query.order_by(OutageRow.started_at).limit(1)).first()


def is_unsettled() -> ColumnElement[bool]:
    """Return the condition of an outage that may still move deadlines."""
    return or_(OutageRow.ended_at.is_(None), OutageRow.recomputed_at.is_(None))


# --- deadlines


def is_overdue(now: Instant) -> ColumnElement[bool]:
    """Say that the deadline of an undecided notification has passed, as `effective_state` does, in SQL."""
    return and_(Notification.deadline <= now, ~may_move(Notification, now))


def may_move(row: type[Notification | OwnItem], now: Instant) -> ColumnElement[bool]:
    """Say that an outage may still move the row's deadline: until that is settled nothing lapses by it."""
    # An outage that is over and unsettled is longer than 12 hours, so it began before that anyway.
    held = exists().where(
        is_unsettled(),
        OutageRow.started_at < long_before(now),
        OutageRow.started_at < row.deadline,
    )
    # The row may stand several queries further out: a power's condition asks this inside its own.
    return held.correlate(row)


def is_due(until: datetime) -> ColumnElement[bool]:
    """Return the condition of a lapse that no declared outage can take back any more.

    Also a short outage may, while it lasts, grow longer than 12 hours.
    """
    unsettled = exists().where(is_unsettled(), OutageRow.started_at < Notification.deadline)
    return and_(Notification.state.in_(UNDECIDED), Notification.deadline <= until, ~unsettled)


def count_due(session: Session, *, until: datetime, valid: tuple[datetime, datetime]) -> int:
    """Return how many lapses up to `until`, within the validity of a seal, have no evidence yet."""
    query = select(func.count()).select_from(Notification)
    return session.scalar(query.where(is_due(until), Notification.deadline.between(*valid))) or 0


def count_unsealed(session: Session, *, until: datetime, valid: tuple[datetime, datetime]) -> int:
    """Return how many lapses up to `until` need another seal: this one was not valid then."""
    query = select(func.count()).select_from(Notification)
    return session.scalar(query.where(is_due(until), ~Notification.deadline.between(*valid))) or 0


def count_unsealed_arrivals(session: Session, *, now: datetime, valid: tuple[datetime, datetime]) -> int:
    """Return how many came to be at disposal when this seal was not valid, and have no receipt of it."""
    query = select(func.count()).select_from(Notification)
    is_there = (Notification.state == State.SCHEDULED) & (Notification.available_at <= now)
    return session.scalar(query.where(is_there, ~Notification.available_at.between(*valid))) or 0


def lock_due(
    session: Session, *, until: datetime, valid: tuple[datetime, datetime], limit: int
) -> Sequence[Notification]:
    """Return some of those, oldest deadline first, locked, with everything a receipt says of them.

    What somebody else holds (another sweep, a decision that is being taken) is passed over: on
    PostgreSQL by SKIP LOCKED; on SQLite the writing session is alone.
    """
    query = (
        whole()
        .where(is_due(until), Notification.deadline.between(*valid))
        .order_by(Notification.deadline, Notification.code)
        .limit(limit)
        .with_for_update(of=Notification, key_share=True, skip_locked=True)
    )
    return hold(session, session.connection().execute(query).all())


def lock_arrived(
    session: Session, *, now: datetime, valid: tuple[datetime, datetime], limit: int
) -> Sequence[Notification]:
    """Return some that were published for later and are at disposal now, locked in the same way."""
    query = (
        select(Notification)
        .where(
            Notification.state == State.SCHEDULED,
            Notification.available_at <= now,
            Notification.available_at.between(*valid),
        )
        .order_by(Notification.available_at, Notification.code)
        .limit(limit)
        .with_for_update(of=Notification, key_share=True, skip_locked=True)
        .options(*WHOLE)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).unique().all()


def lock_reached(
    session: Session, outage: Outage, *, after_code: int, limit: int, now: datetime
) -> Sequence[Notification]:
    """Return undecided notifications whose window the outage touches, locked in the order of the code.

    That order is the one of every other lock, so nobody waits in a circle.
    """
    query = (
        select(Notification)
        .where(
            Notification.code > after_code,
            Notification.state.in_(UNDECIDED),
            Notification.deadline > outage.started_at,
            Notification.available_at < (outage.ended_at or now),
        )
        .order_by(Notification.code)
        .limit(limit)
        .with_for_update(of=Notification, key_share=True)
        .execution_options(populate_existing=True)
    )
    return session.scalars(query).all()


def find_extensions(session: Session, codes: Iterable[int]) -> Mapping[int, DeadlineChange]:
    """Return the last extension by the issuing body of each of these notifications."""
    query = select(DeadlineChange).where(
        DeadlineChange.notification_code.in_(list(codes)), DeadlineChange.cause == DeadlineCause.EXTENSION
    )
    return {change.notification_code: change for change in session.scalars(query.order_by("position"))}


def move_deadlines(
    session: Session,
    moves: Mapping[Notification, Transition],
    *,
    cause: DeadlineCause,
    by: str,
    reason: str | None,
    outage_id: UUID | None = None,
) -> None:
    """Give locked notifications their new deadlines and write down each change."""
    codes = [notification.code for notification in moves]
    query = select(DeadlineChange.notification_code, func.max(DeadlineChange.position))
    last = dict(
        session.execute(
            query.where(DeadlineChange.notification_code.in_(codes)).group_by(
                DeadlineChange.notification_code
            )
        ).all()
    )
    for notification, transition in moves.items():
        previous, moved_at = notification.deadline, transition.at
        notification.happen(transition, now=moved_at)
        if previous is None or notification.deadline is None:
            raise LookupError("what never lapses has no deadline to move")
        change = DeadlineChange(
            id=uuid7(moved_at),
            notification_code=notification.code,
            position=last.get(notification.code, 0) + 1,
            at=moved_at,
            previous=previous,
            deadline=notification.deadline,
            cause=cause,
            outage_id=outage_id,
            by=by,
            reason=reason,
        )
        session.add(change)
