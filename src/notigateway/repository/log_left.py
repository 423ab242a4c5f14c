"""Has a look at a SQLite database leave its log (WAL) as it is, where a gateway was killed and left one.

Whoever closes a database last moves the log into the file, which is a change: of the one file that whoever
saves what is left after a fault wants as it was. https://sqlite.org/wal.html 2.1
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from notigateway.repository.condition import database_file

if TYPE_CHECKING:
    from collections.abc import Iterator

_READS: str = "SELECT count(*) FROM sqlite_schema"


@contextmanager
def log_left(url: str) -> Iterator[None]:
    """Be the last to close the database of that URL, with a connection that may write nothing.

    Only where there is a log: beside a database without one this very connection would leave an empty one.
    """
    connection = _hold(url)
    if connection is None:
        yield
        return
    with closing(connection):
        yield


def leave_log(url: str) -> None:
    """Do so till the process ends: for one that ends without closing anything."""
    _held.append(_hold(url))


_held: list[sqlite3.Connection | None] = []


def _hold(url: str) -> sqlite3.Connection | None:
    """Return a connection that has read, and so keeps others from being the last; None without a log."""
    file = database_file(url)
    if file is None:
        return None
    # What cannot be opened is told by whoever looks at it.
    with suppress(OSError, sqlite3.Error):
        if file.with_name(f"{file.name}-wal").stat().st_size:
            connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)
            connection.execute(_READS).fetchall()
            return connection
    return None
