"""What the published contracts say of their operations: read from the WSDLs and schemas, for people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.soap.served import SERVED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lxml.etree import _Element

_WSDL: Final = "{http://schemas.xmlsoap.org/wsdl/}"
_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
# The documents are asked for at no address: only what they say is wanted.
_ANYWHERE: Final = "http://127.0.0.1/notigateway/v1"
_DEPTH_MAX: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """An element of a message: how deep it stands, its name and type, how often, what is said of it."""

    depth: int
    name: str
    type: str
    least: str
    most: str
    says: str
    # The words of which it is one, where it is.
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An operation as its contract publishes it."""

    contract: str
    name: str
    says: str
    action: str
    request: tuple[Child, ...]
    answer: tuple[Child, ...]


@cache
def published_operations() -> Mapping[str, Mapping[str, Published]]:
    """Return the operations of all contracts, by the contract's name and their own, in published order."""
    return {name: {one.name: one for one in _operations(name)} for name in SERVED}


def port_of(contract: str) -> tuple[str, str]:
    """Return the names of a contract's service and port."""
    wsdl = etree.fromstring(SERVED[contract].contract(_ANYWHERE).wsdl)
    service = wsdl.find(f"{_WSDL}service")
    port = wsdl.find(f"{_WSDL}service/{_WSDL}port")
    assert service is not None  # noqa: S101  (each of ours has one)
    assert port is not None  # noqa: S101
    return str(service.get("name")), str(port.get("name"))


def _operations(name: str) -> Iterator[Published]:
    contract = SERVED[name].contract(_ANYWHERE)
    wsdl, schema = etree.fromstring(contract.wsdl), _Schema(etree.fromstring(contract.schema))
    for one in wsdl.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
        operation = str(one.get("name"))
        yield Published(
            contract=name,
            name=operation,
            says=_words(one.findtext(f"{_WSDL}documentation")),
            action=contract.action(operation),
            request=tuple(schema.children(operation)),
            answer=tuple(schema.children(f"{operation}Response")),
        )


class _Schema:
    """A schema in which every type has its own name, as ours have."""

    def __init__(self, root: _Element) -> None:
        self._elements = {one.get("name"): one for one in root.iterfind(f"{_XS}element")}
        self._types = {
            one.get("name"): one
            for kind in ("complexType", "simpleType")
            for one in root.iterfind(f"{_XS}{kind}")
        }

    def children(self, name: str) -> Iterator[Child]:
        """Yield what stands in an element of the schema, each with what stands in it behind it."""
        found = self._elements.get(name)
        if found is not None:
            yield from self._below(self._content(found), 0)

    def _content(self, element: _Element) -> _Element | None:
        """Return the declaration of an element's type; None for one that XML Schema has."""
        inline = next(element.iterchildren(f"{_XS}complexType", f"{_XS}simpleType"), None)
        return inline if inline is not None else self._types.get(_local(element.get("type")))

    def _below(self, content: _Element | None, depth: int) -> Iterator[Child]:
        if content is None or content.tag != f"{_XS}complexType" or depth > _DEPTH_MAX:
            return
        for one in content.iterfind(f"{_XS}sequence/{_XS}element"):
            within = self._content(one)
            is_many = one.get("maxOccurs", "1") == "unbounded"
            yield Child(
                depth=depth,
                name=str(one.get("name")),
                type=_local(one.get("type")),
                least=one.get("minOccurs", "1"),
                most="∞" if is_many else one.get("maxOccurs", "1"),
                says=_words(one.findtext(f"{_XS}annotation/{_XS}documentation")),
                words=_enumerated(within),
            )
            yield from self._below(within, depth + 1)


def _enumerated(declared: _Element | None) -> tuple[str, ...]:
    if declared is None:
        return ()
    return tuple(str(one.get("value")) for one in declared.iterfind(f"{_XS}restriction/{_XS}enumeration"))


def _local(name: str | None) -> str:
    return (name or "").rpartition(":")[2]


def _words(text: str | None) -> str:
    return " ".join((text or "").split())
