"""What a request must look like as XML and as an envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from notigateway.conformance.expecting import answered, refused, statically_refused
from notigateway.conformance.kit import BOTH, check
from notigateway.wss.ns import SOAP11

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.conformance.drafting import Parts
    from notigateway.conformance.target import Target

_SOURCE: Final = "docs/security.md, Required, tolerated, refused"
_DEEPER_THAN_ANY: Final = 200
_DECLARATION: Final = b"?>\n"


@check("XML-01", "half a document is refused unread", "docs/errors.md, XML_NOT_WELL_FORMED", contracts=BOTH)
def _half(target: Target) -> None:
    data = target.draft().build()
    statically_refused(target, data[: len(data) // 2], "XML_NOT_WELL_FORMED")


@check(
    "XML-02",
    "a DOCTYPE is refused, even a harmless one",
    "docs/errors.md, XML_DOCTYPE_FORBIDDEN",
    contracts=BOTH,
)
def _doctype(target: Target) -> None:
    statically_refused(target, _with_doctype(target, b"<!DOCTYPE Envelope>"), "XML_DOCTYPE_FORBIDDEN")


@check(
    "XML-03",
    "an entity of the message's own is neither declared nor expanded",
    "docs/errors.md, XML_DOCTYPE_FORBIDDEN",
    contracts=BOTH,
)
def _entity(target: Target) -> None:
    doctype = b'<!DOCTYPE Envelope [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    statically_refused(target, _with_doctype(target, doctype), "XML_DOCTYPE_FORBIDDEN")


@check(
    "XML-04",
    "elements nested two hundred deep are refused before anything is computed",
    "docs/errors.md, XML_LIMIT_EXCEEDED",
    contracts=BOTH,
)
def _deep(target: Target) -> None:
    nested = "<x>" * _DEEPER_THAN_ANY + "</x>" * _DEEPER_THAN_ANY
    draft = target.draft(header=f'<n xmlns="urn:nested">{nested}</n>')
    statically_refused(target, draft.build(), "XML_LIMIT_EXCEEDED")


@check("XML-05", "a processing instruction is refused", _SOURCE, contracts=BOTH)
def _instruction(target: Target) -> None:
    _expect_structure(target, lambda parts: parts.root.append(etree.ProcessingInstruction("x", "y")))


@check("XML-06", "a second Body is refused", _SOURCE, contracts=BOTH)
def _two_bodies(target: Target) -> None:
    _expect_structure(target, lambda parts: parts.root.append(etree.Element(f"{{{SOAP11}}}Body")))


@check("XML-07", "a Body without an operation is refused", _SOURCE, contracts=BOTH)
def _empty_body(target: Target) -> None:
    refused(target, target.draft(content=b""), "ENVELOPE_STRUCTURE")


@check("XML-08", "a second operation in the Body is refused", _SOURCE, contracts=BOTH)
def _two_operations(target: Target) -> None:
    content = target.dialect.content(target.dialect.harmless)
    refused(target, target.draft(content=content + content), "ENVELOPE_STRUCTURE")


@check(
    "XML-09",
    "a header that must be understood and is not known is refused",
    "SOAP 1.1 §4.2.3; docs/errors.md, HEADER_NOT_UNDERSTOOD",
    contracts=BOTH,
)
def _not_understood(target: Target) -> None:
    header = '<x xmlns="urn:unknown" soap:mustUnderstand="1"/>'
    refused(target, target.draft(header=header), "HEADER_NOT_UNDERSTOOD")


@check("XML-10", "a header that need not be understood is ignored", "SOAP 1.1 §4.2.3", contracts=BOTH)
def _ignored(target: Target) -> None:
    header = '<x xmlns="urn:unknown" soap:mustUnderstand="0">x</x>'
    answered(target, target.send(target.draft(header=header)))


@check(
    "XML-11",
    "an Envelope of no known version is refused",
    "docs/errors.md, SOAP_VERSION_MISMATCH",
    contracts=BOTH,
)
def _another_envelope(target: Target) -> None:
    data = target.draft().build().replace(SOAP11.encode(), b"urn:another-envelope")
    refused(target, data, "SOAP_VERSION_MISMATCH")


@check(
    "XML-12",
    "an operation that the contract does not have is refused",
    "docs/errors.md, OPERATION_UNKNOWN",
    contracts=BOTH,
)
def _unknown_operation(target: Target) -> None:
    content = f'<DeleteEverything xmlns="{target.dialect.namespace}"></DeleteEverything>'.encode()
    refused(target, target.draft(content=content), "OPERATION_UNKNOWN")


@check("XML-13", "comments and CDATA change nothing of what is read", f"{_SOURCE}: XML", contracts=BOTH)
def _comments(target: Target) -> None:
    data = target.draft().build()
    answered(target, target.send(data.replace(b"<soap:Header>", b"<!-- a --><soap:Header><!-- b -->", 1)))


def _expect_structure(target: Target, after: Callable[[Parts], object]) -> None:
    refused(target, target.draft(after=after), "ENVELOPE_STRUCTURE")


def _with_doctype(target: Target, doctype: bytes) -> bytes:
    declaration, mark, rest = target.draft().build().partition(_DECLARATION)
    return declaration + mark + doctype + rest
