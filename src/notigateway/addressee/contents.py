"""The bytes of documents, read when the transaction that allowed it has ended.

A store may be slow or hang; a transaction that waited for it would be ended by the database, and what it
had read would be lost with it. What may leave is decided before, of what is committed; what must be attested
of it is committed after, and only then the answer leaves.

What travels beside an answer is not held: it is proven whole here, and read again when it is signed and sent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from notigateway import errors
from notigateway.contract.attached import Attached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from uuid import UUID

    from notigateway.addressee.retrieved import Retrieved
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.model import Document

    Content = bytes | Attached
    # Returns the Content-ID of the part of a document, by its identifier.
    Naming = Callable[[UUID], str]

# What is read at once of what is not held; a multiple of three, of which base64 makes whole groups.
PIECE_BYTES: Final = 3 * 256 * 1024
# A smaller document beside an answer is read once and held, as far as an answer without parts would hold it.
_HELD_BYTES: Final = PIECE_BYTES


@dataclass(frozen=True)
class DocumentRange:
    """Which bytes of a document may leave; for the first content to leave, see `hand_over`."""

    document: Document
    offset: int
    length: int
    is_first_handover: bool
    # The code of the notification where it is read for information only.
    for_information: int | None = None


@dataclass(frozen=True)
class InlineLimits:
    """How many bytes of documents travel inside one answer, and how many beside one."""

    document_max_bytes: int
    response_max_bytes: int
    attached_max_bytes: int


def read_contents(
    results: Sequence[Retrieved],
    *,
    store: DocumentStore,
    inline: InlineLimits,
    beside: Naming | None = None,
) -> list[Retrieved]:
    """Return each item with its documents, as far as the answer has room; a failure stays its own.

    They travel inline, or beside the answer where `beside` names the part of a document.
    """
    room = _Room(inline.response_max_bytes, inline.attached_max_bytes)
    read = partial(_inline, store, inline) if beside is None else partial(_attached, store, beside)
    answers = []
    with store.visit():
        for result in results:
            answer, room = _with_contents(result, room, read)
            answers.append(answer)
    return answers


@dataclass(frozen=True, slots=True)
class _Room:
    """How many bytes the answer has room for: held in memory, and beside it in all."""

    held: int
    attached: int

    def less(self, held: int, attached: int = 0) -> _Room:
        """Return what is left."""
        return _Room(self.held - held, self.attached - attached)


def _with_contents(
    result: Retrieved, room: _Room, read: Callable[[Document, _Room], tuple[Content | None, _Room]]
) -> tuple[Retrieved, _Room]:
    documents, left = [], room
    try:
        for document, _ in result.documents:
            content, left = read(document, left)
            documents.append((document, content))
    except errors.ServiceError as failure:
        return replace(result, documents=(), problem=type(failure)), room
    return replace(result, documents=documents), left


def _inline(
    store: DocumentStore, limits: InlineLimits, document: Document, room: _Room
) -> tuple[bytes | None, _Room]:
    if document.size > min(limits.document_max_bytes, room.held):
        return None, room
    content = store.get(document.sha256)
    return content, room.less(len(content))


def _attached(
    store: DocumentStore, beside: Naming, document: Document, room: _Room
) -> tuple[Attached | None, _Room]:
    if document.size > room.attached:
        return None, room
    attached = partial(Attached, beside(document.id), document.size, document.sha256)
    if document.size <= min(_HELD_BYTES, room.held):
        content = store.get(document.sha256)
        return attached(lambda: (content,)), room.less(len(content), len(content))
    store.check_whole(document.sha256)
    return attached(partial(_pieces, store, document.sha256, document.size)), room.less(0, document.size)


def _pieces(store: DocumentStore, sha256: str, size: int) -> Iterator[bytes]:
    """Read a document piece by piece.

    Raises: `DocumentDamagedError`, `TemporarilyUnavailableError`, as far as it has come.
    """
    for offset in range(0, size, PIECE_BYTES):
        yield store.get_range(sha256, offset=offset, length=min(PIECE_BYTES, size - offset))
