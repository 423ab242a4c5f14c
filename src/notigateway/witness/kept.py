"""What a witness remembers: the head that it cosigned last of each log, in a file of its own (SQLite).

It is all that stands between an operator and a split view, so the head is on the disk before its cosignature
leaves, and looked at and replaced in one turn: of any number of requests, threads and processes at once each
sees what the one before it has left (C2SP tlog-witness: "must be performed atomically").

A file from a backup forgets what was cosigned since. Whoever has to restore one makes a new key with it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from notigateway.errors import ConfigurationError, TemporarilyUnavailableError
from notigateway.instants import instant_text
from notigateway.tlog.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_WAIT_SECONDS: Final = 5.0
# Whoever holds a pinned key could fill the disk with more; nobody reads so many.
_WAITING_AT_MOST: Final = 20
_CONFLICTS_AT_MOST: Final = 100
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS heads (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,
    cosigned INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS accepted (
    origin TEXT PRIMARY KEY, follows TEXT NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS waiting (
    origin TEXT PRIMARY KEY, follows TEXT NOT NULL, note BLOB NOT NULL, at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS conflicts (
    origin TEXT NOT NULL, size INTEGER NOT NULL, seen BLOB NOT NULL, refused BLOB NOT NULL, at TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The head that was cosigned last, with its seal in `note`; `cosigned` is the second that was stated."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: bytes = b""
    cosigned: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A log under an unknown name, sealed by the seal of one that is known: a person has to confirm it."""

    origin: str
    follows: str
    note: bytes
    at: str


class Turn:
    """One look and one change, between which nobody else comes."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def last(self, origin: str) -> Cosigned:
        """Return the head that was cosigned last; the empty tree where there is none."""
        query = "SELECT size, root, note, cosigned FROM heads WHERE origin = ?"
        found = self._connection.execute(query, (origin,)).fetchone()
        return Cosigned() if found is None else Cosigned(*found)

    def present(self, origin: str) -> str:
        """Return the name under which a log goes on: another one where this one was given up."""
        return _present(self._connection, origin)

    def keep(self, origin: str, head: Cosigned) -> None:
        """Remember the head that is cosigned now."""
        self._connection.execute(
            "INSERT INTO heads VALUES (:origin, :size, :root, :note, :cosigned) ON CONFLICT (origin) "
            "DO UPDATE SET size = :size, root = :root, note = :note, cosigned = :cosigned",
            {
                "origin": origin,
                "size": head.size,
                "root": head.root,
                "note": head.note,
                "cosigned": head.cosigned,
            },
        )

    def keep_conflict(self, origin: str, seen: Cosigned, refused: Cosigned, at: datetime) -> bool:
        """Keep two notes that cannot be of one log: the evidence of two views; tell whether it is new.

        The refused head has as many entries as the one that was seen, and another root; or fewer, at a later
        instant. Of each head that was seen one of either kind is kept.
        """
        query = (
            "SELECT count(*), count(*) FILTER (WHERE seen = ? AND (size < ?) = ?) FROM conflicts "
            "WHERE origin = ?"
        )
        values = (seen.note, seen.size, refused.size < seen.size, origin)
        kept, of_it = self._connection.execute(query, values).fetchone()
        if kept >= _CONFLICTS_AT_MOST or of_it:
            return False
        row = (origin, refused.size, seen.note, refused.note, instant_text(at))
        self._connection.execute("INSERT INTO conflicts VALUES (?, ?, ?, ?, ?)", row)
        return True

    def keep_waiting(self, origin: str, follows: str, note: bytes, at: datetime) -> bool:
        """Remember that a log asks under another name; tell whether that is new."""
        known = "SELECT 1 FROM waiting WHERE origin = ?"
        (count,) = self._connection.execute("SELECT count(*) FROM waiting").fetchone()
        if count >= _WAITING_AT_MOST or self._connection.execute(known, (origin,)).fetchone():
            return False
        row = (origin, follows, note, instant_text(at))
        self._connection.execute("INSERT INTO waiting VALUES (?, ?, ?, ?)", row)
        return True

    def accept(self, one: Waiting, at: datetime) -> None:
        """Know a log by its new name from now on, and by none that it had before, however many those are."""
        row = (one.origin, _present(self._connection, one.follows), instant_text(at))
        self._connection.execute("INSERT OR IGNORE INTO accepted VALUES (?, ?, ?)", row)
        self._connection.execute("DELETE FROM waiting WHERE origin = ?", (one.origin,))


def _present(connection: sqlite3.Connection, origin: str) -> str:
    """Follow the accepted names of a log to the last of them; each follows the one before it."""
    passed = {origin}
    query = "SELECT origin FROM accepted WHERE follows = ? ORDER BY at LIMIT 1"
    while (found := connection.execute(query, (origin,)).fetchone()) and found[0] not in passed:
        origin = found[0]
        passed.add(origin)
    return origin


class Kept:
    """The file; made where there is none."""

    def __init__(self, file: Path) -> None:
        """Open it. Raises: `ConfigurationError`."""
        self._lock = Lock()
        try:
            self._connection = sqlite3.connect(
                file, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            # Written ahead and synchronised at every commit: what was answered outlives a loss of power.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise ConfigurationError(f"cannot use {file}: {error}") from error

    def close(self) -> None:
        """Close it."""
        with self._lock, closing(self._connection):
            pass

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Look and change alone; durable at its end, or nothing of it.

        Raises: `TemporarilyUnavailableError` where the file cannot be used now.
        """
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield Turn(self._connection)
                except BaseException:
                    self._connection.execute("ROLLBACK")
                    raise
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise TemporarilyUnavailableError(f"the witness's file: {error}") from error

    def follows(self, origin: str) -> str | None:
        """Return the name under which an accepted log was known before; None where it was not accepted."""
        with self._lock:
            query = "SELECT follows FROM accepted WHERE origin = ?"
            found = self._read(query, (origin,))
        return found[0][0] if found else None

    def present(self, origin: str) -> str:
        """Return the name under which a log goes on: another one where this one was given up."""
        with self._lock:
            try:
                return _present(self._connection, origin)
            except sqlite3.Error as error:
                raise TemporarilyUnavailableError(f"the witness's file: {error}") from error

    def heads(self) -> dict[str, Cosigned]:
        """Return the head that was cosigned last of each log."""
        with self._lock:
            rows = self._read("SELECT origin, size, root, note, cosigned FROM heads ORDER BY origin")
        return {row[0]: Cosigned(*row[1:]) for row in rows}

    def waiting(self) -> list[Waiting]:
        """Return the logs that wait for a person."""
        with self._lock:
            rows = self._read("SELECT origin, follows, note, at FROM waiting ORDER BY at, origin")
        return [Waiting(*row) for row in rows]

    def accepted(self) -> list[tuple[str, str, str]]:
        """Return the new names that a person has confirmed: name, the one before, when."""
        with self._lock:
            return self._read("SELECT origin, follows, at FROM accepted ORDER BY at, origin")

    def conflicts(self) -> list[tuple[str, int, bytes, bytes, str]]:
        """Return the split views that were seen: origin, size of the refused head, both notes, when."""
        with self._lock:
            return self._read("SELECT origin, size, seen, refused, at FROM conflicts ORDER BY at")

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise TemporarilyUnavailableError(f"the witness's file: {error}") from error
