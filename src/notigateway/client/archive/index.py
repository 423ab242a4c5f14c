"""`archive.db`: the index of an archive, made of its folders and never the truth itself.

A run notes in `.changed` which folders it is about to change, before it does; at its end, or by the next run,
the index says what those say, and the note is removed. Everything is read again only where the index is
missing, damaged or of another version. Others may read it while a run writes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.archive.schema import (
    DATABASE,
    FAILURES,
    NOTIFICATIONS,
    OF_EACH,
    RUNS,
    VERSION,
    details_of,
    emptying,
    insertion,
    row_of,
    statements,
)
from notigateway.client.errors import ArchiveIndexError, SpoolError
from notigateway.client.pulled import Lost
from notigateway.client.stored import Stored
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from notigateway.client.pulled import PullReport
    from notigateway.client.spool import Spool

CHANGED: Final = ".changed"
_WAITED_SECONDS: Final = 30
_COMMITTED_AT_ONCE: Final = 2_000
_KNOWN: Final = (
    "folder, code, id, state, decided_at, is_proven, has_content, mark, unseen_since, addressee, lost_since"
)
_LOST: Final = "LOST"


_Gone = dict[str, list[dict[str, Any]]]
# The tables that say something of a notification: by which column, and with which ones.
_KEPT: Final[Mapping[str, tuple[str, Sequence[str]]]] = {
    "notifications": ("id", tuple(NOTIFICATIONS)),
    **{table: ("notification_id", columns) for table, columns in OF_EACH.items()},
}


class Index:
    """The index of a folder that this process holds; of one thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._file = spool.directory / DATABASE
        self._connection: sqlite3.Connection | None = None
        # What has its folder nowhere any more; the index keeps it.
        self.lost: list[Lost] = []
        self._began_at = instant_text(datetime.now(UTC))

    def open(self, *, anew: bool = False) -> None:
        """Let the folder know what it holds: by the index, or by every folder where that is not to be had.

        Raises: `SpoolError`.
        """
        if anew or not self._is_opened():
            self.rebuild()
            return
        with self._told() as connection:
            known = _said(connection, f"SELECT {_KNOWN} FROM notifications")  # noqa: S608
        for one in known:
            self._spool.know(_stored(one))
        gone = [one for one in known if not self._spool.holds(one["folder"])]
        if any(one["lost_since"] is None for one in gone):  # somebody moved or removed them
            for one in gone:
                self._spool.forget(one["id"])
            self.rebuild()
            return
        self.lost = [_lost(one) for one in gone]
        still = {one["id"] for one in gone}
        found = [one["folder"] for one in known if one["lost_since"] and one["id"] not in still]
        changed = (self._spool.read_file(CHANGED) or b"").decode(errors="replace").splitlines()
        self.refresh(dict.fromkeys([*found, *filter(None, changed)]))

    def rebuild(self, *, forgets: bool = False) -> None:
        """Make the index anew, of what every folder says.

        What has its folder nowhere any more stays in it as lost, unless the index `forgets` it.

        Raises: `SpoolError`.
        """
        self.close()
        runs, gone = self._former_runs(), [] if forgets else self._former_gone()
        for end in ("", "-wal", "-shm"):
            self._spool.drop_file(f"{DATABASE}{end}")
        connection = self._connect()
        with self._told():
            for statement in statements():
                connection.execute(statement)
            connection.executemany(insertion("runs", RUNS), runs)
        self.refresh(self._spool.folders())
        self._keep_lost([one for one in gone if one["notifications"][0]["id"] not in self._spool])

    def note(self, folders: Iterable[str]) -> None:
        """Note which folders are about to be changed. Raises: `SpoolError`."""
        self._spool.append_file(CHANGED, "".join(f"\n{one}\n" for one in folders).encode())

    def refresh(self, folders: Iterable[str]) -> None:
        """Take in what these folders say now. Raises: `SpoolError`."""
        count = 0
        for count, folder in enumerate(folders, start=1):
            self._take_in(folder)
            if count % _COMMITTED_AT_ONCE == 0:
                self._commit()
        if count:
            self._commit()

    def of_addressee(self, addressee: str) -> list[str]:
        """Return the identifiers of what there is of an addressee. Raises: `SpoolError`."""
        with self._told() as connection:
            found = connection.execute("SELECT id FROM notifications WHERE addressee = ?", (addressee,))
            return [one[0] for one in found]

    def end(self, report: PullReport, *, accept: bool) -> None:
        """Write down what a run did, for good. Raises: `SpoolError`."""
        counts = {
            **{name: getattr(report, name, None) for name in RUNS},
            "began_at": self._began_at,
            "ended_at": instant_text(datetime.now(UTC)),
            "accept": accept,
            **{name: len(getattr(report, name)) for name in ("corrections", "refused", "not_verified")},
        }
        with self._told() as connection:
            connection.execute(insertion("runs", RUNS), [counts[name] for name in RUNS])
            connection.executemany(
                insertion("failures", FAILURES),
                [
                    (
                        self._began_at,
                        one.code,
                        one.id,
                        one.reason,
                        one.text,
                        None if one.deadline is None else instant_text(one.deadline),
                    )
                    for one in (*report.refused, *report.not_verified)
                ]
                + [
                    (self._began_at, one.code, one.id, _LOST, one.text, None)
                    for one in report.lost
                    if not one.is_mended
                ],
            )
        self.settle()

    def settle(self) -> None:
        """Have everything on the disk, so that nothing needs to be noted any more. Raises: `SpoolError`."""
        with self._told() as connection:
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._spool.drop_file(CHANGED)

    def close(self) -> None:
        """Let it go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _is_opened(self) -> bool:
        """Open the index that there is; tell whether it is whole and of this version."""
        if not self._file.is_file():
            return False
        try:
            connection = self._connect()
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            is_whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        except (sqlite3.Error, SpoolError):
            self.close()
            return False
        return bool(version == VERSION and is_whole)

    def _connect(self) -> sqlite3.Connection:
        with self._named():
            connection = self._connection = sqlite3.connect(self._file, timeout=_WAITED_SECONDS)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _former_runs(self) -> list[tuple[object, ...]]:
        """Return the runs of an index that is about to be made anew, where they can be read."""
        try:
            with closing(sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro", uri=True)) as former:
                return list(former.execute(f"SELECT {', '.join(RUNS)} FROM runs"))  # noqa: S608
        except sqlite3.Error:
            return []

    def _former_gone(self) -> list[_Gone]:
        """Return what the former index says of each whose folder is not where it was."""
        try:
            with closing(sqlite3.connect(f"{self._file.absolute().as_uri()}?mode=ro", uri=True)) as former:
                known = former.execute("SELECT id, folder FROM notifications").fetchall()
                gone = [identifier for identifier, folder in known if not self._spool.holds(folder)]
                return [
                    {
                        table: _said(former, f"SELECT * FROM {table} WHERE {key} = ?", identifier)  # noqa: S608
                        for table, (key, _) in _KEPT.items()
                    }
                    for identifier in gone
                ]
        except sqlite3.Error:
            return []

    def _keep_lost(self, gone: Iterable[_Gone]) -> None:
        now = instant_text(datetime.now(UTC))
        with self._told() as connection:
            for one in gone:
                (about,) = one["notifications"]
                about["lost_since"] = about.get("lost_since") or now
                for table, (_, columns) in _KEPT.items():
                    values = [[row.get(name) for name in columns] for row in one[table]]
                    connection.executemany(insertion(table, columns), values)
                self._spool.know(_stored(about))
                self.lost.append(_lost(about))

    def _take_in(self, folder: str) -> None:
        about = self._spool.described(folder)
        stored = Stored.of(folder, about) if about else Stored.named(folder)
        if stored is None:
            return
        self._spool.know(stored)
        with self._named():
            connection = self._opened()
            self._take_out(connection, stored.id)
            try:
                row, details = row_of(stored, about), list(details_of(stored, about))
            except (LookupError, TypeError, AttributeError):
                return  # its description is lost, or not ours
            connection.execute(insertion("notifications", NOTIFICATIONS), row)
            for statement, rows in details:
                connection.executemany(statement, rows)

    @staticmethod
    def _take_out(connection: sqlite3.Connection, identifier: str) -> None:
        connection.execute("DELETE FROM notifications WHERE id = ?", (identifier,))
        for statement, values in emptying(identifier):
            connection.execute(statement, values)

    def _commit(self) -> None:
        with self._named():
            self._opened().commit()

    def _opened(self) -> sqlite3.Connection:
        return self._connection or self._connect()

    @contextmanager
    def _told(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for a transaction."""
        with self._named(), self._opened() as connection:
            yield connection

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SpoolError(f"cannot use {self._file}: {error}") from error


