"""The crash-safe archive: one folder per notification, complete or not there at all.

A notification is written beside its place and put there in one rename (`held_folder.py`): a folder there is
complete, at whatever moment the machine or the process died. What becomes of a notification later is written
into its folder, its description last, in one rename too: so it says what was or what is, whole. Where the
folder of a notification stands is decided once (`folders.py`); one that stands elsewhere, as earlier versions
put it, stays there.

The bookmark (`.cursor`) says up to where the service's changes are stored here. It is replaced in one
rename, after everything before it is on the disk; without it, or with a damaged one, nothing is lost:
the next run walks the whole list.
"""

from __future__ import annotations

import itertools
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from notigateway.client.disk import disk, opened_below, opened_folder, read_below
from notigateway.client.errors import PlaceTakenError, SpoolError
from notigateway.client.file_names import folder_name, notification_of
from notigateway.client.filling import fill
from notigateway.client.folders import DEFAULT, FolderTemplate
from notigateway.client.held_folder import HeldFolder, on_a_way
from notigateway.client.stored import DESCRIPTION, FORMAT, Stored, readable, written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from notigateway.contract.v1 import Document, Notification, Receipt

_BOOKMARK: Final = ".cursor"
# What receipts, their description and the blocks of a disk take beside the documents of one notification.
_BESIDE_BYTES: Final = 65_536
_DEEP_AT_MOST: Final = 9
_NAME_MAX_BYTES: Final = 255


def is_place(folder: str) -> bool:
    """Tell whether a text can say where a folder stands below an archive."""
    parts = folder.split("/")
    return (
        all(
            one.isprintable()
            and not one.startswith(".")
            and 0 < len(one.encode(errors="replace")) <= _NAME_MAX_BYTES
            for one in parts
        )
        and len(parts) <= _DEEP_AT_MOST
    )


