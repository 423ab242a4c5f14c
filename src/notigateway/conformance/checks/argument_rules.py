"""What an operation takes, and in which version it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway.conformance.expecting import answered, expect, fault_code_of, is_fault, same, valid
from notigateway.conformance.kit import check
from notigateway.wss.ns import NOTIGATEWAY_V1

if TYPE_CHECKING:
    from notigateway.conformance.target import Proven, Target

_SCHEMA: Final = "wsdl/notigateway-v1.xsd; docs/errors.md, INVALID_REQUEST"
_VERSIONS: Final = "docs/integration.md, Asking for more"
# Without an argument that must be there.
_TELLING: Final = (
    "GetSummary",
    "ListChanges",
    "ListRepresentations",
    "ListPowers",
    "ListMatters",
    "GetDeliveryChannel",
    "GetContacts",
    "ListUsers",
    "ListSubscriptions",
    "GetLogHead",
)
# Some are not for every caller, as of users for who is no entity: that is a fault of the contract's own.
_CLIENTS: Final = "soap:Client"
_TROUBLE: Final = {"OPERATION_UNKNOWN", "INVALID_REQUEST"}
_LIMITS: Final = "docs/integration.md, Pulling everything"


@check("OP-01", "an element that the schema does not have is refused", _SCHEMA)
def _unknown_element(target: Target) -> None:
    _refused(target, "ListNotifications", "<wanted>x</wanted>")


@check("OP-02", "a number that is none is refused", _SCHEMA)
def _no_number(target: Target) -> None:
    _refused(target, "ListNotifications", "<pageSize>many</pageSize>")


@check("OP-03", "an identifier that is none is refused", _SCHEMA)
def _no_identifier(target: Target) -> None:
    _refused(target, "GetHistory", "<id>17; drop table</id>")


@check("OP-04", "an operation without what it needs is refused", _SCHEMA)
def _missing(target: Target) -> None:
    _refused(target, "RetrieveNotifications", "")


@check("OP-05", "elements in another order than the schema's are refused", _SCHEMA)
def _order(target: Target) -> None:
    _refused(target, "ListNotifications", "<pageSize>1</pageSize><cursor>x</cursor>")


@check("OP-06", "a page of none, and one of more than 1,000, is refused", _LIMITS)
def _page_size(target: Target) -> None:
    _refused(target, "ListNotifications", "<pageSize>0</pageSize>")
    _refused(target, "ListNotifications", "<pageSize>1001</pageSize>")


@check("OP-07", "more identifiers than an operation takes are refused", _LIMITS)
def _too_many(target: Target) -> None:
    _refused(target, "RetrieveNotifications", "".join(f"<id>{uuid4()}</id>" for _ in range(101)))


@check("OP-08", "a request without a version is answered in contract 1.0", _VERSIONS)
def _version_1_0(target: Target) -> None:
    found = target.ask("Ping")
    same(found.told, "PingResponse", "the answer")
    later = _later(found)
    expect(not later, f"an answer of 1.0 has {', '.join(later)}, which came with 1.1")


@check("OP-09", "a request of 1.1 is answered in 1.1", _VERSIONS)
def _version_1_1(target: Target) -> None:
    found = target.ask("Ping", _content("Ping", "<contractVersion>1.1</contractVersion>"))
    valid(target, found)
    expect("latestContractVersion" in _later(found), "an answer of 1.1 does not tell the latest version")


@check("OP-10", "a request of a later version than there is is answered in the latest", _VERSIONS)
def _version_to_come(target: Target) -> None:
    found = target.ask("Ping", _content("Ping", "<contractVersion>1.99</contractVersion>"))
    same(found.told, "PingResponse", "the answer")


@check(
    "OP-11",
    "white space around a word is no part of it",
    "docs/security.md, Required, tolerated, refused: operation",
)
def _white_space(target: Target) -> None:
    found = target.ask("ListNotifications", _content("ListNotifications", "<pageSize> 1 </pageSize>"))
    same(found.told, "ListNotificationsResponse", "the answer")


@check("OP-12", "prefixes are the client's own choice", "XML Namespaces 1.0 §3")
def _prefix(target: Target) -> None:
    content = f'<x:Ping xmlns:x="{NOTIGATEWAY_V1}"></x:Ping>'.encode()
    answered(target, target.send(target.draft(content=content)))


@check(
    "OP-13",
    "every operation that only tells something is answered, valid by the schema",
    "wsdl/notigateway-v1.wsdl; docs/integration.md, Commands by operation",
)
def _telling(target: Target) -> None:
    for operation in _TELLING:
        found = target.ask(operation, _content(operation, ""))
        if found.is_fault:
            is_about_caller = fault_code_of(found) == _CLIENTS and found.told not in _TROUBLE
            expect(is_about_caller, f"{operation} is answered with {found.told}")
        else:
            same(found.told, f"{operation}Response", f"the answer to {operation}")
            valid(target, found)


def _content(operation: str, inner: str) -> bytes:
    return f'<{operation} xmlns="{NOTIGATEWAY_V1}">{inner}</{operation}>'.encode()


def _refused(target: Target, operation: str, inner: str) -> None:
    is_fault(target, target.ask(operation, _content(operation, inner)).reply, "INVALID_REQUEST")


def _later(found: Proven) -> list[str]:
    """Return the elements of an answer to Ping that came with 1.1."""
    names = [str(one.tag).rpartition("}")[2] for one in found.element]
    return [one for one in names if one in {"latestContractVersion", "certificateFamily"}]
