"""The published contract: files for people, served as they are, and the schema that requests must match.

The address comes from the settings, never from a Host header: whoever asks first must not decide
where others send their notifications.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.errors import InvalidRequestError, UnknownOperationError
from notigateway.published import published_folder
from notigateway.soap.faults import add_gateway_fault
from notigateway.wss.ns import namespace_of

if TYPE_CHECKING:
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.errors import GatewayError

_WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
_WSDL_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
_XS: Final = "http://www.w3.org/2001/XMLSchema"
# How libxml2 begins every message of its schema validator.
_NAMED_ELEMENT: Final = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'")


@dataclass(frozen=True)
class Contract:
    """One WSDL with its schema, at one public address."""

    name: str
    namespace: str
    public_url: str
    _local: threading.local = field(default_factory=threading.local, repr=False)

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
    def schema(self) -> bytes:
        """Return the schema as it is served: the file."""
        return (published_folder("wsdl") / f"{self.name}.xsd").read_bytes()

    @cached_property
    def schemas(self) -> dict[str, bytes]:
        """Return every schema that the WSDL imports, by its file name: its own, and the shared fault's."""
        folder = published_folder("wsdl")
        tree = etree.parse(folder / f"{self.name}.wsdl")
        names = [str(imported.get("schemaLocation")) for imported in tree.iter(f"{{{_XS}}}import")]
        return {name: (folder / name).read_bytes() for name in names}

    @cached_property
    def operations(self) -> frozenset[str]:
        """Return the names of the operations."""
        tree = etree.fromstring(self.wsdl)
        found = tree.iterfind(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")
        return frozenset(str(operation.get("name")) for operation in found)

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
        add_gateway_fault(detail, error, correlation_id)

    def check_request(self, element: _Element) -> None:
        """Check an operation element before it is read. Raises: `InvalidRequestError`."""
        self.check(element)

    def check(self, element: _Element) -> None:
        """Check an operation element (or, in tests and clients, an answer) against the published schema.

        Raises: `InvalidRequestError` with the schema's name of the element and the rule it breaks;
        never with a word of the request.
        """
        schema = self._thread_schema()
        if schema.validate(element):
            return
        error = schema.error_log[0]
        named = _NAMED_ELEMENT.match(error.message)
        known = named is not None and named[1] in self._vocabulary
        raise InvalidRequestError(  # without the validator's message, which repeats the request
            element=named[1] if named and known else etree.QName(element).localname,
            rule=error.type_name.removeprefix("SCHEMAV_").lower(),
        )

    def _thread_schema(self) -> etree.XMLSchema:
        """Return this thread's compiled schema: its error log is not for sharing."""
        if not hasattr(self._local, "schema"):
            self._local.schema = etree.XMLSchema(etree.fromstring(self.schema))
        compiled: etree.XMLSchema = self._local.schema
        return compiled
