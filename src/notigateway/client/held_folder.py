"""A folder that this process holds: nobody else writes in it, and nothing in it is ever half there.

Whatever is written is written beside its place, as `.tmp-…`, synced to the disk and put there in one rename;
left-over `.tmp-…` are removed at the next start. A lock keeps a second process out; the system releases it
when its holder dies. Everything goes through the descriptor of the folder that is locked, step by step, so no
link leads elsewhere, and a folder that was moved away or replaced ends the work. POSIX only.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeVar

from notigateway.client.disk import (
    disk,
    opened_below,
    opened_folder,
    read_below,
    remove_file,
    sync_folder,
    write_file,
)
from notigateway.client.errors import PlaceTakenError, SpoolError
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp-"
_TRIED_BYTES: Final = 4_096
_TAKEN: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.ELOOP})
_KEPT_FROM_US: Final = frozenset({errno.EISDIR, errno.EACCES, errno.EPERM})
_Filled = TypeVar("_Filled")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that processes share: its name, and its device and inode."""

    directory: Path
    identity: tuple[int, int]


class HeldFolder:
    """One folder with what stands below it, held by this process while the context lasts.

    Raises: `SpoolError` when it is in use, is no folder or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folder = -1
        self._lock = -1
        self._mutex = threading.Lock()
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

    @property
    def directory(self) -> Path:
        """The folder's path."""
        return self._directory

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
        held = cls(place.directory)
        with disk(place.directory):
            held._folder = os.open(place.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            held._lock = os.open(_LOCK, os.O_RDWR | os.O_CLOEXEC, dir_fd=held._folder)
        held._take_lock(fcntl.LOCK_SH)
        found = os.fstat(held._folder)
        if (found.st_dev, found.st_ino) != place.identity:
            raise SpoolError(f"{place.directory} was moved away or replaced during the pull")
        return held

    def check_room(self, wanted: int) -> None:
        """Check that so many bytes could be written now: in the folder of that name, on a disk that has room.

        A file is written and removed again, since a disk that is read-only, dead or beyond a quota says so to
        nobody who only looks at it. Raises: `SpoolError`.
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
        free = space.f_bavail * space.f_frsize
        if space.f_blocks and free < wanted:  # a file system that counts no blocks says nothing
            raise SpoolError(
                f"cannot use {self._directory}: what is accepted next may need {wanted:,} bytes, and "
                f"{free:,} are free"
            )

    # --- files of ours at its top ------------------------------------------------------------------

    def keep_file(self, name: str, content: bytes) -> None:
        """Keep a file of ours, in one step. Raises: `SpoolError`."""
        temporary = f"{_TEMPORARY}{name}"
        self._check_place()
        with disk(self._directory):
            remove_file(temporary, self._folder)  # a killed process may have left one
            write_file(temporary, self._folder, [content])
            os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            os.fsync(self._folder)

    def drop_file(self, name: str) -> None:
        """Remove a file of ours, if it is there. Raises: `SpoolError`."""
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
        """Return a file of ours; None where there is none. Raises: `SpoolError`."""
        with disk(self._directory), suppress(FileNotFoundError):
            return read_below(name, self._folder)
        return None

    def append_file(self, name: str, content: bytes) -> None:
        """Add to a file of ours, for good; processes may do so at once.

        Raises: `SpoolError`.
        """
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
        self._check_place()
        with disk(self._directory), os.fdopen(os.open(name, flags, 0o666, dir_fd=self._folder), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    # --- folders ----------------------------------------------------------------------------------

    def add_folder(self, place: str, name: str, fill: Callable[[int], _Filled]) -> _Filled:
        """Make a folder, have it filled, and let it stand in its place; an error leaves no trace of it.

        Until then it has that name. It survives a crash of the machine after `settle`. Returns what `fill`
        does, which gets the open folder.

        Raises: `PlaceTakenError`, `SpoolError`; whatever `fill` raises.
        """
        temporary = f"{_TEMPORARY}{name}"
        self._check_place()
        with disk(self._directory):
            os.mkdir(temporary, dir_fd=self._folder)
            try:
                with opened_folder(temporary, self._folder) as opened:
                    filled = fill(opened)
                    os.fsync(opened)
                self._check_place()
                above, _, last = place.rpartition("/")
                with on_a_way(self._directory / place), self._opened(above, make=True) as parent:
                    os.rename(temporary, last, src_dir_fd=self._folder, dst_dir_fd=parent)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True, dir_fd=self._folder)
                raise
        with self._mutex:
            self._unsettled.add(above)
        return filled

    def put_files(self, folder: str, files: Mapping[str, Iterable[bytes]], *, make: bool = False) -> None:
        """Put files into a folder, or in the place of those there, each in one step, in their order.

        Whenever the process or the machine dies, each file is the former or the new one, and whole.

        Raises: `PlaceTakenError`, `SpoolError`; whatever the pieces raise.
        """
        self._check_place()
        stem = f"{_TEMPORARY}{hashlib.sha256(folder.encode()).hexdigest()[:16]}"
        place = self._directory / folder
        with disk(self._directory), ExitStack() as way:
            with on_a_way(place):
                opened = way.enter_context(self._opened(folder, make=make))
            for name, pieces in files.items():
                temporary = f"{stem}-{name}"
                remove_file(temporary, self._folder)  # a killed process may have left one
                try:
                    write_file(temporary, self._folder, pieces)
                    with on_a_way(place / name):
                        os.replace(temporary, name, src_dir_fd=self._folder, dst_dir_fd=opened)
                except BaseException:
                    remove_file(temporary, self._folder)
                    raise
            os.fsync(opened)

    def settle(self) -> None:
        """Make the names of all folders survive a crash of the machine."""
        self._check_place()
        with self._mutex:
            folders, self._unsettled = self._unsettled, set()
        with disk(self._directory):
            for folder in folders:
                with self._opened(folder) as opened:
                    os.fsync(opened)

    # --- the folder itself --------------------------------------------------------------------------

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

        def made(above: str) -> None:
            with self._mutex:
                self._unsettled.add(above)

        with opened_below(folder, self._folder, made=made if make else None) as descriptor:
            yield descriptor

    def _tidy(self) -> None:
        """Remove what a killed process left half-written."""
        with os.scandir(self._folder) as entries:
            found = [(one.name, one.is_dir(follow_symlinks=False)) for one in entries if not one.is_symlink()]
        for name, is_folder in found:
            if name.startswith(_TEMPORARY) and is_folder:
                shutil.rmtree(name, dir_fd=self._folder)
            elif name.startswith(_TEMPORARY):
                remove_file(name, self._folder)


@contextmanager
def on_a_way(place: Path) -> Iterator[None]:
    """Tell where something else stands in the place of a folder or file, or on the way, or nobody may write.

    Raises: `PlaceTakenError`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _TAKEN:
            raise PlaceTakenError(place) from error
        if error.errno in _KEPT_FROM_US:
            raise PlaceTakenError(place, str(error.strerror)) from error
        raise
