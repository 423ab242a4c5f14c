"""The disk below a folder of the client: files of an open folder, written through and never half there."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from notigateway.client.errors import SpoolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def write_file(name: str, folder: int, pieces: Iterable[bytes]) -> None:
    """Write a new file of an open folder, and sync it."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o666, dir_fd=folder), "wb") as target:
        target.writelines(pieces)
        target.flush()
        os.fsync(target.fileno())


def remove_file(name: str, folder: int) -> None:
    """Remove a file of an open folder, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def read_below(name: str, folder: int) -> bytes:
    """Return the content of a file of an open folder; a link, or what is no file, is none.

    Raises: `OSError` with its name.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(name, "rb", opener=lambda path, _: os.open(path, flags, dir_fd=folder)) as file:
        return file.read()


def digest_below(name: str, folder: int) -> str:
    """Return the SHA-256 of a file of an open folder, however long it is. Raises: `OSError` with its name."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(name, "rb", opener=lambda path, _: os.open(path, flags, dir_fd=folder)) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened_folder(name: str, folder: int) -> Iterator[int]:
    """Open a folder of an open folder."""
    descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def opened_below(folder: str, above: int, *, made: Callable[[str], None] | None = None) -> Iterator[int]:
    """Open a folder below an open one step by step: no link leads elsewhere.

    With `made` what is not there is made, and told by that which is above it. Raises: `OSError`.
    """
    with ExitStack() as opened:
        descriptor = above
        way: list[str] = []
        for step in filter(None, folder.split("/")):
            if made is not None and _makes(step, descriptor):
                made("/".join(way))
            descriptor = opened.enter_context(opened_folder(step, descriptor))
            way.append(step)
        yield descriptor


def _makes(name: str, parent: int) -> bool:
    """Make a folder of an open folder; tell whether it was not there."""
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Sync a folder: without it a rename or a new file may be forgotten by the disk."""
    with opened_directory(folder) as descriptor:
        os.fsync(descriptor)


@contextmanager
def disk(directory: Path) -> Iterator[None]:
    """Tell what the disk refused as an error of the folder."""
    try:
        yield
    except OSError as error:
        where = directory if error.filename is None else directory / os.fsdecode(error.filename)
        raise SpoolError(f"cannot use {where}: {error.strerror or error}") from error


def write_whole(file: Path, content: bytes) -> None:
    """Write a file that is the former one or the new one, whole, whenever the process or the machine dies.

    Raises: `OSError`.
    """
    with opened_directory(file.parent) as folder:
        partial = f".{file.name}.part"
        remove_file(partial, folder)  # a killed process may have left one
        write_file(partial, folder, [content])
        os.replace(partial, file.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)


@contextmanager
def opened_directory(directory: Path) -> Iterator[int]:
    """Open a folder by its path."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
