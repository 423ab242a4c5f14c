"""An answer in parts (MTOM) as the client takes it: each part hashed while it is written to the disk.

Nothing in a part is believed before the envelope is verified, and that proves the base64 text in the place of
each part: the parts are read for it once more, and never held. Small ones stay in memory.
"""

from __future__ import annotations

import base64
import hashlib
import re
from binascii import b2a_base64
from dataclasses import dataclass, field, replace
from secrets import token_bytes
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Final
from weakref import finalize

from notigateway.client.errors import UnexpectedResponseError
from notigateway.contract.attached import Attached
from notigateway.errors import MimeInvalidError
from notigateway.mime.media_type import RELATED, read_related
from notigateway.mime.parts import PartHead, PartReader
from notigateway.wss.xop import check_root, check_same, pointed_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

    from notigateway.client.values import RetrievedNotification
    from notigateway.contract.v1 import Document
    from notigateway.mime.media_type import Related

ACCEPT: Final = 'multipart/related; type="application/xop+xml", text/xml'
ANSWER_MAX_BYTES: Final = 512 * 1024 * 1024
_HELD_BYTES: Final = 256 * 1024
# What is read at once: of a multiple of three bytes base64 makes whole groups.
_PIECE_BYTES: Final = 3 * 64 * 1024
_MARK_BYTES: Final = 24


class Part:
    """The bytes of one part, in a file without a name that goes with it."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_HELD_BYTES)  # noqa: SIM115  (it lives as long as the part)
        finalize(self, self._file.close)
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        """Take what follows."""
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was written, in hexadecimal."""
        return self._digest.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes; one reader at a time."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE_BYTES):
            yield piece


@dataclass(slots=True)
class Received:
    """An answer as it came: the envelope, and its parts by their Content-ID; none of it is proven."""

    envelope: bytes
    parts: dict[str, Part] = field(default_factory=dict)
    # The part of each text that stands in the envelope for one.
    marked: dict[bytes, Part] = field(default_factory=dict)

    def mark(self, root: _Element) -> None:
        """Put a text of our own, which nobody knew before, in the place of each part.

        Raises: `MimeInvalidError`.
        """
        pointing = pointed_at(root)
        check_same(pointing, self.parts)
        for content_id, element in pointing.items():
            mark = token_bytes(_MARK_BYTES)
            self.marked[mark] = self.parts[content_id]
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
                parent.text = base64.b64encode(mark).decode("ascii")

    def inlined(self, octets: bytes) -> Iterator[bytes]:
        """Yield what was signed: octets with the text of each part in the place of its mark."""
        texts = {base64.b64encode(mark): part for mark, part in self.marked.items()}
        if not texts:
            yield octets
            return
        for piece in re.split(b"(" + b"|".join(map(re.escape, texts)) + b")", octets):
            if piece in texts:
                yield from (b2a_base64(one, newline=False) for one in texts[piece].pieces())
            else:
                yield piece

    def with_parts(self, item: RetrievedNotification) -> RetrievedNotification:
        """Return an item whose documents have what came in parts."""
        if not self.marked:
            return item
        return replace(item, documents=tuple(map(self._with_part, item.documents)))

    def _with_part(self, document: Document) -> Document:
        inline = document.inline
        part = self.marked.get(inline) if isinstance(inline, bytes) else None
        if part is None:
            return document
        return replace(document, inline=Attached("", part.size, part.sha256, part.pieces))


def is_in_parts(content_type: str) -> bool:
    """Tell whether an answer says that it came in parts, readably or not."""
    return content_type.partition(";")[0].strip().lower() == RELATED


def receive(content_type: str, pieces: Iterable[bytes], *, envelope_max_bytes: int) -> Received:
    """Take an answer in parts as it arrives. Raises: `UnexpectedResponseError`."""
    try:
        return _receive(read_related(content_type), pieces, envelope_max_bytes)
    except MimeInvalidError as error:
        raise UnexpectedResponseError(f"the parts of the answer are none of MTOM: {error}") from error


def _receive(related: Related, pieces: Iterable[bytes], envelope_max_bytes: int) -> Received:
    found: list[tuple[PartHead, Part]] = []

    def begin(head: PartHead) -> Part:
        found.append((head, Part()))
        return found[-1][1]

    reader = PartReader(related.boundary, begin)
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > ANSWER_MAX_BYTES:
            raise UnexpectedResponseError(f"the answer is larger than {ANSWER_MAX_BYTES} bytes")
        reader.add(piece)
    reader.end()
    root = next((one for one in found if related.start in {None, one[0].content_id}), None)
    if root is None:
        raise MimeInvalidError("no part is the root", rule="start")
    check_root(root[0], related)
    if root[1].size > envelope_max_bytes:
        raise UnexpectedResponseError(f"the envelope is larger than {envelope_max_bytes} bytes")
    parts = {str(head.content_id): part for head, part in found if part is not root[1]}
    return Received(b"".join(root[1].pieces()), parts)
