"""Whether the clock by which something irrevocable is done agrees with another one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.errors import TemporarilyUnavailableError
from notigateway.repository.condition import read_clock
from notigateway.repository.engine import reading

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

# Nothing synchronised is that far off; a connection that comes late is no reason.
_MOST: Final = timedelta(minutes=5)


def check_clock(engine: Engine, now: datetime) -> None:
    """Check that the database's machine, too, takes it for about now: a lapse's receipt is irrevocable.

    SQLite has this machine's clock, so that there it says nothing.

    Raises: `TemporarilyUnavailableError`.
    """
    difference = find_difference(engine, now)
    if difference is not None:
        raise TemporarilyUnavailableError(difference)


def find_difference(engine: Engine, now: datetime) -> str | None:
    """Return in words how far the clocks differ; None where they agree, or there is only one.

    Raises: `TemporarilyUnavailableError` where the database is away.
    """
    with reading(engine) as session:
        theirs = read_clock(session)
    off = now - theirs if theirs is not None else timedelta(0)
    if abs(off) <= _MOST:
        return None
    side = "ahead of" if off > timedelta(0) else "behind"
    return (
        f"the clock of this machine is {abs(off).total_seconds():.0f} s {side} the database's: "
        "nothing is done until they agree"
    )
