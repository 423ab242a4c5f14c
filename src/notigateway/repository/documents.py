"""Keeps the bytes of documents under their SHA-256, in a local folder or an object store.

What is stored never changes and is never removed here. Nothing leaves the store unverified: a whole
document is hashed whenever it is read; a range is served only of an object that this process has
hashed as a whole since the object was last written (the store tells its tag, size and time with every
range). So a 100 MB document read in 25 chunks is hashed once, not 25 times. What a disk loses under an
object that is already verified, without touching its time, is found by the next process or by the
reader, who has the hash too.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, from_url

from notigateway.errors import ConfigurationError, DocumentDamagedError, Part, TemporarilyUnavailableError
from notigateway.private_files import make_folder
from notigateway.urls import scheme_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore import ObjectMeta
    from obstore.store import ObjectStore

# Of the stores that obstore knows, those that can put an object only where none is.
REMOTE_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss"})
REMEMBERED_OBJECTS = 4096
HASHED_AT_ONCE_BYTES = 1024 * 1024


class DocumentStore:
    """A content-addressed store; safe for threads, one per process.

    `url` is `file:FOLDER` (relative to the working directory), `file:///FOLDER`, `s3://BUCKET/PREFIX`,
    `gs://…` or `az://…` (credentials from the environment variables of their own tools), or `memory://`
    for tests.

    Raises: `ConfigurationError` for a URL or folder that cannot be used.
    """

    def __init__(self, url: str, *, timeout_seconds: int = 60) -> None:
        scheme = scheme_of(url)
        self._folder = _local_folder(url) if scheme == "file" else None
        self._objects = _open(url, scheme, self._folder, timeout_seconds)
        self._check_whole_once = lru_cache(maxsize=REMEMBERED_OBJECTS)(self._check_whole)
        self._durable_folders: set[Path] = set()

    def put(self, data: bytes) -> str:
        """Store the document unless it is there already; return its SHA-256 in hexadecimal.

        When this returns, the document survives a power cut of this machine.

        Raises: `TemporarilyUnavailableError`.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        with _in_our_words(sha256):
            try:
                self._objects.put(_path(sha256), data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                # The same document was stored before: nothing to do, unless it was damaged since. These
                # are its bytes, so writing them again can only repair.
                if not self._is_intact(sha256):
                    self._objects.put(_path(sha256), data, mode="overwrite")
            if self._folder is not None:
                self._make_durable(self._folder / _path(sha256))
        return sha256

    def get(self, sha256: str) -> bytes:
        """Return the document, verified.

        Raises: `DocumentDamagedError` where it is missing or differs, `TemporarilyUnavailableError`.
        """
        with _in_our_words(sha256):
            data = bytes(self._objects.get(_path(sha256)).bytes())
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DocumentDamagedError(f"document {sha256} differs from its hash")
        return data

    def get_range(self, sha256: str, *, offset: int, length: int) -> bytes:
        """Return a part of the document, which must lie inside it; verified as the module says.

        Raises: `DocumentDamagedError` where it is missing, differs or is too short,
        `TemporarilyUnavailableError`.
        """
        with _in_our_words(sha256):
            try:
                part = self._objects.get(_path(sha256), options={"range": (offset, offset + length)})
                data = bytes(part.bytes())
            except BaseError:
                if self._objects.head(_path(sha256))["size"] < offset + length:
                    raise DocumentDamagedError(f"document {sha256} is too short") from None
                raise
            if len(data) != length:
                raise DocumentDamagedError(f"document {sha256} is too short")
            self._check_whole_once(sha256, _version(part.meta))
        return data

    def _check_whole(self, sha256: str, version: tuple[object, ...]) -> None:
        """Hash the object in portions; only success is remembered (an exception is not cached)."""
        stored = self._objects.get(_path(sha256))
        if _version(stored.meta) != version:
            raise TemporarilyUnavailableError(
                f"document {sha256} was repaired while it was read", part=Part.STORE
            )
        digest = hashlib.sha256()
        for portion in stored.stream(min_chunk_size=HASHED_AT_ONCE_BYTES):
            digest.update(portion)
        if digest.hexdigest() != sha256:
            raise DocumentDamagedError(f"document {sha256} differs from its hash")

    def _is_intact(self, sha256: str) -> bool:
        """Tell whether the stored object still has its hash."""
        try:
            self._check_whole_once(sha256, _version(self._objects.head(_path(sha256))))
        except (DocumentDamagedError, FileNotFoundError):
            return False
        return True

    def _make_durable(self, file: Path) -> None:
        """Flush the file and its name to the disk: obstore's local store leaves that to the system.

        Done also where the file was there before: its writer may have died before coming here.
        """
        _flush(file)
        _flush(file.parent)
        if file.parent not in self._durable_folders:
            for folder in file.parents[1:3]:  # the names of the two levels of folders
                _flush(folder)
            self._durable_folders.add(file.parent)


def _path(sha256: str) -> str:
    """Return where the document lives: two levels of folders keep each of them small."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _version(meta: ObjectMeta) -> tuple[object, ...]:
    """Return what changes when an object is written again."""
    return meta["e_tag"], meta["version"], meta["size"], meta["last_modified"]


def _local_folder(url: str) -> Path:
    """Return the folder that a file URL names, absolute."""
    return Path(url2pathname(urlsplit(url).path)).absolute()


def _open(url: str, scheme: str, folder: Path | None, timeout_seconds: int) -> ObjectStore:
    """Open the store; a remote one is not yet called."""
    try:
        if folder is not None:
            make_folder(folder)
            return LocalStore(folder)
        if scheme == "memory":
            return MemoryStore()
        if scheme in REMOTE_SCHEMES:
            return from_url(
                url,
                client_options={
                    "timeout": f"{timeout_seconds}s",
                    "connect_timeout": "5s",
                    # Only where the operator's own endpoint begins with http://, on the same machine say.
                    "allow_http": True,
                },
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=timeout_seconds)},
            )
    except (BaseError, OSError) as error:
        raise ConfigurationError(f"document_store_url: {_first_line(error)}") from error
    raise ConfigurationError(
        f"document_store_url: {scheme or 'a path'} is not supported; use file:FOLDER, s3://, gs:// or az://"
    )


@contextmanager
def _in_our_words(sha256: str) -> Iterator[None]:
    """Turn the store's errors into ours.

    A committed act names this document, so its absence is damage, never "nothing there".
    """
    try:
        yield
    except FileNotFoundError as error:
        raise DocumentDamagedError(f"document {sha256} is missing") from error
    except (BaseError, OSError) as error:
        raise TemporarilyUnavailableError(f"document store: {_first_line(error)}", part=Part.STORE) from error


def _first_line(error: Exception) -> str:
    """Return the first line of the store's message; the others are for its developers."""
    return str(error).partition("\n")[0]


def _flush(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
