"""What files and folders of the client are called: names that tell what is in them, whatever others say."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from notigateway.contract.v1 import Notification

_FOLDER: Final = re.compile(r"([0-9]{1,10})-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_NAME_MAX_BYTES: Final = 120
_SUFFIX_MAX_BYTES: Final = 16
# Forbidden in names on some file system or dear to some shell.
_UNSAFE: Final = str.maketrans(dict.fromkeys("<>:\"|?*$`!&;'", "_"))


def folder_name(notification: Notification) -> str:
    """Return the name of a notification's folder: its public code and its identifier."""
    return f"{notification.code}-{notification.id.lower()}"


def notification_of(folder: str) -> tuple[int, str] | None:
    """Return the code and the identifier of the notification in a folder; None where it is no such folder."""
    found = _FOLDER.fullmatch(folder)
    return None if found is None else (int(found[1]), found[2])


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
