"""Whether a database takes writes: tried with one row, which is written, committed and never read.

Nothing less tells it. A transaction that writes begins on a full disk too, and on one that has become
read-only under an open file; what is rolled back never reaches the disk.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from notigateway.errors import TemporarilyUnavailableError
from notigateway.repository.columns import Row, UtcDateTime
from notigateway.repository.condition import read_condition
from notigateway.repository.conflicts import upsert
from notigateway.repository.doubts import is_doubted, trust
from notigateway.repository.engine import reading, writing
from notigateway.repository.troubles import Refusal, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from notigateway.repository.session import Session

_THE_ONE: Final = 1
# What no page has room left for, and no compression makes small.
_MUCH_BYTES: Final = 64 * 1024


class WriteTrial(Row):
    """The last trial of a write: one row at most; `filler` has bytes where there was doubt (`doubts`)."""

    __tablename__ = "write_trials"
    __table_args__ = (CheckConstraint(f"id = {_THE_ONE}", name="one_trial"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    filler: Mapped[bytes | None]


def try_writing(engine: Engine, *, now: datetime) -> Refusal | None:
    """Write and commit the row; return why the database keeps nothing, None where it does.

    Where its disk has refused something, or a minute has passed, since the last trial of that sort went well,
    the row needs room of its own.

    Raises: `TemporarilyUnavailableError` for a database that is away or locked.
    """
    is_much = is_doubted(engine)
    filler = os.urandom(_MUCH_BYTES) if is_much else None
    refusal = _refusal(
        engine, lambda session: upsert(session, WriteTrial, id=_THE_ONE, at=now, filler=filler)
    )
    if is_much and refusal is None:
        trust(engine)
    return refusal


def begin_writing(engine: Engine) -> Refusal | None:
    """Begin to write, and write nothing; return why the database would keep nothing, as far as it says that.

    Raises: `TemporarilyUnavailableError` for a database that is away or locked.
    """
    if engine.dialect.name == "sqlite":
        return _refusal(engine, lambda _: None)
    with reading(engine) as session:
        found = read_condition(session)
    return Refusal.READ_ONLY if found.is_standby or found.is_read_only else None


def _refusal(engine: Engine, write: Callable[[Session], object]) -> Refusal | None:
    try:
        with writing(engine) as session:
            write(session)
    except TemporarilyUnavailableError as trouble:
        found = refusal_of(trouble.__cause__)
        if found is None:
            raise
        return found
    return None
