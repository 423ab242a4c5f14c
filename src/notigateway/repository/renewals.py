"""The rows of renewed heads and of the log's second tree.

A renewal is inserted with its leaf, like a receipt (`commit`); the leaf gets its place with the others. What
is kept of the second tree is never changed but at its right edge, by whoever builds it, one at a time.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Uuid, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Evidence, Row, UtcDateTime
from notigateway.repository.conflicts import upsert
from notigateway.tlog.merkle import SHA512

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notigateway.repository.session import Session
    from notigateway.tlog.tiles import Tile

# Any number, the same for ever, and another than those of the changes and of the log.
_SECOND_LOCK = 43_4998


class LogRenewal(Row):
    """That a head of the log got a time-stamp anew: the record, of which the log has a leaf.

    `number` counts from 1: whoever renews begins with the one before, and of two at once one stands. `at` is
    what the token states, `size` the head's.
    """

    __tablename__ = "log_renewals"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(Uuid, unique=True)
    size: Mapped[int] = mapped_column(BigInteger, unique=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    record: Mapped[bytes] = mapped_column(Evidence)


class SecondTile(Row):
    """256 hashes (SHA-512) of one level of the second tree, or fewer at its right edge."""

    __tablename__ = "log_second_tiles"

    level: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hashes: Mapped[bytes] = mapped_column(Evidence)


class SecondRoot(Row):
    """A time-stamped statement of the second tree; it binds the renewals up to that of `renewal`."""

    __tablename__ = "log_second_roots"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    renewal: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    record: Mapped[bytes] = mapped_column(Evidence)


# --- renewals ---------------------------------------------------------------------------------------


def find_last_renewal(session: Session) -> LogRenewal | None:
    """Return the newest renewal."""
    return session.scalars(select(LogRenewal).order_by(LogRenewal.number.desc()).limit(1)).first()


def find_renewal_covering(session: Session, position: int) -> LogRenewal | None:
    """Return the first renewal whose head covers the leaf at that position."""
    query = select(LogRenewal).where(LogRenewal.size > position).order_by(LogRenewal.number).limit(1)
    return session.scalars(query).first()


def list_renewals(session: Session, *, after: int = 0, limit: int) -> Sequence[LogRenewal]:
    """Return renewals with a number above `after`, in order."""
    query = select(LogRenewal).where(LogRenewal.number > after).order_by(LogRenewal.number)
    return session.scalars(query.limit(limit)).all()


def sizes_of_renewals(session: Session) -> list[int]:
    """Return the sizes of all renewed heads, in order."""
    return list(session.scalars(select(LogRenewal.size).order_by(LogRenewal.number)))


def lock_renewals(session: Session) -> None:
    """Let one at a time write renewals or the second tree, until the end of the transaction.

    On PostgreSQL by an advisory lock; on SQLite every writing session is alone.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SECOND_LOCK})


# --- the second tree --------------------------------------------------------------------------------


class SecondTiles:
    """Reads tiles of the second tree in one session, each of them once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._read: dict[Tile, bytes] = {}

    def __call__(self, one: Tile) -> bytes:
        """Return a tile's hashes. Raises: `LookupError` for a tile that is not there."""
        if one not in self._read:
            query = select(SecondTile.hashes).where(
                SecondTile.level == one.level, SecondTile.place == one.place
            )
            found = self._session.scalar(query)
            if found is None:
                raise LookupError(f"the second tree has no tile {one}")
            self._read[one] = found
        return self._read[one]


def second_size(session: Session) -> int:
    """Return how many entries the second tree has."""
    query = (
        select(SecondTile.place, func.length(SecondTile.hashes))
        .where(SecondTile.level == 0)
        .order_by(SecondTile.place.desc())
        .limit(1)
    )
    last = session.execute(query).first()
    return 0 if last is None else (last[0] << 8) + last[1] // SHA512.size


def keep_second_tile(session: Session, one: Tile, hashes: bytes) -> None:
    """Keep a tile of the second tree, over what it was before."""
    upsert(session, SecondTile, level=one.level, place=one.place, hashes=hashes)


def find_last_root(session: Session) -> SecondRoot | None:
    """Return the newest statement."""
    return session.scalars(select(SecondRoot).order_by(SecondRoot.number.desc()).limit(1)).first()


def find_root_covering(session: Session, position: int) -> SecondRoot | None:
    """Return the first statement whose tree has an entry for the leaf at that position."""
    query = select(SecondRoot).where(SecondRoot.size > position).order_by(SecondRoot.number).limit(1)
    return session.scalars(query).first()


def list_roots(session: Session, *, after: int = 0, limit: int) -> Sequence[SecondRoot]:
    """Return statements with a number above `after`, in order."""
    query = select(SecondRoot).where(SecondRoot.number > after).order_by(SecondRoot.number)
    return session.scalars(query.limit(limit)).all()
