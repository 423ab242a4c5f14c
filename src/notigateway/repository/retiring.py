"""What a seal's period must end after: transactions under way, and instants of kept time-stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from notigateway.repository.engine import reading, writing
from notigateway.repository.forms import ReceiptForm
from notigateway.repository.log import LogCheckpoint
from notigateway.repository.renewals import LogRenewal
from notigateway.repository.timestamps import ReceiptTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.repository.session import Session

# Every transaction holds its own virtual number, whatever it does, until it is over. Autovacuum has no user.
_OPEN = text("""
    SELECT held.virtualtransaction
      FROM pg_locks held JOIN pg_stat_activity who ON who.pid = held.pid
     WHERE held.locktype = 'virtualxid' AND held.granted AND held.pid <> pg_backend_pid()
       AND who.datname = current_database() AND who.usesysid IS NOT NULL
""")


def transactions_under_way(engine: Engine) -> frozenset[str]:
    """Return names of the transactions of this database that are open now, by whatever process.

    SQLite has one writer at most: whoever was it is waited for, and none is left.

    Raises: `TemporarilyUnavailableError`.
    """
    if engine.dialect.name == "sqlite":
        with writing(engine):
            return frozenset()
    with reading(engine) as session:
        return frozenset(session.scalars(_OPEN))


def latest_dated(session: Session) -> datetime | None:
    """Return the latest instant that a kept time-stamp of a receipt, a PDF or a renewal states."""
    kept = (ReceiptTimestamp.at, ReceiptForm.timestamped_at, LogRenewal.at)
    return max(filter(None, (session.scalar(select(func.max(one))) for one in kept)), default=None)


def last_head_tokens(session: Session, *, seal_sha256: str, limit: int) -> Sequence[bytes]:
    """Return the time-stamps of the last heads that a seal has signed."""
    query = select(LogCheckpoint.token).where(
        LogCheckpoint.seal_sha256 == seal_sha256, LogCheckpoint.token.is_not(None)
    )
    found = session.scalars(query.order_by(LogCheckpoint.size.desc()).limit(limit))
    return [one for one in found if one is not None]
