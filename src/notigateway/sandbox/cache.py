"""What every sandbox of a user begins with, made once and kept in the cache folder of that user.

    $XDG_CACHE_HOME/notigateway, or ~/.cache/notigateway    for its owner alone (0700)
        sandbox-NAME.zip                                    one thing each (0600), whole whenever it is there

A name says all that the thing depends on, so nothing is ever changed: another version takes another name.
Keys are among it. So nothing is read or written where somebody else could have had a hand in it; a sandbox
then makes what it needs, as it does where something is damaged. Nothing that goes wrong here stops a start.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from notigateway.errors import GatewayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

_PREFIX: Final = "sandbox-"
_MAX_BYTES: Final = 64 * 1024 * 1024
# What nobody has begun with for so long is not needed any more.
_KEPT_SECONDS: Final = 30 * 86_400
_FOR_OTHERS: Final = 0o077
# What a damaged archive may raise.
_DAMAGED: Final = (OSError, zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError)

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache folder of a user; None where there is none, and then nothing is kept."""

    folder: Path | None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Self:
        """Return that of whoever runs this (XDG Base Directory Specification: a relative path is ignored)."""
        named = Path(environ.get("XDG_CACHE_HOME", ""))
        try:
            return cls((named if named.is_absolute() else Path.home() / ".cache") / "notigateway")
        except RuntimeError:  # this account has no home
            return cls(None)

    def files(self, name: str, make: Callable[[Path], None], *, now: datetime) -> Files | None:
        """Return what is kept under a name, or what `make` makes in an empty folder, which is kept then.

        None where nothing can be kept: whoever needs it makes it where it is to be.
        """
        with self._opened() as folder:
            if folder is None:
                return None
            file = folder / f"{_PREFIX}{name}.zip"
            found = _read(file)
            if found is None:
                found = _made(folder, make)
                if found is not None:
                    _keep(file, found)
                    _clear(folder, now)
            return found

    @contextmanager
    def _opened(self) -> Iterator[Path | None]:
        """Yield the folder, held open so that it stays the one that was looked at; None for no trust."""
        descriptor = None if self.folder is None else _descriptor(self.folder)
        try:
            yield None if descriptor is None else Path(f"/proc/self/fd/{descriptor}")
        finally:
            if descriptor is not None:
                os.close(descriptor)


def digest_of(*parts: str | bytes | Path) -> str:
    """Return a digest of words and of files, with their names: what a name says that a thing depends on."""
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            found.update(hashlib.sha256(part.name.encode()).digest())
            part = part.read_bytes()  # noqa: PLW2901
        found.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return found.hexdigest()[:32]


def write_files(folder: Path, files: Files) -> None:
    """Write them into a new folder, for its owner."""
    folder.mkdir(mode=0o700)
    for name, data in files.items():
        file = folder / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new_file(file, data)


def write_new_file(file: Path, data: bytes) -> None:
    """Write a file for its owner that is not there yet."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.write(data)


def _descriptor(folder: Path) -> int | None:
    """Open the folder, made where there is none; None unless it is ours and nobody else's."""
    try:
        if not folder.exists():
            _make(folder)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    if _is_ours(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _make(folder: Path) -> None:
    """Make it beneath a folder of ours: who is root for a moment leaves none in the home of somebody else."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    # Somebody else who starts just now may have made it meanwhile.
    if missing and missing[-1].parent.stat().st_uid != os.geteuid():
        raise PermissionError
    for one in reversed(missing):
        one.mkdir(mode=0o700, exist_ok=True)


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & _FOR_OTHERS


def _read(file: Path) -> Files | None:
    """Return what is in an archive; None where it is not there, damaged, or not ours alone."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as source:
            about = os.fstat(descriptor)
            if not (stat.S_ISREG(about.st_mode) and _is_ours(about) and about.st_size <= _MAX_BYTES):
                return None
            with zipfile.ZipFile(io.BytesIO(source.read())) as packed:
                return {one: packed.read(one) for one in packed.namelist()}
    except _DAMAGED:
        return None


def _made(folder: Path, make: Callable[[Path], None]) -> Files | None:
    try:
        with tempfile.TemporaryDirectory(prefix=f".{_PREFIX}", dir=folder) as name:
            make(Path(name))
            return _files_of(Path(name))
    except (OSError, GatewayError):
        return None


def _files_of(folder: Path) -> Files:
    """Return what lies in a folder and those in it."""
    found = sorted(one for one in folder.rglob("*") if one.is_file())
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in found}


def _keep(file: Path, files: Files) -> None:
    """Write the archive and rename it into its place: of two who do so at once, one is the last."""
    making = None
    try:
        descriptor, making = tempfile.mkstemp(prefix=f".{_PREFIX}", dir=file.parent)
        with os.fdopen(descriptor, "wb") as target, zipfile.ZipFile(target, "w") as packed:
            for name, data in files.items():
                packed.writestr(name, data)
        Path(making).replace(file)
    except OSError:
        if making is not None:
            with suppress(OSError):
                Path(making).unlink()


def _clear(folder: Path, now: datetime) -> None:
    """Remove what is old, and what somebody who was killed has left half made."""
    with suppress(OSError):
        for file in [one for one in folder.iterdir() if one.name.startswith((_PREFIX, f".{_PREFIX}"))]:
            if now.timestamp() - file.lstat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(file) if file.is_dir() else file.unlink()
