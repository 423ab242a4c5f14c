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
_SEPARATORS: Final = str.maketrans(dict.fromkeys("/\\", "_"))
_PIECE_MAX_BYTES: Final = 80
# Windows takes these for devices, whatever follows a dot.
_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE
)


def folder_name(notification: Notification) -> str:
    """Return the name of a notification's folder: its public code and its identifier."""
    return f"{notification.code}-{notification.id.lower()}"


def notification_of(folder: str) -> tuple[int, str] | None:
    """Return the code and the identifier of the notification in a folder; None where it is no such folder."""
    found = _FOLDER.fullmatch(folder)
    return None if found is None else (int(found[1]), found[2])


def safe_piece(value: str) -> str:
    """Return a value of others as a piece of the name of a folder: it cannot lead anywhere."""
    shown = "".join(letter if letter.isprintable() else "_" for letter in unicodedata.normalize("NFC", value))
    cut = shown.translate(_UNSAFE).translate(_SEPARATORS).encode()[:_PIECE_MAX_BYTES]
    return cut.decode(errors="ignore")


def safe_part(name: str) -> str:
    """Return the name of a folder that is one on every computer: no device, not hidden, no dot at its end."""
    shown = name.strip(". ").encode()[:_NAME_MAX_BYTES].decode(errors="ignore").strip(". ") or "_"
    return f"_{shown}" if _DEVICE.match(shown) else shown


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
