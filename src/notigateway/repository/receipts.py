"""Named queries on what proves a decision."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, func, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent
from notigateway.repository.model import Act, Addressee, IssuingBody, Notification, Receipt

if TYPE_CHECKING:
    from sqlalchemy import Row as SqlRow

    from notigateway.law.lifecycle import State
    from notigateway.repository.session import Session


class RequestEnvelope(Row):
    """A signed request that decided something: the caller's proof of will, kept as received."""

    __tablename__ = "request_envelopes"

    sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    xml: Mapped[bytes] = mapped_column(LargeBinary)


def keep_request_envelope(session: Session, *, sha256: str, xml: bytes, received_at: datetime) -> None:
    """Keep a signed request once, however many decisions it carries."""
    insert_if_absent(session, RequestEnvelope, sha256=sha256, xml=xml, received_at=received_at)


def find_by_csv_code(session: Session, csv_code: str) -> SqlRow[State, datetime, str, str] | None:
    """Return what a printed code leads to: fact, instant, the issuing body's name, the addressee's NIF."""
    return session.execute(
        select(
            Receipt.state,
            Receipt.event_time,
            func.coalesce(Act.issuing_body_name, IssuingBody.name).label("name"),
            Addressee.identifier,
        )
        .join(Notification, Notification.code == Receipt.notification_code)
        .join(Addressee, Addressee.id == Notification.addressee_id)
        .join(Act, Act.id == Notification.act_id)
        .join(IssuingBody, IssuingBody.id == Act.issuing_body_id)
        .where(Receipt.csv_code == csv_code)
    ).one_or_none()
