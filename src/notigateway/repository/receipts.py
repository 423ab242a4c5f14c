"""Named queries on what proves a decision."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.model import SHA256_HEX, Row, UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class RequestEnvelope(Row):
    """A signed request that decided something: the caller's proof of will, kept as received."""

    __tablename__ = "request_envelopes"

    sha256: Mapped[str] = mapped_column(SHA256_HEX, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    xml: Mapped[bytes] = mapped_column(LargeBinary)


def keep_request_envelope(session: Session, *, sha256: str, xml: bytes, received_at: datetime) -> None:
    """Keep a signed request once, however many decisions it carries."""
    if session.get(RequestEnvelope, sha256) is None:
        session.add(RequestEnvelope(sha256=sha256, xml=xml, received_at=received_at))
