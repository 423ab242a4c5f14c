"""Who was the first to call with a public key, and by which certificate; never forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent

if TYPE_CHECKING:
    from notigateway.repository.session import Session


class KeyHolder(Row):
    """The identity that first called with a key, which is known by the SHA-256 of its SPKI.

    `certificate` is the SHA-256 of the certificate that it called with; null in rows of before 0023, until
    one of the same identity is let in again.
    """

    __tablename__ = "key_holders"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(29))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary(32))


@dataclass(frozen=True, slots=True)
class Held:
    """Whose a key is, and the certificate that it was claimed with, where that is known."""

    holder: str
    certificate: bytes | None


def find_key_holder(session: Session, key: bytes) -> Held | None:
    """Return the identity that first called with the key; None where nobody has."""
    query = select(KeyHolder.holder, KeyHolder.certificate).where(KeyHolder.key == key)
    found = session.execute(query).one_or_none()
    return None if found is None else Held(found.holder, found.certificate)


def claim_key(session: Session, key: bytes, held: Held, *, now: datetime) -> bool:
    """Remember who is the first to call with the key; tell whether it was, of any number at once one."""
    return insert_if_absent(
        session, KeyHolder, key=key, holder=held.holder, certificate=held.certificate, since=now
    )


def follow_reading(session: Session, key: bytes, held: Held) -> None:
    """Write down as whom the certificate that claimed the key is read now. Another one changes nothing."""
    session.execute(
        update(KeyHolder)
        .where(KeyHolder.key == key, KeyHolder.certificate == held.certificate)
        .values(holder=held.holder)
    )


def complete_holder(session: Session, key: bytes, held: Held) -> None:
    """Write down a certificate of the key's holder where none is remembered yet."""
    session.execute(
        update(KeyHolder)
        .where(KeyHolder.key == key, KeyHolder.holder == held.holder, KeyHolder.certificate.is_(None))
        .values(certificate=held.certificate)
    )
