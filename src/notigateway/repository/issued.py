"""What an issuing body has issued and is not decided, and the documents of acts: for samples to be about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from notigateway.law.lifecycle import UNDECIDED, Kind
from notigateway.repository.model import Act, Document, IssuingBody, Notification

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from notigateway.repository.session import Session


def find_undecided(session: Session, dir3: str, *, now: datetime) -> tuple[str, datetime] | None:
    """Return reference and deadline of the newest notification of a body that can still be decided."""
    query = (
        select(Act.reference, Notification.deadline)
        .join(Notification, Notification.act_id == Act.id)
        .join(IssuingBody, IssuingBody.id == Act.issuing_body_id)
        .where(
            IssuingBody.dir3 == dir3,
            Notification.kind == Kind.NOTIFICATION,
            Notification.state.in_(UNDECIDED),
            Notification.available_at <= now,
            Notification.deadline > now,
        )
        .order_by(Notification.code.desc())
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return None if found is None or found[1] is None else (found[0], found[1])


def find_first_document(session: Session, code: int) -> UUID | None:
    """Return the first document of what a notification is about."""
    query = select(Document.id).join(Notification, Notification.act_id == Document.act_id)
    return session.scalar(query.where(Notification.code == code).order_by(Document.position).limit(1))
