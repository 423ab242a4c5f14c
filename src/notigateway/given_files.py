"""The files that settings and options name: read whole, and no more than such a file can hold.

A path with a mistake in it may lead to a pipe that nobody writes to, or to a device that never ends.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

# The largest trusted lists have some MiB.
_MAX_BYTES: Final = 32 * 1024 * 1024
# What a shell hands over is open already, and somebody writes to it.
_HANDED_OVER: Final = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def read_file(file: Path, *, max_bytes: int = _MAX_BYTES) -> bytes:
    """Return the bytes of an operator's file.

    Raises: `ConfigurationError` naming it, also where it is no file, or a larger one than any may be.
    """
    try:
        _check_kind(file, file.stat().st_mode)
        with file.open("rb") as opened:
            _check_kind(file, os.fstat(opened.fileno()).st_mode)
            data = opened.read(max_bytes + 1)
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"cannot read {str(file)!r}: {error}") from error
    if len(data) > max_bytes:
        raise ConfigurationError(f"cannot read {file}: it is larger than {max_bytes} bytes")
    return data


def _check_kind(file: Path, mode: int) -> None:
    """Check that reading it ends. A folder is refused by the system, in its own words."""
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or str(file).startswith(_HANDED_OVER)):
        raise ConfigurationError(f"cannot read {file}: it is a pipe or a device, and no file")
