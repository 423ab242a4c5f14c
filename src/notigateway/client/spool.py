"""The crash-safe folder: one sub-folder per notification, complete or not there at all.

A notification is written to `.tmp-…` beside its place, every file and the folder are synced to the
disk, then the folder takes its name in one rename: a folder with that name is complete, at whatever
moment the machine or the process died. Left-over `.tmp-…` folders are removed at the next start. A
lock keeps a second process out; the system releases it when its holder dies. POSIX only.

The bookmark (`.cursor`) says up to where the service's changes are stored here. It is replaced in one
rename, after everything before it is on the disk; without it, or with a damaged one, nothing is lost:
the next run walks the whole list.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import threading
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from notigateway.client.errors import SpoolError
from notigateway.client.shapes import as_json
from notigateway.private_files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from notigateway.contract.v1 import Document, Notification, Receipt

FORMAT: Final = 1
_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp-"
_BOOKMARK: Final = ".cursor"
_FOLDER: Final = re.compile(r"[0-9]{1,10}-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_NAME_MAX_BYTES: Final = 120
_SUFFIX_MAX_BYTES: Final = 16
# Forbidden in names on some file system or dear to some shell.
_UNSAFE: Final = str.maketrans(dict.fromkeys("<>:\"|?*$`!&;'", "_"))


class Spool:
    """One folder of notifications, held by this process while the context lasts.

    Raises: `SpoolError` when it is in use, is no folder or cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = -1
        self._mutex = threading.Lock()
        self._stored: set[str] = set()

    def __enter__(self) -> Self:
        with _disk(self._directory):
            if not self._directory.is_dir():
                # what is in it is personal data: readable by its owner unless the operator made it
                make_folder(self._directory)
                _sync(self._directory.parent)
            self._lock = os.open(self._directory / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            with _disk(self._directory):
                self._take_lock()
                self._tidy()
        except BaseException:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def __contains__(self, notification_id: str) -> bool:
        return notification_id.lower() in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def store(
        self,
        notification: Notification,
        *,
        documents: Sequence[tuple[Document, Iterable[bytes]]],
        receipts: Sequence[Receipt],
    ) -> None:
        """Store one notification with its documents and receipts; an error leaves no trace of it.

        It survives a crash of the process from now on, and of the machine after `settle`.

        Raises: `SpoolError`; whatever the documents' pieces raise.
        """
        name = folder_name(notification)
        temporary = self._directory / f"{_TEMPORARY}{name}"
        with _disk(self._directory):
            temporary.mkdir()
            try:
                _fill(temporary, notification, documents=documents, receipts=receipts)
                _sync(temporary)
                temporary.rename(self._directory / name)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
        with self._mutex:
            self._stored.add(notification.id.lower())

    def settle(self) -> None:
        """Make the names of all stored notifications survive a crash of the machine."""
        with _disk(self._directory):
            _sync(self._directory)

    def bookmark(self, purpose: str) -> str | None:
        """Return the cursor kept for that purpose; None where there is none, or it is for another."""
        try:
            kept = json.loads((self._directory / _BOOKMARK).read_bytes())
            cursor = kept["cursor"] if (kept["format"], kept["purpose"]) == (FORMAT, purpose) else None
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return cursor if isinstance(cursor, str) else None

    def keep_bookmark(self, purpose: str, cursor: str) -> None:
        """Keep a cursor, in one step; everything before it must be stored and settled.

        Raises: `SpoolError`.
        """
        text = json.dumps({"format": FORMAT, "purpose": purpose, "cursor": cursor}) + "\n"
        temporary = self._directory / f"{_TEMPORARY}{_BOOKMARK}"
        with _disk(self._directory):
            temporary.unlink(missing_ok=True)  # a killed process may have left one
            _write(temporary, [text.encode()])
            temporary.replace(self._directory / _BOOKMARK)
            _sync(self._directory)

    def forget_bookmark(self) -> None:
        """Make the next run walk the whole list, whatever happens to this one.

        Raises: `SpoolError`.
        """
        with _disk(self._directory):
            (self._directory / _BOOKMARK).unlink(missing_ok=True)
            _sync(self._directory)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SpoolError(f"another process is pulling into {self._directory}") from error

    def _tidy(self) -> None:
        """Remove what a killed process left half-written; take stock of what is complete."""
        for entry in os.scandir(self._directory):
            if not entry.is_dir(follow_symlinks=False):
                continue
            if entry.name.startswith(_TEMPORARY):
                shutil.rmtree(entry.path)
            elif complete := _FOLDER.fullmatch(entry.name):
                self._stored.add(complete[1])


def folder_name(notification: Notification) -> str:
    """Return the name of a notification's folder: its public code and its identifier."""
    return f"{notification.code}-{notification.id.lower()}"


def safe_name(position: int, name: str) -> str:
    """Return a file name for the document at a position (from 1), whatever its issuer called it.

    The position in front keeps names apart, takes reserved words (CON, NUL) their meaning and no
    name can hide, climb out of the folder or pass for one of our own files.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(letter for letter in last if letter.isprintable())
    stem, dot, suffix = shown.translate(_UNSAFE).strip(". ").rpartition(".")
    if not dot or len(suffix.encode()) > _SUFFIX_MAX_BYTES:
        stem, suffix = f"{stem}{dot}{suffix}", ""
    room = _NAME_MAX_BYTES - len(suffix.encode())
    stem = stem.encode()[:room].decode(errors="ignore").strip(". ") or "document"
    return f"{position:02d}-{stem}{'.' if suffix else ''}{suffix}"


def _fill(
    folder: Path,
    notification: Notification,
    *,
    documents: Sequence[tuple[Document, Iterable[bytes]]],
    receipts: Sequence[Receipt],
) -> None:
    described: dict[str, Any] = {"format": FORMAT, **as_json(notification), "documents": [], "receipts": []}
    for position, (document, pieces) in enumerate(documents, start=1):
        file = safe_name(position, document.name)
        _write(folder / file, pieces)
        described["documents"].append({"file": file, **as_json(document)})
    for receipt in receipts:
        file = f"receipt-{receipt.receipt_id.lower()}.xml"
        _write(folder / file, [receipt.xml()])
        described["receipts"].append({"file": file, **as_json(receipt)})
    text = json.dumps(described, ensure_ascii=False, indent=2) + "\n"
    _write(folder / "notification.json", [text.encode()])


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    with file.open("xb") as target:
        for piece in pieces:
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())


def _sync(folder: Path) -> None:
    """Sync a folder: without it a rename or a new file may be forgotten by the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _disk(directory: Path) -> Iterator[None]:
    """Tell what the disk refused as an error of the folder."""
    try:
        yield
    except OSError as error:
        where = error.filename if error.filename is not None else directory
        raise SpoolError(f"cannot use {where}: {error.strerror or error}") from error
