"""The folder in which the workers of one gateway keep their numbers, so that any of them can tell all.

Each worker holds a place in it, a number that it has locked; its files are named by the place and not by the
process. So a successor counts on where the one before it ended, nothing is lost and nothing piles up: there
are as many files as there ever were workers at once. The system takes the lock from whoever dies, however it
dies. Files are allocated when a place is taken: a worker that writes into memory without a disk behind it
would be killed by the system.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

# The name by which prometheus-client looks for the folder.
VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
# How many places may be held at once; each is a worker that runs or is about to end.
_PLACES: Final = 1024
_PREFIX: Final = "notigateway-metrics-"
_ALIVE: Final = "alive.lock"
_FILE_BYTES: Final = 256 * 1024
# What is true of a process only while it lives; all else is a sum that stays.
LIVING: Final = "gauge_livesum"
_KINDS: Final = ("counter", "histogram", LIVING)


class Folder:
    """A folder of numbers that this process uses, and its place there."""

    def __init__(self, path: Path) -> None:
        """Use a folder that exists."""
        self.path = path
        self._process = -1
        self._place = -1
        self._locks: list[int] = []

    def hold(self) -> None:
        """Keep the folder from being removed as a dead one, for as long as this process lives."""
        self._locks.append(_lock(self.path / _ALIVE, fcntl.LOCK_SH))

    def place(self) -> int:
        """Return the place of this process; one that was forked since takes its own."""
        if self._process != os.getpid():
            self.leave()
            self.hold()
            self._process, self._place = os.getpid(), self._take()
        return self._place

    def check(self) -> None:
        """Check that it is there still, since something may have removed it. Raises: `ConfigurationError`."""
        if not (self.path / _ALIVE).is_file():
            raise ConfigurationError(
                f"{VARIABLE}: {self.path} was removed: reload, so that workers make it anew"
            )

    def forget_dead(self) -> None:
        """Remove what was true only of workers that live no more."""
        for file in self.path.glob(f"{LIVING}_*.db"):
            place = file.stem.rpartition("_")[2]
            with suppress(OSError):  # held: its worker lives
                lock = _lock(self.path / f"{place}.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
                file.unlink(missing_ok=True)
                os.close(lock)

    def leave(self) -> None:
        """Let go of it; what was inherited the parent still holds."""
        for lock in self._locks:
            os.close(lock)
        self._locks.clear()

    def _take(self) -> int:
        """Lock the first place that nobody holds. Raises: `OSError`."""
        for place in range(_PLACES):
            try:
                lock = _lock(self.path / f"{place}.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                continue
            self._locks.append(lock)
            (self.path / f"{LIVING}_{place}.db").unlink(missing_ok=True)
            for kind in _KINDS:
                _allocate(self.path / f"{kind}_{place}.db")
            return place
        raise BlockingIOError(f"all places in {self.path} are held")


def make_folder(environ: MutableMapping[str, str], owner: tuple[int, int] | None = None) -> Folder:
    """Make the folder of a gateway that starts, and name it to the workers; called once, in the master.

    `owner` are user and group of the workers, where the master is root and they are not.

    One that the environment names is used: emptied, unless somebody lives there, as the master before does
    when it hands over. Folders of gateways that are dead are removed.

    Raises: `ConfigurationError`.
    """
    named = environ.get(VARIABLE)
    try:
        if named:
            path = Path(named)
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _empty_unless_alive(path)
        else:
            _remove_dead(_parent())
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_parent()))
            environ[VARIABLE] = str(path)
        if owner is not None and os.geteuid() == 0:
            os.chown(path, *owner)
        folder = Folder(path)
        folder.hold()
    except OSError as error:
        raise ConfigurationError(f"{VARIABLE}: cannot use {error.filename}: {error.strerror}") from error
    return folder


def join_folder(environ: MutableMapping[str, str]) -> Folder:
    """Find the folder of this worker's gateway: the one that is named, or that of its parent's workers.

    A server that is started without our configuration names none; its workers have one parent, which
    outlives them.

    Raises: `ConfigurationError`.
    """
    try:
        if VARIABLE not in environ:
            parent = os.getppid()
            path = _parent() / f"{_PREFIX}{os.geteuid()}-{parent}-{_started(parent)}"
            path.mkdir(mode=0o700, exist_ok=True)
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
                raise ConfigurationError(f"{VARIABLE}: {path} is somebody else's")
            environ[VARIABLE] = str(path)
        folder = Folder(Path(environ[VARIABLE]))
        if not folder.path.exists():  # removed under the gateway: the numbers begin anew, for all workers
            folder.path.mkdir(mode=0o700, exist_ok=True)
        folder.hold()
        folder.place()
    except OSError as error:
        raise ConfigurationError(f"{VARIABLE}: cannot use {error.filename}: {error.strerror}") from error
    return folder


def _parent() -> Path:
    """Return where such folders are made: in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108  (each folder in it is made for its owner only)
    return memory if memory.is_dir() and os.access(memory, os.W_OK) else Path(tempfile.gettempdir())


def _started(process: int) -> str:
    """Return when a process was started, in ticks: numbers of processes come again (proc(5))."""
    try:
        line = Path(f"/proc/{process}/stat").read_text("utf-8")
    except OSError:
        return "0"
    return line.rpartition(")")[2].split()[19]


def _open(file: Path) -> int:
    """Open a file, made for the folder's owner: the workers of a master that is root are somebody else."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        owner = file.parent.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
    return handle


def _lock(file: Path, how: int) -> int:
    """Open a file and lock it for this process. Raises: `OSError`; then nothing is open."""
    handle = _open(file)
    try:
        fcntl.flock(handle, how)
    except OSError:
        os.close(handle)
        raise
    return handle


def _allocate(file: Path) -> None:
    """Give a new file its room at once. Raises: `OSError` where there is none."""
    if file.exists():
        return
    handle = _open(file)
    try:
        os.posix_fallocate(handle, 0, _FILE_BYTES)
    except OSError as error:
        file.unlink()
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        os.close(handle)


def _empty_unless_alive(path: Path) -> None:
    """Begin anew where nobody lives any more."""
    with suppress(BlockingIOError):
        lock = _lock(path / _ALIVE, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for file in path.glob("*_*.db"):
            file.unlink(missing_ok=True)
        os.close(lock)


def _remove_dead(parent: Path) -> None:
    """Remove the folders of gateways of which no process lives; what cannot be removed stays."""
    for path in _ours(parent):
        with suppress(OSError):
            if not (path / _ALIVE).is_file():
                continue  # made this moment
            lock = _lock(path / _ALIVE, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
            os.close(lock)


def _ours(parent: Path) -> Iterator[Path]:
    for path in sorted(parent.glob(f"{_PREFIX}*")):
        with suppress(OSError):
            if not path.is_symlink() and path.stat().st_uid == os.geteuid():
                yield path
