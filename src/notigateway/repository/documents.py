"""Keeps the bytes of documents under their SHA-256, in a local folder or an object store.

A store that is away looks like an empty one (a disk that is not mounted, a bucket that is gone), so it has a
marker with the gateway's own identity (`store_owner`, `marking`). What is not found, or is something else, is
damage where the marker is found, and away where it is not: what stands before a store may answer everything
with a page of its own. Nothing is stored without looking at the marker. Nothing here makes a store: only
`mark` does, for the operator's command.

Whoever asks waits as long as it may (`time_left`), also for a file system that hangs (`store_threads`), but
not all threads of a worker at once (`store_places`). Whatever goes wrong leaves a line in the log here, since
an answer may hide it.

What is stored never changes and is never removed here. Nothing leaves the store unverified: a whole
document is hashed whenever it is read; a range is served only of an object that this process has
hashed as a whole since the object was last written (the store tells its tag, size and time with every
range). So a 100 MB document read in 25 chunks is hashed once, not 25 times. What a disk loses under an
object that is already verified, without touching its time, is found by the next process or by the
reader, who has the hash too.
"""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from enum import Enum
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, TypeVar

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from notigateway.errors import DocumentDamagedError, Part, TemporarilyUnavailableError
from notigateway.logger import Logger
from notigateway.metering.account import Stage, timed
from notigateway.repository.flushing import flush, flush_together
from notigateway.repository.object_stores import (
    hash_file,
    hash_object,
    in_our_words,
    is_said_of,
    local_folder,
    make_root,
    open_remote,
    path_of,
    read_file,
    version_of,
)
from notigateway.repository.store_owner import gateway_in
from notigateway.repository.store_places import StorePlaces
from notigateway.repository.store_threads import THREADS, StoreThreads
from notigateway.time_left import at_most, is_bounded, waiting
from notigateway.urls import place_of, scheme_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from uuid import UUID

    from obstore.store import ObjectStore

Result = TypeVar("Result")

_log = Logger("notigateway.store")

REMEMBERED_OBJECTS = 4096
# At the root of the store, beside the folders of documents.
MARKER: Final = "notigateway-store"
# A remote store is looked at once in that time before something is put there: where a bucket is gone the
# putting fails by itself.
_MARKER_SECONDS: Final = 5.0
# Longer than a remote store is tried again (see `open_remote`): what hangs beyond that never ends.
_ANSWER_SECONDS: Final = 150.0
# Of a request's time: what is read or stored must still be entered in the database.
_SHARE: Final = 0.9


class Marker(Enum):
    """What the marker says of the store."""

    OURS = "it is this gateway's"
    MISSING = "its marker is not there: it is not mounted, empty or another one"
    ANOTHERS = "its marker is another gateway's"
    UNREADABLE = "its marker cannot be read: something else answers in its place, or it was damaged"
    UNKNOWN = "no store was marked for this database: run `notigateway store mark`"


