"""Whether the file of a SQLite database is still the one that the connections have open.

SQLite goes on in a file that was removed, or that another one has replaced: everything that it then writes
is gone with its last connection. So each connection notes what it has opened, and looks again when it is
taken from the pool and right before it commits.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import event

from notigateway.errors import Part, TemporarilyUnavailableError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Engine
    from sqlalchemy.pool import ConnectionPoolEntry

    from notigateway.repository.generations import Generations

_FILE: Final = "notigateway_file"
_BESIDE: Final = "notigateway_beside"


class OpenedFile:
    """Holds the connections of an engine to the file that is under the name now."""

    def __init__(self, engine: Engine, file: Path, generations: Generations) -> None:
        """To be made after what listens to open the file and to prepare a connection."""
        self._file = str(file)
        self._beside = (f"{file}-wal", f"{file}-shm")
        self._generations = generations
        # What was left last: the file, and what SQLite had made beside it.
        self._left: Mapping[Any, Any] | None = None
        event.listen(engine, "do_connect", self._look)
        event.listen(engine, "connect", self._note)
        event.listen(engine, "checkout", self._check_taken)
        event.listen(engine, "commit", self._check_committing)

    def _look(
        self, _dialect: object, record: ConnectionPoolEntry, _arguments: object, _named: object
    ) -> None:
        """Look at what will be opened; a log beside another file than its own would be played into it.

        Raises: `TemporarilyUnavailableError`.
        """
        found = _identity(self._file)
        if self._left is not None:
            beside = zip(map(_identity, self._beside), self._left[_BESIDE], strict=True)
            if found != self._left[_FILE] and any(is_now and is_now == was for is_now, was in beside):
                raise TemporarilyUnavailableError(
                    f"the database {self._file} was replaced, and the -wal and -shm beside it are of the "
                    "one before: stop the service, remove both, start it",
                    part=Part.DATABASE,
                )
        record.info[_FILE] = found

    def _note(self, connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        """Note what was opened: what lay there before and lies there still.

        Raises: `TemporarilyUnavailableError` where it was replaced in between.
        """
        found = _identity(self._file)
        if found is None or found != record.info[_FILE]:
            connection.close()
            raise self._gone()
        record.info[_BESIDE] = tuple(map(_identity, self._beside))
        self._left = None

    def _check_taken(self, _connection: object, record: ConnectionPoolEntry, _checked_out: object) -> None:
        self._check(record.info)

    def _check_committing(self, connection: Connection) -> None:
        try:
            self._check(connection.info)
        except TemporarilyUnavailableError:
            connection.invalidate()  # SQLAlchemy does not roll back what fails here: it would keep the lock
            raise

    def _check(self, info: Mapping[Any, Any]) -> None:
        """Check that a connection has open what lies under the name; else leave it and all of its age.

        The file cannot have the number of one that is open still.

        Raises: `TemporarilyUnavailableError`; nothing is committed.
        """
        if _identity(self._file) != info[_FILE]:
            self._left = dict(info)
            self._generations.leave_as_old_as(info)
            raise self._gone()

    def _gone(self) -> TemporarilyUnavailableError:
        return TemporarilyUnavailableError(
            f"the database {self._file} was removed or replaced while it was open", part=Part.DATABASE
        )


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from every other one that exists; None where there is none to see."""
    with suppress(OSError):
        found = os.stat(path)  # noqa: PTH116  (twice in each request: a Path would cost as much again)
        return found.st_dev, found.st_ino
    return None
