"""The published contract: files for people, served as they are, and the schema that requests must match.

The address comes from the settings, never from a Host header: whoever asks first must not decide
where others send their notifications.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.contract.bounds import bounds
from notigateway.errors import InvalidRequestError, UnknownOperationError
from notigateway.published import published_folder
from notigateway.soap.addressing import SOAP_FAULT_ACTION
from notigateway.soap.faults import add_gateway_fault
from notigateway.wss.ns import XSI, namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.errors import GatewayError

_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_WSDL_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
_WSDL_SOAP12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
_WSAM: Final = "http://www.w3.org/2007/05/addressing/metadata"
_PARTS: Final = ("input", "output", "fault")
_CHOSEN: Final = frozenset({"enumeration", "pattern"})
_NIL: Final = f"{{{XSI}}}nil"
_NIL_WORDS: Final = frozenset({"true", "1", "false", "0"})
_SPACE: Final = " \t\r\n"
_IMPORTED_ONCE: Final = {"notigateway-issuing-v1": ("notigateway-v1.xsd",)}
_XS: Final = "http://www.w3.org/2001/XMLSchema"
# How libxml2 begins every message of its schema validator.
_NAMED_ELEMENT: Final = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'")

# libxml2 prepares the built-in types at a process's first schema, unsafely between threads, and a process
# where two threads raced can compile none ever after; an import happens once.
etree.XMLSchema(etree.XML(f'<schema xmlns="{_XS}"/>'))

# The compiled schemas of a thread, by file and kind: wherever a contract is published, its schema is one.
_of_thread = threading.local()


@dataclass(frozen=True)
class Contract:
    """One WSDL with its schema, at one public address."""

    name: str
    namespace: str
    public_url: str
    # Where faults say that their code is explained.
    errors_url: str

    @cached_property
    def wsdl(self) -> bytes:
        """Return the WSDL with our public address in it, as it is served."""
        tree = etree.parse(published_folder("wsdl") / f"{self.name}.wsdl")
        for address in tree.iter(f"{{{_WSDL_SOAP}}}address"):
            address.set("location", self.public_url)
        for imported in tree.iter(f"{{{_XS}}}import"):
            imported.set("schemaLocation", f"{self.public_url}?xsd={imported.get('schemaLocation')}")
        return etree.tostring(tree, encoding="utf-8", xml_declaration=True)

    @cached_property
    def wsdl_soap12(self) -> bytes:
        """Return the same WSDL with its binding and port in SOAP 1.2, at the same address.

        Not a second port of the first one: importers then ask for a choice (WCF), or choose by chance.
        """
        return self.wsdl.replace(_WSDL_SOAP.encode(), _WSDL_SOAP12.encode())

    @cached_property
    def schema(self) -> bytes:
        """Return the schema as it is served: the file."""
        return (published_folder("wsdl") / f"{self.name}.xsd").read_bytes()

    @cached_property
    def schemas(self) -> dict[str, bytes]:
        """Return every schema that the WSDL imports, by its file name: its own, and the shared fault's.

        And what an earlier WSDL of it imported, for who kept that one.
        """
        folder = published_folder("wsdl")
        tree = etree.parse(folder / f"{self.name}.wsdl")
        names = [str(imported.get("schemaLocation")) for imported in tree.iter(f"{{{_XS}}}import")]
        return {name: (folder / name).read_bytes() for name in (*names, *_IMPORTED_ONCE.get(self.name, ()))}

    @cached_property
    def operations(self) -> frozenset[str]:
        """Return the names of the operations."""
        return frozenset(self._addressing_actions)

    @cached_property
    def _addressing_actions(self) -> dict[str, tuple[str, str, str]]:
        """Return the WS-Addressing actions of each operation: of its request, its answer and its fault.

        Stated in the WSDL, or what a client takes in their absence (WS-Addressing Metadata §4.4).
        """
        found = {}
        for operation in etree.fromstring(self.wsdl).iterfind(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation"):
            name = str(operation.get("name"))
            stem = f"{self.namespace}:{_parent_name(operation)}:{name}"
            request, answer, fault = (operation.find(f"{{{_WSDL}}}{part}") for part in _PARTS)
            found[name] = (
                _stated_action(request) or self.action(name),
                _stated_action(answer) or f"{stem}Response",
                _stated_action(fault) or f"{stem}:Fault:{fault.get('name') if fault is not None else ''}",
            )
        return found

    def request_action(self, operation: str) -> str:
        """Return the WS-Addressing action of an operation's request."""
        return self._addressing_actions[operation][0]

    def answer_action(self, operation: str) -> str:
        """Return the action of an operation's answer."""
        return self._addressing_actions[operation][1]

    def fault_action(self, operation: str) -> str:
        """Return the action of a fault of that operation; a general one where it is none of ours."""
        actions = self._addressing_actions.get(operation)
        return actions[2] if actions is not None else SOAP_FAULT_ACTION

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """Return the element names of the schema: what an error text may name."""
        tree = etree.fromstring(self.schema)
        return frozenset(str(element.get("name")) for element in tree.iter(f"{{{_XS}}}element"))

    def operation_name(self, element: _Element) -> str:
        """Return the operation that an element asks for. Raises: `UnknownOperationError`."""
        name = etree.QName(element).localname
        if namespace_of(str(element.tag)) != self.namespace or name not in self.operations:
            raise UnknownOperationError
        return name

    def action(self, operation: str) -> str:
        """Return the SOAPAction of an operation."""
        return f"{self.namespace}:{operation}"

    def add_detail(self, detail: _Element, error: GatewayError, correlation_id: UUID) -> None:
        """Append to a fault's detail what the contract says of errors."""
        add_gateway_fault(detail, error, correlation_id, errors_url=self.errors_url)

    def check_request(self, element: _Element) -> None:
        """Check an operation element before it is read; white space around a word is no part of it.

        Raises: what `check` raises.
        """
        self._check(not_nil(element), self._thread_schema("requests", self._schema_of_requests))

    def check(self, element: _Element) -> None:
        """Check an operation element (or, in tests and clients, an answer) against the published schema.

        Raises: `InvalidRequestError` with the schema's name of the element and the rule it breaks;
        never with a word of the request.
        """
        self._check(element, self._thread_schema("published", self._bounded_schema))

    def complaint(self, element: _Element) -> str:
        """Return the validator's own words on a request, "" where it has none; they repeat the request."""
        schema = self._thread_schema("requests", self._schema_of_requests)
        return "" if schema.validate(not_nil(element)) else str(schema.error_log[0].message)

    def _check(self, element: _Element, schema: etree.XMLSchema) -> None:
        if schema.validate(element):
            return
        error = schema.error_log[0]
        named = _NAMED_ELEMENT.match(error.message)
        known = named is not None and named[1] in self._vocabulary
        raise InvalidRequestError(  # without the validator's message, which repeats the request
            element=named[1] if named and known else etree.QName(element).localname,
            rule=error.type_name.removeprefix("SCHEMAV_").lower(),
        )

    def _thread_schema(self, name: str, make: Callable[[], _Element]) -> etree.XMLSchema:
        """Return this thread's compiled schema of that name: its error log is not for sharing."""
        kept: dict[tuple[str, str], etree.XMLSchema] = vars(_of_thread).setdefault("schemas", {})
        compiled = kept.get((self.name, name))
        if compiled is None:
            compiled = kept[self.name, name] = etree.XMLSchema(make())
        return compiled

    def _bounded_schema(self) -> _Element:
        """Return the published schema with the bounds that it leaves to the service."""
        root = etree.fromstring(self.schema)
        for (owner, child), most in bounds(self.namespace).items():
            for element in root.iterfind(f"*[@name='{owner}']//{{{_XS}}}element[@name='{child}']"):
                element.set("maxOccurs", str(most))
        return root

    def _schema_of_requests(self) -> _Element:
        """Return it with xs:token where a text is chosen from a list or made by a pattern.

        Only white space around such a text is read otherwise (XML Schema 1.1 part 2 §4.3.6, collapse);
        published as xs:token it would change the code that generators write for existing clients.
        """
        root = self._bounded_schema()
        for restriction in root.iter(f"{{{_XS}}}restriction"):
            prefix, _, name = (restriction.get("base") or "").rpartition(":")
            facets = {etree.QName(facet).localname for facet in restriction.iterchildren(f"{{{_XS}}}*")}
            if name == "string" and facets & _CHOSEN:
                restriction.set("base", f"{prefix}:token")
        return root


def not_nil(element: _Element) -> _Element:
    """Return an element without `xsi:nil` where it is empty: that it is nil then says nothing more.

    Stacks write it on an operation that has no arguments. Of one with content it is left where it is, and
    so is every other attribute: the schema refuses them.
    """
    if element.get(_NIL, "").strip(_SPACE) not in _NIL_WORDS or len(element) or element.text:
        return element
    others = {str(name): value for name, value in element.attrib.items() if name != _NIL}
    return etree.Element(element.tag, others, nsmap=element.nsmap)


def _parent_name(element: _Element) -> str:
    parent = element.getparent()
    return str(parent.get("name")) if parent is not None else ""


def _stated_action(part: _Element | None) -> str | None:
    return part.get(f"{{{_WSAM}}}Action") if part is not None else None
