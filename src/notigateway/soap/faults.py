"""The one table between our errors and SOAP faults, and how a fault is written.

A fault holds constant texts of the catalogue, our own facts, and a correlation id; nothing of the
request is ever echoed (a signed echo would make the gateway sign what a stranger wrote).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

from lxml import etree
from lxml.etree import _Element

from notigateway import errors
from notigateway.contract import v1
from notigateway.contract.problems import coded_texts_of, texts_of
from notigateway.contract.versions import EARLIEST
from notigateway.contract.writing import write
from notigateway.contract.xml import camel_case
from notigateway.instants import instant_text
from notigateway.wss.canonical import canonical
from notigateway.wss.ns import NOTIGATEWAY_V1, XML
from notigateway.wss.version import SoapVersion

# First match wins: a family stands after its exceptions. WSS 1.1.1 §12 names the wsse codes.
FAULT_CODES: Final[tuple[tuple[type[errors.GatewayError], str], ...]] = (
    (errors.SecurityHeaderError, "wsse:InvalidSecurity"),
    (errors.TokenError, "wsse:InvalidSecurityToken"),
    (errors.TokenUnavailableError, "wsse:SecurityTokenUnavailable"),
    (errors.TokenTypeError, "wsse:UnsupportedSecurityToken"),
    (errors.AuthenticationError, "wsse:FailedAuthentication"),
    (errors.CheckError, "wsse:FailedCheck"),
    (errors.AlgorithmError, "wsse:UnsupportedAlgorithm"),
    (errors.FreshnessError, "wsu:MessageExpired"),
    (errors.AddressedActionError, "wsa:ActionMismatch"),  # SOAP Binding §6.4.1.7
    (errors.AddressingError, "wsa:InvalidAddressingHeader"),  # Web Services Addressing 1.0 SOAP Binding §6.4
    (errors.ReplyAddressError, "wsa:OnlyAnonymousAddressSupported"),
    (errors.VersionMismatchError, "soap:VersionMismatch"),
    (errors.MustUnderstandError, "soap:MustUnderstand"),
    (errors.TransportError, "soap:Client"),
    (errors.RequestError, "soap:Client"),
    (errors.NotFoundError, "soap:Client"),
    (errors.LifecycleError, "soap:Client"),
    (errors.MarkError, "soap:Client"),
    (errors.PublicationError, "soap:Client"),
    (errors.OutageError, "soap:Client"),
    (errors.RepresentationError, "soap:Client"),
    (errors.SubscriptionError, "soap:Client"),
    (errors.ServiceError, "soap:Server"),
    (errors.ConfigurationError, "soap:Server"),
)
# What a contract appends to a fault's detail.
AddDetail = Callable[[_Element, errors.GatewayError, UUID], None]
_BLAMES_SENDER: Final = "soap:Sender"


def fault_code(error: type[errors.GatewayError]) -> str:
    """Return the fault code of an error class; what the table does not know is the server's fault."""
    return next((code for family, code in FAULT_CODES if issubclass(error, family)), "soap:Server")


def fault_status(error: errors.GatewayError, soap: SoapVersion) -> int:
    """Return the HTTP status of a signed fault: SOAP 1.1 §6.2; SOAP 1.2 part 2 §7.5.2.2, table 20."""
    code, _ = _codes(error)
    is_bad_request = soap is SoapVersion.V1_2 and code == _BLAMES_SENDER
    return HTTPStatus.BAD_REQUEST if is_bad_request else HTTPStatus.INTERNAL_SERVER_ERROR


def add_gateway_fault(
    detail: _Element, error: errors.GatewayError, correlation_id: UUID, *, errors_url: str
) -> None:
    """Append the typed detail of our own contracts; the page of the errors explains every code."""
    texts = texts_of(error)
    fault = v1.GatewayFault(
        code=error.code,
        text_es=texts.es,
        text_en=texts.en,
        retryable=error.retryable,
        correlation_id=str(correlation_id),
        documentation=f"{errors_url}#{error.code}",
        facts=tuple((camel_case(name), _fact_text(fact)) for name, fact in error.facts.items()),
    )
    # A fault may be about a request that could not be read: it says what every version knows.
    detail.append(etree.fromstring(write(fault, EARLIEST)))


def render_fault(
    error: errors.GatewayError,
    *,
    correlation_id: UUID,
    soap: SoapVersion,
    add_detail: AddDetail,
) -> bytes:
    """Return the element `soap:Fault` as canonical bytes, with the typed detail of the contract."""
    fault = etree.Element(soap.tag("Fault"), nsmap={"soap": soap.value})
    if soap is SoapVersion.V1_1:
        etree.SubElement(fault, "faultcode").text = fault_code(type(error))
        etree.SubElement(fault, "faultstring").text = coded_texts_of(error).en
        detail = etree.SubElement(fault, "detail")
    else:
        _add_codes(fault, soap, *_codes(error))
        _add_reason(fault, soap, error)
        detail = etree.SubElement(fault, soap.tag("Detail"))
    add_detail(detail, error, correlation_id)
    return canonical(fault)


def _codes(error: errors.GatewayError) -> tuple[str, str]:
    """Return Code and Subcode of SOAP 1.2: who is at fault, and at what (part 1 §5.4.1, §5.4.6)."""
    code = fault_code(type(error))
    if code in {"soap:VersionMismatch", "soap:MustUnderstand"}:
        return code, f"ng:{error.code}"
    if code.startswith("soap:"):
        return (_BLAMES_SENDER if code == "soap:Client" else "soap:Receiver"), f"ng:{error.code}"
    return _BLAMES_SENDER, code


def _add_codes(fault: _Element, soap: SoapVersion, code: str, subcode: str) -> None:
    element = etree.SubElement(fault, soap.tag("Code"))
    etree.SubElement(element, soap.tag("Value")).text = code
    inner = etree.SubElement(element, soap.tag("Subcode"))
    etree.SubElement(inner, soap.tag("Value")).text = subcode


def _add_reason(fault: _Element, soap: SoapVersion, error: errors.GatewayError) -> None:
    reason = etree.SubElement(fault, soap.tag("Reason"))
    texts = coded_texts_of(error)
    for language, text in (("en", texts.en), ("es", texts.es)):
        element = etree.SubElement(reason, soap.tag("Text"), {f"{{{XML}}}lang": language})
        element.text = text


def render_static_fault(
    error: errors.GatewayError,
    *,
    correlation_id: UUID,
    soap: SoapVersion,
    add_detail: AddDetail,
) -> bytes:
    """Return a whole unsigned envelope: nothing was parsed, so nothing is worth a signature."""
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<soap:Envelope xmlns:soap="%s" xmlns:ng="%s"><soap:Body>%s</soap:Body></soap:Envelope>'
        % (
            soap.value.encode(),
            NOTIGATEWAY_V1.encode(),
            render_fault(error, correlation_id=correlation_id, soap=soap, add_detail=add_detail),
        )
    )


def _fact_text(value: str | int | datetime) -> str:
    """Write a fact as the contract does."""
    return instant_text(value) if isinstance(value, datetime) else str(value)
