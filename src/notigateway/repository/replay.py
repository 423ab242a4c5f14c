"""Signed messages that were already received: each is let in once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.prepared import Prepared

if TYPE_CHECKING:
    from notigateway.repository.session import Session


class ReplayKey(Row):
    """A signed message that was already received, remembered until it can no longer be fresh."""

    __tablename__ = "replay_keys"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def register(session: Session, key: bytes, *, expires_at: datetime) -> bool:
    """Remember the message and tell whether it is new: one atomic insert, never a look before it.

    Of any number of concurrent registrations exactly one is told that it is new. On PostgreSQL the
    others wait for its commit; where it rolls back, the next one is new.
    """
    statement = _REGISTER[session.get_bind().dialect.name]
    return bool(statement.rows(session, key=key, expires_at=expires_at))


def is_registered(session: Session, key: bytes) -> bool:
    """Tell whether the message was remembered before this snapshot; only `register` decides about it."""
    return bool(_FIND.rows(session, key=key))


_FIND = Prepared(select(ReplayKey.key).where(ReplayKey.key == bindparam("key")))
_TABLE = Row.metadata.tables[ReplayKey.__tablename__]
_REGISTER = {
    module.dialect.name: Prepared(
        module.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key), columns=("key", "expires_at")
    )
    for module in (sqlite, postgresql)
}


def forget_expired(session: Session, *, now: datetime, limit: int) -> int:
    """Forget at most `limit` messages that can no longer be fresh; return how many there were.

    What another worker is forgetting just now is passed over, not waited for.
    """
    expired = (
        select(ReplayKey.key).where(ReplayKey.expires_at < now).limit(limit).with_for_update(skip_locked=True)
    )
    result = session.execute(
        delete(ReplayKey)
        .where(ReplayKey.key.in_(expired))
        .returning(ReplayKey.key)
        .execution_options(synchronize_session=False)
    )
    return len(result.all())
