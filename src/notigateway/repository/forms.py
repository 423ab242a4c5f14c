"""The forms of receipts that were made: which document of the store is a receipt's sealed PDF.

The time-stamp of its seal comes later, by a job, and is kept beside it: who gets the PDF gets it with the
time-stamp in the room that was left for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ForeignKey, Integer, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Evidence, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session


class ReceiptForm(Row):
    """The sealed PDF of a receipt: the first one made stays, so everybody gets the same.

    `seal_sha256` names the certificate of the seal on it, `imprint` is the SHA-256 of that seal's signature:
    what a time-stamp is to be about, in hexadecimal. Forms of before the time-stamps have neither, and no
    room for one.
    """

    __tablename__ = "receipt_forms"

    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipts.id"), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sha256: Mapped[str] = mapped_column(SHA256_HEX)
    seal_sha256: Mapped[str | None] = mapped_column(SHA256_HEX)
    imprint: Mapped[str | None] = mapped_column(SHA256_HEX)
    token: Mapped[bytes | None] = mapped_column(Evidence)
    timestamped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When to ask for its time-stamp, again where that has failed; null where it has one, or no room for it.
    timestamp_due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    timestamp_attempts: Mapped[int] = mapped_column(Integer, server_default="0", default=0)


def find_form(session: Session, receipt_id: UUID) -> ReceiptForm | None:
    """Return the form that is kept of a receipt: its hash in the store, and its time-stamp."""
    return session.get(ReceiptForm, receipt_id)


def keep_form(
    session: Session, receipt_id: UUID, *, sha256: str, made_at: datetime, seal_sha256: str, imprint: str
) -> bool:
    """Keep a form unless there is one, its time-stamp due at once; tell whether this one stays."""
    return insert_if_absent(
        session,
        ReceiptForm,
        receipt_id=receipt_id,
        made_at=made_at,
        sha256=sha256,
        seal_sha256=seal_sha256,
        imprint=imprint,
        timestamp_due_at=made_at,
    )


def replace_form(
    session: Session, receipt_id: UUID, *, sha256: str, made_at: datetime, seal_sha256: str, imprint: str
) -> bool:
    """Keep a form in the place of one that convinces nobody any more, its time-stamp due at once."""
    values = {"sha256": sha256, "made_at": made_at, "seal_sha256": seal_sha256, "imprint": imprint}
    of_it = ReceiptForm.receipt_id == receipt_id
    anew = {"token": None, "timestamped_at": None, "timestamp_due_at": made_at, "timestamp_attempts": 0}
    session.execute(update(ReceiptForm).where(of_it).values(**values, **anew))
    return True


def claim_due_forms(session: Session, *, now: datetime, until: datetime, limit: int) -> Sequence[ReceiptForm]:
    """Return forms whose time-stamp is due, oldest first; nobody else gets them before `until`."""
    query = (
        select(ReceiptForm)
        .where(ReceiptForm.timestamp_due_at <= now)
        .order_by(ReceiptForm.timestamp_due_at, ReceiptForm.receipt_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    forms = session.scalars(query).all()
    for form in forms:
        form.timestamp_due_at = until
    return forms


def keep_form_token(session: Session, receipt_id: UUID, *, token: bytes, at: datetime) -> bool:
    """Keep the time-stamp of a form; False where another job has kept one before."""
    of_it = ReceiptForm.receipt_id == receipt_id, ReceiptForm.token.is_(None)
    kept = update(ReceiptForm).where(*of_it).values(token=token, timestamped_at=at, timestamp_due_at=None)
    return session.scalar(kept.returning(ReceiptForm.receipt_id)) is not None


def postpone_form(session: Session, receipt_id: UUID, *, until: datetime) -> None:
    """Have the time-stamp of a form asked for again then: it has failed once more."""
    of_it = ReceiptForm.receipt_id == receipt_id, ReceiptForm.token.is_(None)
    attempts = ReceiptForm.timestamp_attempts + 1
    session.execute(
        update(ReceiptForm).where(*of_it).values(timestamp_due_at=until, timestamp_attempts=attempts)
    )


def make_forms_due(session: Session, *, seal_sha256: str, now: datetime) -> None:
    """Have the forms of a seal that wait for their time-stamp due now."""
    of_it = ReceiptForm.seal_sha256 == seal_sha256, ReceiptForm.timestamp_due_at > now
    session.execute(update(ReceiptForm).where(*of_it).values(timestamp_due_at=now))


def count_unstamped_forms(session: Session, *, seal_sha256: str | None = None) -> int:
    """Return how many forms wait for their time-stamp; of those that one seal has sealed, where it is named.

    A seal is named by the SHA-256 of its certificate in hexadecimal (`pki.keys.fingerprint`). Not counted
    are forms that have no room for a time-stamp.
    """
    of_it = [] if seal_sha256 is None else [ReceiptForm.seal_sha256 == seal_sha256]
    query = select(func.count()).select_from(ReceiptForm)
    return session.scalar(query.where(ReceiptForm.timestamp_due_at.is_not(None), *of_it)) or 0
