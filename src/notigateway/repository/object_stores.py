"""What keeps objects, opened by its URL, and its troubles in our words."""

from __future__ import annotations

import hashlib
import os
import re
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import MemoryStore, from_url

from notigateway.errors import ConfigurationError, Part, TemporarilyUnavailableError
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

    from obstore import GetResult, ObjectMeta, PutResult
    from obstore.store import ObjectStore

# Of the stores that obstore knows, those that can put an object only where none is.
REMOTE_SCHEMES = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss"})

HASHED_AT_ONCE_BYTES = 1024 * 1024

_STATUS = re.compile(r"status code: (\d{3})\b")


def local_folder(url: str) -> Path:
    """Return the folder that a file URL names, absolute."""
    return Path(url2pathname(urlsplit(url).path)).absolute()


def open_remote(url: str, scheme: str, timeout_seconds: int) -> ObjectStore:
    """Open a store that is no folder; it is not yet called."""
    try:
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
    except BaseError as error:
        raise ConfigurationError(f"document_store_url: {_first_line(error)}") from error
    raise ConfigurationError(
        f"document_store_url: {scheme or 'a path'} is not supported; use file:FOLDER, s3://, gs:// or az://"
    )


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn the store's errors into ours; what is not found here is a bucket or a folder."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise TemporarilyUnavailableError(f"document store: {_first_line(error)}", part=Part.STORE) from error


def is_refusal(error: TemporarilyUnavailableError) -> bool:
    """Tell whether the store answered, and lets us not: for rights, credentials or a clock.

    S3 says so of credentials that have ended with 400, which has no class of its own.
    """
    refusals = (PermissionDeniedError, UnauthenticatedError, PermissionError)
    return isinstance(error.__cause__, refusals) or status_of(error) == HTTPStatus.BAD_REQUEST


def status_of(error: TemporarilyUnavailableError) -> int | None:
    """Return the status of HTTP that a remote store answered with; None where it did not."""
    found = _STATUS.search(str(error.__cause__)) if isinstance(error.__cause__, BaseError) else None
    return None if found is None else int(found[1])


def _first_line(error: Exception) -> str:
    """Return the first line of the store's message; the others are for its developers."""
    return str(error).partition("\n")[0]


def make_root(folder: Path) -> None:
    """Make the folder of a local store. Raises: `ConfigurationError`."""
    try:
        make_folder(folder)
    except OSError as error:
        raise ConfigurationError(f"document_store_url: {_first_line(error)}") from error


def path_of(sha256: str) -> str:
    """Return where the document lives: two levels of folders keep each of them small."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def is_said_of(put: PutResult, data: bytes) -> bool:
    """Tell whether the answer is of those bytes: the tag of S3 is their MD5, where no key is of its own."""
    return (put["e_tag"] or "").strip('"') == hashlib.md5(data, usedforsecurity=False).hexdigest()


def version_of(meta: ObjectMeta) -> tuple[object, ...]:
    """Return what changes when an object is written again."""
    return meta["e_tag"], meta["version"], meta["size"], meta["last_modified"]


def hash_object(stored: GetResult) -> tuple[tuple[object, ...], str]:
    """Return the version and the SHA-256 of an object, which is never held whole."""
    digest = hashlib.sha256()
    for portion in stored.stream(min_chunk_size=HASHED_AT_ONCE_BYTES):
        digest.update(portion)
    return version_of(stored.meta), digest.hexdigest()


# --- files, which are read without obstore: its streams cost ten times more, its ranges twice as much


def hash_file(file: Path) -> tuple[tuple[object, ...], str]:
    """Return the version and the SHA-256 of a file. Raises: `OSError`."""
    with file.open("rb", buffering=0) as opened:
        return _file_version(opened), hashlib.file_digest(opened, "sha256").hexdigest()


def read_file(file: Path, offset: int, length: int) -> tuple[bytes, tuple[object, ...]]:
    """Return a part of a file, shorter where it ends before, and its version. Raises: `OSError`."""
    with file.open("rb", buffering=0) as opened:
        opened.seek(offset)
        return opened.read(length), _file_version(opened)


def _file_version(opened: FileIO) -> tuple[object, ...]:
    told = os.fstat(opened.fileno())
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns
