"""How it stands with files and folders that the settings name: there, readable, and for whom."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING, Final

from notigateway.health.finding import Finding, State
from notigateway.private_files import is_kept

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.errors import GatewayError

RUN_AS: Final = "run it as the gateway's account"
_KEEP: Final = "chmod 600, or 440 where it is root's and the gateway's account reads it through its group"
_MIB: Final = 1024 * 1024
_FULL_BYTES: Final = 100 * _MIB
_SCARCE_BYTES: Final = 1024 * _MIB
# Their locks and flushes are not those that a database counts on.
_NETWORK: Final = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"})


def find_obstacle(
    check: str, file: Path, *, setting: str, writes: bool = False, cure: str = "put it there"
) -> Finding | None:
    """Find what keeps this account from a file or folder; None where nothing does.

    `cure` is for what is not there. What another account may well be able to reach is unknown, not wrong.
    """
    try:
        mode = file.stat().st_mode
    except PermissionError:
        return Finding(check, State.UNKNOWN, f"this account cannot reach {file}", RUN_AS)
    except OSError as error:
        said = f"{file}: {error.strerror}"
        return Finding(check, State.FAILED, said, f"{cure}, or correct {setting}")
    wanted = os.R_OK | (os.W_OK if writes else 0) | (os.X_OK if stat.S_ISDIR(mode) else 0)
    if not os.access(file, wanted, effective_ids=True):
        what = "read and write" if writes else "read"
        return Finding(check, State.UNKNOWN, f"this account cannot {what} {file}", RUN_AS)
    return None


def judged(check: str, error: GatewayError, cure: str) -> Finding:
    """Find what an error means: what this account may not read is unknown, and may be as it should."""
    if isinstance(error.__cause__, PermissionError):
        return Finding(check, State.UNKNOWN, error.detail, RUN_AS)
    return Finding(check, State.FAILED, error.detail, cure)


def look_at_secret(check: str, file: Path, *, setting: str, cure: str = "put it there") -> Finding:
    """Find whether a file that holds a secret is there, can be read, and by nobody else."""
    obstacle = find_obstacle(check, file, setting=setting, cure=cure)
    if obstacle is not None:
        return obstacle
    if not file.is_file():
        return Finding(check, State.FAILED, f"{file} is no file", f"correct {setting}")
    if not is_kept(file):
        return Finding(check, State.FAILED, f"{file} is readable by others than its owner", _KEEP)
    return Finding(check, State.OK, f"{file}, for its owner only")


def look_at_space(check: str, folder: Path) -> Finding:
    """Find how much room there is on the disk of a folder, or of the one that is there above it."""
    try:
        place = next((one for one in (folder, *folder.parents) if one.exists()), folder)
        free = shutil.disk_usage(place).free
    except PermissionError:
        return Finding(check, State.UNKNOWN, f"this account cannot reach {folder}", RUN_AS)
    values = {"free_mib": round(free / _MIB)}
    said = f"{free / _MIB / 1024:.1f} GiB free for {folder}"
    if free < _FULL_BYTES:
        return Finding(check, State.FAILED, said, "make room: nothing can be written soon", values)
    if free < _SCARCE_BYTES:
        return Finding(check, State.WARNING, said, "make room", values)
    return Finding(check, State.OK, said, values=values)


def is_on_network(file: Path) -> bool:
    """Tell whether a file lies on a file system of another machine, as far as this one says."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="replace") as mounts:  # noqa: PTH123  (of Linux)
            lines = [line.split(" ") for line in mounts]
    except OSError:
        return False
    places = {line[1].replace("\\040", " "): line[2] for line in lines}
    above = [str(one) for one in (file, *file.parents)]
    return next((places[one] for one in above if one in places), "") in _NETWORK
