"""How the contract is published and how its faults look, in one environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.contract.problems import coded_texts_of
from notigateway.contract.writing import write_content
from notigateway.contract.wscn import ExcepcionSistema, write_root
from notigateway.soap.contract import Contract
from notigateway.soap.wscn import codes

if TYPE_CHECKING:
    from uuid import UUID

    from lxml.etree import _Element

    from notigateway.errors import GatewayError


@dataclass(frozen=True)
class WscnContract(Contract):
    """One WSDL of the contract; requests are not checked by its schema, `reading` does that."""

    fault: str = ""

    def action(self, operation: str) -> str:
        """Return the SOAPAction of an operation."""
        return f"urn:{operation}"

    def check_request(self, element: _Element) -> None:
        """Leave it to `reading`: known clients qualify what the schema does not."""

    def add_detail(self, detail: _Element, error: GatewayError, correlation_id: UUID) -> None:
        """Append the system fault of this environment."""
        outcome = codes.refusal(codes.fault_code(error), error, correlation_id)
        content = write_content(ExcepcionSistema(error=outcome, message=coded_texts_of(error).en))
        detail.append(etree.fromstring(write_root(self.namespace, self.fault, content)))