def _said(connection: sqlite3.Connection, query: str, *values: object) -> list[dict[str, Any]]:
    found = connection.execute(query, values)
    names = [one[0] for one in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]


def _stored(row: Mapping[str, Any]) -> Stored:
    return Stored(
        folder=row["folder"],
        code=row["code"],
        id=row["id"],
        state=row["state"],
        decided_at=row["decided_at"],
        is_proven=bool(row["is_proven"]),
        has_content=bool(row["has_content"]),
        mark=row["mark"],
        is_unseen=row["unseen_since"] is not None,
    )


def _lost(row: Mapping[str, Any]) -> Lost:
    return Lost(row["code"], row["id"], row["addressee"], row["folder"])


def check_is_archive(directory: Path) -> None:
    """Check that a folder is an archive: a mistyped name makes none. Raises: `ArchiveIndexError`."""
    if not (directory / ".lock").is_file():
        raise ArchiveIndexError(f"{directory} is no archive: no pull was made into it", is_archive=False)


@contextmanager
def reading(directory: Path) -> Iterator[sqlite3.Connection]:
    """Open the index of an archive to read it, while somebody may be pulling. Raises: `ArchiveIndexError`."""
    check_is_archive(directory)
    file = directory / DATABASE
    if not file.exists():
        raise ArchiveIndexError(f"{file} is not there")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise ArchiveIndexError(f"{file} is of another version")
            connection.execute("BEGIN")
            yield connection
    except sqlite3.Error as error:
        raise ArchiveIndexError(f"{file}: {error}") from error


def rows(connection: sqlite3.Connection, query: str, *values: object, **named: object) -> list[sqlite3.Row]:
    """Return what a query finds."""
    return list(connection.execute(query, named or values))
