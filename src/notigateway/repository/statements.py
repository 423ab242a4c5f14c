"""Responsible statements of legal persons: that their statutes let them represent others."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import SHA256_HEX, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent
from notigateway.repository.rights import Power

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from notigateway.receipts.asking import Asking
    from notigateway.repository.session import Session


class ResponsibleStatement(Row):
    """What a legal person stated once, by which representative; the hash names the signed request."""

    __tablename__ = "responsible_statements"

    party: Mapped[str] = mapped_column(String(9), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signer: Mapped[str] = mapped_column(String(9))
    signer_name: Mapped[str] = mapped_column(String(255))
    request_sha256: Mapped[str] = mapped_column(SHA256_HEX)


def has_stated(session: Session, party: str) -> bool:
    """Tell whether the party has made its statement."""
    return session.get(ResponsibleStatement, party) is not None


def keep_statement(session: Session, asking: Asking) -> None:
    """Keep the caller's statement; the first one stands."""
    insert_if_absent(
        session,
        ResponsibleStatement,
        party=asking.caller.party,
        made_at=asking.now,
        signer=asking.caller.signer,
        signer_name=asking.caller.signer_name,
        request_sha256=asking.proof.sha256,
    )


def list_waiting(session: Session, attorney: str) -> Sequence[UUID]:
    """Return the powers of the attorney that have no statement, in one order."""
    query = select(Power.id).where(
        Power.attorney == attorney, Power.needs_statement.is_(True), Power.stated_at.is_(None)
    )
    return session.scalars(query.order_by(Power.id)).all()
