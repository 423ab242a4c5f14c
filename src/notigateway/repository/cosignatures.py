"""What witnesses have signed of the log's heads, and how it stands with each witness.

Cosignatures are only ever added. Which heads have as many as are needed is asked among the nearest alone, so
a log of which none ever has costs no more.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import BigInteger, Integer, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Evidence, Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent, upsert
from notigateway.repository.log import LogCheckpoint
from notigateway.repository.queues import MOST, Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session

_NAME: Final = String(200)
_KEY_ID_BYTES: Final = 4
_TROUBLE_MAX_CHARS: Final = 250
# Cosignatures beside each other that are looked at: heads of some hours.
_NEAREST: Final = 1_000


class LogCosignature(Row):
    """That a witness saw a head: `at` is when it says so, `signature` timestamped (tlog-cosignature)."""

    __tablename__ = "log_cosignatures"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    witness: Mapped[str] = mapped_column(_NAME, primary_key=True)
    key_id: Mapped[bytes] = mapped_column(Evidence(_KEY_ID_BYTES))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    signature: Mapped[bytes] = mapped_column(Evidence)


class LogWitness(Row):
    """How it stands with a witness: the size that it saw last, and since how many attempts it fails."""

    __tablename__ = "log_witnesses"

    witness: Mapped[str] = mapped_column(_NAME, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    trouble: Mapped[str | None] = mapped_column(String(_TROUBLE_MAX_CHARS))


def list_witnesses(session: Session, names: Sequence[str]) -> dict[str, LogWitness]:
    """Return how it stands with those of the witnesses that were asked before, by their names."""
    found = session.scalars(select(LogWitness).where(LogWitness.witness.in_(list(names))))
    return {one.witness: one for one in found}


def keep_witness(
    session: Session, witness: str, *, size: int, attempts: int, due_at: datetime, trouble: str | None
) -> None:
    """Keep how it stands with a witness."""
    words = None if trouble is None else trouble[:_TROUBLE_MAX_CHARS]
    values = {"size": size, "attempts": attempts, "due_at": due_at, "trouble": words}
    upsert(session, LogWitness, witness=witness, **values)


def keep_cosignature(
    session: Session, size: int, witness: str, *, key_id: bytes, at: datetime, signature: bytes
) -> bool:
    """Keep a cosignature; False where that witness's on that head is kept already."""
    values = {"key_id": key_id, "at": at, "signature": signature}
    return insert_if_absent(session, LogCosignature, size=size, witness=witness, **values)


def list_cosignatures(session: Session, size: int) -> Sequence[LogCosignature]:
    """Return the cosignatures on the head of that size."""
    query = select(LogCosignature).where(LogCosignature.size == size).order_by(LogCosignature.witness)
    return session.scalars(query).all()


def find_first_cosigned(session: Session, position: int, *, needed: int) -> LogCheckpoint | None:
    """Return the oldest head that covers the leaf at that position and has as many cosignatures."""
    near = select(LogCosignature.size).where(LogCosignature.size > position)
    found = near.order_by(LogCosignature.size).limit(_NEAREST).subquery()
    query = (
        select(found.c.size)
        .group_by(found.c.size)
        .having(func.count() >= needed)
        .order_by(found.c.size)
        .limit(1)
    )
    size = session.scalar(query)
    return None if size is None else session.get(LogCheckpoint, size)


def find_last_cosigned(session: Session, *, needed: int) -> int:
    """Return the size of the newest head that has as many cosignatures; 0 where none of the newest has."""
    near = select(LogCosignature.size).order_by(LogCosignature.size.desc()).limit(_NEAREST).subquery()
    query = (
        select(near.c.size)
        .group_by(near.c.size)
        .having(func.count() >= needed)
        .order_by(near.c.size.desc())
        .limit(1)
    )
    return session.scalar(query) or 0


def cosignature_queue(session: Session, *, needed: int) -> Queue:
    """Return the heads that nobody has cosigned, nor a later one of which is."""
    later = LogCheckpoint.size > find_last_cosigned(session, needed=needed)
    counted = select(LogCheckpoint.size).where(later).limit(MOST).subquery()
    since = session.scalar(select(LogCheckpoint.at).where(later).order_by(LogCheckpoint.size).limit(1))
    return Queue(session.scalar(select(func.count()).select_from(counted)) or 0, since)
