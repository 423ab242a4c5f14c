"""Tells the parts of a message apart as its bytes arrive; a part goes where its reader wants it.

What two readers could tell apart in two ways is refused (RFC 2046 §5.1 forgives more): nothing before the
first part and behind the last, lines end in CRLF, no field continues on a second line, none stands twice,
and a boundary is followed by the end of its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol

from notigateway.errors import MimeInvalidError
from notigateway.mime.media_type import content_id

if TYPE_CHECKING:
    from collections.abc import Callable

_LINE_END: Final = b"\r\n"
_HEAD_END: Final = b"\r\n\r\n"
_FIELD: Final = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}):[ \t]*([\t -~]*)")
_IDENTITY: Final = frozenset({"", "binary", "8bit", "7bit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many parts a message may have, and how many bytes the head of each."""

    parts: int = 1024
    head_bytes: int = 4096


@dataclass(frozen=True, slots=True)
class PartHead:
    """What a part says of itself."""

    content_id: str | None
    content_type: str


class Sink(Protocol):
    """Where the bytes of a part go."""

    def write(self, data: bytes, /) -> object:
        """Take what follows."""
        ...


class _At(Enum):
    START = auto()
    BOUNDARY = auto()
    HEAD = auto()
    BODY = auto()
    END = auto()


class PartReader:
    """Reads one message: bytes are added until it is complete."""

    def __init__(
        self, boundary: bytes, begin: Callable[[PartHead], Sink], *, bounds: Bounds | None = None
    ) -> None:
        """Read; `begin` is told the head of each part and returns where it goes."""
        self._delimiter = b"\r\n--" + boundary
        self._begin = begin
        self._bounds = bounds or Bounds()
        # The line end that belongs to the first boundary, which stands at the very beginning.
        self._held = bytearray(_LINE_END)
        self._at = _At.START
        self._ids: set[str] = set()
        self._parts = 0
        self._sink: Sink | None = None

    def add(self, data: bytes) -> None:
        """Take what arrived. Raises: `MimeInvalidError`; what a sink raises."""
        self._held += data
        while self._step():
            pass

    def end(self) -> None:
        """Check that it is complete. Raises: `MimeInvalidError`."""
        if self._at is not _At.END:
            raise MimeInvalidError("no last boundary", rule="end")

    def _step(self) -> bool:
        """Go on by one step; False where more must arrive first."""
        if self._at is _At.START:
            return self._take_first()
        if self._at is _At.BOUNDARY:
            return self._take_boundary()
        if self._at is _At.HEAD:
            return self._take_head()
        if self._at is _At.BODY:
            return self._take_body()
        if len(self._held) > len(_LINE_END) or not _LINE_END.startswith(self._held):
            raise MimeInvalidError("something behind the last part", rule="end")
        return False

    def _take_first(self) -> bool:
        if self._held.startswith(_HEAD_END):  # an empty line ahead, which some write
            del self._held[: len(_LINE_END)]
        wanted = len(self._delimiter)
        if not self._delimiter.startswith(self._held[:wanted]) and self._held != _HEAD_END[: len(self._held)]:
            raise MimeInvalidError("something before the first part", rule="boundary")
        if len(self._held) < wanted:
            return False
        self._follow(wanted, _At.BOUNDARY)
        return True

    def _take_boundary(self) -> bool:
        if len(self._held) < len(_LINE_END):
            return False
        behind = bytes(self._held[: len(_LINE_END)])
        if behind == b"--":
            self._follow(len(behind), _At.END)
        elif behind == _LINE_END:
            self._follow(len(behind), _At.HEAD)
        else:
            raise MimeInvalidError("boundary", rule="boundary")
        return True

    def _take_head(self) -> bool:
        end = self._held.find(_HEAD_END, 0, self._bounds.head_bytes + len(_HEAD_END))
        if self._held.startswith(_LINE_END):
            raise MimeInvalidError("a part without a head", rule="head")
        if end < 0:
            if len(self._held) > self._bounds.head_bytes:
                raise MimeInvalidError("head of a part", rule="head", limit_bytes=self._bounds.head_bytes)
            return False
        self._parts += 1
        if self._parts > self._bounds.parts:
            raise MimeInvalidError("parts", rule="parts", limit_parts=self._bounds.parts)
        head = _read_head(bytes(self._held[:end]))
        if head.content_id is not None:
            if head.content_id in self._ids:
                raise MimeInvalidError("one Content-ID on two parts", rule="content-id-twice")
            self._ids.add(head.content_id)
        self._sink = self._begin(head)
        self._follow(end + len(_HEAD_END), _At.BODY)
        return True

    def _take_body(self) -> bool:
        if self._sink is None:
            raise ValueError("a part without a sink")
        end = self._held.find(self._delimiter)
        if end < 0:
            sure = len(self._held) - len(self._delimiter) + 1
            if sure > 0:
                self._sink.write(bytes(self._held[:sure]))
                del self._held[:sure]
            return False
        self._sink.write(bytes(self._held[:end]))
        self._follow(end + len(self._delimiter), _At.BOUNDARY)
        return True

    def _follow(self, taken: int, at: _At) -> None:
        del self._held[:taken]
        self._at = at


def _read_head(data: bytes) -> PartHead:
    fields: dict[str, str] = {}
    for line in data.split(_LINE_END):
        found = _FIELD.fullmatch(line.decode("latin-1"))
        if found is None or found[1].lower() in fields:
            raise MimeInvalidError("a field of a part", rule="head")
        fields[found[1].lower()] = found[2].strip()
    if fields.get("content-transfer-encoding", "").lower() not in _IDENTITY:
        raise MimeInvalidError("an encoded part", rule="transfer-encoding")
    named = fields.get("content-id")
    return PartHead(None if named is None else content_id(named), fields.get("content-type", ""))
