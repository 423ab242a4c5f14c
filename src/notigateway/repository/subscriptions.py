"""Subscriptions to changes, and what is to be delivered to each.

A subscription is a cursor among the changes, as any client keeps one; deliveries are made of what comes after
it, so nothing is written where things happen. A delivered row is deleted.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    String,
    Uuid,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from notigateway.law.lifecycle import State
from notigateway.law.pushing import Ended, SubscriptionKind, Trouble
from notigateway.repository.columns import CODE, Row, UtcDateTime, Word
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from notigateway.repository.session import Session

_PORTION: Final = 1_000


class Subscription(Row):
    """Who is told of changes, where and how, and up to where in their order."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index(None, "party"),
        Index(
            "uq_subscriptions_standing",
            "party",
            "kind",
            "url",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    party: Mapped[str] = mapped_column(String(9))
    kind: Mapped[SubscriptionKind] = mapped_column(Word(SubscriptionKind))
    url: Mapped[str] = mapped_column(String(2_000))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(9))
    cursor: Mapped[str] = mapped_column(String(255))
    # What its receiver has to repeat before anything else is sent.
    challenge: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_why: Mapped[Ended | None] = mapped_column(Word(Ended))
    # How often in a row nothing could be sent to it at all, until when it is left alone, and why.
    attempts: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    trouble: Mapped[Trouble | None] = mapped_column(Word(Trouble))
    trouble_status: Mapped[int | None] = mapped_column(Integer)


