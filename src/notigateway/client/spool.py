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
import re
import shutil
import threading
import unicodedata
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from notigateway.client.errors import SpoolError
from notigateway.client.shapes import as_json, compact_text
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from notigateway.contract.v1 import Document, Notification, Receipt

FORMAT: Final = 1
_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp-"
_BOOKMARK: Final = ".cursor"
# What receipts, their description and the blocks of a disk take beside the documents of one notification.
_BESIDE_BYTES: Final = 65_536
_TRIED_BYTES: Final = 4_096
_FOLDER: Final = re.compile(r"[0-9]{1,10}-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_NAME_MAX_BYTES: Final = 120
_SUFFIX_MAX_BYTES: Final = 16
# Forbidden in names on some file system or dear to some shell.
_UNSAFE: Final = str.maketrans(dict.fromkeys("<>:\"|?*$`!&;'", "_"))


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
        with _disk(self._directory):
            if not self._directory.is_dir():
                # what is in it is personal data: readable by its owner unless the operator made it
                make_folder(self._directory)
                _sync(self._directory.parent)
            self._folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with _disk(self._directory):
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
        with _disk(place.directory):
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
        with _disk(self._directory):
            os.mkdir(temporary, dir_fd=self._folder)
            try:
                with _opened(temporary, self._folder) as folder:
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
        with _disk(self._directory):
            _unlink(trial, self._folder)  # a killed process may have left one
            try:
                _write(trial, self._folder, [bytes(_TRIED_BYTES)])
            finally:
                _unlink(trial, self._folder)
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
        with _disk(self._directory):
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
        with _disk(self._directory):
            _unlink(temporary, self._folder)  # a killed process may have left one
            _write(temporary, self._folder, [content])
            os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            os.fsync(self._folder)

    def read_file(self, name: str) -> bytes | None:
        """Return a file of ours beside the notifications; None where there is none. Raises: `SpoolError`."""
        with _disk(self._directory), suppress(FileNotFoundError):
            descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._folder)
            with os.fdopen(descriptor, "rb") as file:
                return file.read()
        return None

    def forget_bookmark(self) -> None:
        """Make the next run walk the whole list, whatever happens to this one.

        Raises: `SpoolError`.
        """
        self._check_place()
        with _disk(self._directory):
            _unlink(_BOOKMARK, self._folder)
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
            folders = [one.name for one in entries if one.is_dir(follow_symlinks=False)]
        for name in folders:
            if name.startswith(_TEMPORARY):
                shutil.rmtree(name, dir_fd=self._folder)
            elif complete := _FOLDER.fullmatch(name):
                self._stored.add(complete[1])


def folder_name(notification: Notification) -> str:
    """Return the name of a notification's folder: its public code and its identifier."""
    return f"{notification.code}-{notification.id.lower()}"


def safe_name(position: int, name: str) -> str:
    """Return a file name for the document at a position (from 1), whatever its issuer called it.

    The position in front keeps names apart, takes reserved words (CON, NUL) their meaning and no
    name can hide, climb out of the folder or pass for one of our own files.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(letter for letter in last if letter.isprintable())
    stem, dot, suffix = shown.translate(_UNSAFE).strip(". ").rpartition(".")
    if not dot or len(suffix.encode()) > _SUFFIX_MAX_BYTES:
        stem, suffix = f"{stem}{dot}{suffix}", ""
    room = _NAME_MAX_BYTES - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore").strip(". ") or "document"
    return f"{position:02d}-{stem}{'.' if suffix else ''}{suffix}"


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
        _write(file, folder, pieces)
        described["documents"].append({"file": file, **as_json(document)})
    for receipt in receipts:
        file = f"receipt-{receipt.receipt_id.lower()}.xml"
        _write(file, folder, [receipt.xml()])
        described["receipts"].append({"file": file, **as_json(receipt)})
    _write("notification.json", folder, [f"{compact_text(described)}\n".encode()])


def _write(name: str, folder: int, pieces: Iterable[bytes]) -> None:
    """Write a new file of an open folder, and sync it."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o666, dir_fd=folder), "wb") as target:
        target.writelines(pieces)
        target.flush()
        os.fsync(target.fileno())


def _unlink(name: str, folder: int) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


@contextmanager
def _opened(name: str, folder: int) -> Iterator[int]:
    """Open a folder of an open folder."""
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    """Sync a folder: without it a rename or a new file may be forgotten by the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk(directory: Path) -> Iterator[None]:
    """Tell what the disk refused as an error of the folder."""
    try:
        yield
    except OSError as error:
        where = directory if error.filename is None else directory / os.fsdecode(error.filename)
        raise SpoolError(f"cannot use {where}: {error.strerror or error}") from error
