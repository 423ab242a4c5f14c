"""How many requests a caller makes in a minute, counted for all workers of all machines together."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import String, case, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.repository.columns import Row, UtcDateTime

if TYPE_CHECKING:
    from sqlalchemy import Executable

    from notigateway.repository.session import Session


class RequestCount(Row):
    """How many requests a caller made in the latest minute in which it made one."""

    __tablename__ = "request_counts"

    caller: Mapped[str] = mapped_column(String(19), primary_key=True)
    minute: Mapped[datetime] = mapped_column(UtcDateTime)
    requests: Mapped[int]


def count_request(session: Session, caller: str, now: datetime, *, times: int = 1) -> int:
    """Count so many more requests of the caller; return its count of this minute, in one statement."""
    minute = now.replace(second=0, microsecond=0)
    values = {"caller": caller, "minute": minute, "requests": times}
    counted: int = session.execute(_statement(session.get_bind().dialect.name), values).scalar_one()
    return counted


def forget_counts(session: Session, *, prefix: str, before: datetime) -> None:
    """Forget the counts under that prefix of the minutes before an instant: who asked is kept no longer."""
    session.execute(
        delete(RequestCount)
        .where(RequestCount.caller.startswith(prefix), RequestCount.minute < before)
        .execution_options(synchronize_session=False)
    )


@cache
def _statement(dialect: str) -> Executable:
    """Return the statement, built once: where a limit is set every request runs it."""
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(RequestCount)
    # A clock that is behind counts on in the minute that others have begun.
    is_new = RequestCount.minute < insert.excluded.minute
    return insert.on_conflict_do_update(
        index_elements=[RequestCount.caller],
        set_={
            "requests": case(
                (is_new, insert.excluded.requests), else_=RequestCount.requests + insert.excluded.requests
            ),
            "minute": case((is_new, insert.excluded.minute), else_=RequestCount.minute),
        },
    ).returning(RequestCount.requests)
