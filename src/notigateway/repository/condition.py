"""What a database says of itself: where it is, its clock and its connections; nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import exc, func, make_url, select, text

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.repository.session import Session

# In the query of a PostgreSQL URL these name a place; the rest are ways to get there, passwords among them.
_PLACES: Final = frozenset({"host", "port", "dbname"})

# Its sessions read in a transaction that is read-only by our own wish: the default tells of the server's.
_SAYS: Final = """
    SELECT clock_timestamp() AS now, pg_is_in_recovery() AS is_standby,
           current_setting('default_transaction_read_only') AS is_read_only,
           current_setting('max_connections')::int AS most,
           (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS held
"""


def database_place(url: str) -> str:
    """Return where a database is, the same for every user of it: no name, no password.

    A relative file counts from the folder of this process. What cannot be read is no place: "".
    """
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        return ""
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return f"sqlite:///{Path(parsed.database or '').resolve()}"
    named = {name: value for name, value in parsed.query.items() if name in _PLACES}
    return (
        f"{backend}://{parsed.host or ''}:{parsed.port or ''}/{parsed.database or ''} {sorted(named.items())}"
    )


def database_file(url: str) -> Path | None:
    """Return the file of a SQLite database, whether it is there or not.

    None where it is a server's, and where the URL cannot be read: whoever opens it says so.
    """
    named = database_file_named(url)
    return None if named is None else named.absolute()


def database_file_named(url: str) -> Path | None:
    """Return that file as the URL names it, relative where the URL is."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        return None
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


@dataclass(frozen=True, slots=True)
class Condition:
    """What a database says of itself; `now` is its own clock's, None of SQLite, which has none.

    `connections_left` are those that nobody holds, of `connections_max`.
    """

    now: datetime | None = None
    is_standby: bool = False
    is_read_only: bool = False
    connections_max: int | None = None
    connections_left: int | None = None


def read_condition(session: Session) -> Condition:
    """Return what the database says of itself."""
    if session.get_bind().dialect.name == "sqlite":
        return Condition()
    said = session.execute(text(_SAYS)).one()
    return Condition(
        now=said.now,
        is_standby=said.is_standby,
        is_read_only=said.is_read_only == "on",
        connections_max=said.most,
        connections_left=said.most - said.held,
    )


def read_clock(session: Session) -> datetime | None:
    """Return what time the database's machine has; None of SQLite, which has none of its own."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return session.scalar(select(func.clock_timestamp()))
