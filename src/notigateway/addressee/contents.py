"""The bytes of documents, read when the transaction that allowed it has ended.

A store may be slow or hang; a transaction that waited for it would be ended by the database, and what it
had read would be lost with it. What may leave is decided before, of what is committed; what must be attested
of it is committed after, and only then the answer leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notigateway import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from notigateway.addressee.retrieved import Retrieved
    from notigateway.repository.documents import DocumentStore
    from notigateway.repository.model import Document


@dataclass(frozen=True)
class InlineLimits:
    """How many bytes of documents travel inside one answer."""

    document_max_bytes: int
    response_max_bytes: int


def read_contents(
    results: Sequence[Retrieved], *, store: DocumentStore, inline: InlineLimits
) -> list[Retrieved]:
    """Return each item with its documents, inline as far as the answer has room; a failure stays its own."""
    budget = inline.response_max_bytes
    answers = []
    with store.visit():
        for result in results:
            answer = _with_contents(result, store, inline.document_max_bytes, budget)
            budget -= sum(len(content) for _, content in answer.documents if content is not None)
            answers.append(answer)
    return answers


def _with_contents(result: Retrieved, store: DocumentStore, at_most: int, budget: int) -> Retrieved:
    try:
        documents = list(_read(result, store, at_most, budget))
    except errors.ServiceError as failure:
        return replace(result, documents=(), problem=type(failure))
    return replace(result, documents=documents)


def _read(
    result: Retrieved, store: DocumentStore, at_most: int, budget: int
) -> Iterator[tuple[Document, bytes | None]]:
    for document, _ in result.documents:
        is_inline = document.size <= min(at_most, budget)
        content = store.get(document.sha256) if is_inline else None
        budget -= len(content or b"")
        yield document, content
