"""WS-Addressing answered when asked: what the request signed is checked, what the answer says is signed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from client_shapes import wcf
from envelopes import SOAP12, WSU, Draft
from notigateway.pki.keys import fingerprint
from oracles import signxml_accepts, xmlsec_accepts
from pki import pki
from refusals import assert_answered, assert_refusal
from stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

    from stack import Answer

WSA = "http://www.w3.org/2005/08/addressing"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
MESSAGE_ID = "urn:uuid:8f7c6f4e-2f10-4e6c-9f7a-0b7a3f5a1d11"
DS = "http://www.w3.org/2000/09/xmldsig#"


def addressing_of(answer: Answer) -> dict[str, str | None]:
    """Return the WS-Addressing headers of an answer, and prove that each of them is signed."""
    certificate = pki().service.certificate
    assert xmlsec_accepts(answer.body, certificate)
    assert signxml_accepts(answer.body, certificate)
    root = etree.fromstring(answer.body)
    signed = {one.get("URI") for one in root.iter(f"{{{DS}}}Reference")}
    found = [one for one in root[0] if etree.QName(one).namespace == WSA]
    assert all(f"#{one.get(f'{{{WSU}}}Id')}" in signed for one in found)
    assert etree.QName(root[0][0]).localname == "Security"
    return {etree.QName(one).localname: one.text for one in found}


@pytest.mark.parametrize("namespace", ["http://schemas.xmlsoap.org/soap/envelope/", SOAP12])
def test_an_answer_relates_to_the_message(sqlite_stack: Stack, namespace: str) -> None:
    sqlite_stack.publish()
    draft = replace(wcf(pki().company_seal, PING), soap_namespace=namespace)
    content_type = "application/soap+xml" if namespace == SOAP12 else "text/xml"
    answer = sqlite_stack.send(draft.build(), CONTENT_TYPE=content_type)
    assert_answered(sqlite_stack, answer, "Ping")
    found = addressing_of(answer)
    assert (found.pop("MessageID") or "").startswith("urn:uuid:")
    assert found == {"Action": "urn:notigateway:v1:Notigateway:PingResponse", "RelatesTo": MESSAGE_ID}


def test_a_fault_relates_to_the_message_too(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    draft = wcf(pki().company_seal, PING.replace("/>", "><n:no/></n:Ping>"))
    answer = sqlite_stack.send(draft.build())
    assert_refusal(sqlite_stack, answer, "INVALID_REQUEST")
    found = addressing_of(answer)
    assert found["Action"] == "urn:notigateway:v1:Notigateway:Ping:Fault:GatewayFault"
    assert found["RelatesTo"] == MESSAGE_ID


def test_nothing_of_a_message_that_is_not_proven_is_repeated(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    for data in (
        wcf(pki().company_seal, PING).build().replace(b"8f7c6f4e", b"8f7c6f4f"),
        wcf(pki().wrong_issuer, PING).build(),
    ):
        answer = sqlite_stack.send(data)
        assert answer.code in {"DIGEST_DIFFERS", "ISSUER_NOT_AUTHORISED"}
        assert addressing_of(answer) == {}


def test_a_message_without_addressing_is_answered_without(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    assert addressing_of(sqlite_stack.ask("Ping")) == {}


def test_unsigned_addressing_is_refused_where_that_was_agreed(sqlite_url: str, tmp_path: Path) -> None:
    company = {"fingerprint": fingerprint(pki().company_seal.certificate), "require_signed_addressing": True}
    stack = Stack(sqlite_url, tmp_path, clients=[company])
    stack.publish()
    header = f'<a:To xmlns:a="{WSA}">http://127.0.0.1:8080/notigateway/v1</a:To>'
    assert_refusal(stack, stack.send(Draft(content=PING, header_before=header).build()), "PART_NOT_SIGNED")
    assert_answered(stack, stack.send(wcf(pki().company_seal, PING).build()), "Ping")
    answer = stack.send(Draft(content=PING, pair=pki().representative, header_before=header).build())
    assert_answered(stack, answer, "Ping")
    stack.close()
