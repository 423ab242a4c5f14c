"""Requests that are wrong on purpose: each kind by its name, with the code by which it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.sandbox.calling import editing
from notigateway.sandbox.calling import spoiling as how
from notigateway.wss.ns import WSA
from notigateway.wss.version import SoapVersion

if TYPE_CHECKING:
    from notigateway.sandbox.calling.spoiling import Making


@dataclass(frozen=True, slots=True)
class Wrong:
    """A kind of wrong request: by which code it is refused, and what is wrong with it."""

    code: str
    title: str
    make: Making


_MUST: Final = f'<x xmlns="urn:example" xmlns:soap="{SoapVersion.V1_1.value}" soap:mustUnderstand="1"/>'
_ELSEWHERE: Final = (
    f'<wsa:ReplyTo xmlns:wsa="{WSA}"><wsa:Address>https://other.example/</wsa:Address></wsa:ReplyTo>'
)
_NOBODY: Final = '<wsse:Reference URI="#nobody"/>'

WRONGS: Final[dict[str, Wrong]] = {
    # HTTP
    "method": Wrong("METHOD_NOT_ALLOWED", "sent with PUT", how.carried(method="PUT")),
    "path": Wrong("PATH_UNKNOWN", "sent to another path", how.to_nowhere),
    "media-type": Wrong("UNSUPPORTED_MEDIA_TYPE", "sent as a form", how.as_form),
    "too-large": Wrong("REQUEST_TOO_LARGE", "larger than the setting request_max_bytes", how.too_large),
    "parts": Wrong("MIME_INVALID", "in parts, and none is the root that it names", how.in_wrong_parts),
    # XML and SOAP
    "not-xml": Wrong("XML_NOT_WELL_FORMED", "without its last byte", how.edited(lambda data: data[:-1])),
    "doctype": Wrong(
        "XML_DOCTYPE_FORBIDDEN", "with a document type declaration", how.edited(how.with_doctype)
    ),
    "depth": Wrong("XML_LIMIT_EXCEEDED", "elements in elements, too deep", how.plain(how.deep())),
    "soap-version": Wrong("SOAP_VERSION_MISMATCH", "SOAP 1.1 sent as SOAP 1.2", how.of_another_version),
    "must-understand": Wrong("HEADER_NOT_UNDERSTOOD", "a header that nobody knows", how.header(_MUST)),
    "structure": Wrong("ENVELOPE_STRUCTURE", "nothing in the Body", how.plain("")),
    # WS-Security: the header and the token
    "unsigned": Wrong("SECURITY_HEADER_MISSING", "without a signature", how.edited(editing.without_security)),
    "no-key-info": Wrong(
        "SECURITY_HEADER_INVALID",
        "a signature without KeyInfo",
        how.edited(lambda data: editing.with_key_info(data, "")),
    ),
    "same-ids": Wrong("ID_DUPLICATE", "two elements with one wsu:Id", how.edited(how.with_id_twice)),
    "no-timestamp": Wrong("TIMESTAMP_INVALID", "without a Timestamp", how.without_timestamp),
    "token": Wrong(
        "TOKEN_INVALID",
        "no certificate as a token",
        how.edited(lambda data: editing.with_token(data, b"none")),
    ),
    "weak-key": Wrong("TOKEN_WEAK", "a certificate of RSA with 1024 bits", how.token_of(how.weak_key)),
    "large-key": Wrong("TOKEN_TOO_LARGE", "a certificate of RSA with 8201 bits", how.token_of(how.large_key)),
    "token-elsewhere": Wrong(
        "TOKEN_UNAVAILABLE",
        "a reference to a token that is not there",
        how.edited(lambda data: editing.with_key_info(data, _NOBODY)),
    ),
    "token-kind": Wrong(
        "TOKEN_TYPE_UNSUPPORTED",
        "an embedded token",
        how.edited(lambda data: editing.with_key_info(data, "<wsse:Embedded/>")),
    ),
    # who asks
    "may-not-sign": Wrong(
        "CERTIFICATE_MAY_NOT_SIGN", "a certificate for encryption only", how.by(how.may_not_sign)
    ),
    "expired": Wrong("CERTIFICATE_NOT_VALID_NOW", "a certificate that ended yesterday", how.by(how.expired)),
    "no-nif": Wrong("IDENTITY_NOT_READABLE", "a certificate without a NIF", how.by(how.nameless)),
    "not-registered": Wrong(
        "CLIENT_NOT_REGISTERED",
        "a new certificate, where the setting require_registered_clients is on",
        how.by(how.not_registered),
    ),
    "key-of-another": Wrong("KEY_OF_ANOTHER", "the key of somebody who has asked before", how.key_of_another),
    # the signature
    "body-not-signed": Wrong(
        "PART_NOT_SIGNED",
        "a signature over the Timestamp alone",
        how.resigned(lambda info: editing.without_references(info, b"Body")),
    ),
    "reference": Wrong(
        "REFERENCE_NOT_RESOLVED",
        "a reference to what is not there",
        how.resigned(lambda info: info.replace(b'URI="#TS-', b'URI="#nobody-', 1)),
    ),
    "digest": Wrong("DIGEST_DIFFERS", "changed after it was signed", how.edited(how.with_changed_body)),
    "relative-namespace": Wrong(
        "NO_CANONICAL_FORM", "a namespace that is a relative URI", how.content(how.with_relative_namespace)
    ),
    "signature": Wrong("SIGNATURE_WRONG", "a signature value of nobody's", how.edited(editing.spoilt_value)),
    "algorithm": Wrong(
        "ALGORITHM_UNSUPPORTED",
        "signed by a method with MD5",
        how.resigned(lambda info: info.replace(b"-sha256", b"-md5", 1)),
    ),
    "stale": Wrong("MESSAGE_EXPIRED", "signed ten minutes ago", how.stale),
    "replayed": Wrong("MESSAGE_REPLAYED", "sent twice", how.twice),
    "replayed-undated": Wrong(
        "UNDATED_MESSAGE_REPLAYED", "without a Timestamp, sent twice", how.undated_twice
    ),
    # what is asked
    "reply-elsewhere": Wrong(
        "REPLY_ADDRESS_UNSUPPORTED", "wants its answer elsewhere", how.header(_ELSEWHERE)
    ),
    "addressed-elsewhere": Wrong(
        "ADDRESSING_INVALID", "addressed to another service", how.addressed("To", "https://other.example/")
    ),
    "addressed-action": Wrong(
        "ADDRESSING_ACTION_MISMATCH",
        "its Action names another operation",
        how.addressed("Action", "urn:example:another"),
    ),
    "soap-action": Wrong("ACTION_MISMATCH", "SOAPAction names another operation", how.of_another_action),
    "operation": Wrong("OPERATION_UNKNOWN", "an operation that there is not", how.content(how.renamed)),
    "schema": Wrong(
        "INVALID_REQUEST", "an element that the schema does not have", how.content(how.with_more)
    ),
}
