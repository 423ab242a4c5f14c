"""The contract's messages as bytes and values: pure, no I/O, no signature.

What the contract describes is written and read by `contract`; here an answer is bound to its question,
and what cannot be sent or believed is told in the client's own errors.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.client.errors import GatewayFaultError, UnexpectedResponseError, UnsendableTextError
from notigateway.client.values import KINDS, Filter, History, RetrievedNotification, Summary
from notigateway.contract import reading, v1, v1_decisions, v1_following, v1_marks
from notigateway.contract.versions import LATEST
from notigateway.contract.writing import write
from notigateway.contract.xml import ContractError, Part, VersionedRequest, describe
from notigateway.wss.ns import NOTIGATEWAY_V1, names_in, soap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml.etree import _Element

P = TypeVar("P", bound=Part)
_qualified: Final = names_in(NOTIGATEWAY_V1)
Item = TypeVar(
    "Item",
    v1.RetrievedNotification,
    v1.NotificationReceipts,
    v1_decisions.DecisionOutcome,
    v1_marks.MarkedNotification,
)


def message(asked: VersionedRequest) -> bytes:
    """Return a request as exclusive canonical bytes, ready to be signed; it asks for the latest contract.

    A service that does not have it answers in its own latest, and what is missing there is read as absent.

    Raises: `UnsendableTextError`.
    """
    try:
        return write(replace(asked, contract_version=str(LATEST)))
    except ContractError as error:
        raise UnsendableTextError(str(error)) from error


def listing(
    where: Filter, *, cursor: str | None, page_size: int, with_marks: bool = False
) -> v1.ListNotifications:
    """Return what asks for a page of a list; a filter that restricts nothing is left out."""
    said = [getattr(where, one.field) for one in describe(Filter)]
    restricting = where if any(value or value is False for value in said) else None
    return v1.ListNotifications(
        filter=restricting, cursor=cursor, page_size=page_size, with_marks=with_marks or None
    )


def read(kind: type[P], element: _Element) -> P:
    """Return a verified element as a value of that kind. Raises: `UnexpectedResponseError`."""
    try:
        return reading.read(kind, element, kinds=KINDS)
    except ContractError as error:
        raise UnexpectedResponseError(str(error)) from error


def read_answer(operation: str, element: _Element) -> _Element:
    """Return the answer to an operation, or raise the fault that was answered instead.

    Raises: `GatewayFaultError`; `UnexpectedResponseError` for the answer to something else.
    """
    if element.tag == soap("Fault"):
        raise read_fault(element)
    if element.tag != _qualified(f"{operation}Response"):
        raise UnexpectedResponseError(f"the answer is not one to {operation}")
    return element


def read_fault(element: _Element) -> GatewayFaultError:
    """Return a SOAP 1.1 fault with its detail, or with its bare texts where it has no detail of ours."""
    detail = element.find(f"detail/{_qualified('GatewayFault')}")
    if detail is None:
        text = element.findtext("faultstring") or ""
        code = (element.findtext("faultcode") or "").strip().rpartition(":")[2]
        return GatewayFaultError(code or "FAULT", text_es=text, text_en=text, retryable=False)
    fault = read(v1.GatewayFault, detail)
    return GatewayFaultError(
        fault.code,
        text_es=fault.text_es,
        text_en=fault.text_en,
        retryable=fault.retryable,
        correlation_id=fault.correlation_id,
        documentation=fault.documentation,
        facts=dict(fault.facts),
    )


# --- an answer and its question -------------------------------------------------------------------


def items_of(kind: type[Item], answer: _Element, asked: Sequence[str]) -> Iterator[Item]:
    """Return the items of an answer, proven to be those asked for, in that order; each is read in its turn.

    This binds an answer to its request: a signed answer to somebody's other question is refused.

    Raises: `UnexpectedResponseError`.
    """
    items = answer.findall(_qualified("item"))
    found = [(item.findtext(_qualified("id")) or "").strip().lower() for item in items]
    if found != [wanted.lower() for wanted in asked]:
        raise UnexpectedResponseError("the answer is about other notifications than the request")
    return (read(kind, item) for item in items)


def retrieved(item: RetrievedNotification) -> RetrievedNotification:
    """Return an item of RetrieveNotifications.

    Raises: `UnexpectedResponseError` when it holds another notification than it says.
    """
    if item.notification is not None and item.notification.id.lower() != item.id.lower():
        raise UnexpectedResponseError("an item holds another notification than the one asked for")
    return item


def history(answer: _Element, asked: str) -> History:
    """Return a history. Raises: `UnexpectedResponseError` also when it is that of another notification."""
    found = read(History, answer)
    if found.notification.id.lower() != asked.lower():
        raise UnexpectedResponseError("the answer is about another notification than the request")
    return found


def summary(found: v1_following.GetSummaryResponse) -> Summary:
    """Return counts by state, by issuing body and by days left, and those of the addressees on this page."""
    waiting = found.by_days_left
    return Summary(
        as_of=found.as_of,
        total=found.total,
        by_state={one.state: one.count for one in found.by_state},
        by_issuing_body=found.by_issuing_body,
        by_days_left={one.days_left: one.count for one in waiting if one.days_left is not None},
        without_deadline=sum(one.count for one in waiting if one.days_left is None),
        by_addressee=found.by_addressee,
    )
