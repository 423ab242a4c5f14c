"""One sandbox to a folder: who serves it holds it while it lives, and a second one is told who."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

# Workers whose master was killed see it within moments, and let go.
_PATIENCE_SECONDS: Final = 3.0
_PAUSE_SECONDS: Final = 0.05
_SAID_MAX_BYTES: Final = 200


class Holding:
    """The lock of a folder; forked workers share it, and the system releases it with the last of them."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def of(cls, directory: Path) -> Self:
        """Take the folder. Raises: `ConfigurationError` where another sandbox has it; `OSError`."""
        descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() < end:
                    time.sleep(_PAUSE_SECONDS)
                    continue
                said = os.pread(descriptor, _SAID_MAX_BYTES, 0).decode("utf-8", "replace").strip()
                os.close(descriptor)
                who = f" ({said})" if said else ""
                raise ConfigurationError(
                    f"another sandbox serves {directory}{who}: stop it, or take another folder"
                ) from error
            else:
                os.ftruncate(descriptor, 0)
                return cls(descriptor)

    @classmethod
    def awaited(cls, directory: Path) -> Self:
        """Be the one worker that serves the folder, as soon as the one before has ended.

        It may be answering still while its successor begins, as at a SIGHUP, or replace what lies there.
        """
        descriptor = os.open(directory / ".serving", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return cls(descriptor)

    def tell(self, address: str) -> None:
        """Say who holds it, for whoever comes second."""
        os.pwrite(self._descriptor, f"process {os.getpid()} at {address}\n".encode(), 0)

    def release(self) -> None:
        """Let go."""
        os.close(self._descriptor)
