"""Rows 98 and 100 of the catalogue of attacks: WS-Addressing sends no answer elsewhere."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from envelopes import SIGN_BODY_AND_TIMESTAMP, WSU, Draft, Ref
from refusals import assert_answered, refused

if TYPE_CHECKING:
    from stack import Stack

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
WSA = "http://www.w3.org/2005/08/addressing"


def block(name: str, content: str, attributes: str = "") -> str:
    return f'<a:{name} xmlns:a="{WSA}" xmlns:wsu="{WSU}" {attributes}>{content}</a:{name}>'


@pytest.mark.parametrize("name", ["ReplyTo", "FaultTo", "From"])
@pytest.mark.parametrize("signed", [True, False])
def test_98_an_answer_never_goes_to_an_address_in_the_message(
    gateway: Stack, name: str, *, signed: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        header = block(name, f"<a:Address>{url}</a:Address>", 'wsu:Id="wsa-1"')
        references = (*SIGN_BODY_AND_TIMESTAMP, Ref("wsa-1")) if signed else SIGN_BODY_AND_TIMESTAMP
        draft = Draft(content=PING, header_before=header, references=references, ids={"Body": f"w{name}"})
        answer = gateway.send(draft.build())
        assert url.encode() not in answer.body
        assert_answered(gateway, answer, "Ping")
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(block("To", "http://other.example/service"), id="100-another-service"),
        pytest.param(2 * block("To", "http://127.0.0.1:8080/notigateway/v1"), id="100-two"),
        pytest.param(block("Action", "urn:notigateway:v1:AcceptNotifications"), id="100-unsigned-action"),
    ],
)
def test_100_unsigned_addressing_is_not_read(gateway: Stack, header: str) -> None:
    draft = Draft(content=PING, header_before=header, ids={"Body": f"u{len(header)}"})
    assert_answered(gateway, gateway.send(draft.build()), "Ping")


@pytest.mark.parametrize("name", ["ReplyTo", "To", "Action"])
def test_100_unsigned_addressing_that_must_be_understood_is_refused(
    gateway: Stack, accept: str, name: str
) -> None:
    header = block(name, "urn:x", 'soap:mustUnderstand="1"')
    refused(gateway, Draft(content=accept, header_before=header).build(), "PART_NOT_SIGNED")