class Delivery(Row):
    """What a subscription is still to be told; `dead_at` where it was given up.

    Without `position` it is about the rights of the party, and about no notification.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_order", "subscription_id", "notification_code", "position"),
        Index("ix_deliveries_due", "subscription_id", "due_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    subscription_id: Mapped[UUID] = mapped_column(ForeignKey("subscriptions.id"))
    position: Mapped[int | None] = mapped_column(BigInteger)
    notification_code: Mapped[int | None] = mapped_column(CODE)
    notification_id: Mapped[UUID | None] = mapped_column(Uuid)
    event_id: Mapped[UUID | None] = mapped_column(Uuid)
    state: Mapped[State | None] = mapped_column(Word(State))
    nature: Mapped[str | None] = mapped_column(String(24))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trouble: Mapped[Trouble | None] = mapped_column(Word(Trouble))
    trouble_status: Mapped[int | None] = mapped_column(Integer)


STANDS: Final = Subscription.ended_at.is_(None)


def list_of_party(
    session: Session, party: str, *, ended_since: datetime | None = None
) -> Sequence[Subscription]:
    """Return the subscriptions of a party, oldest first: those that stand, and that ended since then."""
    wanted = STANDS if ended_since is None else or_(STANDS, Subscription.ended_at >= ended_since)
    return session.scalars(
        select(Subscription).where(Subscription.party == party, wanted).order_by(Subscription.id)
    ).all()


def add_subscription(session: Session, **values: object) -> bool:
    """Add a subscription; False where the party has one of that kind to that address."""
    return insert_if_absent(session, Subscription, **values)


def find_of_party(session: Session, party: str, subscription_id: UUID) -> Subscription | None:
    """Return a subscription, for its party alone."""
    query = select(Subscription).where(Subscription.party == party, Subscription.id == subscription_id)
    return session.scalar(query)


def end_subscription(session: Session, subscription: UUID, why: Ended, *, now: datetime) -> bool:
    """End a subscription, and forget what waits for it; False where it has ended already."""
    ended = session.execute(
        update(Subscription)
        .where(Subscription.id == subscription, STANDS)
        .values(ended_at=now, ended_why=why)
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    if ended.first() is None:
        return False
    session.execute(
        delete(Delivery)
        .where(Delivery.subscription_id == subscription)
        .execution_options(synchronize_session=False)
    )
    return True


def forget_ended(
    session: Session, *, party: str | None = None, ended_before: datetime | None = None, kept: int = 0
) -> None:
    """Delete ended subscriptions, of everybody or one party: those before then, all but the `kept` newest."""
    ended = select(Subscription.id).where(Subscription.ended_at.is_not(None))
    if party is not None:
        ended = ended.where(Subscription.party == party)
    if ended_before is not None:
        ended = ended.where(Subscription.ended_at < ended_before)
    old = ended.order_by(Subscription.ended_at.desc(), Subscription.id).offset(kept).limit(_PORTION)
    session.execute(
        delete(Subscription).where(Subscription.id.in_(old)).execution_options(synchronize_session=False)
    )


def list_standing(session: Session, *, now: datetime) -> Sequence[Subscription]:
    """Return the subscriptions to which something may be sent now, longest left alone first."""
    return session.scalars(
        select(Subscription).where(STANDS, Subscription.due_at <= now).order_by(Subscription.due_at)
    ).all()


def list_all(session: Session) -> Sequence[Subscription]:
    """Return every subscription that stands."""
    return session.scalars(
        select(Subscription).where(STANDS).order_by(Subscription.party, Subscription.id)
    ).all()


def count_deliveries(session: Session, subscriptions: Iterable[UUID]) -> dict[UUID, tuple[int, int]]:
    """Return how many deliveries wait and how many are dead, of each subscription that has any."""
    query = (
        select(
            Delivery.subscription_id,
            func.count().filter(Delivery.dead_at.is_(None)),
            func.count().filter(Delivery.dead_at.is_not(None)),
        )
        .where(Delivery.subscription_id.in_(list(subscriptions)))
        .group_by(Delivery.subscription_id)
    )
    return {one: (waiting, dead) for one, waiting, dead in session.execute(query)}


def move_on(
    session: Session, subscription: Subscription, cursor: str, rows: Sequence[Mapping[str, object]]
) -> bool:
    """Queue deliveries and move the cursor past them; tell whether the cursor was still where it stood.

    Two processes that have read the same changes queue them once.
    """
    moved = session.execute(
        update(Subscription)
        .where(Subscription.id == subscription.id, Subscription.cursor == subscription.cursor, STANDS)
        .values(cursor=cursor)
        .returning(Subscription.id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        return False
    if rows:
        session.execute(insert(Delivery), rows)
    return True


def is_behind() -> ColumnElement[bool]:
    """Tell of a delivery whether an earlier one of its notification waits."""
    earlier = aliased(Delivery)
    return exists().where(
        earlier.subscription_id == Delivery.subscription_id,
        earlier.notification_code == Delivery.notification_code,
        earlier.position < Delivery.position,
        earlier.dead_at.is_(None),
    )


def list_due(session: Session, subscription: UUID, *, now: datetime, most: int) -> Sequence[Delivery]:
    """Return deliveries that are due, of each notification the first that waits, in their order."""
    query = (
        select(Delivery)
        .where(
            Delivery.subscription_id == subscription,
            Delivery.dead_at.is_(None),
            Delivery.due_at <= now,
            ~is_behind(),
        )
        .order_by(Delivery.due_at, Delivery.id)
        .limit(most)
    )
    return session.scalars(query).all()


def forget_deliveries(session: Session, deliveries: Sequence[UUID]) -> None:
    """Delete what was delivered."""
    for start in range(0, len(deliveries), _PORTION):
        portion = list(deliveries[start : start + _PORTION])
        session.execute(
            delete(Delivery).where(Delivery.id.in_(portion)).execution_options(synchronize_session=False)
        )


def keep_delivery(session: Session, delivery: UUID, **values: object) -> None:
    """Keep how it stands with a delivery that failed."""
    session.execute(
        update(Delivery)
        .where(Delivery.id == delivery)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def keep_subscription(session: Session, subscription: UUID, **values: object) -> None:
    """Keep how it stands with a subscription that has not ended."""
    session.execute(
        update(Subscription)
        .where(Subscription.id == subscription, STANDS)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def give_up_older(session: Session, subscription: UUID, *, queued_before: datetime, **values: object) -> int:
    """Declare dead what waits longer than that, of a subscription to which nothing can be sent."""
    done = session.execute(
        update(Delivery)
        .where(
            Delivery.subscription_id == subscription,
            Delivery.dead_at.is_(None),
            Delivery.queued_at <= queued_before,
        )
        .values(**values)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def list_dead(session: Session, subscription: UUID, *, after: UUID, most: int) -> Sequence[Delivery]:
    """Return deliveries that were given up, in the order in which they were queued."""
    query = (
        select(Delivery)
        .where(Delivery.subscription_id == subscription, Delivery.dead_at.is_not(None), Delivery.id > after)
        .order_by(Delivery.id)
        .limit(most)
    )
    return session.scalars(query).all()


def replay_dead(session: Session, subscription: UUID, chosen: Sequence[UUID], *, now: datetime) -> int:
    """Have given-up deliveries tried again, those that are chosen or all; return how many.

    At once: whoever asks for it says that the receiver is there again.
    """
    query = update(Delivery).where(Delivery.subscription_id == subscription, Delivery.dead_at.is_not(None))
    if chosen:
        query = query.where(Delivery.id.in_(list(chosen)))
    values = {"dead_at": None, "queued_at": now, "due_at": now, "attempts": 0}
    done = session.execute(
        query.values(**values).returning(Delivery.id).execution_options(synchronize_session=False)
    )
    replayed = len(done.all())
    if replayed:
        keep_subscription(session, subscription, due_at=now)
    return replayed


def forget_dead(session: Session, *, dead_before: datetime, most: int = _PORTION) -> int:
    """Delete what was given up long ago; return how many."""
    old = select(Delivery.id).where(Delivery.dead_at < dead_before).limit(most)
    done = session.execute(
        delete(Delivery)
        .where(Delivery.id.in_(old))
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())
