"""Row 113 of the catalogue of attacks: whatever is answered can be verified by everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envelopes import Draft, Ref, key_info_text, plain_envelope
from oracles import signxml_accepts, xmlsec_accepts, zeep_accepts
from pki import pki
from stack import CONTRACT

if TYPE_CHECKING:
    from stack import Answer, Stack

NGV1 = 'xmlns:n="urn:notigateway:v1"'
PING = f"<n:Ping {NGV1}/>"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"

# One message for each fault code that a message can get.
FAULTS: dict[str, bytes] = {
    "wsse:InvalidSecurity": plain_envelope(PING),
    "wsse:InvalidSecurityToken": Draft(content=PING, token_text="QUJD").build(),
    "wsse:SecurityTokenUnavailable": Draft(
        content=PING, key_info=key_info_text('<wsse:Reference URI="#nobody"/>')
    ).build(),
    "wsse:UnsupportedSecurityToken": Draft(content=PING, key_info=key_info_text("<wsse:Embedded/>")).build(),
    "wsse:FailedAuthentication": Draft(content=PING, pair=pki().wrong_issuer).build(),
    "wsse:FailedCheck": Draft(content=PING, references=(Ref("Timestamp"),)).build(),
    "wsse:UnsupportedAlgorithm": Draft(content=PING, signature_method="urn:x").build(),
    "wsu:MessageExpired": Draft(content=PING, created="2016-01-01T00:00:00Z").build(),
    "soap:VersionMismatch": Draft(content=PING, soap_namespace=SOAP12).build(),
    "soap:MustUnderstand": Draft(
        content=PING, header_before="<x xmlns='urn:x' soap:mustUnderstand='1'/>"
    ).build(),
    "soap:Client": Draft(content=f"<n:No {NGV1}/>").build(),
}


def assert_everybody_verifies(answer: Answer) -> None:
    certificate = pki().service.certificate
    assert xmlsec_accepts(answer.body, certificate)
    assert signxml_accepts(answer.body, certificate)
    assert zeep_accepts(answer.body, certificate)
    changed = answer.body.replace(b"urn:notigateway:v1", b"urn:notigateway:v2")
    later = answer.body.replace(b"<wsu:Expires>2026", b"<wsu:Expires>2036")
    for broken in (changed, later):
        assert broken != answer.body
        assert not xmlsec_accepts(broken, certificate)


@pytest.mark.parametrize("operation", sorted(CONTRACT.operations))
def test_113_an_answer_verifies_with_independent_libraries(gateway: Stack, operation: str) -> None:
    wanted = gateway.publish("TARGET")
    inner = {"Ping": "", "ListNotifications": ""}.get(operation, f"<id>{wanted}</id>")
    answer = gateway.ask(operation, inner)  # RetrieveDocument gets a fault: it needs a document too
    assert_everybody_verifies(answer)


@pytest.mark.parametrize("code", FAULTS)
def test_113_a_fault_verifies_with_independent_libraries(gateway: Stack, code: str) -> None:
    answer = gateway.send(FAULTS[code])
    assert answer.fault_code == code
    assert_everybody_verifies(answer)
    element = answer.tree.find("faultcode")
    assert element is not None
    prefix = code.partition(":")[0]
    assert prefix in element.nsmap
    # A prefix in a text is signed only where the canonical form of the Body itself declares it.
    assert f"xmlns:{prefix}=".encode() in answer.body.partition(b"<soap:Body")[2]
