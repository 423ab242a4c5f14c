"""The opaque place in a list or among changes, bound to the caller and the filter it was given for.

A cursor holds no secret and grants nothing (authorisation is part of every query), so it is not
signed; it is bound, so that a cursor of another list is a clear error and not a silent gap.
"""

from __future__ import annotations

import hashlib
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from notigateway.errors import InvalidCursorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BEFORE_ALL: Final = UUID(int=0)
_FORMAT = struct.Struct(">12si")  # what it belongs to, the last code given


def write_cursor(last_code: int, *, belongs_to: Iterable[str]) -> str:
    """Return the cursor after `last_code` in the list that `belongs_to` describes."""
    return urlsafe_b64encode(_FORMAT.pack(_digest(belongs_to), last_code)).decode()


def read_cursor(cursor: str | None, *, belongs_to: Iterable[str]) -> int:
    """Return the code after which the list goes on; 0 without a cursor.

    Raises: `InvalidCursorError` for anything that `write_cursor` did not give for this list.
    """
    if cursor is None:
        return 0
    (last_code,) = _read(cursor, _FORMAT, belongs_to)
    return last_code


def write_place(numbers: Sequence[int], *, belongs_to: Iterable[str], beside: bytes = b"") -> str:
    """Return the cursor of a place among changes that needs several numbers of up to 63 bits.

    `beside` are bytes that it carries too.
    """
    return urlsafe_b64encode(_place(len(numbers)).pack(_digest(belongs_to), *numbers) + beside).decode()


def read_place(cursor: str, *, count: int, belongs_to: Iterable[str]) -> tuple[int, ...]:
    """Return the numbers of a place, none of them negative.

    Raises: `InvalidCursorError` for anything that `write_place` did not give for these changes.
    """
    return _read(cursor, _place(count), belongs_to)


def read_place_and(
    cursor: str, *, count: int, size: int, belongs_to: Iterable[str]
) -> tuple[tuple[int, ...], bytes]:
    """Return the same of a place that may carry so many bytes beside its numbers, and them.

    Raises: `InvalidCursorError`.
    """
    form = _place(count)
    if len(cursor) == _length(form.size):
        return _read(cursor, form, belongs_to), b""
    with_bytes = struct.Struct(f"{form.format}{size}s")
    *numbers, beside = _unpacked(cursor, with_bytes, belongs_to)
    return _not_negative(numbers), beside


def write_uuid_cursor(last_id: UUID, *, belongs_to: Iterable[str]) -> str:
    """Return the cursor after `last_id` in a list in the order of identifiers."""
    low = last_id.int & 0xFFFF_FFFF
    return write_place((last_id.int >> 64, last_id.int >> 32 & 0xFFFF_FFFF, low), belongs_to=belongs_to)


def read_uuid_cursor(cursor: str | None, *, belongs_to: Iterable[str]) -> UUID:
    """Return the identifier after which such a list goes on; the first possible one without a cursor.

    Raises: `InvalidCursorError`.
    """
    if cursor is None:
        return BEFORE_ALL
    high, middle, low = read_place(cursor, count=3, belongs_to=belongs_to)
    if max(middle, low) >= 1 << 32:
        raise InvalidCursorError("no identifier")
    return UUID(int=high << 64 | middle << 32 | low)


def _place(count: int) -> struct.Struct:
    """Return the format of a place: what it belongs to, and its numbers."""
    return struct.Struct(f">12s{count}q")


def _length(size: int) -> int:
    """Return how many characters that many bytes are."""
    return (size + 2) // 3 * 4


def _read(cursor: str, form: struct.Struct, belongs_to: Iterable[str]) -> tuple[int, ...]:
    """Read a cursor of that format. Raises: `InvalidCursorError`."""
    return _not_negative(_unpacked(cursor, form, belongs_to))


def _not_negative(numbers: Sequence[int]) -> tuple[int, ...]:
    if min(numbers) < 0:
        raise InvalidCursorError("a negative number")
    return tuple(numbers)


def _unpacked(cursor: str, form: struct.Struct, belongs_to: Iterable[str]) -> list[Any]:
    """Read what a cursor of that format carries. Raises: `InvalidCursorError`."""
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii"))
        digest, *carried = form.unpack(raw)
    except (Base64Error, ValueError, struct.error) as error:
        raise InvalidCursorError(str(error)) from error
    # The last comparison refuses what a lenient base64 decoder skipped.
    if digest != _digest(belongs_to) or urlsafe_b64encode(raw).decode() != cursor:
        raise InvalidCursorError("not of this caller and filter")
    return carried


def _digest(parts: Iterable[str]) -> bytes:
    """Return a short hash of the list's description, its parts kept apart."""
    return hashlib.sha256("\x1f".join(parts).encode()).digest()[:12]
