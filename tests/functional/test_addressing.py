"""WS-Addressing answered when asked: what the request signed is checked, what the answer says is signed."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from lxml import etree

from client_shapes import wcf
from envelopes import SOAP12, WSU, Draft
from notigateway.client import GatewayFaultError, ResponseToAnotherError
from notigateway.client.binding import check_unbound
from notigateway.pki.keys import fingerprint
from notigateway.soap.wscn.environment import ENVIRONMENTS
from oracles import signxml_accepts, xmlsec_accepts
from pki import pki
from refusals import assert_answered, assert_refusal
from stack import PUBLIC_URL, Stack

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.soap.wscn.environment import Environment
    from stack import Answer

WSA = "http://www.w3.org/2005/08/addressing"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
SUMMARY = '<n:GetSummary xmlns:n="urn:notigateway:v1"/>'
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


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda one: one.service)
def test_the_social_securitys_contract_relates_its_answers_and_faults_alike(
    sqlite_stack: Stack, environment: Environment
) -> None:
    sqlite_stack.publish()
    to, stem = urljoin(PUBLIC_URL, environment.path), f"{environment.namespace}{environment.service}"
    asked, name = f'xmlns:w="{environment.namespace}"', "solicitarPoderdantes"
    for pair, action in (
        (pki().company_seal, f"{stem}/{name}Response"),
        (pki().stranger, f"{stem}/{name}/Fault/{environment.fault}"),
    ):
        draft = wcf(pair, f"<w:{name} {asked}/>", to=to, action=f"urn:{name}")
        answer = sqlite_stack.send(draft.build(), PATH_INFO=environment.path)
        found = addressing_of(answer)
        assert (found["Action"], found["RelatesTo"]) == (action, MESSAGE_ID)
    plain = sqlite_stack.send(Draft(content=f"<w:{name} {asked}/>").build(), PATH_INFO=environment.path)
    assert addressing_of(plain) == {}


def test_nothing_of_a_message_that_is_not_proven_is_repeated(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    for data in (
        wcf(pki().company_seal, PING).build().replace(b"8f7c6f4e", b"8f7c6f4f"),
        wcf(pki().wrong_issuer, PING).build(),
    ):
        answer = sqlite_stack.send(data)
        assert answer.code in {"DIGEST_DIFFERS", "ISSUER_NOT_AUTHORISED"}
        assert addressing_of(answer) == {}


def test_our_client_knows_which_faults_relate_to_nothing(sqlite_stack: Stack) -> None:
    """What is refused before the proof it shows; what is refused later it wants to relate to its request."""
    sqlite_stack.publish()
    draft = wcf(pki().company_seal, PING)
    early = {
        "DIGEST_DIFFERS": draft.build().replace(b"8f7c6f4e", b"8f7c6f4f"),
        "ISSUER_NOT_AUTHORISED": wcf(pki().wrong_issuer, PING).build(),
        "MESSAGE_EXPIRED": replace(draft, created="2016-01-01T00:00:00Z").build(),
        "ALGORITHM_UNSUPPORTED": replace(draft, signature_method="urn:x").build(),
        "ADDRESSING_INVALID": wcf(pki().company_seal, PING, action="<x/>").build(),
    }
    late = {
        "CALLER_UNKNOWN": wcf(pki().stranger, SUMMARY, action="urn:notigateway:v1:GetSummary").build(),
        "ADDRESSING_ACTION_MISMATCH": wcf(pki().company_seal, PING, action="urn:x").build(),
        "OPERATION_UNKNOWN": wcf(pki().company_seal, "<x/>").build(),
    }
    for code, data in (early | late).items():
        answer = sqlite_stack.send(data)
        fault = GatewayFaultError(code, text_es="", text_en="", retryable=False)
        assert (answer.code, "RelatesTo" in addressing_of(answer)) == (code, code in late)
        with pytest.raises(ResponseToAnotherError) if code in late else nullcontext():
            check_unbound(fault)


def test_a_message_without_addressing_is_answered_without(sqlite_stack: Stack) -> None:
    sqlite_stack.publish()
    assert addressing_of(sqlite_stack.ask("Ping")) == {}


def test_unsigned_addressing_is_refused_where_that_was_agreed(sqlite_url: str, tmp_path: Path) -> None:
    company = {"fingerprint": fingerprint(pki().company_seal.certificate), "require_signed_addressing": True}
    stack = Stack(sqlite_url, tmp_path, clients=[company])
    stack.publish()
    header = f'<a:To xmlns:a="{WSA}">http://127.0.0.1:8080/notigateway/v1</a:To>'
    answer = stack.send(Draft(content=PING, header_before=header).build())
    assert_refusal(stack, answer, "PART_NOT_SIGNED")
    assert answer.facts == {"part": "header", "header": "To"}
    assert_answered(stack, stack.send(wcf(pki().company_seal, PING).build()), "Ping")
    answer = stack.send(Draft(content=PING, pair=pki().representative, header_before=header).build())
    assert_answered(stack, answer, "Ping")
    stack.close()
