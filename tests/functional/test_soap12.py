"""SOAP 1.2 at the same address: the same operations and refusals, each in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envelopes import PING, SOAP12, Draft, plain_envelope
from oracles import signxml_accepts, xmlsec_accepts
from pki import pki
from refusals import assert_refusal, refused
from stack import NG, send, text

if TYPE_CHECKING:
    from stack import Stack

NGV1 = 'xmlns:n="urn:notigateway:v1"'
TYPE = "application/soap+xml; charset=utf-8"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def message(content: str, **changes: object) -> bytes:
    return Draft(content=content, soap_namespace=SOAP12, **changes).build()  # type: ignore[arg-type]


def test_an_operation_is_answered_in_the_version_of_the_request(stack: Stack) -> None:
    wanted = stack.publish()
    content = f"<n:AcceptNotifications {NGV1}><n:id>{wanted}</n:id></n:AcceptNotifications>"
    answer = stack.send(
        message(content), CONTENT_TYPE=f'{TYPE}; action="urn:notigateway:v1:AcceptNotifications"'
    )
    assert (answer.status, answer.headers["Content-Type"], answer.soap.value) == (200, TYPE, SOAP12)
    (item,) = stack.check(answer).findall("ng:item", NG)
    assert text(item, "outcome") == "decided"
    for accepts in (xmlsec_accepts, signxml_accepts):
        assert accepts(answer.body, pki().service.certificate)
        assert not accepts(answer.body.replace(b"decided", b"decidex"), pki().service.certificate)


REFUSALS = {
    "OPERATION_UNKNOWN": message(f"<n:No {NGV1}/>"),
    "INVALID_REQUEST": message(f"<n:Ping {NGV1}><n:no/></n:Ping>"),
    "DIGEST_DIFFERS": message(PING).replace(b"hola", b"otra"),
    "CERTIFICATE_NOT_VALID_NOW": message(PING, pair=pki().expired),
    "MESSAGE_EXPIRED": message(PING, created="2016-01-01T00:00:00Z"),
    "HEADER_NOT_UNDERSTOOD": message(PING, header_before="<x xmlns='urn:x' soap:mustUnderstand='true'/>"),
    "SECURITY_HEADER_MISSING": plain_envelope(PING).replace(
        b"http://schemas.xmlsoap.org/soap/envelope/", SOAP12.encode()
    ),
    "XML_NOT_WELL_FORMED": message(PING)[:-3],
    "XML_DOCTYPE_FORBIDDEN": b"<!DOCTYPE x>" + message(PING, prolog=""),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_has_code_subcode_and_reason_in_two_languages(sqlite_stack: Stack, code: str) -> None:
    sqlite_stack.publish()
    answer = refused(sqlite_stack, REFUSALS[code], code, CONTENT_TYPE=TYPE)
    assert answer.soap.value == SOAP12
    reasons = answer.tree.findall("soap12:Reason/soap12:Text", NG)
    assert [reason.get(XML_LANG) for reason in reasons] == ["en", "es"]
    assert all((reason.text or "").startswith(f"[{code}] ") for reason in reasons)
    value = answer.tree.find("soap12:Code/soap12:Subcode/soap12:Value", NG)
    assert value is not None
    assert (value.text or "").partition(":")[0] in value.nsmap


def test_a_role_addresses_a_header_block(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    block = "<x xmlns='urn:x' soap:mustUnderstand='1' soap:role='{}'/>"
    for role, code in ((f"{SOAP12}/role/next", "HEADER_NOT_UNDERSTOOD"), (f"{SOAP12}/role/none", None)):
        answer = sqlite_stack.send(
            message(f"<n:Ping {NGV1}/>", header_before=block.format(role)), CONTENT_TYPE=TYPE
        )
        assert answer.code == code


@pytest.mark.parametrize(
    ("namespace", "content_type", "status"),
    [(SOAP12, "text/xml; charset=utf-8", 500), ("http://schemas.xmlsoap.org/soap/envelope/", TYPE, 500)],
)
def test_5_an_envelope_of_the_other_version_than_announced_is_refused(
    sqlite_stack: Stack, namespace: str, content_type: str, status: int
) -> None:
    sqlite_stack.publish()
    data = Draft(content=f"<n:Ping {NGV1}/>", soap_namespace=namespace).build()
    answer = refused(sqlite_stack, data, "SOAP_VERSION_MISMATCH", CONTENT_TYPE=content_type)
    assert (answer.status, answer.headers["Content-Type"]) == (status, content_type)


@pytest.mark.parametrize(
    "headers",
    [
        {"CONTENT_TYPE": f'{TYPE}; action="urn:notigateway:v1:ListNotifications"'},
        {"CONTENT_TYPE": f"{TYPE}; action=urn:x"},
        {
            "CONTENT_TYPE": f'{TYPE}; action="urn:notigateway:v1:Ping"',
            "HTTP_SOAPACTION": '"urn:notigateway:v1:ListNotifications"',
        },
    ],
)
def test_8_another_action_than_the_operation_is_refused(sqlite_stack: Stack, headers: dict[str, str]) -> None:
    sqlite_stack.publish()
    refused(sqlite_stack, message(f"<n:Ping {NGV1}/>"), "ACTION_MISMATCH", **headers)


def test_another_charset_is_refused_in_its_version(sqlite_stack: Stack) -> None:
    answer = send(sqlite_stack.endpoint, message(PING), CONTENT_TYPE="application/soap+xml; charset=cp500")
    assert_refusal(sqlite_stack, answer, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.soap.value == SOAP12
