"""Files for their owner's eyes: made so whatever the umask, and refused as secrets where they are not."""

from __future__ import annotations

import errno
import os
import signal
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_FOR_NOBODY_ELSE: Final = 0o077
_ROOT: Final = 0
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def keep_to_owner() -> None:
    """Have everything that this process makes from now on readable by its owner only.

    For programs, at their start: whoever uses us as a library has a umask of his own.
    """
    os.umask(_FOR_NOBODY_ELSE)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it that are missing, for their owner; what is there stays as it is."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def make_file(file: Path) -> None:
    """Make an empty file for its owner, unless there is one."""
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def write_new(files: Mapping[Path, bytes]) -> None:
    """Write new files for their owner, all of them or none; never over one that is there.

    A signal that ends the process waits until what was written is gone again.

    Raises: `OSError` naming the file, `FileExistsError` where it is there.
    """
    made: list[Path] = []
    with _signals_held_back() as held_back:
        try:
            for file, data in files.items():
                handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
                made.append(file)
                with os.fdopen(handle, "wb") as target:
                    target.write(data)
                    target.flush()
                    os.fsync(handle)
            _check_none_waits(held_back)
        except BaseException as error:
            for file in made:
                file.unlink()
            if isinstance(error, OSError):
                error.filename = error.filename or str(made[-1])
            raise


def _check_none_waits(held_back: set[int]) -> None:
    if signal.sigpending() & held_back:
        raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))


@contextmanager
def _signals_held_back() -> Iterator[set[int]]:
    """Hold back what would end this process in the middle of something; return which signals these are.

    One that is ignored, as `nohup` has it of SIGHUP, interrupts nothing.
    """
    ending = {one for one in _ENDING if signal.getsignal(one) is not signal.SIG_IGN}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield {int(one) for one in ending}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def is_kept(file: Path) -> bool:
    """Tell whether nobody reads a secret but who must: true also where there is no such file.

    That is its owner. A file of root that its group may read, and only read, is kept too where we are not
    root: so containers hand a secret to the account of a service, which could not read it otherwise.
    """
    try:
        found = file.stat()
    except OSError:
        return True  # whoever reads it says what is wrong
    return is_for_owner(stat.S_IMODE(found.st_mode), owner=found.st_uid, reader=os.geteuid())


def is_for_owner(mode: int, *, owner: int, reader: int) -> bool:
    """Tell it of a file with that mode and owner, read by that account."""
    allowed = stat.S_IRGRP if owner == _ROOT and reader != _ROOT else 0
    return not mode & _FOR_NOBODY_ELSE & ~allowed
