"""One HTTP request as its bytes arrive: where it ends, whether it is one, and nothing else of it.

h11 reads it. Ahead of that this refuses what h11 forgives and a proxy may read otherwise: two readers that
see the end of a message at different places are how a second request is smuggled inside a first one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import h11

from notigateway.http.chunks import ChunkLines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEAD_MAX_BYTES: Final = 256 * 1024
_END_OF_HEAD: Final = b"\r\n\r\n"
# A line that does not end in CRLF, one that continues another (RFC 9112 §5.2), a control character.
_AMBIGUOUS: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[ \t]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BARE_LINE_END: Final = re.compile(rb"(?<!\r)\n")
_LENGTH: Final = b"content-length"
# Chunks beside those of this size: whoever sends single bytes makes the reader work for each of them.
_SMALL_CHUNKS: Final = 1024
_CHUNK_BYTES: Final = 256
# The line ahead of a chunk, which is a number.
_CHUNK_LINE_BYTES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a request is read; 0 is no bound of a line or a field, as gunicorn's settings have it.

    `body_bytes_at` tells how much of a body is, by the path as it was sent, where it is not the same at all.
    """

    line_bytes: int
    fields: int
    field_bytes: int
    body_bytes: int
    body_bytes_at: Callable[[str], int] | None = None