class DocumentStore:
    """A content-addressed store; safe for threads, one per process.

    `url` is `file:FOLDER` (relative to the working directory), `file:///FOLDER`, `s3://BUCKET/PREFIX`,
    `gs://…` or `az://…` (credentials from the environment variables of their own tools), or `memory://`
    for tests. `owner` tells whose marker must be in it; without it, and in memory, none is looked for.

    Raises: `ConfigurationError` for a URL that cannot be used.
    """

    def __init__(
        self, url: str, *, owner: Callable[[], UUID | None] | None = None, timeout_seconds: int = 60
    ) -> None:
        scheme = scheme_of(url)
        self.place = place_of(url)
        self._folder = local_folder(url) if scheme == "file" else None
        self._opened = None if scheme == "file" else open_remote(url, scheme, timeout_seconds)
        self._owner = None if scheme == "memory" else owner
        self._threads = StoreThreads()
        self._places = StorePlaces()
        self._marked_until = 0.0
        self._check_whole_once = lru_cache(maxsize=REMEMBERED_OBJECTS)(self._check_whole)
        self._durable_folders: set[Path] = set()

    def leave_a_thread(self, *, threads: int) -> None:
        """Have fewer requests wait at the same moment than the process has threads; before any does."""
        self._places = StorePlaces(max(1, threads - 1))

    def visit(self) -> AbstractContextManager[object]:
        """Let a request that asks for several documents wait once for all: see `store_places`."""
        return self._places.visit()

    def put(self, data: bytes) -> str:
        """Store the document unless it is there already; return its SHA-256 in hexadecimal.

        When this returns, the document survives a power cut of this machine.

        Raises: `TemporarilyUnavailableError`.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        self._ask(partial(self._put, sha256, data), sha256)
        return sha256

    def put_all(self, contents: Sequence[bytes]) -> list[str]:
        """Store several documents as `put` does, with few waits for the disk of a local store.

        Raises: `TemporarilyUnavailableError`; some may be stored by then.
        """
        if self._folder is None:
            return list(self._put_one_by_one(contents))
        hashes = [hashlib.sha256(data).hexdigest() for data in contents]
        if hashes:
            documents = dict(zip(hashes, contents, strict=True))
            self._ask(partial(self._put_all, self._folder, documents), hashes[0])
        return hashes

    def _put_one_by_one(self, contents: Sequence[bytes]) -> Iterable[str]:
        """Put each by itself, several at once where no request has places to share."""
        if is_bounded():
            return map(self.put, contents)
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(self.put, contents))

    def get(self, sha256: str) -> bytes:
        """Return the document, verified.

        Raises: `DocumentDamagedError` where it is missing or differs, `TemporarilyUnavailableError`.
        """
        return self._ask(partial(self._get, sha256), sha256)

    def get_range(self, sha256: str, *, offset: int, length: int) -> bytes:
        """Return a part of the document, which must lie inside it; verified as the module says.

        Raises: `DocumentDamagedError` where it is missing, differs or is too short,
        `TemporarilyUnavailableError`.
        """
        return self._ask(partial(self._get_range, sha256, offset, length), sha256)

    def check_whole(self, sha256: str) -> None:
        """Check that the document is there and has its hash, as the module says: once while it is the same.

        Raises: `DocumentDamagedError`, `TemporarilyUnavailableError`.
        """
        self._ask(partial(self._find, sha256, partial(self._check_there, sha256)), sha256)

    def check_marker(self) -> None:
        """Check that the store is there and this gateway's. Raises: `TemporarilyUnavailableError`."""
        self._ask(self._check_marker)

    def find_marker(self) -> Marker:
        """Return what the store's marker says. Raises: `TemporarilyUnavailableError` for no answer."""
        return self._ask(self._look_at_marker)

    def find_gateway(self) -> tuple[bool, UUID | None]:
        """Return whether there is a marker, and whose. Raises: `TemporarilyUnavailableError`."""
        return self._ask(self._read_marker)

    def has(self, sha256: str) -> bool:
        """Tell whether there is something under that hash. Raises: `TemporarilyUnavailableError`."""
        return self._ask(partial(self._has, sha256), sha256)

    def mark(self, marker: bytes) -> None:
        """Write the marker, and make the folder of a local store: for the operator's command alone.

        Raises: `ConfigurationError` for a folder that cannot be made; `TemporarilyUnavailableError`.
        """
        if self._folder is not None:
            make_root(self._folder)
        self._ask(partial(self._mark, marker))

    def _ask(self, work: Callable[[], Result], sha256: str = "") -> Result:
        """Have a thread do it, for as long as may be waited; say in the log what went wrong."""
        about = {"sha256": sha256} if sha256 else {}
        try:
            # The marker is looked at without: it must be told how the store is.
            place = self._places.place() if sha256 else nullcontext()
            with timed(Stage.STORE), waiting(Part.STORE), place:
                return self._threads.run(work, seconds=at_most(_ANSWER_SECONDS, share=_SHARE))
        except DocumentDamagedError as error:
            _log.error("document_damaged", **error.line, **about)
            raise
        except TemporarilyUnavailableError as error:
            # Whose store it must be the database says: when it is away that is no fault of the store, nor
            # is it one where others have used up the time of the request.
            if error.part is Part.STORE:
                _log.warning("document_store_failed", **error.line, **about)
            else:
                _log.warning("document_store_not_looked_at", **error.line, **about)
            raise

    # --- in a thread of the store

    def _objects(self) -> ObjectStore:
        """Return the store; a folder is opened when it is there."""
        if self._opened is None:
            self._opened = LocalStore(self._folder)
        return self._opened

    def _put(self, sha256: str, data: bytes) -> None:
        self._check_before_putting()
        with in_our_words():
            is_there = self._put_object(sha256, data)
            if self._folder is not None:
                self._make_durable(self._folder / path_of(sha256))
            if self._folder is not None or not is_there:
                self._check_marker()  # nothing was unmounted meanwhile, and it was the store that said yes

    def _put_all(self, folder: Path, documents: Mapping[str, bytes]) -> None:
        self._check_before_putting()
        with in_our_words():
            for sha256, data in documents.items():
                self._put_object(sha256, data)
            files = [folder / path_of(sha256) for sha256 in documents]
            if flush_together(files, folder):
                self._durable_folders.update(file.parent for file in files)
            else:
                for file in files:
                    self._make_durable(file)
            self._check_marker()

    def _put_object(self, sha256: str, data: bytes) -> bool:
        """Put it where it belongs, unless it is there already; tell whether the store has said so."""
        try:
            put = self._objects().put(path_of(sha256), data, mode="create", use_multipart=False)
            return is_said_of(put, data)
        except AlreadyExistsError:
            # The same document was stored before: nothing to do, unless it was damaged since. These
            # are its bytes, so writing them again can only repair.
            is_there = self._is_intact(sha256)
            if not is_there:
                self._objects().put(path_of(sha256), data, mode="overwrite")
            return is_there

    def _get(self, sha256: str) -> bytes:
        return self._find(sha256, partial(self._read_whole, sha256))

    def _read_whole(self, sha256: str) -> bytes:
        path, folder = path_of(sha256), self._folder
        data = bytes(self._objects().get(path).bytes()) if folder is None else (folder / path).read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DocumentDamagedError(f"document {sha256} differs from its hash")
        return data

    def _get_range(self, sha256: str, offset: int, length: int) -> bytes:
        return self._find(sha256, partial(self._read_range, sha256, offset, length))

    def _read_range(self, sha256: str, offset: int, length: int) -> bytes:
        data, version = self._read_part(path_of(sha256), offset, length)
        if len(data) != length:
            raise DocumentDamagedError(f"document {sha256} is too short")
        self._check_whole_once(sha256, version)
        return data

    def _read_part(self, path: str, offset: int, length: int) -> tuple[bytes, tuple[object, ...]]:
        """Return a part of an object, shorter where it ends before, and its version."""
        if self._folder is not None:
            return read_file(self._folder / path, offset, length)
        try:
            part = self._objects().get(path, options={"range": (offset, offset + length)})
            return bytes(part.bytes()), version_of(part.meta)
        except BaseError:
            if (meta := self._objects().head(path))["size"] < offset + length:
                return b"", version_of(meta)
            raise

    def _find(self, sha256: str, look: Callable[[], Result]) -> Result:
        """Look for a document that a committed act names: absent or different is damage, or the store's.

        Where the marker is there it is looked for once more: the store may have come back in between.
        """
        with in_our_words():
            try:
                return look()
            except (FileNotFoundError, DocumentDamagedError):
                self._check_marker()
            try:
                return look()
            except FileNotFoundError as error:
                raise DocumentDamagedError(f"document {sha256} is missing") from error

    def _check_before_putting(self) -> None:
        """Look at the marker, of a remote store not each time. Raises: `TemporarilyUnavailableError`."""
        if self._folder is None and time.monotonic() < self._marked_until:
            return
        self._check_marker()
        self._marked_until = time.monotonic() + _MARKER_SECONDS

    def _check_marker(self) -> None:
        found = self._look_at_marker()
        if found is not Marker.OURS:
            raise TemporarilyUnavailableError(f"document store: {found.value}", part=Part.STORE)

    def _look_at_marker(self) -> Marker:
        if self._owner is None:
            return Marker.OURS
        is_there, gateway = self._read_marker()
        owner = self._owner()
        if owner is None:
            return Marker.UNKNOWN
        if not is_there:
            return Marker.MISSING
        if gateway is None:
            return Marker.UNREADABLE
        return Marker.OURS if gateway == owner else Marker.ANOTHERS

    def _read_marker(self) -> tuple[bool, UUID | None]:
        with in_our_words():
            try:
                if self._folder is not None:
                    return True, gateway_in((self._folder / MARKER).read_bytes())
                return True, gateway_in(bytes(self._objects().get(MARKER).bytes()))
            except (FileNotFoundError, NotADirectoryError):
                return False, None

    def _has(self, sha256: str) -> bool:
        if self._folder is not None and not self._folder.exists():
            return False
        with in_our_words(), suppress(FileNotFoundError):
            self._objects().head(path_of(sha256))
            return True
        return False

    def _mark(self, marker: bytes) -> None:
        with in_our_words():
            self._objects().put(MARKER, marker, mode="create", use_multipart=False)
            if self._folder is not None:
                flush(self._folder / MARKER)
                flush(self._folder)

    def _check_whole(self, sha256: str, version: tuple[object, ...]) -> None:
        """Hash the object in portions; only success is remembered (an exception is not cached)."""
        path, folder = path_of(sha256), self._folder
        found, digest = hash_object(self._objects().get(path)) if folder is None else hash_file(folder / path)
        if found != version:
            raise TemporarilyUnavailableError(f"document {sha256} was repaired meanwhile", part=Part.STORE)
        if digest != sha256:
            raise DocumentDamagedError(f"document {sha256} differs from its hash")

    def _check_there(self, sha256: str) -> None:
        self._check_whole_once(sha256, self._read_part(path_of(sha256), 0, 1)[1])

    def _is_intact(self, sha256: str) -> bool:
        """Tell whether the stored object still has its hash."""
        try:
            self._check_there(sha256)
        except (DocumentDamagedError, FileNotFoundError):
            return False
        return True

    def _make_durable(self, file: Path) -> None:
        """Flush the file and its name to the disk: obstore's local store leaves that to the system.

        Done also where the file was there before: its writer may have died before coming here.
        """
        flush(file)
        flush(file.parent)
        if file.parent not in self._durable_folders:
            for folder in file.parents[1:3]:  # the names of the two levels of folders
                flush(folder)
            self._durable_folders.add(file.parent)
