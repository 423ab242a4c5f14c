"""The crash-safe folder: one sub-folder per notification, complete or not there at all.

A notification is written to `.tmp-…` beside its place, every file and the folder are synced to the
disk, then the folder takes its name in one rename: a folder with that name is complete, at whatever
moment the machine or the process died. Left-over `.tmp-…` folders are removed at the next start. A
lock keeps a second process out; the system releases it when its holder dies. Everything is written through
the descriptor of the folder that is locked, and a folder that was moved away or replaced ends the pull. POSIX
only.

The bookmark (`.cursor`) says up to where the service's changes are stored here. It is replaced in one
rename, after everything before it is on the disk; without it, or with a damaged one, nothing is lost:
the next run walks the whole list.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from notigateway.client.disk import disk, opened_folder, read_below, remove_file, sync_folder, write_file
from notigateway.client.errors import SpoolError
from notigateway.client.file_names import folder_name, notification_of, safe_name
from notigateway.client.shapes import as_json, compact_text
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from notigateway.contract.v1 import Document, Notification, Receipt

FORMAT: Final = 1
_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp-"
_BOOKMARK: Final = ".cursor"
# What receipts, their description and the blocks of a disk take beside the documents of one notification.
_BESIDE_BYTES: Final = 65_536
_TRIED_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that processes share: its name, and its device and inode."""

    directory: Path
    identity: tuple[int, int]


class Spool:
    """One folder of notifications, held by this process while the context lasts.

    Raises: `SpoolError` when it is in use, is no folder or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folder = -1
        self._lock = -1
        self._mutex = threading.Lock()
        self._stored: set[str] = set()

    def __enter__(self) -> Self:
        with disk(self._directory):
            if not self._directory.is_dir():
                # what is in it is personal data: readable by its owner unless the operator made it
                make_folder(self._directory)
                sync_folder(self._directory.parent)
            self._folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with disk(self._directory):
                self._lock = os.open(_LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
                self._take_lock(fcntl.LOCK_EX)
                self._check_place()
                self._tidy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for descriptor in (self._lock, self._folder):
            if descriptor >= 0:
                os.close(descriptor)

    def __contains__(self, notification_id: str) -> bool:
        return notification_id.lower() in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def share(self) -> Place:
        """Let processes beside this one store too; the folder is locked until the last of them has ended.

        Raises: `SpoolError` where another process has taken it in the moment between two locks.
        """
        self._take_lock(fcntl.LOCK_SH)
        self._check_place()
        found = os.fstat(self._folder)
        return Place(self._directory, (found.st_dev, found.st_ino))

    @classmethod
    def join(cls, place: Place) -> Self:
        """Return the folder that a process shares, for one beside it and as long as that lives.

        Raises: `SpoolError` where it is not that folder any more, or not shared any more.
        """
        spool = cls(place.directory)
        with disk(place.directory):
            spool._folder = os.open(place.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            spool._lock = os.open(_LOCK, os.O_RDWR | os.O_CLOEXEC, dir_fd=spool._folder)
        spool._take_lock(fcntl.LOCK_SH)
        found = os.fstat(spool._folder)
        if (found.st_dev, found.st_ino) != place.identity:
            raise SpoolError(f"{place.directory} was moved away or replaced during the pull")
        return spool

    def store(
        self,
        notification: Notification,
        *,
        documents: Sequence[tuple[Document, Iterable[bytes]]],
        receipts: Sequence[Receipt],
    ) -> None:
        """Store one notification with its documents and receipts; an error leaves no trace of it.

        It survives a crash of the process from now on, and of the machine after `settle`.

        Raises: `SpoolError`; whatever the documents' pieces raise.
        """
        name = folder_name(notification)
        temporary = f"{_TEMPORARY}{name}"
        self._check_place()
        with disk(self._directory):
            os.mkdir(temporary, dir_fd=self._folder)
            try:
                with opened_folder(temporary, self._folder) as folder:
                    _fill(folder, notification, documents=documents, receipts=receipts)
                    os.fsync(folder)
                self._check_place()
                os.rename(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True, dir_fd=self._folder)
                raise
        with self._mutex:
            self._stored.add(notification.id.lower())

    def check_takes(self, notifications: Sequence[Notification]) -> None:
        """Check that these could be stored now: in the folder of that name, on a disk that has room.

        For who is about to accept them, which has legal effect. A file is written and removed again, since a
        disk that is read-only, dead or beyond a quota says so to nobody who only looks at it.

        Raises: `SpoolError`.
        """
        self._check_place()
        trial = f"{_TEMPORARY}trial"
        with disk(self._directory):
            remove_file(trial, self._folder)  # a killed process may have left one
            try:
                write_file(trial, self._folder, [bytes(_TRIED_BYTES)])
            finally:
                remove_file(trial, self._folder)
            space = os.fstatvfs(self._folder)
        wanted = sum(_BESIDE_BYTES + sum(one.document_sizes) for one in notifications)
        free = space.f_bavail * space.f_frsize
        if space.f_blocks and free < wanted:  # a file system that counts no blocks says nothing
            raise SpoolError(
                f"cannot use {self._directory}: what is accepted next may need {wanted:,} bytes, and "
                f"{free:,} are free"
            )

    def settle(self) -> None:
        """Make the names of all stored notifications survive a crash of the machine."""
        self._check_place()
        with disk(self._directory):
            os.fsync(self._folder)

    def bookmark(self, purpose: str) -> str | None:
        """Return the cursor kept for that purpose; None where there is none, or it is for another."""
        try:
            kept = json.loads(self.read_file(_BOOKMARK) or b"")
            cursor = kept["cursor"] if (kept["format"], kept["purpose"]) == (FORMAT, purpose) else None
        except (SpoolError, ValueError, LookupError, TypeError):
            return None
        return cursor if isinstance(cursor, str) else None

    def keep_bookmark(self, purpose: str, cursor: str) -> None:
        """Keep a cursor, in one step; everything before it must be stored and settled.

        Raises: `SpoolError`.
        """
        text = json.dumps({"format": FORMAT, "purpose": purpose, "cursor": cursor}) + "\n"
        self.keep_file(_BOOKMARK, text.encode())

    def keep_file(self, name: str, content: bytes) -> None:
        """Keep a file of ours beside the notifications, in one step. Raises: `SpoolError`."""
        temporary = f"{_TEMPORARY}{name}"
        self._check_place()
        with disk(self._directory):
            remove_file(temporary, self._folder)  # a killed process may have left one
            write_file(temporary, self._folder, [content])
            os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            os.fsync(self._folder)

    def read_file(self, name: str) -> bytes | None:
        """Return a file of ours beside the notifications; None where there is none. Raises: `SpoolError`."""
        with disk(self._directory), suppress(FileNotFoundError):
            return read_below(name, self._folder)
        return None

    def append_file(self, name: str, content: bytes) -> None:
        """Add to a file of ours beside the notifications, for good; processes may do so at once.

        Raises: `SpoolError`.
        """
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        self._check_place()
        with disk(self._directory), os.fdopen(os.open(name, flags, 0o666, dir_fd=self._folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def folders(self) -> list[str]:
        """Return the names of the folders of all stored notifications, in order. Raises: `SpoolError`."""
        with disk(self._directory), os.scandir(self._folder) as entries:
            return sorted(one.name for one in entries if notification_of(one.name))

    def read_stored(self, folder: str, name: str) -> bytes | None:
        """Return a file of a stored notification; None where it is not there. Raises: `SpoolError`."""
        with (
            disk(self._directory),
            suppress(FileNotFoundError),
            opened_folder(folder, self._folder) as opened,
        ):
            return read_below(name, opened)
        return None

    def replace_stored(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put files in the place of those of a stored notification, each in one step, in their order.

        Whenever the process or the machine dies, each file is the former or the new one, and whole.

        Raises: `SpoolError`.
        """
        self._check_place()
        with disk(self._directory), opened_folder(folder, self._folder) as opened:
            for name, content in files.items():
                temporary = f"{_TEMPORARY}{folder}-{name}"
                remove_file(temporary, self._folder)  # a killed process may have left one
                write_file(temporary, self._folder, [content])
                os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=opened)
            os.fsync(opened)

    def forget_bookmark(self) -> None:
        """Make the next run walk the whole list, whatever happens to this one.

        Raises: `SpoolError`.
        """
        self._check_place()
        with disk(self._directory):
            remove_file(_BOOKMARK, self._folder)
            os.fsync(self._folder)

    def _take_lock(self, kind: int) -> None:
        try:
            fcntl.flock(self._lock, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SpoolError(f"another process is pulling into {self._directory}") from error

    def _check_place(self) -> None:
        """Check that the folder which is locked is still the one of that name.

        Everything is written into the one that is locked, wherever it was moved; without this check a pull
        would go on in a place where nobody looks. Raises: `SpoolError`.
        """
        try:
            is_same = os.path.samestat(self._directory.stat(), os.fstat(self._folder))
        except FileNotFoundError:
            is_same = False
        except OSError as error:
            raise SpoolError(f"cannot use {self._directory}: {error.strerror}") from error
        if not is_same:
            raise SpoolError(
                f"{self._directory} was moved away or replaced during the pull: nothing is written to what "
                "stands there now; what was stored is in the folder that was moved"
            )

    def _tidy(self) -> None:
        """Remove what a killed process left half-written; take stock of what is complete."""
        with os.scandir(self._folder) as entries:
            found = [(one.name, one.is_dir(follow_symlinks=False)) for one in entries if not one.is_symlink()]
        for name, is_folder in found:
            if name.startswith(_TEMPORARY) and is_folder:
                shutil.rmtree(name, dir_fd=self._folder)
            elif name.startswith(_TEMPORARY):
                remove_file(name, self._folder)
            elif is_folder and (complete := notification_of(name)):
                self._stored.add(complete[1])


def _fill(
    folder: int,
    notification: Notification,
    *,
    documents: Sequence[tuple[Document, Iterable[bytes]]],
    receipts: Sequence[Receipt],
) -> None:
    described: dict[str, Any] = {"format": FORMAT, **as_json(notification), "documents": [], "receipts": []}
    for position, (document, pieces) in enumerate(documents, start=1):
        file = safe_name(position, document.name)
        write_file(file, folder, pieces)
        described["documents"].append({"file": file, **as_json(document)})
    for receipt in receipts:
        file = f"receipt-{receipt.receipt_id.lower()}.xml"
        write_file(file, folder, [receipt.xml()])
        described["receipts"].append({"file": file, **as_json(receipt)})
    write_file("notification.json", folder, [f"{compact_text(described)}\n".encode()])
