"""Who was the first to call with a public key; never changed and never forgotten."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from notigateway.repository.session import Session


class KeyHolder(Row):
    """The identity that first called with a key, which is known by the SHA-256 of its SPKI."""

    __tablename__ = "key_holders"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(29))
    since: Mapped[datetime] = mapped_column(UtcDateTime)


def find_key_holder(session: Session, key: bytes) -> str | None:
    """Return the identity that first called with the key; None where nobody has."""
    return session.scalars(select(KeyHolder.holder).where(KeyHolder.key == key)).one_or_none()


def claim_key(session: Session, key: bytes, *, holder: str, now: datetime) -> bool:
    """Remember who is the first to call with the key; tell whether it was, of any number at once one."""
    return insert_if_absent(session, KeyHolder, key=key, holder=holder, since=now)
