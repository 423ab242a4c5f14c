"""Brings files to the disk: each by itself, or all of a file system at once where there are many.

The names of new files lie in folders, which must be brought there too: two flushes for a document and its
folder, and each waits for the disk. Many at once cost one. `syncfs` gives the same guarantee on the file
systems that are named here, and tells of errors since Linux 5.8 (syncfs(2)).
"""

from __future__ import annotations

import ctypes
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# With fewer files it is not worth while to bring there what others have written to the same file system.
MANY_FILES: Final = 16
# Those of one machine that pass it on to a disk; a network's may keep it to themselves.
_LOCAL: Final = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "overlay", "tmpfs"})
_TELLS_ERRORS: Final = (5, 8)
_SYNCFS: Any = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


def flush(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_together(files: Sequence[Path], root: Path) -> bool:
    """Wait until all files below that folder are on the disk, with their names, where that goes at once.

    False where they are to be flushed one by one. Raises: `OSError`.
    """
    if len(files) < MANY_FILES or not _goes_at_once(root):
        return False
    handle = os.open(root, os.O_RDONLY)
    try:
        if _SYNCFS(handle) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(root))
    finally:
        os.close(handle)
    return True


@lru_cache(maxsize=8)
def _goes_at_once(root: Path) -> bool:
    """Tell whether the file system of a folder can be flushed as a whole, and tells of errors."""
    system = os.uname()
    numbers = system.release.split("-")[0].split(".")[:2]
    is_new = all(map(str.isdigit, numbers)) and tuple(map(int, numbers)) >= _TELLS_ERRORS
    return _SYNCFS is not None and system.sysname == "Linux" and is_new and _kind_of(root) in _LOCAL


def _kind_of(folder: Path) -> str:
    """Return the kind of the file system that a folder lies in; empty where nobody says it."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    kinds = {line.split(" ")[1]: line.split(" ")[2] for line in mounts}  # the last one of a place counts
    resolved = folder.resolve()
    above = [str(one) for one in (resolved, *resolved.parents)]
    return next((kinds[one] for one in above if one in kinds), "")
