"""Everything of one notification as a ZIP: documents by their names, receipts, metadata, former versions."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from notigateway.client.archive.reading import rows
from notigateway.client.disk import disk, opened_below, opened_directory, read_below
from notigateway.client.errors import ArchiveExportError, DocumentMismatchError, SpoolError
from notigateway.client.file_names import safe_name, safe_part
from notigateway.client.stored import DESCRIPTION
from notigateway.law.deadlines import MADRID

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

_IDENTIFIER: Final = re.compile(r"[0-9a-f]{8}[0-9a-f-]*", re.ASCII)
_CODE_DIGITS: Final = 18
_OURS: Final = re.compile(r"[^/\\.][^/\\]*")


def folder_in(index: sqlite3.Connection, named: str) -> str:
    """Return the folder of a notification, by its code, its identifier or the beginning of that.

    Raises: `ArchiveExportError` where none or several are meant.
    """
    if named.isdecimal() and named.isascii() and len(named) <= _CODE_DIGITS:
        found = rows(index, "SELECT folder, id FROM notifications WHERE code = ?", int(named))
        if len(found) > 1:
            ids = ", ".join(sorted(one["id"] for one in found))
            raise ArchiveExportError(
                f"{len(found)} notifications of this archive have the code {named}: {ids}"
            )
        if found:
            return str(found[0]["folder"])
    beginning = named.lower()
    if not _IDENTIFIER.fullmatch(beginning):
        raise ArchiveExportError(f"{named!r} is neither a code of this archive nor an identifier")
    found = rows(
        index, "SELECT folder FROM notifications WHERE substr(id, 1, ?) = ?", len(beginning), beginning
    )
    if len(found) != 1:
        raise ArchiveExportError(f"{len(found) or 'no'} notifications of this archive begin with {named!r}")
    return str(found[0]["folder"])


def write_zip(archive: Path, folder: str, file: Path) -> None:
    """Write what belongs to a notification, each file proven to be the one that was stored.

    Raises: `DocumentMismatchError`, `ArchiveExportError`; `OSError`.
    """
    about = json.loads(_read(archive, folder, DESCRIPTION))
    at = datetime.fromisoformat(about["available_at"]).astimezone(MADRID).timetuple()[:6]
    taken: set[str] = set()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        for name, said in _named(about):
            stored = said["file"]
            if not isinstance(stored, str) or not _OURS.fullmatch(stored):
                raise ArchiveExportError(f"{folder}/{DESCRIPTION} names a file that is not its own")
            data = _read(archive, folder, stored)
            if "sha256" in said and hashlib.sha256(data).hexdigest() != said["sha256"]:
                raise DocumentMismatchError(
                    f"{folder}/{stored} is not the one that was stored: pull --full fetches it again"
                )
            made.writestr(ZipInfo(_only(name, taken), at), data, ZIP_DEFLATED)


def _named(about: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each file in the ZIP, and what is said of it."""
    for place, one in enumerate(about["documents"], start=1):
        yield safe_part(safe_name(place, one["name"]).partition("-")[2]), one
    for one in about["receipts"]:
        yield f"receipts/{one['state']} {one['file']}", one
    for one in about.get("former", ()):
        yield f"former/{one['file']}", {"file": one["file"]}
    yield DESCRIPTION, {"file": DESCRIPTION}


def _only(name: str, taken: set[str]) -> str:
    """Return a name that no other file of the ZIP has, whatever its capitals."""
    stem, dot, suffix = name.rpartition(".")
    number, found = 1, name
    while found.lower() in taken:
        number += 1
        found = f"{stem if dot else name} ({number}){dot}{suffix if dot else ''}"
    taken.add(found.lower())
    return found


def _read(archive: Path, folder: str, name: str) -> bytes:
    try:
        with disk(archive), opened_directory(archive) as above, opened_below(folder, above) as opened:
            return read_below(name, opened)
    except SpoolError as error:
        if not isinstance(error.__cause__, FileNotFoundError):
            raise
        raise DocumentMismatchError(
            f"{folder}/{name} is not there any more: pull --full fetches it again"
        ) from error
