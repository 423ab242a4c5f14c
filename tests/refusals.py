"""What a refusal must look like, whatever it refuses: `refused` sends bytes and proves all of it.

The table repeats `docs/errors.md` by hand: it is what integrators program against, so a change in the
code must not change it unseen.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.wss.version import SoapVersion
from stack import CONTRACT, NG, text

if TYPE_CHECKING:
    from stack import Answer, Stack

# HTTP status, fault code, and whether the answer is signed.
SHAPES: dict[str, tuple[int, str, bool]] = {
    "METHOD_NOT_ALLOWED": (405, "soap:Client", False),
    "PATH_UNKNOWN": (404, "soap:Client", False),
    "UNSUPPORTED_MEDIA_TYPE": (415, "soap:Client", False),
    "REQUEST_TOO_LARGE": (413, "soap:Client", False),
    "REQUEST_TRUNCATED": (400, "soap:Client", False),
    "TOO_MANY_FAILURES": (429, "soap:Client", False),
    "RATE_LIMITED": (500, "soap:Server", True),
    "MIME_INVALID": (400, "soap:Client", False),
    "XML_NOT_WELL_FORMED": (400, "soap:Client", False),
    "XML_DOCTYPE_FORBIDDEN": (400, "soap:Client", False),
    "XML_LIMIT_EXCEEDED": (400, "soap:Client", False),
    "SOAP_VERSION_MISMATCH": (500, "soap:VersionMismatch", True),
    "HEADER_NOT_UNDERSTOOD": (500, "soap:MustUnderstand", True),
    "ENVELOPE_STRUCTURE": (500, "soap:Client", True),
    "OPERATION_UNKNOWN": (500, "soap:Client", True),
    "ACTION_MISMATCH": (500, "soap:Client", True),
    "ADDRESSING_INVALID": (500, "wsa:InvalidAddressingHeader", True),
    "ADDRESSING_ACTION_MISMATCH": (500, "wsa:ActionMismatch", True),
    "REPLY_ADDRESS_UNSUPPORTED": (500, "wsa:OnlyAnonymousAddressSupported", True),
    "INVALID_REQUEST": (500, "soap:Client", True),
    "INVALID_CURSOR": (500, "soap:Client", True),
    "INVALID_RANGE": (500, "soap:Client", True),
    "TEXT_INVALID": (500, "soap:Client", True),
    "SECURITY_HEADER_MISSING": (500, "wsse:InvalidSecurity", True),
    "SECURITY_HEADER_INVALID": (500, "wsse:InvalidSecurity", True),
    "ID_DUPLICATE": (500, "wsse:InvalidSecurity", True),
    "TIMESTAMP_INVALID": (500, "wsse:InvalidSecurity", True),
    "TOKEN_INVALID": (500, "wsse:InvalidSecurityToken", True),
    "TOKEN_WEAK": (500, "wsse:InvalidSecurityToken", True),
    "TOKEN_TOO_LARGE": (500, "wsse:InvalidSecurityToken", True),
    "TOKEN_UNAVAILABLE": (500, "wsse:SecurityTokenUnavailable", True),
    "TOKEN_TYPE_UNSUPPORTED": (500, "wsse:UnsupportedSecurityToken", True),
    "CERTIFICATE_NOT_VALID_NOW": (500, "wsse:FailedAuthentication", True),
    "CLIENT_NOT_REGISTERED": (500, "wsse:FailedAuthentication", True),
    "ISSUER_NOT_AUTHORISED": (500, "wsse:FailedAuthentication", True),
    "CERTIFICATE_REVOKED": (500, "wsse:FailedAuthentication", True),
    "REVOCATION_UNKNOWN": (500, "wsse:FailedAuthentication", True),
    "CERTIFICATE_MAY_NOT_SIGN": (500, "wsse:FailedAuthentication", True),
    "IDENTITY_NOT_READABLE": (500, "wsse:FailedAuthentication", True),
    "KEY_OF_ANOTHER": (500, "wsse:FailedAuthentication", True),
    "CALLER_UNKNOWN": (500, "wsse:FailedAuthentication", True),
    "PART_NOT_SIGNED": (500, "wsse:FailedCheck", True),
    "REFERENCE_NOT_RESOLVED": (500, "wsse:FailedCheck", True),
    "DIGEST_DIFFERS": (500, "wsse:FailedCheck", True),
    "NO_CANONICAL_FORM": (500, "wsse:FailedCheck", True),
    "SIGNATURE_WRONG": (500, "wsse:FailedCheck", True),
    "MESSAGE_REPLAYED": (500, "wsse:FailedCheck", True),
    "UNDATED_MESSAGE_REPLAYED": (500, "wsse:FailedCheck", True),
    "ALGORITHM_UNSUPPORTED": (500, "wsse:UnsupportedAlgorithm", True),
    "MESSAGE_EXPIRED": (500, "wsu:MessageExpired", True),
    "NOTIFICATION_UNKNOWN": (500, "soap:Client", True),
    "DOCUMENT_UNKNOWN": (500, "soap:Client", True),
    "NOT_ACCEPTED": (500, "soap:Client", True),
    "INTERNAL_ERROR": (500, "soap:Server", True),
    "TEMPORARILY_UNAVAILABLE": (500, "soap:Server", True),
    "DOCUMENT_DAMAGED": (500, "soap:Server", True),
}
RETRYABLE = frozenset(
    {
        "TEMPORARILY_UNAVAILABLE",
        "REVOCATION_UNKNOWN",
        "RATE_LIMITED",
        "TOO_MANY_FAILURES",
        "MESSAGE_REPLAYED",
    }
)
# No answer may let anybody look inside: neither the libraries' words nor ours.
INSIDE = (b"Traceback", b"Error", b"lxml", b"libxml", b"spyne", b"sqlalchemy", b"sqlite", b"psycopg", b".py")
MOST_CPU_SECONDS = 1.0


def soap12_shape(code: str) -> tuple[int, str, str]:
    """Return HTTP status, code and subcode of the same refusal in SOAP 1.2."""
    status, fault_code, is_signed = SHAPES[code]
    words = {"soap:Client": "soap:Sender", "soap:Server": "soap:Receiver"}
    soap12_code = words.get(fault_code, fault_code if fault_code.startswith("soap:") else "soap:Sender")
    subcode = f"ng:{code}" if fault_code.startswith("soap:") else fault_code
    return (400 if is_signed and soap12_code == "soap:Sender" else status), soap12_code, subcode


def refused(stack: Stack, data: bytes, code: str, **environ: object) -> Answer:
    """Prove that bytes are refused with that code, leave no trace, and do not harm the gateway."""
    before = stack.contents()
    gc.disable()  # what thousands of tests have left is not to be collected within the bound
    try:
        started = time.thread_time()
        answer = stack.send(data, **environ)
        taken = time.thread_time() - started
    finally:
        gc.enable()
    assert taken < MOST_CPU_SECONDS
    assert stack.contents() == before
    assert_refusal(stack, answer, code)
    assert_still_answers(stack)
    return answer


def assert_refusal(stack: Stack, answer: Answer, code: str) -> None:
    """Prove that an answer is the refusal of that code, signed where the contract says so."""
    status, fault_code, is_signed = SHAPES[code]
    if answer.soap is SoapVersion.V1_2:
        status, fault_code, subcode = soap12_shape(code)
        assert answer.subcode == subcode
    assert (answer.code, answer.status, answer.fault_code) == (code, status, fault_code)
    assert answer.headers["Content-Type"] == f"{answer.soap.media_type}; charset=utf-8"
    fault = etree.tostring(answer.tree)
    assert not [word for word in INSIDE if word in fault]
    detail = answer.tree.find(".//ng:GatewayFault", namespaces=NG)
    assert detail is not None
    CONTRACT.check(detail)
    assert text(detail, "correlationId") == answer.headers["X-Correlation-Id"]
    retryable = code in RETRYABLE
    assert text(detail, "retryable") == ("true" if retryable else "false")
    assert ("Retry-After" in answer.headers) == retryable
    if is_signed:
        stack.check(answer)
    else:
        assert [etree.QName(child).localname for child in etree.fromstring(answer.body)] == ["Body"]


def assert_still_answers(stack: Stack) -> None:
    """Prove that the gateway answers an honest caller."""
    assert stack.ask("Ping").status == 200


def assert_answered(stack: Stack, answer: Answer, operation: str) -> None:
    """Prove that an answer is the signed one to that operation."""
    assert (answer.status, answer.code) == (200, None)
    assert etree.QName(stack.check(answer)).localname == f"{operation}Response"
