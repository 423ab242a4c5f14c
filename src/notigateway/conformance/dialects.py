"""The contracts as the kit speaks them: what asks for nothing but an answer, and how a refusal is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.client.wscn import namespace_at
from notigateway.contract import v1, wscn
from notigateway.contract.writing import write, write_content
from notigateway.published import published_folder
from notigateway.wss.ns import NOTIGATEWAY_V1, SOAP12, WSCN_TEST, soap

if TYPE_CHECKING:
    from lxml.etree import _Element

_CODE: Final = re.compile(r"\[([A-Z0-9_]+)\]")
_FAULT_TEXTS: Final = ("faultstring", f"{{{SOAP12}}}Reason/{{{SOAP12}}}Text")
FAULTS: Final = frozenset({soap("Fault"), f"{{{SOAP12}}}Fault"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """A contract: its name here, its namespace, its schema file, and two operations that change nothing.

    `harmless` asks for the least there is, `other` for something that can be told from it by its answer.
    """

    name: str
    namespace: str
    schema: str
    harmless: str
    other: str

    def action(self, operation: str) -> str:
        """Return the SOAPAction of an operation."""
        return f"urn:{operation}" if self.name == "wscn" else f"{self.namespace}:{operation}"

    def content(self, operation: str) -> bytes:
        """Return a request for one of the two operations, in exclusive canonical form."""
        if self.name == "wscn":
            return wscn.write_root(self.namespace, operation, write_content(_WSCN_ASKED[operation]))
        return write(_V1_ASKED[operation])

    def is_answer(self, element: _Element, operation: str) -> bool:
        """Tell whether an element is the answer to an operation."""
        return element.tag == f"{{{self.namespace}}}{operation}Response"


_V1_ASKED: Final = {"Ping": v1.Ping(), "ListNotifications": v1.ListNotifications(page_size=1)}
_WSCN_ASKED: Final = {
    "solicitarPoderdantes": wscn.SolicitarPoderdantes(),
    "consultarListadoNotificaciones": wscn.ConsultarListadoNotificaciones(
        rol=0,
        codigo_siguiente_notificacion_propia=-1,
        codigo_siguiente_notificacion_autorizado_red=-1,
        codigo_siguiente_notificacion_apoderado=-1,
    ),
}


def dialect_of(contract: str, url: str) -> Dialect:
    """Return the contract of that name at an address. Raises: `ConfigurationError` where it is not WSCN's."""
    if contract == "v1":
        return Dialect("v1", NOTIGATEWAY_V1, "notigateway-v1", "Ping", "ListNotifications")
    namespace = namespace_at(url)
    schema = "wscn-pruebas-v1" if namespace == WSCN_TEST else "wscn-v1"
    return Dialect("wscn", namespace, schema, "solicitarPoderdantes", "consultarListadoNotificaciones")


def code_of(fault: _Element) -> str:
    """Return the code of a fault: of its typed detail, or at the beginning of its text; "" where none is."""
    code = fault.findtext(f".//{{{NOTIGATEWAY_V1}}}GatewayFault/{{{NOTIGATEWAY_V1}}}code")
    if code is not None:
        return code
    text = next((found for path in _FAULT_TEXTS if (found := fault.findtext(path))), "")
    named = _CODE.search(text)
    return named[1] if named else ""


def text_of(fault: _Element) -> str:
    """Return what a fault says to people, without its code."""
    text = fault.findtext(f".//{{{NOTIGATEWAY_V1}}}GatewayFault/{{{NOTIGATEWAY_V1}}}textEn")
    if text is None:
        text = next((found for path in _FAULT_TEXTS if (found := fault.findtext(path))), "")
    return _CODE.sub("", text).strip()


@cache
def schema_of(name: str) -> etree.XMLSchema:
    """Return the published schema of that name, compiled."""
    return etree.XMLSchema(etree.parse(published_folder("wsdl") / f"{name}.xsd"))
