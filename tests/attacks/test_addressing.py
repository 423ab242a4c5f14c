"""Rows 98, 100 and 116 of the catalogue of attacks: WS-Addressing sends no answer elsewhere."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from envelopes import SIGN_BODY_AND_TIMESTAMP, SOAP12, WSU, Draft, Ref
from notigateway.pki.keys import fingerprint
from pki import pki
from refusals import assert_answered, refused
from stack import PUBLIC_URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from stack import Stack

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
WSA = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = f"{WSA}/anonymous"


def block(name: str, content: str, attributes: str = "") -> str:
    return f'<a:{name} xmlns:a="{WSA}" xmlns:wsu="{WSU}" {attributes}>{content}</a:{name}>'


def signing(*headers: tuple[str, str], content: str = PING, **changes: object) -> bytes:
    """Sign a message with these WS-Addressing headers, all of them signed."""
    blocks = [block(name, text, f'wsu:Id="wsa-{n}"') for n, (name, text) in enumerate(headers)]
    references = (*SIGN_BODY_AND_TIMESTAMP, *(Ref(f"wsa-{n}") for n in range(len(headers))))
    draft = Draft(content=content, header_before="".join(blocks), references=references, **changes)  # type: ignore[arg-type]
    return draft.build()


@pytest.mark.parametrize("name", ["ReplyTo", "FaultTo"])
@pytest.mark.parametrize("signed", [True, False])
def test_98_an_answer_never_goes_to_an_address_in_the_message(
    gateway: Stack, accept: str, name: str, *, signed: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        address = f"<a:Address>{url}</a:Address>"
        data = (
            signing((name, address), content=accept)
            if signed
            else Draft(content=accept, header_before=block(name, address)).build()
        )
        answer = refused(gateway, data, "REPLY_ADDRESS_UNSUPPORTED")
        assert url.encode() not in answer.body
        assert answer.facts == {"header": name}
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_98_where_a_message_comes_from_matters_to_nobody(gateway: Stack) -> None:
    data = signing(("From", "<a:Address>http://127.0.0.1:9/</a:Address>"), ids={"Body": "from"})
    assert_answered(gateway, gateway.send(data), "Ping")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "text",
        "<a:Address/>",
        f"<a:Address>{WSA}/none</a:Address>",
        f"<a:Address>{ANONYMOUS}#x</a:Address>",
        f"<a:Address>{ANONYMOUS}</a:Address><a:Address>urn:x</a:Address>",
        "<a:Address><x/></a:Address>",
        f"<a:Address>{ANONYMOUS}</a:Address><a:ReferenceParameters><x/></a:ReferenceParameters>",
    ],
)
def test_98_another_endpoint_is_refused(gateway: Stack, accept: str, content: str) -> None:
    code = "REPLY_ADDRESS_UNSUPPORTED" if content.count("<a:Address") == 1 and "<x/>" not in content else None
    refused(gateway, signing(("ReplyTo", content), content=accept), code or "ADDRESSING_INVALID")


def test_98_an_endpoint_of_another_receiver_is_not_ours(gateway: Stack) -> None:
    header = block("ReplyTo", "<a:Address>urn:x</a:Address>", 'soap:actor="urn:other"')
    data = Draft(content=PING, header_before=header, ids={"Body": "other-actor"}).build()
    assert_answered(gateway, gateway.send(data), "Ping")


@pytest.mark.parametrize(
    ("headers", "facts"),
    [
        ((("To", "http://other.example/service"),), {"header": "To", "rule": "other-address"}),
        ((("To", f"{PUBLIC_URL}x"),), {"header": "To", "rule": "other-address"}),
        ((("To", ""),), {"header": "To", "rule": "other-address"}),
        ((("To", PUBLIC_URL), ("To", PUBLIC_URL)), {"header": "To", "rule": "repeated"}),
        ((("To", PUBLIC_URL), ("To", "http://other.example/")), {"header": "To", "rule": "repeated"}),
        ((("Action", "<x/>"),), {"header": "Action", "rule": "text"}),
        ((("MessageID", "no uri"),), {"header": "MessageID", "rule": "uri"}),
        ((("MessageID", "urn:x:&lt;x/&gt;"),), {"header": "MessageID", "rule": "uri"}),
        ((("MessageID", "urn:x:" + "a" * 300),), {"header": "MessageID", "rule": "uri"}),
        ((("MessageID", "urn:x:ñ"),), {"header": "MessageID", "rule": "uri"}),
        ((("MessageID", "urn:x:1"), ("MessageID", "urn:x:1")), {"header": "MessageID", "rule": "repeated"}),
    ],
    ids=range(11),
)
def test_100_signed_addressing_of_something_else_is_refused(
    gateway: Stack, accept: str, headers: tuple[tuple[str, str], ...], facts: dict[str, str]
) -> None:
    assert refused(gateway, signing(*headers, content=accept), "ADDRESSING_INVALID").facts == facts


@pytest.mark.parametrize(
    "action", ["urn:notigateway:v1:Ping", "urn:notigateway:v1:acceptNotifications", "urn:other", ""]
)
def test_100_an_action_of_another_operation_is_an_action_mismatch(
    gateway: Stack, accept: str, action: str
) -> None:
    answer = refused(gateway, signing(("Action", action), content=accept), "ADDRESSING_ACTION_MISMATCH")
    assert answer.facts == {"header": "Action", "rule": "other-operation"}


@pytest.mark.parametrize("spelled", [str.lower, str.upper])
def test_116_under_a_message_id_that_names_its_signer_nobody_else_is_answered(
    gateway: Stack, accept: str, spelled: Callable[[str], str]
) -> None:
    """A MessageID is no secret; the fault relates to nothing, or it could be handed to whose it is."""
    name = f"urn:uuid:{uuid4()}#{spelled(fingerprint(pki().person.certificate))}"
    answer = refused(gateway, signing(("MessageID", name), content=accept), "ADDRESSING_INVALID")
    assert answer.facts == {"header": "MessageID", "rule": "other-signer"}
    assert b"RelatesTo" not in answer.body
    own = f"urn:uuid:{uuid4()}#{spelled(fingerprint(pki().company_seal.certificate))}"
    assert f">{own}</wsa:RelatesTo>".encode() in gateway.send(signing(("MessageID", own))).body


def test_100_the_same_in_soap_12(gateway: Stack, accept: str) -> None:
    data = signing(("To", "http://other.example/"), content=accept, soap_namespace=SOAP12)
    refused(gateway, data, "ADDRESSING_INVALID", CONTENT_TYPE="application/soap+xml")


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
    answer = gateway.send(draft.build())
    assert_answered(gateway, answer, "Ping")
    assert WSA.encode() not in answer.body


@pytest.mark.parametrize("name", ["ReplyTo", "To", "Action"])
def test_100_unsigned_addressing_that_must_be_understood_is_refused(
    gateway: Stack, accept: str, name: str
) -> None:
    header = block(name, "urn:x", 'soap:mustUnderstand="1"')
    fault = refused(gateway, Draft(content=accept, header_before=header).build(), "PART_NOT_SIGNED")
    assert fault.facts == {"part": "header", "header": name}


@pytest.mark.parametrize(
    ("signed", "facts"),
    [
        (block("MessageID", "urn:uuid:1", 'wsu:Id="h1"'), {"part": "header", "header": "MessageID"}),
        (block("Other", "urn:uuid:1", 'wsu:Id="h1"'), {"part": "header"}),
        (f'<MessageID xmlns="urn:h" xmlns:w="{WSU}" w:Id="h1">urn:uuid:1</MessageID>', {"part": "header"}),
    ],
)
def test_100_a_signed_header_that_was_changed_is_named_by_a_word_of_ours(
    gateway: Stack, accept: str, signed: str, facts: dict[str, str]
) -> None:
    references = (*SIGN_BODY_AND_TIMESTAMP, Ref("h1"))
    data = Draft(content=accept, header_before=signed, references=references).build()
    changed = data.replace(b"urn:uuid:1", b"urn:uuid:2")
    assert refused(gateway, changed, "DIGEST_DIFFERS").facts == facts


@pytest.mark.parametrize("namespace", [WSA, "http://schemas.xmlsoap.org/ws/2004/08/addressing"])
def test_100_addressing_that_is_not_known_is_not_understood(
    gateway: Stack, accept: str, namespace: str
) -> None:
    name = "ProblemAction" if namespace == WSA else "To"
    header = f'<a:{name} xmlns:a="{namespace}" soap:mustUnderstand="1">urn:x</a:{name}>'
    refused(gateway, Draft(content=accept, header_before=header).build(), "HEADER_NOT_UNDERSTOOD")
