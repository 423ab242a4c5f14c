"""`archive.db`: the index of an archive, made of its folders and never the truth itself.

A run notes in `.changed` which folders it is about to change, before it does; at its end, or by the next run,
the index says what those say, and the note is removed. Everything is read again only where the index is
missing, damaged or of another version: beside the former one, whose place it takes once it is whole. A folder
that cannot be read is told, and its neighbours are taken in. Others may read it while a run writes.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.archive.former import KEPT, Former, former_gone, read_former, said_by
from notigateway.client.archive.schema import (
    DATABASE,
    FAILURES,
    NOTIFICATIONS,
    RUNS,
    VERSION,
    columns,
    details_of,
    emptying,
    insertion,
    is_plain,
    lost_of,
    row_of,
    statements,
    stored_of,
)
from notigateway.client.errors import SpoolError
from notigateway.client.spool import is_place
from notigateway.client.stored import Stored
from notigateway.instants import instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from notigateway.client.archive.former import Gone
    from notigateway.client.pulled import Lost, PullReport
    from notigateway.client.spool import Spool
    from notigateway.contract.v1 import Notification

CHANGED: Final = ".changed"
_WAITED_SECONDS: Final = 30
_COMMITTED_AT_ONCE: Final = 2_000
# As the spool's own of a run that died: removed at the next start.
_BESIDE: Final = f".tmp-{DATABASE}"
_KNOWN: Final = (
    "folder, code, id, state, decided_at, is_proven, has_content, mark, unseen_since, addressee, lost_since"
)
_LOST: Final = "LOST"


class Index:
    """The index of a folder that this process holds; of one thread."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._file = spool.directory / DATABASE
        self._connection: sqlite3.Connection | None = None
        # What has its folder nowhere any more; the index keeps it.
        self.lost: list[Lost] = []
        self._began_at = instant_text(datetime.now(UTC))
        # What is read of the index in the place of which another is made.
        self._former = Former()
        # Where those stand that were met while all folders are read.
        self._met: dict[str, str] | None = None
        # Folders with a description that cannot be read, or is none.
        self.damaged: list[str] = []

    def open(self, *, anew: bool = False) -> None:
        """Let the folder know what it holds: by the index, or by every folder where that is not to be had.

        Raises: `SpoolError`.
        """
        if anew or not self._is_opened():
            self.rebuild()
            return
        with self._told() as connection:
            known = said_by(connection, f"SELECT {_KNOWN} FROM notifications")  # noqa: S608
        for one in known:
            self._spool.know(stored_of(one))
        held = self._spool.held_of(one["folder"] for one in known)
        gone = [one for one in known if one["folder"] not in held]
        if any(one["lost_since"] is None for one in gone):  # somebody moved or removed them
            for one in gone:
                self._spool.forget(one["id"])
            self.rebuild()
            return
        self.lost = [lost_of(one) for one in gone]
        still = {one["id"] for one in gone}
        found = [one["folder"] for one in known if one["lost_since"] and one["id"] not in still]
        changed = (self._spool.read_file(CHANGED) or b"").decode(errors="replace").split("\n")
        folders = list(dict.fromkeys([*found, *filter(None, changed)]))
        if all(map(is_place, folders)):  # else the note itself is damaged
            self.refresh(folders)
            if not self.damaged:
                return
        self.rebuild()

    def rebuild(self, *, forgets: bool = False) -> None:
        """Make the index anew, of what every folder says.

        What has its folder nowhere any more stays in it as lost, unless the index `forgets` it.

        Raises: `SpoolError`.
        """
        self.close()
        self._check_is_ours()
        self._former, self.lost, self.damaged = read_former(self._file), [], []
        self._drop(_BESIDE)
        connection = self._connect(self._file.with_name(_BESIDE), journal="OFF")
        with self._told():
            for statement in statements():
                connection.execute(statement)
            connection.executemany(insertion("runs", RUNS), self._former.runs)
            connection.executemany(insertion("failures", FAILURES), self._former.failures)
        self._met = {}
        self.refresh(self._spool.folders())
        self._met = None
        known = {one.id for one in self._spool if one.folder not in self.damaged}
        self._keep_lost(former_gone(self._file, known, only=self.damaged if forgets else None))
        told = {one.folder for one in self.lost}
        self.damaged = [one for one in self.damaged if one not in told]
        with self._named():
            connection.execute(f"PRAGMA user_version = {VERSION}")
        self.close()
        self._drop(DATABASE)
        self._spool.rename_file(_BESIDE, DATABASE)
        self._connect(self._file)
        if self.damaged or not (self._former.is_known or forgets):
            # Nobody knows what those folders hold, or which are gone: the next walk of the list does.
            self._spool.forget_bookmark()

    def find(self, notification: Notification) -> Stored | None:
        """Return what is stored of a notification, also where the index is older than its folder.

        Raises: `PlaceTakenError` where none can stand; `SpoolError`.
        """
        found = self._spool.find(notification.id)
        if found is None:
            for folder in self._spool.unknown_of(notification):
                self.refresh([folder])
                found = self._spool.find(notification.id)
                if found is not None:
                    break
        return found

    def note(self, folders: Iterable[str]) -> None:
        """Note which folders are about to be changed. Raises: `SpoolError`."""
        self._spool.append_file(CHANGED, "".join(f"\n{one}\n" for one in folders).encode())

    @contextmanager
    def changing(self, folders: Sequence[str]) -> Iterator[None]:
        """Take in what these folders say at the end of the context, in which they may be changed.

        Raises: `SpoolError`.
        """
        self.note(folders)
        yield
        self.refresh(folders)

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

    def former_of(self, identifier: str) -> list[dict[str, Any]]:
        """Return the former versions of a notification, as its folder said them. Raises: `SpoolError`."""
        query = "SELECT file, state, decided_at, deadline, replaced_at, is_corrected FROM versions"
        with self._told() as connection:
            found = said_by(connection, f"{query} WHERE notification_id = ? ORDER BY rowid", identifier)
        return [{**one, "is_corrected": bool(one["is_corrected"])} for one in found]

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
        self._check_is_ours()
        if not self._file.is_file():
            return False
        try:
            connection = self._connect(self._file)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            is_whole = connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            is_known = {table: _columns(connection, table) for table in columns()} == columns()
        except (sqlite3.Error, SpoolError):
            self.close()
            return False
        return bool(version == VERSION and is_whole and is_known)

    def _check_is_ours(self) -> None:
        """Check that nothing outside the archive is written. Raises: `SpoolError`."""
        if self._file.is_symlink():
            raise SpoolError(f"cannot use {self._file}: it is a link, and leads to what is not the archive's")

    def _connect(self, file: Path, *, journal: str = "WAL") -> sqlite3.Connection:
        with self._named():
            connection = self._connection = sqlite3.connect(file, timeout=_WAITED_SECONDS)
            connection.execute(f"PRAGMA journal_mode = {journal}")
            connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _drop(self, database: str) -> None:
        for end in ("", "-wal", "-shm"):
            self._spool.drop_file(f"{database}{end}")

    def _keep_lost(self, gone: Iterable[Gone]) -> None:
        now = instant_text(datetime.now(UTC))
        with self._told() as connection:
            for one in gone:
                (about,) = one["notifications"]
                about["lost_since"] = about.get("lost_since") or now
                for table, (_, columns) in KEPT.items():
                    values = [[row.get(name) for name in columns] for row in one[table]]
                    connection.executemany(insertion(table, columns), values)
                self._spool.know(stored_of(about))
                self.lost.append(lost_of(about))

    def _take_in(self, folder: str) -> None:
        about = self._spool.described(folder)
        stored = Stored.of(folder, about) if about else None
        if stored is not None and self._is_second(stored):
            self._spool.occupy(folder)
            return
        if stored is None or not self._is_put(stored, about):
            if self._spool.is_there(folder):
                self.damaged.append(folder)
                self._spool.occupy(folder)
            stored = Stored.named(folder)
        if stored is not None:
            self._spool.know(stored)

    def _is_second(self, stored: Stored) -> bool:
        """Tell whether a folder is a copy of another: the one that the former index knew is gone on with."""
        if self._met is None:
            return False
        if self._met.setdefault(stored.id, stored.folder) == stored.folder:
            return False
        if self._former.folders.get(stored.id) != stored.folder:
            return True
        self._met[stored.id] = stored.folder
        return False

    def _is_put(self, stored: Stored, about: Mapping[str, Any]) -> bool:
        """Put what a folder says into the tables; tell whether it says what can stand there."""
        try:
            row, details = row_of(stored, about), list(details_of(stored, about))
        except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
            return False  # not ours
        if not all(map(is_plain, (row, *(one for _, rows in details for one in rows)))):
            return False
        with self._named():
            connection = self._opened()
            self._take_out(connection, stored.id)
            connection.execute(insertion("notifications", NOTIFICATIONS), row)
            for statement, rows in details:
                connection.executemany(statement, rows)
        return True

    @staticmethod
    def _take_out(connection: sqlite3.Connection, identifier: str) -> None:
        connection.execute("DELETE FROM notifications WHERE id = ?", (identifier,))
        for statement, values in emptying(identifier):
            connection.execute(statement, values)

    def _commit(self) -> None:
        with self._named():
            self._opened().commit()

    def _opened(self) -> sqlite3.Connection:
        return self._connection or self._connect(self._file)

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


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [one[1] for one in connection.execute(f"PRAGMA table_info({table})")]
