"""How it stands with what is pushed, of all subscriptions: for who runs the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, select

from notigateway.repository.subscriptions import STANDS, Delivery, Subscription, is_behind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.repository.session import Session


def untried_since(session: Session, now: datetime) -> datetime | None:
    """Return since when the first delivery is due that may be sent and was not; None where there is none."""
    first = (
        select(Delivery.due_at)
        .where(
            Delivery.subscription_id == Subscription.id,
            Delivery.dead_at.is_(None),
            Delivery.due_at <= now,
            ~is_behind(),
        )
        .order_by(Delivery.due_at)
        .limit(1)
        .scalar_subquery()
    )
    due = (
        select(Subscription.due_at, first.label("first")).where(STANDS, Subscription.due_at <= now).subquery()
    )
    # What is due behind a receiver that was left alone is due since that is over.
    later = case((due.c.due_at > due.c.first, due.c.due_at), else_=due.c.first)
    since: datetime | None = session.scalar(select(func.min(later)))
    return since


def count_receivers(session: Session, *, away_after: int) -> tuple[int, int]:
    """Return how many subscriptions stand, and to how many of them nothing gets through."""
    query = select(func.count(), func.count().filter(Subscription.attempts >= away_after)).where(STANDS)
    standing, away = session.execute(query).one()
    return standing, away


def list_given_up(
    session: Session, *, subscription: UUID | None, most: int
) -> Sequence[tuple[Subscription, Delivery]]:
    """Return what was given up, of one subscription or of all, the newest first."""
    query = select(Subscription, Delivery).join(Delivery).where(Delivery.dead_at.is_not(None))
    if subscription is not None:
        query = query.where(Subscription.id == subscription)
    found = session.execute(query.order_by(Delivery.dead_at.desc(), Delivery.id.desc()).limit(most))
    return [(one, delivery) for one, delivery in found]