class RefusedRequestError(Exception):
    """What arrived is no request that is read here; the status says why, and the connection ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Incoming:
    """One request: bytes are added until it is complete."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._body_bytes = bounds.body_bytes
        self._head = bytearray()
        self._searched = 0
        self._parser = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_MAX_BYTES)
        self._is_chunked = False
        self._lines = ChunkLines()
        self._head_bytes = 0
        self._unread_bytes = 0  # held by the parser: part of a chunk's line, or of the next request
        self._chunks = 0
        self._tail = b""
        self.request: h11.Request | None = None
        self.body = bytearray()
        # Complete: all of it is here, or as much as is ever looked at.
        self.is_complete = False
        self.is_cut_off = False

    def __len__(self) -> int:
        return len(self._head) + self._head_bytes + len(self.body) + self._unread_bytes

    def add(self, data: bytes) -> None:
        """Take what arrived. Raises: `RefusedRequestError`."""
        if self.request is None:
            self._head += data
            data = self._take_head()
        if data and not self.is_complete:
            self._read(data)

    @property
    def asks_to_continue(self) -> bool:
        """Tell whether the caller sends the body only when it is told to (RFC 9110 §10.1.1)."""
        return not self.is_complete and bool(self._parser.they_are_waiting_for_100_continue)

    def agree_to_continue(self) -> bytes:
        """Return the bytes that tell so."""
        agreed = h11.InformationalResponse(status_code=100, reason=b"Continue", headers=[])
        return self._parser.send(agreed) or b""

    def respond(
        self,
        status: tuple[int, str],
        headers: list[tuple[str, str]],
        body: Sequence[bytes],
        *,
        goes_on: bool = False,
    ) -> bytes:
        """Return the answer as bytes, its body from pieces; without it where method or status have none.

        Where it `goes_on`, `follow` returns what is left of it.

        Raises: `h11.LocalProtocolError` for headers that are none.
        """
        code, reason = status
        head = h11.Response(status_code=code, reason=reason.encode("latin-1"), headers=headers)
        parts = [self._parser.send(head)]
        is_bare = code in {204, 304} or (self.request is not None and self.request.method == b"HEAD")
        for piece in () if is_bare else filter(None, body):
            parts += self._parser.send_with_data_passthrough(h11.Data(data=piece)) or []
        if not goes_on:
            parts.append(self._parser.send(h11.EndOfMessage()))
        return b"".join(part for part in parts if part)

    def follow(self, piece: bytes | None) -> bytes:
        """Return what is sent of a piece of the body; of None, behind the last one, nothing.

        Raises: `h11.LocalProtocolError` where it is not as long as the headers say.
        """
        event = h11.EndOfMessage() if piece is None else h11.Data(data=piece)
        parts = self._parser.send_with_data_passthrough(event) or []
        return parts[0] if len(parts) == 1 else b"".join(parts)  # one that is not copied, where it can be

    def next_bytes(self) -> bytes | None:
        """Return what arrived of the next request; None where the connection ends with this one."""
        if self.is_cut_off or self._parser.our_state is not h11.DONE:
            return None
        return bytes(self._parser.trailing_data[0])

    def _take_head(self) -> bytes:
        """Return what has arrived once the head is there, and is one."""
        while self._head.startswith(b"\r\n"):  # RFC 9112 §2.2: an empty line ahead of a request is ignored
            del self._head[:2]
        end = self._head.find(_END_OF_HEAD, max(0, self._searched - len(_END_OF_HEAD)))
        if end < 0:
            if _BARE_LINE_END.search(self._head, self._searched):
                raise RefusedRequestError(400)
            self._searched = max(0, len(self._head) - 1)
            if len(self._head) > HEAD_MAX_BYTES:
                raise RefusedRequestError(431)
            return b""
        self._check_lines(bytes(self._head[:end]))
        self._head_bytes = 2 * end  # the parser keeps names and values twice
        data = bytes(self._head)
        self._head.clear()
        return data

    def _check_lines(self, head: bytes) -> None:
        """Refuse lines that are too long or too many, and those that not everybody reads alike."""
        line, *fields = head.split(b"\r\n")
        if len(line) > (self._bounds.line_bytes or HEAD_MAX_BYTES):
            raise RefusedRequestError(414)
        if len(fields) > self._bounds.fields or any(
            len(field) > (self._bounds.field_bytes or HEAD_MAX_BYTES) for field in fields
        ):
            raise RefusedRequestError(431)
        lengths = [field for field in fields if field[: len(_LENGTH)].lower() == _LENGTH]
        if _AMBIGUOUS.search(head) or len(lengths) > 1 or any(b"," in length for length in lengths):
            raise RefusedRequestError(400)

    def _check_framing(self, request: h11.Request) -> None:
        """Refuse a request whose end could be read in two ways (RFC 9112 §6.1, §6.3)."""
        if request.http_version not in {b"1.0", b"1.1"}:
            raise RefusedRequestError(505)
        names = {name for name, _ in request.headers}
        self._is_chunked = b"transfer-encoding" in names
        if self._is_chunked and (_LENGTH in names or request.http_version == b"1.0"):
            raise RefusedRequestError(400)
        expected = [value.lower() for name, value in request.headers if name == b"expect"]
        if any(value != b"100-continue" for value in expected):
            raise RefusedRequestError(417)

    def _read(self, data: bytes) -> None:
        if self._is_chunked and not self._lines.are_plain(data):
            raise RefusedRequestError(400)
        try:
            self._parser.receive_data(data)
            while not self.is_complete:
                event = self._parser.next_event()
                if isinstance(event, h11.Request):
                    self._begin(event)
                    behind = data.partition(_END_OF_HEAD)[2]
                    if self._is_chunked and not self._lines.are_plain(behind):
                        raise RefusedRequestError(400)
                elif isinstance(event, h11.Data):
                    self._take(event)
                elif isinstance(event, h11.EndOfMessage):
                    self._end(event, data)
                else:
                    break
        except h11.RemoteProtocolError as error:
            raise RefusedRequestError(error.error_status_hint) from error
        unread = bytes(self._parser.trailing_data[0])
        self._unread_bytes = len(unread)
        if self._is_chunked and not self.is_complete and len(unread) > _CHUNK_LINE_BYTES:
            raise RefusedRequestError(400)
        self._tail = (self._tail + data[-len(_END_OF_HEAD) :])[-len(_END_OF_HEAD) :]

    def _begin(self, request: h11.Request) -> None:
        """Take the head; a body that nobody will look at is not waited for."""
        if request.method == b"CONNECT":  # nothing is tunnelled: RFC 9110 §9.3.6
            raise RefusedRequestError(501)
        self._check_framing(request)
        self.request = request
        if self._bounds.body_bytes_at is not None:
            path, _, _ = request.target.decode("latin-1").partition("?")
            self._body_bytes = self._bounds.body_bytes_at(path)
        announced = next((int(value) for name, value in request.headers if name == _LENGTH), 0)
        if announced > self._body_bytes:
            self.is_complete = self.is_cut_off = True

    def _take(self, event: h11.Data) -> None:
        self.body += event.data
        self._chunks += event.chunk_end
        if self._chunks > _SMALL_CHUNKS + len(self.body) // _CHUNK_BYTES:
            raise RefusedRequestError(400)
        if len(self.body) > self._body_bytes:
            self.is_complete = self.is_cut_off = True

    def _end(self, event: h11.EndOfMessage, data: bytes) -> None:
        """End the request; of what follows the last chunk only an empty line is understood by all alike."""
        self.is_complete = True
        if self._is_chunked:
            read = (self._tail + data).removesuffix(bytes(self._parser.trailing_data[0]))
            if event.headers or not read.endswith(_END_OF_HEAD):
                raise RefusedRequestError(400)
