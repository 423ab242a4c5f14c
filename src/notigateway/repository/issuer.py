"""Named queries of the issuing side: uploads, what a body has issued, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ForeignKey, Row, and_, exists, select
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, selectinload

from notigateway.law.deadlines import DeadlineCause
from notigateway.law.lifecycle import State
from notigateway.repository import columns
from notigateway.repository.accesses import note_found
from notigateway.repository.changes import Change, moves_something
from notigateway.repository.columns import UtcDateTime
from notigateway.repository.conflicts import insert_if_absent
from notigateway.repository.model import Act, Event, IssuingBody, Notification, Receipt
from notigateway.repository.outages import DeadlineChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from notigateway.repository.session import Session

_NO_OUTCOME = frozenset({State.SCHEDULED, State.AVAILABLE, State.RECEIPT_REQUESTED})


class Upload(columns.Row):
    """A document that an issuing body has stored, to be named by its hash in an act of its own."""

    __tablename__ = "uploads"

    issuing_body_id: Mapped[int] = mapped_column(ForeignKey("issuing_bodies.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(columns.SHA256_HEX, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)


def is_issuing_body(session: Session, nif: str) -> bool:
    """Tell whether any issuing body has that NIF."""
    return bool(session.scalar(select(exists().where(IssuingBody.nif == nif))))


def find_body_of(session: Session, *, dir3: str, nif: str) -> IssuingBody | None:
    """Return the issuing body with that DIR3 code, if it has that NIF: units of one body share theirs."""
    return session.scalars(
        select(IssuingBody).where(IssuingBody.dir3 == dir3, IssuingBody.nif == nif)
    ).one_or_none()


def keep_upload(session: Session, body: IssuingBody, *, sha256: str, size: int, now: datetime) -> None:
    """Remember that the body has stored a document, once."""
    insert_if_absent(session, Upload, issuing_body_id=body.id, sha256=sha256, size=size, uploaded_at=now)


def find_uploads(session: Session, body: IssuingBody, hashes: Iterable[str]) -> Mapping[str, int]:
    """Return the sizes of those of the documents that the body has stored."""
    query = select(Upload.sha256, Upload.size).where(
        Upload.issuing_body_id == body.id, Upload.sha256.in_(set(hashes))
    )
    return {row.sha256: row.size for row in session.execute(query)}


def lock_issued(session: Session, body: IssuingBody, references: Iterable[str]) -> dict[str, Notification]:
    """Return the body's notifications by its references, locked in the order of the code.

    The order is that of `notifications.lock_visible`, so deciding and issuing callers never wait for
    each other in a circle.
    """
    query = (
        select(Notification)
        .join(Act, Notification.act_id == Act.id)
        .where(Act.issuing_body_id == body.id, Act.reference.in_(set(references)))
        .order_by(Notification.code)
        .options(
            contains_eager(Notification.act).joinedload(Act.issuing_body, innerjoin=True),
            contains_eager(Notification.act).selectinload(Act.documents),
            joinedload(Notification.addressee, innerjoin=True),
            selectinload(Notification.events),
            selectinload(Notification.receipts),
        )
        .execution_options(populate_existing=True)
        .with_for_update(of=Notification, key_share=True)
    )
    rows = session.scalars(query).unique().all()
    for row in rows:
        note_found(session, row)
    return {row.act.reference: row for row in rows}


def list_outcomes(
    session: Session, body: IssuingBody, *, after: int, limit: int
) -> Sequence[Row[int, Event, Receipt | None, Notification, str]]:
    """Return at most `limit` events of the body's acts after a place among the changes, in commit order."""
    query = (
        select(Change.position, Event, Receipt, Notification, Act.reference)
        .join(Event, Change.event_id == Event.id)
        .join(Notification, Change.notification_code == Notification.code)
        .join(Act, Notification.act_id == Act.id)
        .outerjoin(Receipt, and_(Receipt.event_id == Event.id, Receipt.state == Event.state))
        .where(
            Act.issuing_body_id == body.id,
            Change.position > after,
            Event.state.not_in(_NO_OUTCOME),
            moves_something(),
        )
        .order_by(Change.position)
        .limit(limit)
        .options(contains_eager(Notification.act), joinedload(Notification.addressee, innerjoin=True))
    )
    return session.execute(query).all()


def has_extension(session: Session, notification: Notification, deadline: datetime) -> bool:
    """Tell whether the issuing body has moved the deadline to that instant before."""
    return bool(
        session.scalar(
            select(
                exists().where(
                    DeadlineChange.notification_code == notification.code,
                    DeadlineChange.cause == DeadlineCause.EXTENSION,
                    DeadlineChange.deadline == deadline,
                )
            )
        )
    )
