"""Signed messages without a Timestamp that were received: remembered as long as they could be accepted.

Nothing in such a message ages. It could be sent again until its certificate ends, and where the token is not
signed with any other certificate of its key, so a key has one period for all of them. What is over stays as a
row without messages: who was forgotten is not let in again.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import ForeignKey, Index, LargeBinary, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.conflicts import insert_if_absent
from notigateway.repository.prepared import Prepared

if TYPE_CHECKING:
    from notigateway.repository.session import Session


_EVER_OVER: Final = datetime.min.replace(tzinfo=UTC)


class UndatedPeriod(Row):
    """Until when messages without Timestamp are accepted and remembered that share a mark.

    The mark is the SHA-256 of the public key, or of the certificate where the token is signed. `until`
    goes back to the first instant there is before its first message is deleted, and `forgotten_at` is set
    with the last: the period is over then, whatever a clock says later.
    """

    __tablename__ = "undated_periods"
    __table_args__ = (Index("ix_undated_periods_forgotten_at_until", "forgotten_at", "until"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class UndatedMessage(Row):
    """A message without Timestamp that was received; nothing but its key, since there are many of them."""

    __tablename__ = "undated_messages"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012  (SQLAlchemy's way)

    period_id: Mapped[int] = mapped_column(ForeignKey("undated_periods.id"), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)


def find_period(session: Session, mark: bytes) -> tuple[int, datetime] | None:
    """Return the period of a mark with its end; None before its first message.

    One whose messages are being forgotten ended before every certificate.
    """
    columns = (UndatedPeriod.id, UndatedPeriod.until, UndatedPeriod.forgotten_at)
    found = session.execute(select(*columns).where(UndatedPeriod.mark == mark)).one_or_none()
    if found is None:
        return None
    return found.id, found.until if found.forgotten_at is None else _EVER_OVER


def open_period(session: Session, mark: bytes, *, until: datetime, now: datetime) -> int | None:
    """Return the period of a mark, begun or prolonged to `until` as needed; None where it is over.

    One that is over, or was forgotten, is not prolonged: its messages would be new again.
    """
    found = find_period(session, mark)
    if found is not None and found[1] >= until:
        return found[0]
    if not insert_if_absent(session, UndatedPeriod, mark=mark, until=until, forgotten_at=None):
        session.execute(
            update(UndatedPeriod)
            .where(UndatedPeriod.mark == mark, UndatedPeriod.until < until, UndatedPeriod.until >= now)
            .where(UndatedPeriod.forgotten_at.is_(None))
            .values(until=until)
            .execution_options(synchronize_session=False)
        )
    found = find_period(session, mark)
    return None if found is None or found[1] < until else found[0]


def register_undated(session: Session, period_id: int, key: bytes) -> bool:
    """Remember the message and tell whether it is new: one atomic insert, as of messages with a Timestamp."""
    statement = _REGISTER[session.get_bind().dialect.name]
    return bool(statement.rows(session, period_id=period_id, key=key))


def is_undated_registered(session: Session, period_id: int, key: bytes) -> bool:
    """Tell whether the message was remembered before this snapshot; only `register_undated` decides."""
    return bool(_FIND.rows(session, period_id=period_id, key=key))


_FIND = Prepared(
    select(UndatedMessage.key).where(
        UndatedMessage.period_id == bindparam("period_id"), UndatedMessage.key == bindparam("key")
    )
)
_TABLE = Row.metadata.tables[UndatedMessage.__tablename__]
_REGISTER = {
    module.dialect.name: Prepared(
        module.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key), columns=("period_id", "key")
    )
    for module in (sqlite, postgresql)
}


def forget_undated(session: Session, *, before: datetime, now: datetime, limit: int) -> int | None:
    """Forget at most `limit` messages of one period that was over before an instant; return how many.

    None where no period is over. What another worker is at is passed over.
    """
    over = (
        select(UndatedPeriod)
        .where(UndatedPeriod.forgotten_at.is_(None), UndatedPeriod.until < before)
        .order_by(UndatedPeriod.until)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    period = session.scalars(over).one_or_none()
    if period is None:
        return None
    # From the first portion on it is over, even should this clock be wrong and another one right.
    period.until = _EVER_OVER
    some = select(UndatedMessage.key).where(UndatedMessage.period_id == period.id).limit(limit)
    gone = session.execute(
        delete(UndatedMessage)
        .where(UndatedMessage.period_id == period.id, UndatedMessage.key.in_(some))
        .returning(UndatedMessage.key)
        .execution_options(synchronize_session=False)
    )
    forgotten = len(gone.all())
    if forgotten < limit:
        period.forgotten_at = now
    return forgotten
