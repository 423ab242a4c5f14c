"""The documents that travel beside an answer: what is signed of them, and how they are sent.

They are read twice, once for the digest and once to be sent, and never held. So what is sent may be
something else than what was signed, where the store changes in between. Each is hashed while it is sent, and
where it is not what it should be the answer is cut off before its end: nobody can take it for whole.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from itertools import chain
from secrets import token_hex
from typing import TYPE_CHECKING, Final

import structlog

from notigateway.contract.attached import Attached, split
from notigateway.errors import DocumentDamagedError, GatewayError
from notigateway.http.streamed import CutOffError, Streamed
from notigateway.logger import Logger
from notigateway.soap.packaging import Packaging
from notigateway.time_left import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from uuid import UUID

    from notigateway.wss.version import SoapVersion

_log = Logger("notigateway.soap")

_DOMAIN: Final = "documents.notigateway"
_ROOT_ID: Final = "envelope@documents.notigateway"
# A text of that many bytes is put into its answer at the end, not copied with whatever is written around it.
_LONG_BYTES: Final = 16 * 1024
_GROUP: Final = 3  # base64 makes four letters of three bytes
# What is made text at once: as much as stays in a processor's cache until it is hashed, a quarter faster.
_TEXT_OF_BYTES: Final = _GROUP * 64 * 1024


class Parcel:
    """What travels beside one answer, or is put into it at the end; empty where nothing does."""

    def __init__(self, packaging: Packaging) -> None:
        self._packaging = packaging
        self._parts: dict[str, Attached] = {}

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def naming(self) -> Callable[[UUID], str] | None:
        """Return what names the part of a document, by its identifier; None where all goes inline.

        An attachment is found by the document's identifier. Of MTOM one document may have two parts.
        """
        if self._packaging is Packaging.INLINE:
            return None
        mark = "" if self._packaging is Packaging.BESIDE else f".{token_hex(8)}"
        return lambda document_id: f"{document_id}{mark}@{_DOMAIN}"

    def put(self, content: bytes | Attached | None) -> bytes | Attached | None:
        """Return what stands in the answer of a content: nothing where it is an attachment."""
        if isinstance(content, bytes) and len(content) >= _LONG_BYTES:
            content = _long_text(content, len(self._parts))
        if not isinstance(content, Attached):
            return content
        self._parts[content.content_id] = content
        return None if self._packaging is Packaging.BESIDE else content

    @property
    def size(self) -> int:
        """How many bytes of documents travel."""
        return sum(part.size for part in self._parts.values())

    # --- what is signed

    @property
    def attachments(self) -> Iterator[tuple[str, bytes]]:
        """Yield the Content-ID and the SHA-256 of what is signed by itself."""
        if self._packaging is Packaging.BESIDE:
            for part in self._parts.values():
                yield part.content_id, bytes.fromhex(part.sha256)

    def inlined(self, body: bytes) -> Iterator[bytes]:
        """Yield the Body as it is signed: with the base64 text of each part in its place.

        Raises: `DocumentDamagedError`, `TemporarilyUnavailableError`.
        """
        for number, piece in enumerate(split(body)):
            if not number % 2:
                yield piece
            elif self._packaging is Packaging.INLINE:
                yield from self._parts[piece.decode("ascii")].pieces()
            else:
                yield from _as_base64(self._parts[piece.decode("ascii")].pieces())

    # --- what is sent

    def unpacked(self, envelope: bytes) -> tuple[Sequence[bytes], Parcel | None]:
        """Return an envelope as it is sent, in pieces, and what is sent beside it, if not all is within."""
        if self._packaging is not Packaging.INLINE:
            return [envelope], self if self._parts else None
        return list(self.inlined(envelope)) if self._parts else [envelope], None

    def content_type(self, soap: SoapVersion, boundary: str) -> str:
        """Return the media type of an answer in parts (RFC 2387; XOP 1.0 §4)."""
        is_mtom = self._packaging is Packaging.XOP
        kind = "application/xop+xml" if is_mtom else soap.media_type
        info = f' start-info="{soap.media_type}";' if is_mtom else ""
        return f'multipart/related; type="{kind}"; start="<{_ROOT_ID}>";{info} boundary="{boundary}"'

    def body(
        self,
        envelope: bytes,
        soap: SoapVersion,
        boundary: str,
        *,
        seconds: float,
        correlation_id: UUID,
    ) -> Streamed:
        """Return the body of an answer: envelope and parts; `seconds` is how long a piece may take."""
        is_mtom = self._packaging is Packaging.XOP
        root_type = f'application/xop+xml; charset=UTF-8; type="{soap.media_type}"'
        head = _head(boundary, _ROOT_ID, root_type if is_mtom else f"{soap.media_type}; charset=utf-8")
        parts = [
            (_head(boundary, name, "application/octet-stream", is_first=False), part)
            for name, part in self._parts.items()
        ]
        end = f"\r\n--{boundary}--\r\n".encode()
        length = len(head) + len(envelope) + len(end) + sum(len(start) + one.size for start, one in parts)
        pieces = chain((head, envelope), *(_sent(*one) for one in parts), (end,))
        return Streamed(length, _told(pieces, seconds, correlation_id))


def new_boundary() -> str:
    """Return a boundary that nobody can have written into a document beforehand."""
    return f"part-{token_hex(16)}"


def _long_text(content: bytes, number: int) -> Attached:
    """Return a content that travels as text within its answer; that is made once and put in at the end."""
    texts = tuple(_as_base64((content,)))
    return Attached(f"{number}.{token_hex(8)}", len(content), "", lambda: texts)


def _head(boundary: str, name: str, media_type: str, *, is_first: bool = True) -> bytes:
    return (
        f"{'' if is_first else chr(13) + chr(10)}--{boundary}\r\nContent-Type: {media_type}\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{name}>\r\n\r\n"
    ).encode()


def _sent(start: bytes, part: Attached) -> Iterator[bytes]:
    """Yield the head of a part and its bytes.

    Raises: `DocumentDamagedError` where it is not that document; what reading it raises.
    """
    yield start
    digest, size = hashlib.sha256(), 0
    for piece in part.pieces():
        digest.update(piece)
        size += len(piece)
        if size == part.size and digest.hexdigest() != part.sha256:
            break  # the last piece is kept back: without it nobody has the document
        yield piece
    if size != part.size or digest.hexdigest() != part.sha256:
        raise DocumentDamagedError(f"document {part.sha256} differs from its hash while it is sent")


def _told(pieces: Iterable[bytes], seconds: float, correlation_id: UUID) -> Iterator[bytes]:
    """Yield the pieces, none of which waits for the store longer than a request may.

    Each is made in whatever thread is free, when nothing is known there any more of the request.

    Raises: `CutOffError` where one cannot be had; it is told here.
    """
    following = iter(pieces)
    about = {"correlation_id": str(correlation_id)}
    while True:
        try:
            with structlog.contextvars.bound_contextvars(**about), bounded(seconds):
                piece = next(following, None)
        except GatewayError as error:
            _log.error("answer_cut_off", **error.line, **about)
            raise CutOffError from error
        if piece is None:
            return
        yield piece


def _as_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the text of bytes, in whatever pieces they come."""
    rest = b""
    for piece in pieces:
        given = memoryview(rest + piece if rest else piece)
        end = len(given) - len(given) % _GROUP
        for start in range(0, end, _TEXT_OF_BYTES):
            yield b2a_base64(given[start : min(start + _TEXT_OF_BYTES, end)], newline=False)
        rest = bytes(given[end:])
    if rest:
        yield b2a_base64(rest, newline=False)
