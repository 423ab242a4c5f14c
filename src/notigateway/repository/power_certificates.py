"""The certificates of powers that were issued: append-only, the bytes stored are the bytes sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Evidence, Row, UtcDateTime


class IssuedPowerCertificate(Row):
    """What was certified of a power, for which of its sides, when."""

    __tablename__ = "power_certificates"
    __table_args__ = (Index(None, "power_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    power_id: Mapped[UUID] = mapped_column(ForeignKey("powers.id"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    party: Mapped[str] = mapped_column(String(9))
    sha256: Mapped[str] = mapped_column(SHA256_HEX)
    xml: Mapped[bytes] = mapped_column(Evidence)