class Spool(HeldFolder):
    """One folder of notifications, held by this process while the context lasts.

    Raises: `SpoolError` when it is in use, is no folder or cannot be written.
    """

    def __init__(self, directory: Path, *, looks: bool = True) -> None:
        super().__init__(directory)
        # Whether it looks through all folders at once; else an index tells it.
        self._looks = looks
        self._template = FolderTemplate(DEFAULT)
        self._stored: dict[str, Stored] = {}
        self._places: set[str] = set()
        # Where what is about to be stored will stand, by its identifier.
        self._reserved: dict[str, str] = {}

    def __contains__(self, notification_id: str) -> bool:
        return notification_id.lower() in self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._stored.values())

    def find(self, notification_id: str) -> Stored | None:
        """Return what is stored of a notification; None where nothing is."""
        return self._stored.get(notification_id.lower())

    def held_of(self, folders: Iterable[str]) -> set[str]:
        """Return which of these folders are there, with a description that is not empty.

        One behind a link is not: the archive does not end there. Raises: `SpoolError`.
        """
        held: set[str] = set()
        with disk(self._directory):
            for above, some in itertools.groupby(sorted(folders, key=_above), key=_above):
                with (
                    suppress(FileNotFoundError, PlaceTakenError),
                    on_a_way(self._directory / above),
                    opened_below(above, self._folder) as parent,
                ):
                    held.update(one for one in some if _is_described(one.rpartition("/")[2], parent))
        return held

    def forget(self, notification_id: str) -> None:
        """Take note that a notification is not there any more."""
        with self._mutex:
            self._stored.pop(notification_id, None)

    def know(self, stored: Stored) -> None:
        """Take note of what was stored, perhaps by a process beside this one."""
        with self._mutex:
            self._stored[stored.id] = stored
            self._places.add(stored.folder)

    def occupy(self, folder: str) -> None:
        """Take note that a folder stands there of which nothing can be known."""
        with self._mutex:
            self._places.add(folder)

    def is_there(self, folder: str) -> bool:
        """Tell whether a folder with something in it stands there. Raises: `SpoolError`."""
        return stat.S_ISDIR(self._mode(folder) or 0)

    def file_by(self, template: FolderTemplate) -> None:
        """Let the folders of what is stored from now on stand where a template says."""
        self._template = template

    def folder_of(self, notification: Notification) -> str:
        """Return where the folder of a notification is, or will be.

        A service that was restored to an earlier point gives a code again: the other one stays where it is.
        So does whatever else stands there.

        Raises: `PlaceTakenError` where none can stand; `SpoolError`.
        """
        stored = self.find(notification.id)
        if stored is not None:
            return stored.folder
        reserved = self._reserved.get(notification.id.lower())
        places = self._places_of(notification)
        return reserved or next(one for one in places if one not in self._places and self._mode(one) is None)

    def reserve(self, notification: Notification) -> str:
        """Return where the folder of a notification is, or will be: nothing else takes that place.

        Raises: as `folder_of`.
        """
        folder = self.folder_of(notification)
        with self._mutex:
            self._reserved[notification.id.lower()] = folder
            self._places.add(folder)
        return folder

    def check_takes_more(self, folder: str) -> None:
        """Check that files could be put into the folder of a notification, or that it could be made anew.

        Raises: `PlaceTakenError`, `SpoolError`.
        """
        place = self._directory / folder
        with (
            disk(self._directory),
            suppress(FileNotFoundError),
            on_a_way(place),
            self._opened(folder) as opened,
        ):
            if not os.access(".", os.W_OK, dir_fd=opened):
                raise PlaceTakenError(place, "nothing may be written there")
            if stat.S_ISDIR(os.stat(DESCRIPTION, dir_fd=opened, follow_symlinks=False).st_mode):
                raise PlaceTakenError(place / DESCRIPTION)

    def unknown_of(self, notification: Notification) -> Iterator[str]:
        """Yield the folders in the places of a notification of which nothing is known.

        Raises: `PlaceTakenError` where none can stand; `SpoolError`.
        """
        for place in (*itertools.islice(self._places_of(notification), 2), folder_name(notification)):
            if place not in self._places and self.is_there(place):
                yield place

    def _places_of(self, notification: Notification) -> Iterator[str]:
        place = self._template.folder_of(notification)
        yield place
        place = f"{place}-{notification.id.lower()}"
        yield place
        yield from (f"{place}-{count}" for count in itertools.count(2))

    def _mode(self, place: str) -> int | None:
        """Return the mode of what stands in a place; None where nothing does, or an empty folder."""
        above, _, name = place.rpartition("/")
        with (
            disk(self._directory),
            suppress(FileNotFoundError),
            on_a_way(self._directory / place),
            self._opened(above) as parent,
        ):
            mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
            if not stat.S_ISDIR(mode):
                return mode
            with opened_folder(name, parent) as found, os.scandir(found) as entries:
                return mode if any(entries) else None
        return None

    def store(
        self,
        notification: Notification,
        *,
        documents: Sequence[tuple[Document, Iterable[bytes]]],
        receipts: Sequence[Receipt],
        folder: str | None = None,
        decided_at: datetime | None = None,
    ) -> Stored:
        """Store one notification with its documents and receipts; an error leaves no trace of it.

        It survives a crash of the process from now on, and of the machine after `settle`. Its `folder` is by
        the template, unless it is given; `decided_at` is of what leaves no receipt.

        Raises: `SpoolError`; whatever the documents' pieces raise.
        """
        place = folder or self.folder_of(notification)
        about = self.add_folder(
            place,
            f"{notification.code}-{notification.id.lower()}",
            lambda opened: fill(opened, notification, documents, receipts, decided_at=decided_at),
        )
        return self._known(place, about)

    def check_takes(self, notifications: Sequence[Notification]) -> None:
        """Check that these could be stored now, for who is about to accept them, which has legal effect.

        Raises: `SpoolError`.
        """
        self.check_room(sum(_BESIDE_BYTES + sum(one.document_sizes) for one in notifications))

    def bookmark(self, purpose: str) -> str | None:
        """Return the cursor kept for that purpose; None where there is none, or it is for another."""
        try:
            kept = json.loads(self.read_file(_BOOKMARK) or b"")
            cursor = kept["cursor"] if (kept["format"], kept["purpose"]) == (FORMAT, purpose) else None
        except (SpoolError, ValueError, LookupError, TypeError, RecursionError):
            return None
        return cursor if isinstance(cursor, str) else None

    def keep_bookmark(self, purpose: str, cursor: str) -> None:
        """Keep a cursor, in one step; everything before it must be stored and settled.

        Raises: `SpoolError`.
        """
        text = json.dumps({"format": FORMAT, "purpose": purpose, "cursor": cursor}) + "\n"
        self.keep_file(_BOOKMARK, text.encode())

    def read_stored(self, folder: str, name: str) -> bytes | None:
        """Return a file of a stored notification; None where none is there. Raises: `SpoolError`."""
        with (
            disk(self._directory),
            suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError),
            self._opened(folder) as opened,
        ):
            if not stat.S_ISLNK(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
                return read_below(name, opened)
        return None

    def described(self, folder: str) -> dict[str, Any]:
        """Return what is said of a stored notification; nothing where that is not there or not readable."""
        try:
            return readable(json.loads(self.read_stored(folder, DESCRIPTION) or b"{}"))
        except (SpoolError, ValueError, RecursionError):
            return {}

    def replace_stored(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Put files in the place of those of a stored notification, each in one step, in their order.

        Raises: `SpoolError`.
        """
        self.put_files(folder, {name: [content] for name, content in files.items()})

    def change(self, folder: str, files: Mapping[str, Iterable[bytes]], about: Mapping[str, Any]) -> Stored:
        """Add files to a stored notification, then say anew what belongs to it. A lost folder is made.

        Raises: `SpoolError`; whatever the pieces raise: then it stays as it was.
        """
        self.put_files(folder, files, make=True)
        self.put_files(folder, {DESCRIPTION: [written(about)]})
        return self._known(folder, about)

    def _known(self, folder: str, about: Mapping[str, Any]) -> Stored:
        stored = Stored.of(folder, about)
        if stored is None:  # it was written a moment ago
            raise SpoolError(f"cannot read what was stored in {self._directory / folder}")
        self.know(stored)
        return stored

    def forget_bookmark(self) -> None:
        """Make the next run walk the whole list, whatever happens to this one.

        Raises: `SpoolError`.
        """
        self.drop_file(_BOOKMARK)

    def _tidy(self) -> None:
        """Remove what a killed process left half-written; take stock of what is complete."""
        super()._tidy()
        for folder in self.folders() if self._looks else ():
            stored = Stored.of(folder, self.described(folder)) or Stored.named(folder)
            if stored is not None:
                self._places.add(stored.folder)
                self._stored.setdefault(stored.id, stored)

    def folders(self) -> Iterator[str]:
        """Yield the folders of all notifications, wherever they stand. Raises: `SpoolError`."""
        with disk(self._directory):
            yield from folders_below(self._folder)


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]


def _is_described(name: str, parent: int) -> bool:
    """Tell whether a folder of an open folder is one with a description that is not empty."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            found = os.stat(f"{name}/{DESCRIPTION}", dir_fd=parent, follow_symlinks=False)
            return stat.S_ISREG(found.st_mode) and found.st_size > 0
    return False


def folders_below(parent: int, way: str = "", deep: int = _DEEP_AT_MOST) -> Iterator[str]:
    """Yield the folders of all notifications below an open folder. Raises: `OSError`."""
    with os.scandir(parent) as entries:
        names = sorted(
            one.name for one in entries if one.is_dir(follow_symlinks=False) and not one.name.startswith(".")
        )
    for name in names:
        folder = f"{way}{name}"
        if notification_of(name) is not None and not way:
            yield folder
            continue
        with opened_folder(name, parent) as opened:
            try:
                os.stat(DESCRIPTION, dir_fd=opened, follow_symlinks=False)
            except FileNotFoundError:
                if deep > 1:
                    yield from folders_below(opened, f"{folder}/", deep - 1)
            else:
                yield folder
