"""The crash-safe archive: one folder per notification, complete or not there at all.

A notification is written to `.tmp-…`, every file and the folder are synced to the disk, then the folder
takes its place in one rename: a folder there is complete, at whatever moment the machine or the process died.
What becomes of a notification later is written into its folder, its description last, in one rename too: so
it says what was or what is, whole. Where the folder of a notification stands is decided once (`folders.py`);
one that stands elsewhere, as earlier versions put it, stays there. Left-over `.tmp-…` folders are removed at
the next start. A lock keeps a second process out; the system releases it when its holder dies. Everything is
written through the descriptor of the folder that is locked, and a folder that was moved away or replaced ends
the pull. POSIX only.

The bookmark (`.cursor`) says up to where the service's changes are stored here. It is replaced in one
rename, after everything before it is on the disk; without it, or with a damaged one, nothing is lost:
the next run walks the whole list.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import stat
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from notigateway.client.disk import disk, opened_folder, read_below, remove_file, sync_folder, write_file
from notigateway.client.errors import PlaceTakenError, SpoolError
from notigateway.client.file_names import folder_name, notification_of, safe_name
from notigateway.client.folders import DEFAULT, FolderTemplate
from notigateway.client.shapes import as_json
from notigateway.client.stored import DESCRIPTION, FORMAT, Stored, described_as, said_of, with_who, written
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from notigateway.contract.v1 import Document, Notification, Receipt

_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp-"
_BOOKMARK: Final = ".cursor"
# What receipts, their description and the blocks of a disk take beside the documents of one notification.
_BESIDE_BYTES: Final = 65_536
_TRIED_BYTES: Final = 4_096
_DEEP_AT_MOST: Final = 9
_NAME_MAX_BYTES: Final = 255


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that processes share: its name, and its device and inode."""

    directory: Path
    identity: tuple[int, int]


def is_place(folder: str) -> bool:
    """Tell whether a text can say where a folder stands below an archive."""
    parts = folder.split("/")
    return (
        all(
            one.isprintable()
            and not one.startswith(".")
            and 0 < len(one.encode(errors="replace")) <= _NAME_MAX_BYTES
            for one in parts
        )
        and len(parts) <= _DEEP_AT_MOST
    )


