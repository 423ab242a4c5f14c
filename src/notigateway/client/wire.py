"""The contract's messages as bytes and values: pure, no I/O, no signature.

Requests are written as exclusive canonical XML, ready to be signed byte for byte. Answers are read
from the verified element only, by element name: what a later minor version appends is passed over.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.client.errors import GatewayFaultError, UnexpectedResponseError, UnsendableTextError
from notigateway.client.part import Part, qualified
from notigateway.client.values import (
    Decision,
    DecisionOutcome,
    Document,
    DocumentRange,
    Filter,
    IssuingBody,
    Notification,
    NotificationReceipts,
    Page,
    Party,
    Pong,
    Problem,
    Receipt,
    RetrievedNotification,
)
from notigateway.instants import instant_text
from notigateway.wss.envelope import canonical
from notigateway.wss.ns import NOTIGATEWAY_V1, soap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# --- requests -------------------------------------------------------------------------------------


def message(operation: str, parts: Iterable[tuple[str, str]] = ()) -> bytes:
    """Return an operation element with its simple children as exclusive canonical bytes.

    Raises: `UnsendableTextError`.
    """
    return canonical(_element(operation, parts))


def list_message(where: Filter, *, cursor: str | None, page_size: int) -> bytes:
    """Return a ListNotifications message; a filter that restricts nothing is left out."""
    root = _element("ListNotifications", ())
    chosen = list(_filter_parts(where))
    if chosen:
        root.append(_element("filter", chosen))
    rest = [("cursor", cursor)] if cursor is not None else []
    for part in [*rest, ("pageSize", str(page_size))]:
        _append(root, part)
    return canonical(root)


def _filter_parts(where: Filter) -> Iterable[tuple[str, str]]:
    yield from (("state", state) for state in where.states)
    words = {
        "kind": where.kind,
        "role": where.role,
        "addresseeId": where.addressee_id,
        "issuerId": where.issuer_id,
        "availableFrom": where.available_from,
        "availableTo": where.available_to,
        "deadlineBefore": where.deadline_before,
    }
    for name, value in words.items():
        if value is not None:
            yield name, instant_text(value) if isinstance(value, datetime) else value


def _element(name: str, parts: Iterable[tuple[str, str]]) -> etree._Element:
    element = etree.Element(qualified(name), nsmap={None: NOTIGATEWAY_V1})
    for part in parts:
        _append(element, part)
    return element


def _append(parent: etree._Element, part: tuple[str, str]) -> None:
    name, text = part
    try:
        etree.SubElement(parent, qualified(name)).text = text
    except ValueError as error:
        raise UnsendableTextError(f"{name} holds a character that XML cannot carry") from error


# --- the verified answer --------------------------------------------------------------------------


def read_answer(operation: str, element: etree._Element) -> Part:
    """Return the answer to an operation, or raise the fault that was answered instead.

    Raises: `GatewayFaultError`; `UnexpectedResponseError` for the answer to something else.
    """
    if element.tag == soap("Fault"):
        raise read_fault(element)
    if element.tag != qualified(f"{operation}Response"):
        raise UnexpectedResponseError(f"the answer is not one to {operation}")
    return Part(element)


def read_fault(element: etree._Element) -> GatewayFaultError:
    """Return a SOAP 1.1 fault with its detail, or with its bare texts where it has no detail of ours."""
    detail = element.find(f"detail/{qualified('GatewayFault')}")
    if detail is None:
        text = element.findtext("faultstring") or ""
        code = (element.findtext("faultcode") or "").strip().rpartition(":")[2]
        return GatewayFaultError(code or "FAULT", text_es=text, text_en=text, retryable=False)
    part = Part(detail)
    return GatewayFaultError(
        part.text("code"),
        text_es=part.text("textEs"),
        text_en=part.text("textEn"),
        retryable=part.flag("retryable"),
        correlation_id=part.text("correlationId"),
        documentation=part.text("documentation"),
        facts={fact.get("name", ""): fact.text or "" for fact in detail.iterfind(qualified("fact"))},
    )


# --- the values of the contract -------------------------------------------------------------------


def page(answer: Part) -> Page:
    """Read a ListNotificationsResponse."""
    return Page(
        as_of=answer.instant("asOf"),
        has_more=answer.flag("hasMore"),
        next_cursor=answer.text("nextCursor") if answer.has("nextCursor") else None,
        notifications=tuple(map(notification, answer.parts("notification"))),
    )


def notification(part: Part) -> Notification:
    """Read a Notification."""
    body = part.part("issuingBody")
    return Notification(
        code=part.number("code"),
        id=part.uuid("id"),
        kind=part.text("kind"),
        subject=part.text("subject"),
        issuing_body=IssuingBody(body.text("issuerId"), body.text("acronym"), body.text("name")),
        procedure=part.text("procedure"),
        matter=part.text("matter"),
        addressee=party(part.part("addressee")),
        role=part.text("role"),
        state=part.text("state"),
        available_at=part.instant("availableAt"),
        deadline=part.instant("deadline") if part.has("deadline") else None,
        time_left=part.duration("timeLeft") if part.has("timeLeft") else None,
        special_category=part.flag("specialCategory"),
        document_count=part.number("documentCount"),
        document_sizes=part.numbers("documentSize"),
    )


def party(part: Part) -> Party:
    """Read a Party."""
    return Party(part.text("identifier"), part.text("name"))


def retrieved(part: Part) -> RetrievedNotification:
    """Read an item of RetrieveNotificationsResponse.

    Raises: `UnexpectedResponseError` also when the item holds another notification than it says.
    """
    wanted = part.uuid("id")
    found = notification(part.part("notification")) if part.has("notification") else None
    if found is not None and found.id.lower() != wanted.lower():
        raise UnexpectedResponseError("an item holds another notification than the one asked for")
    return RetrievedNotification(
        id=wanted,
        notification=found,
        documents=tuple(map(document, part.parts("document"))),
        problem=problem(part),
    )


def document(part: Part) -> Document:
    """Read a Document; its hash is checked when its content is asked for."""
    return Document(
        document_id=part.uuid("documentId"),
        name=part.text("name"),
        media_type=part.text("mediaType"),
        size=part.number("size"),
        sha256=part.text("sha256"),
        inline=part.binary("content") if part.has("content") else None,
    )


def document_range(answer: Part) -> DocumentRange:
    """Read a RetrieveDocumentResponse."""
    return DocumentRange(
        size=answer.number("size"),
        sha256=answer.text("sha256"),
        offset=answer.number("offset"),
        content=answer.binary("content"),
    )


def receipt(part: Part) -> Receipt:
    """Read a Receipt; its hash is checked when its bytes are asked for."""
    return Receipt(
        receipt_id=part.uuid("receiptId"),
        state=part.text("state"),
        event_time=part.instant("eventTime"),
        sha256=part.text("sha256"),
        sealed=part.binary("xml"),
        file=part.binary("file") if part.has("file") else None,
    )


def receipts(part: Part) -> NotificationReceipts:
    """Read an item of RetrieveReceiptsResponse."""
    found = tuple(map(receipt, part.parts("receipt")))
    return NotificationReceipts(id=part.uuid("id"), receipts=found, problem=problem(part))


def outcome(part: Part) -> DecisionOutcome:
    """Read an item of AcceptNotificationsResponse or RejectNotificationsResponse."""
    decision = part.optional("decision")
    sealed = part.optional("receipt")
    return DecisionOutcome(
        id=part.uuid("id"),
        outcome=part.text("outcome"),
        decision=_decision(decision) if decision else None,
        receipt=receipt(sealed) if sealed else None,
        problem=problem(part),
    )


def _decision(part: Part) -> Decision:
    return Decision(
        state=part.text("state"),
        at=part.instant("at"),
        channel=part.text("channel"),
        party=_optional_party(part.optional("party")),
        signer=_optional_party(part.optional("signer")),
    )


def _optional_party(part: Part | None) -> Party | None:
    return None if part is None else party(part)


def problem(part: Part) -> Problem | None:
    """Read the problem of an item, if it has one."""
    found = part.optional("problem")
    if found is None:
        return None
    return Problem(
        code=found.text("code"),
        text_es=found.text("textEs"),
        text_en=found.text("textEn"),
        retryable=found.flag("retryable"),
    )


def pong(answer: Part) -> Pong:
    """Read a PingResponse."""
    return Pong(
        party=party(answer.part("party")),
        signer=party(answer.part("signer")),
        known=answer.flag("known"),
        certificate_issuer=answer.text("certificateIssuer"),
        certificate_serial=answer.text("certificateSerial"),
        certificate_sha256=answer.text("certificateSha256"),
        server_time=answer.instant("serverTime"),
        software_version=answer.text("softwareVersion"),
        contract_version=answer.text("contractVersion"),
    )


def items_of(answer: Part, asked: Sequence[str]) -> list[Part]:
    """Return the items of an answer, proven to be those asked for, in that order.

    This binds an answer to its request: a signed answer to somebody's other question is refused.

    Raises: `UnexpectedResponseError`.
    """
    items = answer.parts("item")
    if [item.uuid("id").lower() for item in items] != [wanted.lower() for wanted in asked]:
        raise UnexpectedResponseError("the answer is about other notifications than the request")
    return items
