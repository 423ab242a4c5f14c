"""Documents: whole, as announced, inline or beside the answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway.client.errors import GatewayFaultError
from notigateway.conformance.expecting import answered, expect, same
from notigateway.conformance.kit import check
from notigateway.conformance.raw import soap_headers
from notigateway.conformance.verdict import FailedError, SkippedError

if TYPE_CHECKING:
    from notigateway.conformance.raw import Reply
    from notigateway.conformance.target import Target
    from notigateway.contract.v1 import Document

_SOURCE: Final = "docs/integration.md, Documents beside an answer"
_MTOM: Final = 'multipart/related; type="application/xop+xml"'


@check(
    "DOC-01",
    "a document that comes inline is the one of its hash and its size",
    "wsdl/notigateway-v1.xsd, Document",
)
def _inline(target: Target) -> None:
    for one in _documents(target):
        content = one.content()
        if content is not None:
            same(hashlib.sha256(content).hexdigest(), one.sha256, "the SHA-256 of a document")
            same(len(content), one.size, "the size of a document")


@check(
    "DOC-02",
    "a document is fetched piece by piece, and is the same",
    "docs/integration.md, Pulling everything",
)
def _pieces(target: Target) -> None:
    identifier, one = target.supply.accepted_id(), _documents(target)[0]
    size = max(1, one.size // 3)
    client = target.client()
    found = b"".join(
        client.retrieve_document(identifier, one.document_id, sha256=one.sha256, piece_bytes=size)
    )
    same(len(found), one.size, "the size of what was fetched")
    inline = one.content()
    expect(inline is None or inline == found, "pieces give other bytes than the whole")


@check("DOC-03", "a piece beyond the end is refused", "docs/errors.md, INVALID_RANGE")
def _beyond(target: Target) -> None:
    one = _documents(target)[0]
    content = (
        f'<RetrieveDocument xmlns="{target.dialect.namespace}"><id>{target.supply.accepted_id()}</id>'
        f"<documentId>{one.document_id}</documentId><offset>{one.size + 1}</offset></RetrieveDocument>"
    )
    same(target.ask("RetrieveDocument", content.encode()).told, "INVALID_RANGE", "the answer")


@check(
    "DOC-04", "a document that the notification does not have is refused", "docs/errors.md, DOCUMENT_UNKNOWN"
)
def _unknown(target: Target) -> None:
    try:
        b"".join(target.client().retrieve_document(target.supply.accepted_id(), str(uuid4())))
    except GatewayFaultError as fault:
        same(fault.code, "DOCUMENT_UNKNOWN", "the fault")
    else:
        raise FailedError("a document that is not there is delivered")


@check(
    "DOC-05",
    "documents come in parts (MTOM) for who asks, signed as the same envelope with their text",
    _SOURCE,
)
def _mtom(target: Target) -> None:
    inline = {one.document_id: one.content() for one in _documents(target)}
    identifier = target.supply.accepted_id()
    reply = _retrieved(target, identifier, _MTOM)
    expect(reply.received.parts, "an answer with documents that was asked for in parts has none")
    same(target.prove(reply).told, "RetrieveNotificationsResponse", "the answer in parts")
    (found,) = target.client(mtom=True).retrieve([identifier])
    for one in found.documents:
        content = one.content()
        expect(content is not None, "a document is neither in a part nor inline")
        expect(inline.get(one.document_id) in {None, content}, "a part has other bytes than the text")


@check("DOC-06", "who does not ask for parts gets none", _SOURCE)
def _no_parts(target: Target) -> None:
    reply = _retrieved(target, target.supply.accepted_id(), "text/xml")
    expect(not reply.received.parts, "an answer in parts that nobody asked for")
    answered(target, reply, "RetrieveNotifications")


@check(
    "DOC-07", "the receipts come with the documents for who asks", "docs/integration.md, Pulling everything"
)
def _with_receipts(target: Target) -> None:
    (found,) = target.client().retrieve([target.supply.accepted_id()], with_receipts=True)
    states = [one.state for one in found.receipts]
    expect("accepted" in states, f"the receipts with the documents are {states or 'none'}")


def _documents(target: Target) -> list[Document]:
    """Return the documents of an accepted notification. Raises: `SkippedError`."""
    (found,) = target.client().retrieve([target.supply.accepted_id()])
    if found.problem is not None:
        raise FailedError(f"what was accepted is not delivered: {found.problem.code}")
    if not found.documents:
        raise SkippedError("the accepted notification has no documents")
    return list(found.documents)


def _retrieved(target: Target, identifier: str, accept: str) -> Reply:
    operation = "RetrieveNotifications"
    content = f'<{operation} xmlns="{target.dialect.namespace}"><id>{identifier}</id></{operation}>'.encode()
    headers = {**soap_headers(target.dialect.action(operation)), "Accept": accept}
    return target.send(target.draft(operation, content=content), headers)