class Spool:
    """One folder of notifications, held by this process while the context lasts.

    Raises: `SpoolError` when it is in use, is no folder or cannot be written.
    """

    def __init__(self, directory: Path, *, looks: bool = True) -> None:
        self._directory = directory
        # Whether it looks through all folders at once; else an index tells it.
        self._looks = looks
        self._template = FolderTemplate(DEFAULT)
        self._folder = -1
        self._lock = -1
        self._mutex = threading.Lock()
        self._stored: dict[str, Stored] = {}
        self._places: set[str] = set()
        # Folders with names that a crash of the machine may still take away.
        self._unsettled: set[str] = set()

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

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._stored.values())

    def find(self, notification_id: str) -> Stored | None:
        """Return what is stored of a notification; None where nothing is."""
        return self._stored.get(notification_id.lower())

    @property
    def directory(self) -> Path:
        """The folder's path."""
        return self._directory

    def holds(self, folder: str) -> bool:
        """Tell whether a folder is there, with a description that is not empty. Raises: `SpoolError`."""
        with disk(self._directory), suppress(FileNotFoundError, NotADirectoryError):
            found = os.stat(f"{folder}/{DESCRIPTION}", dir_fd=self._folder, follow_symlinks=False)
            return stat.S_ISREG(found.st_mode) and found.st_size > 0
        return False

    def forget(self, notification_id: str) -> None:
        """Take note that a notification is not there any more."""
        with self._mutex:
            self._stored.pop(notification_id, None)

    def know(self, stored: Stored) -> None:
        """Take note of what was stored, perhaps by a process beside this one."""
        with self._mutex:
            self._stored[stored.id] = stored
            self._places.add(stored.folder)

    def occupy(self, folder: str) -> None:
        """Take note that a folder stands there of which nothing can be known."""
        with self._mutex:
            self._places.add(folder)

    def is_there(self, folder: str) -> bool:
        """Tell whether a folder with something in it stands there. Raises: `SpoolError`."""
        return stat.S_ISDIR(self._mode(folder) or 0)

    def file_by(self, template: FolderTemplate) -> None:
        """Let the folders of what is stored from now on stand where a template says."""
        self._template = template

    def folder_of(self, notification: Notification) -> str:
        """Return where the folder of a notification is, or will be.

        A service that was restored to an earlier point gives a code again: the other one stays where it is.
        So does whatever else stands there.

        Raises: `PlaceTakenError` where none can stand; `SpoolError`.
        """
        stored = self.find(notification.id)
        if stored is not None:
            return stored.folder
        places = self._places_of(notification)
        return next(one for one in places if one not in self._places and self._mode(one) is None)

    def unknown_of(self, notification: Notification) -> Iterator[str]:
        """Yield the folders in the places of a notification of which nothing is known.

        Raises: `PlaceTakenError` where none can stand; `SpoolError`.
        """
        for place in (*itertools.islice(self._places_of(notification), 2), folder_name(notification)):
            if place not in self._places and self.is_there(place):
                yield place

    def _places_of(self, notification: Notification) -> Iterator[str]:
        place = self._template.folder_of(notification)
        yield place
        place = f"{place}-{notification.id.lower()}"
        yield place
        yield from (f"{place}-{count}" for count in itertools.count(2))

    def _mode(self, place: str) -> int | None:
        """Return the mode of what stands in a place; None where nothing does, or an empty folder."""
        above, _, name = place.rpartition("/")
        with (
            disk(self._directory),
            suppress(FileNotFoundError),
            _on_a_way(self._directory / place),
            self._opened(above) as parent,
        ):
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if not stat.S_ISDIR(mode):
                return mode
            with opened_folder(name, parent) as found, os.scandir(found) as entries:
                return mode if any(entries) else None
        return None

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
        folder: str | None = None,
        decided_at: datetime | None = None,
    ) -> Stored:
        """Store one notification with its documents and receipts; an error leaves no trace of it.

        It survives a crash of the process from now on, and of the machine after `settle`. Its `folder` is by
        the template, unless it is given; `decided_at` is of what leaves no receipt.

        Raises: `SpoolError`; whatever the documents' pieces raise.
        """
        place = folder or self.folder_of(notification)
        temporary = f"{_TEMPORARY}{notification.code}-{notification.id.lower()}"
        self._check_place()
        with disk(self._directory):
            os.mkdir(temporary, dir_fd=self._folder)
            try:
                with opened_folder(temporary, self._folder) as opened:
                    about = _fill(opened, notification, documents, receipts, decided_at=decided_at)
                    os.fsync(opened)
                self._check_place()
                above, _, name = place.rpartition("/")
                with _on_a_way(self._directory / place), self._opened(above, make=True) as parent:
                    os.rename(temporary, name, src_dir_fd=self._folder, dst_dir_fd=parent)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True, dir_fd=self._folder)
                raise
        with self._mutex:
            self._unsettled.add(above)
        return self._known(place, about)

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
        with self._mutex:
            folders, self._unsettled = self._unsettled, set()
        with disk(self._directory):
            for folder in folders:
                with self._opened(folder) as opened:
                    os.fsync(opened)

    def bookmark(self, purpose: str) -> str | None:
        """Return the cursor kept for that purpose; None where there is none, or it is for another."""
        try:
            kept = json.loads(self.read_file(_BOOKMARK) or b"")
            cursor = kept["cursor"] if (kept["format"], kept["purpose"]) == (FORMAT, purpose) else None
        except (SpoolError, ValueError, LookupError, TypeError, RecursionError):
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

    def drop_file(self, name: str) -> None:
        """Remove a file of ours beside the notifications, if it is there. Raises: `SpoolError`."""
        self._check_place()
        with disk(self._directory):
            remove_file(name, self._folder)
            os.fsync(self._folder)

    def rename_file(self, name: str, new: str) -> None:
        """Give a file of ours, which is whole, its name. Raises: `SpoolError`."""
        self._check_place()
        with disk(self._directory):
            os.replace(name, new, src_dir_fd=self._folder, dst_dir_fd=self._folder)
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

    def read_stored(self, folder: str, name: str) -> bytes | None:
        """Return a file of a stored notification; None where it is not there. Raises: `SpoolError`."""
        with disk(self._directory), suppress(FileNotFoundError), self._opened(folder) as opened:
            return read_below(name, opened)
        return None

    def described(self, folder: str) -> dict[str, Any]:
        """Return what is said of a stored notification; nothing where that is not there or not readable."""
        try:
            found = json.loads(self.read_stored(folder, DESCRIPTION) or b"{}")
        except (SpoolError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) and isinstance(found.get("receipts"), list) else {}

    def replace_stored(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put files in the place of those of a stored notification, each in one step, in their order.

        Whenever the process or the machine dies, each file is the former or the new one, and whole.

        Raises: `SpoolError`.
        """
        self._put(folder, {name: [content] for name, content in files.items()})

    def change(self, folder: str, files: Mapping[str, Iterable[bytes]], about: Mapping[str, Any]) -> Stored:
        """Add files to a stored notification, then say anew what belongs to it. A lost folder is made.

        Raises: `SpoolError`; whatever the pieces raise: then it stays as it was.
        """
        self._put(folder, files, make=True)
        self._put(folder, {DESCRIPTION: [written(about)]})
        return self._known(folder, about)

    def _known(self, folder: str, about: Mapping[str, Any]) -> Stored:
        stored = Stored.of(folder, about)
        if stored is None:  # it was written a moment ago
            raise SpoolError(f"cannot read what was stored in {self._directory / folder}")
        self.know(stored)
        return stored

    def _put(self, folder: str, files: Mapping[str, Iterable[bytes]], *, make: bool = False) -> None:
        self._check_place()
        stem = f"{_TEMPORARY}{hashlib.sha256(folder.encode()).hexdigest()[:16]}"
        with disk(self._directory), self._opened(folder, make=make) as opened:
            for name, pieces in files.items():
                temporary = f"{stem}-{name}"
                remove_file(temporary, self._folder)  # a killed process may have left one
                try:
                    write_file(temporary, self._folder, pieces)
                except BaseException:
                    remove_file(temporary, self._folder)
                    raise
                os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=opened)
            os.fsync(opened)

    def forget_bookmark(self) -> None:
        """Make the next run walk the whole list, whatever happens to this one.

        Raises: `SpoolError`.
        """
        self.drop_file(_BOOKMARK)

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

    @contextmanager
    def _opened(self, folder: str, *, make: bool = False) -> Iterator[int]:
        """Open a folder of the archive step by step: no link leads elsewhere. Raises: `OSError`."""
        with ExitStack() as opened:
            descriptor = self._folder
            way: list[str] = []
            for step in filter(None, folder.split("/")):
                if make and _makes(step, descriptor):
                    with self._mutex:
                        self._unsettled.add("/".join(way))
                descriptor = opened.enter_context(opened_folder(step, descriptor))
                way.append(step)
            yield descriptor

    def _tidy(self) -> None:
        """Remove what a killed process left half-written; take stock of what is complete."""
        with os.scandir(self._folder) as entries:
            found = [(one.name, one.is_dir(follow_symlinks=False)) for one in entries if not one.is_symlink()]
        for name, is_folder in found:
            if name.startswith(_TEMPORARY) and is_folder:
                shutil.rmtree(name, dir_fd=self._folder)
            elif name.startswith(_TEMPORARY):
                remove_file(name, self._folder)
        for folder in self.folders() if self._looks else ():
            stored = Stored.of(folder, self.described(folder)) or Stored.named(folder)
            if stored is not None:
                self._places.add(stored.folder)
                self._stored.setdefault(stored.id, stored)

    def folders(self) -> Iterator[str]:
        """Yield the folders of all notifications, wherever they stand. Raises: `SpoolError`."""
        with disk(self._directory):
            yield from folders_below(self._folder)


def folders_below(parent: int, way: str = "", deep: int = _DEEP_AT_MOST) -> Iterator[str]:
    """Yield the folders of all notifications below an open folder. Raises: `OSError`."""
    with os.scandir(parent) as entries:
        names = sorted(
            one.name for one in entries if one.is_dir(follow_symlinks=False) and not one.name.startswith(".")
        )
    for name in names:
        folder = f"{way}{name}"
        if notification_of(name) is not None and not way:
            yield folder
            continue
        with opened_folder(name, parent) as opened:
            try:
                os.stat(DESCRIPTION, dir_fd=opened, follow_symlinks=False)
            except FileNotFoundError:
                if deep > 1:
                    yield from folders_below(opened, f"{folder}/", deep - 1)
            else:
                yield folder


@contextmanager
def _on_a_way(place: Path) -> Iterator[None]:
    """Tell where something else stands in the place of a new folder, or on the way to it."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ELOOP}:
            raise
        raise PlaceTakenError(place) from error


def _makes(name: str, parent: int) -> bool:
    """Make a folder of an open folder; tell whether it was not there."""
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return False
    return True


def _fill(
    folder: int,
    notification: Notification,
    documents: Sequence[tuple[Document, Iterable[bytes]]],
    receipts: Sequence[Receipt],
    *,
    decided_at: datetime | None,
) -> dict[str, Any]:
    """Write the files of a new notification; return what is said of it."""
    said_documents, said_receipts = [], []
    for name, document, pieces in named_documents(documents):
        write_file(name, folder, pieces)
        said_documents.append({"file": name, **as_json(document)})
    for receipt in receipts:
        file = receipt_file(receipt)
        write_file(file, folder, [receipt.xml()])
        said_receipts.append(said_of(receipt, file))
    about = described_as(
        notification, documents=said_documents, receipts=said_receipts, decided_at=decided_at
    )
    with_who(about["decision"], ((one.receipt_id, one.xml()) for one in receipts))
    write_file(DESCRIPTION, folder, [written(about)])
    return about


def named_documents(
    documents: Sequence[tuple[Document, Iterable[bytes]]],
) -> Iterator[tuple[str, Document, Iterable[bytes]]]:
    """Yield the file name of each document, the document and its bytes."""
    for position, (document, pieces) in enumerate(documents, start=1):
        yield safe_name(position, document.name), document, pieces


def receipt_file(receipt: Receipt) -> str:
    """Return the name of the file of a receipt."""
    return f"receipt-{receipt.receipt_id.lower()}.xml"
