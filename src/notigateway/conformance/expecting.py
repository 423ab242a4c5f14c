"""What a check expects of an answer, and how it says that something else came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.conformance.dialects import FAULTS, code_of, schema_of
from notigateway.conformance.raw import REPLY_LIMITS
from notigateway.conformance.verdict import FailedError
from notigateway.errors import GatewayError
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import SOAP11, WSA, WSSE, WSU

if TYPE_CHECKING:
    from collections.abc import Mapping

    from notigateway.conformance.drafting import Draft
    from notigateway.conformance.raw import Reply
    from notigateway.conformance.target import Proven, Target

_FAULT_STATUS: Final = 500
_PREFIXES: Final = {"wsse": WSSE, "wsu": WSU, "wsa": WSA, "soap": SOAP11}
# docs/errors.md, column "where": the fault code of each code that the kit asks for.
FAULT_CODES: Final[Mapping[str, str]] = {
    "ACTION_MISMATCH": "soap:Client",
    "ADDRESSING_ACTION_MISMATCH": "wsa:ActionMismatch",
    "ADDRESSING_INVALID": "wsa:InvalidAddressingHeader",
    "ALGORITHM_UNSUPPORTED": "wsse:UnsupportedAlgorithm",
    "CALLER_UNKNOWN": "wsse:FailedAuthentication",
    "CERTIFICATE_NOT_VALID_NOW": "wsse:FailedAuthentication",
    "CERTIFICATE_REVOKED": "wsse:FailedAuthentication",
    "DIGEST_DIFFERS": "wsse:FailedCheck",
    "ENVELOPE_STRUCTURE": "soap:Client",
    "HEADER_NOT_UNDERSTOOD": "soap:MustUnderstand",
    "ID_DUPLICATE": "wsse:InvalidSecurity",
    "INVALID_CURSOR": "soap:Client",
    "INVALID_REQUEST": "soap:Client",
    "ISSUER_NOT_AUTHORISED": "wsse:FailedAuthentication",
    "MESSAGE_EXPIRED": "wsu:MessageExpired",
    "MESSAGE_REPLAYED": "wsse:FailedCheck",
    "NOTIFICATION_UNKNOWN": "soap:Client",
    "OPERATION_UNKNOWN": "soap:Client",
    "PART_NOT_SIGNED": "wsse:FailedCheck",
    "REFERENCE_NOT_RESOLVED": "wsse:FailedCheck",
    "REPLY_ADDRESS_UNSUPPORTED": "wsa:OnlyAnonymousAddressSupported",
    "SECURITY_HEADER_INVALID": "wsse:InvalidSecurity",
    "SECURITY_HEADER_MISSING": "wsse:InvalidSecurity",
    "SIGNATURE_WRONG": "wsse:FailedCheck",
    "SOAP_VERSION_MISMATCH": "soap:VersionMismatch",
    "TEXT_INVALID": "soap:Client",
    "TIMESTAMP_INVALID": "wsse:InvalidSecurity",
    "TOKEN_INVALID": "wsse:InvalidSecurityToken",
    "TOKEN_TYPE_UNSUPPORTED": "wsse:UnsupportedSecurityToken",
    "TOKEN_UNAVAILABLE": "wsse:SecurityTokenUnavailable",
    "TOKEN_WEAK": "wsse:InvalidSecurityToken",
}
# The same, of what is refused unsigned before anything is read: its HTTP status.
STATIC_STATUS: Final[Mapping[str, int]] = {
    "METHOD_NOT_ALLOWED": 405,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "XML_DOCTYPE_FORBIDDEN": 400,
    "XML_LIMIT_EXCEEDED": 400,
    "XML_NOT_WELL_FORMED": 400,
}


def expect(holds: object, otherwise: str) -> None:
    """Raise `FailedError` with those words unless it holds."""
    if not holds:
        raise FailedError(otherwise)


def same(found: object, wanted: object, what: str) -> None:
    """Raise `FailedError` unless something is what it should be."""
    if found != wanted:
        raise FailedError(f"{what} is {found!r}, not {wanted!r}")


def answered(target: Target, reply: Reply, operation: str | None = None) -> Proven:
    """Return the proven answer to an operation, valid by its schema. Raises: `FailedError`."""
    operation = operation or target.dialect.harmless
    found = target.prove(reply)
    expect(
        target.dialect.is_answer(found.element, operation),
        f"expected the answer to {operation}; the service answered {found.told}",
    )
    same(reply.status, 200, "the HTTP status of the answer")
    valid(target, found)
    return found


def valid(target: Target, found: Proven) -> None:
    """Expect that an answer is valid by the published schema."""
    schema = schema_of(target.dialect.schema)
    if not schema.validate(etree.fromstring(etree.tostring(found.element))):
        raise FailedError(
            f"the answer is not valid by {target.dialect.schema}.xsd: {schema.error_log[0].message}"
        )


def refused(
    target: Target, request: Draft | bytes, *codes: str, headers: Mapping[str, str] | None = None
) -> Proven:
    """Expect that a request is refused by a signed fault with one of these codes, and return that.

    Raises: `FailedError`.
    """
    return is_fault(target, target.send(request, headers), *codes)


def is_fault(target: Target, reply: Reply, *codes: str) -> Proven:
    """Expect that a reply is a signed fault with one of these codes, and return it. Raises: `FailedError`."""
    found = is_refusal(target, reply, *codes)
    told = found.told
    same(reply.status, _FAULT_STATUS, f"the HTTP status of {told}")
    same(fault_code_of(found), FAULT_CODES.get(told, "soap:Client"), f"the fault code of {told}")
    return found


def is_refusal(target: Target, reply: Reply, *codes: str) -> Proven:
    """Expect a signed fault with one of these codes, in either version of SOAP, and return it.

    Raises: `FailedError`.
    """
    told = told_of(reply)
    expect(told in codes, f"expected {' or '.join(codes)}; the service answered {told}")
    return target.prove(reply)


def statically_refused(
    target: Target, data: bytes, code: str, headers: Mapping[str, str] | None = None, *, method: str = "POST"
) -> Reply:
    """Expect that a request is refused before it is read: unsigned, with the HTTP status of its code.

    Raises: `FailedError`.
    """
    reply = target.send(data, headers, method=method)
    is_static(reply, code)
    return reply


def is_static(reply: Reply, *codes: str) -> None:
    """Expect that a reply is the unsigned refusal with one of these codes. Raises: `FailedError`."""
    told = told_of(reply)
    expect(told in codes, f"expected {' or '.join(codes)}; the service answered {told}")
    same(reply.status, STATIC_STATUS[told], f"the HTTP status of {told}")


def told_of(reply: Reply) -> str:
    """Return in a word what a reply seems to be, proven or not."""
    try:
        element = parse_envelope(reply.body, limits=REPLY_LIMITS).operation
    except GatewayError:
        what = "an envelope that cannot be read" if reply.is_soap else "no SOAP message"
        return f"{what} ({reply.words})"
    if element.tag in FAULTS:
        return code_of(element) or "a fault without a code"
    return str(element.tag).rpartition("}")[2]


def fault_code_of(found: Proven) -> str:
    """Return the fault code of a fault in SOAP 1.1, with the prefix that the documents give its namespace."""
    element = found.element.find("faultcode")
    prefix, _, name = ((element.text or "") if element is not None else "").strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None) if element is not None else None
    usual = next((one for one, uri in _PREFIXES.items() if uri == namespace), prefix)
    return f"{usual}:{name}"
