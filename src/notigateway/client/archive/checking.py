"""Whether everything that an archive names is there, and is what was stored: without the network.

A file is held to its size and its SHA-256. A receipt that was given its time-stamp a moment ago, before its
description says so, is the same receipt.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.archive.index import CHANGED
from notigateway.client.archive.reading import reading, rows
from notigateway.client.disk import digest_below, disk, opened_below, opened_directory, read_below
from notigateway.client.pulled import Lost
from notigateway.client.spool import folders_below
from notigateway.client.stored import DESCRIPTION, readable
from notigateway.client.waiting import is_stamped
from notigateway.errors import ReceiptInvalidError
from notigateway.evidence.additions import take_apart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from notigateway.client.spool import Spool

# Beside what a description names; `differing-` keeps what the service gave as another original of a receipt.
_OURS: Final = ("former-", "changed-", "differing-")


class What(StrEnum):
    """What is wrong with a folder or a file; a file that nobody named harms nothing."""

    MISSING = "missing"
    CHANGED = "changed"
    NOT_INDEXED = "not_indexed"
    NOT_NAMED = "not_named"


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is not as the archive says; `file` is None where it is the whole folder."""

    what: What
    folder: str
    file: str | None = None
    code: int | None = None
    id: str | None = None
    addressee: str | None = None


@dataclass(slots=True)
class Checked:
    """How much was looked at, and what is wrong."""

    notifications: int = 0
    files: int = 0
    wrong: tuple[Wrong, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything is there as it was stored, and in the index."""
        return all(one.what is What.NOT_NAMED for one in self.wrong)


def wrong_in_all(spool: Spool) -> Iterator[Lost]:
    """Yield which files of what is stored are missing or changed. Raises: `SpoolError`."""
    for stored in list(spool):
        about = spool.described(stored.folder)
        addressee = about.get("addressee", {}).get("identifier")
        for file, what in _wrong_files(spool.directory, stored.folder, about):
            is_changed = what is What.CHANGED
            yield Lost(stored.code, stored.id, addressee, stored.folder, file, is_changed)


def check(directory: Path) -> Checked:
    """Look at everything that the index and the folders name, while somebody may be pulling.

    Raises: `ArchiveIndexError`; `SpoolError`.
    """
    done = Checked()
    with reading(directory) as index:
        known = {one["folder"]: dict(one) for one in rows(index, _NOTIFICATIONS)}
    wrong: list[Wrong] = []
    for folder, row in known.items():
        done.notifications += 1
        found, count = _look(directory, folder, row)
        if found:  # a pull may just have changed it
            found, count = _look(directory, folder, row)
        wrong += found
        done.files += count
    wrong += _not_indexed(directory, known)
    done.wrong = tuple(wrong)
    return done


_NOTIFICATIONS: Final = "SELECT folder, code, id, addressee FROM notifications ORDER BY addressee, code"


def _look(directory: Path, folder: str, row: Mapping[str, Any]) -> tuple[list[Wrong], int]:
    """Return what is wrong with the folder of a notification, and how many files it names."""
    who = {"code": row["code"], "id": row["id"], "addressee": row["addressee"]}
    about = _described(directory, folder)
    if about is None or str(about.get("id")).lower() != row["id"]:
        return [Wrong(What.MISSING, folder, **who)], 0
    wrong = [Wrong(what, folder, file, **who) for file, what in _wrong_files(directory, folder, about)]
    named = {one["file"] for one in _named(about)}
    with disk(directory), _opened(directory, folder) as opened, os.scandir(opened) as found:
        others = sorted({one.name for one in found} - named - {DESCRIPTION})
    wrong += [
        Wrong(What.NOT_NAMED, folder, name, **who) for name in others if not name.startswith((*_OURS, "."))
    ]
    return wrong, len(named)


def _not_indexed(directory: Path, known: Mapping[str, object]) -> Iterable[Wrong]:
    """Yield the folders that the index does not know, except those that a pull is about to take in."""
    with disk(directory), opened_directory(directory) as opened:
        found = set(folders_below(opened)) - known.keys()
        under_way: set[str] = set()
        with suppress(FileNotFoundError):
            under_way.update(read_below(CHANGED, opened).decode(errors="replace").splitlines())
    with reading(directory) as index:
        by_now = {one["folder"] for one in rows(index, _NOTIFICATIONS)} if found else set()
    return (Wrong(What.NOT_INDEXED, folder) for folder in sorted(found - by_now - under_way))


def _described(directory: Path, folder: str) -> dict[str, Any] | None:
    """Return what a folder says; None where it says nothing that can be read."""
    try:
        with _opened(directory, folder) as opened:
            return readable(json.loads(read_below(DESCRIPTION, opened))) or None
    except (OSError, ValueError, RecursionError):
        return None


@contextmanager
def _opened(directory: Path, folder: str) -> Iterator[int]:
    """Open a folder of an archive; no link leads out of it."""
    with opened_directory(directory) as above, opened_below(folder, above) as opened:
        yield opened


def _named(about: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what is said of each document and receipt."""
    yield from about.get("documents", ())
    yield from about.get("receipts", ())


def _wrong_files(directory: Path, folder: str, about: Mapping[str, Any]) -> Iterator[tuple[str, What]]:
    """Yield which documents and receipts of a folder are missing or changed. Raises: `SpoolError`."""
    named = list(_named(about))
    if not named:
        return
    with disk(directory), _opened(directory, folder) as opened:
        for one in named:
            name = one["file"]
            found = None
            with suppress(FileNotFoundError):
                found = os.stat(name, dir_fd=opened, follow_symlinks=False)
            if found is None or not stat.S_ISREG(found.st_mode):
                yield name, What.MISSING
            elif not _is_same(one, found.st_size, opened):
                yield name, What.CHANGED


def _is_same(said: Mapping[str, Any], size: int, folder: int) -> bool:
    name, digest = said["file"], said.get("sha256")
    if said.get("size") not in {None, size}:
        return False
    if digest is None or digest_below(name, folder) == digest:
        return True
    return "receipt_id" in said and _is_dated(read_below(name, folder), digest)


def _is_dated(receipt: bytes, digest: str) -> bool:
    """Tell whether a receipt is that of a digest, with a time-stamp."""
    with suppress(ReceiptInvalidError):
        return is_stamped(receipt) and hashlib.sha256(take_apart(receipt).original).hexdigest() == digest
    return False
