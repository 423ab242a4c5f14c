"""Named queries on what proves a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notigateway.repository.model import RequestEnvelope

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def keep_request_envelope(session: Session, *, sha256: str, xml: bytes, received_at: datetime) -> None:
    """Keep a signed request once, however many decisions it carries."""
    if session.get(RequestEnvelope, sha256) is None:
        session.add(RequestEnvelope(sha256=sha256, xml=xml, received_at=received_at))
