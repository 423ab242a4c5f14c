"""What a request must look like as HTTP, before anything in it is read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from lxml import etree

from notigateway.conformance.expecting import (
    answered,
    expect,
    is_refusal,
    is_static,
    refused,
    same,
    statically_refused,
)
from notigateway.conformance.kit import BOTH, check
from notigateway.conformance.raw import SOAP12_TYPE, soap_headers

if TYPE_CHECKING:
    from notigateway.conformance.target import Target

_WSDL = "http://schemas.xmlsoap.org/wsdl/"
_SOURCE = "docs/security.md, Required, tolerated, refused: HTTP"


@check("HTTP-01", "the contract is read with GET and ?wsdl", "docs/integration.md", contracts=BOTH)
def _wsdl(target: Target) -> None:
    reply = target.send(b"", method="GET", query="wsdl")
    same(reply.status, 200, "the HTTP status of ?wsdl")
    try:
        root = etree.fromstring(reply.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        expect(False, "?wsdl gives no XML")  # noqa: FBT003
        return
    same(root.tag, f"{{{_WSDL}}}definitions", "what ?wsdl gives")
    same(root.get("targetNamespace"), target.dialect.namespace, "the namespace of the WSDL")
    names = {one.get("name") for one in root.iterfind(f"{{{_WSDL}}}portType/{{{_WSDL}}}operation")}
    missing = {target.dialect.harmless, target.dialect.other} - names
    expect(not missing, f"the WSDL lacks {', '.join(sorted(missing))}")


@check("HTTP-02", "GET executes nothing", "docs/errors.md, METHOD_NOT_ALLOWED", contracts=BOTH)
def _get(target: Target) -> None:
    statically_refused(target, b"", "METHOD_NOT_ALLOWED", method="GET")


@check("HTTP-03", "PUT executes nothing", "docs/errors.md, METHOD_NOT_ALLOWED", contracts=BOTH)
def _put(target: Target) -> None:
    headers = soap_headers(target.dialect.action(target.dialect.harmless))
    statically_refused(target, target.draft().build(), "METHOD_NOT_ALLOWED", headers, method="PUT")


@check("HTTP-04", "another media type is refused unread", _SOURCE, contracts=BOTH)
def _media_type(target: Target) -> None:
    headers = {"Content-Type": "application/json", "SOAPAction": '""'}
    statically_refused(target, target.draft().build(), "UNSUPPORTED_MEDIA_TYPE", headers)


@check("HTTP-05", "a compressed body is refused unread", _SOURCE, contracts=BOTH)
def _compressed(target: Target) -> None:
    headers = {**soap_headers(""), "Content-Encoding": "deflate"}
    statically_refused(target, zlib.compress(target.draft().build()), "UNSUPPORTED_MEDIA_TYPE", headers)


@check("HTTP-06", "an envelope in UTF-16 is refused", _SOURCE, contracts=BOTH)
def _utf16(target: Target) -> None:
    data = target.draft().build().decode().replace('encoding="UTF-8"', 'encoding="UTF-16"', 1)
    for content_type in ("text/xml; charset=utf-16", "text/xml"):
        headers = {**soap_headers(""), "Content-Type": content_type}
        reply = target.send(
            data.replace("encoding='UTF-8'", "encoding='UTF-16'", 1).encode("utf-16"), headers
        )
        is_static(reply, "UNSUPPORTED_MEDIA_TYPE", "XML_NOT_WELL_FORMED")


@check(
    "HTTP-07",
    "an envelope of SOAP 1.1 that is announced as SOAP 1.2 is refused",
    "docs/errors.md, SOAP_VERSION_MISMATCH",
    contracts=BOTH,
)
def _version(target: Target) -> None:
    reply = target.send(target.draft(), {"Content-Type": SOAP12_TYPE})
    is_refusal(target, reply, "SOAP_VERSION_MISMATCH")


@check(
    "HTTP-08",
    "a SOAPAction that names another operation than the Body is refused",
    "docs/errors.md, ACTION_MISMATCH",
    contracts=BOTH,
)
def _action(target: Target) -> None:
    headers = soap_headers(target.dialect.action(target.dialect.other))
    refused(target, target.draft(), "ACTION_MISMATCH", headers=headers)


@check("HTTP-09", "a SOAPAction that is empty or missing is welcome", _SOURCE, contracts=BOTH)
def _no_action(target: Target) -> None:
    answered(target, target.send(target.draft(), soap_headers("")))
    answered(target, target.send(target.draft(), {"Content-Type": "text/xml; charset=utf-8"}))
