from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from envelopes import SIGN_BODY_AND_TIMESTAMP, WSU, Draft, Ref, instant
from notigateway.client import (
    GatewayFaultError,
    NotificationClient,
    NotVerifiedError,
    ResponseToAnotherError,
)
from notigateway.client.binding import check_related, new_message_id
from notigateway.errors import AddressingError, CallerUnknownError, DigestError, ReplayError
from notigateway.pki.anchors import PinnedCertificates
from notigateway.pki.keys import fingerprint
from notigateway.wss.envelope import parse_envelope
from notigateway.wss.ns import WSA, soap, wsa, wsse
from notigateway.wss.policy import Expectations, Limits
from notigateway.wss.sign import EnvelopeForm, Signer, sign_envelope
from notigateway.wss.verify import verify_envelope
from pki import NOW, pki
from service_simulator import gateway_fault, relating

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from service_simulator import Simulator

    Related = Callable[[str], Sequence[tuple[str, str]]]


# --- what a request says --------------------------------------------------------------------------


def test_a_request_says_signed_whom_it_asks_what_under_a_name_of_its_own(
    service: Simulator, client: NotificationClient
) -> None:
    client.ping()
    client.summary()
    first, second = service.addressing
    assert (first.to, first.action) == (service.url, "urn:notigateway:v1:Ping")
    assert second.action == "urn:notigateway:v1:GetSummary"
    assert first.message_id != second.message_id
    me = fingerprint(pki().company_seal.certificate)
    assert all((one.message_id or "").endswith(f"#{me}") for one in (first, second))


def test_every_attempt_has_a_name_of_its_own(service: Simulator, client: NotificationClient) -> None:
    service.plan += [gateway_fault("TEMPORARILY_UNAVAILABLE", retryable=True)] * 2
    client.ping()
    assert len({one.message_id for one in service.addressing}) == 3


def test_a_service_that_is_reached_at_another_address_is_called_by_its_own(service: Simulator) -> None:
    with NotificationClient(
        service.url,
        key=pki().company_seal.key,
        certificate=pki().company_seal.certificate,
        server_certificates=[pki().service.certificate],
        public_url="https://notifications.example/notigateway/v1",
    ) as client:
        client.ping()
    assert service.addressing[0].to == "https://notifications.example/notigateway/v1"


# --- what an answer must say ----------------------------------------------------------------------


def _also(name: str, text: str) -> Related:
    return lambda message_id: (*relating(message_id), (name, text))


REFUSED: dict[str, Related] = {
    "115-to-nothing": lambda _: (),
    "115-to-another": lambda _: relating(new_message_id("0" * 64)),
    "115-to-the-same-uuid-of-another": lambda one: relating(f"{one.partition('#')[0]}#{'0' * 64}"),
    "115-to-a-part-of-it": lambda one: relating(one[:-1]),
    "115-to-more-than-it": lambda one: relating(f"{one}0"),
    "115-to-both": lambda one: (*relating(one), *relating("urn:x:y")),
    "115-twice": lambda one: (*relating(one), *relating(one)),
    "115-its-own-name-only": lambda one: (("MessageID", one),),
    "115-in-capitals": lambda one: relating(one.upper()),
}


@pytest.mark.parametrize("related", REFUSED.values(), ids=REFUSED)
def test_what_does_not_answer_this_request_is_refused(
    service: Simulator, client: NotificationClient, related: Related
) -> None:
    service.related = related
    with pytest.raises(ResponseToAnotherError) as refused:
        client.ping()
    assert (refused.value.exit_code, refused.value.retryable) == (4, False)
    assert service.operations == ["Ping"]


def test_what_else_an_answer_says_of_itself_changes_nothing(
    service: Simulator, client: NotificationClient
) -> None:
    service.related = _also("Action", "urn:notigateway:v1:Notigateway:PingResponse")
    assert client.ping().known


def _adding(where: str, asked: list[str]) -> Callable[[bytes], bytes]:
    """Add an unsigned RelatesTo that is right, somewhere in the envelope."""

    def tamper(body: bytes) -> bytes:
        envelope = etree.fromstring(body)
        (place,) = envelope.iterfind(where)
        etree.SubElement(place, wsa("RelatesTo")).text = asked[-1]
        return etree.tostring(envelope)

    return tamper


@pytest.mark.parametrize("related", [lambda _: (), lambda _: relating("urn:x:y")], ids=["none", "another"])
@pytest.mark.parametrize("where", [soap("Header"), f"{soap('Header')}/{wsse('Security')}"])
def test_what_nobody_signed_relates_nothing(
    service: Simulator, client: NotificationClient, where: str, related: Related
) -> None:
    """Alone or beside another, in the Header or in a header."""
    asked: list[str] = []

    def relate(message_id: str) -> Sequence[tuple[str, str]]:
        asked.append(message_id)
        return related(message_id)

    service.related, service.tamper = relate, _adding(where, asked)
    with pytest.raises(NotVerifiedError) as refused:
        client.ping()
    assert refused.value.exit_code == 4


def test_a_second_one_that_nobody_signed_is_refused_even_if_it_says_the_same(
    service: Simulator, client: NotificationClient
) -> None:
    asked: list[str] = []

    def relate(message_id: str) -> Sequence[tuple[str, str]]:
        asked.append(message_id)
        return relating(message_id)

    service.related = relate
    service.tamper = _adding(soap("Header"), asked)
    with pytest.raises(ResponseToAnotherError, match="does not say, signed"):
        client.ping()


@pytest.mark.parametrize(
    ("attribute", "content", "is_answer"),
    [
        (f'RelationshipType="{WSA}/reply"', "{}", True),
        ("", " {} ", True),
        ('RelationshipType="urn:other"', "{}", False),
        ("", "{}<x/>", False),
        ("", "<x>{}</x>", False),
    ],
)
def test_it_must_relate_as_a_reply_and_say_nothing_else(
    service: Simulator, client: NotificationClient, attribute: str, content: str, *, is_answer: bool
) -> None:
    def tamper(body: bytes) -> bytes:
        now = datetime.now(UTC)
        asked = content.format(service.addressing[-1].message_id)
        (answer,) = etree.fromstring(body).iterfind(f"{soap('Body')}/*")
        names = f'xmlns:a="{WSA}" xmlns:wsu="{WSU}" wsu:Id="R"'
        return Draft(
            pair=pki().service,
            content=etree.tostring(answer).decode(),
            header_before=f"<a:RelatesTo {names} {attribute}>{asked}</a:RelatesTo>",
            references=(*SIGN_BODY_AND_TIMESTAMP, Ref("R")),
            created=instant(now),
            expires=instant(now + timedelta(minutes=5)),
        ).build()

    service.tamper = tamper
    if is_answer:
        assert client.ping().known
    else:
        with pytest.raises(ResponseToAnotherError):
            client.ping()


@given(drawn=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=120), near=st.booleans())
def test_no_drawn_text_relates_to_a_message_but_its_own(drawn: str, *, near: bool) -> None:
    """Anything, or the name itself with anything behind it; white space around it is none of it."""
    asked = new_message_id("0" * 64)
    said = asked + drawn if near else drawn
    answer = sign_envelope(
        b"<x></x>",
        signer=Signer(pki().service.key, pki().service.certificate),
        now=NOW,
        form=EnvelopeForm(addressing=tuple(relating(said))),
    )
    envelope = parse_envelope(answer, limits=Limits())
    trusted = PinnedCertificates([pki().service.certificate]).check
    verified = verify_envelope(envelope, now=NOW, expectations=Expectations(), check_certificate=trusted)
    with nullcontext() if said.strip() == asked else pytest.raises(ResponseToAnotherError):
        check_related(envelope, verified, asked)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [DigestError.code, AddressingError.code, "INTERNAL_ERROR"])
def test_a_fault_from_before_the_proof_is_shown_and_marked(
    service: Simulator, client: NotificationClient, code: str
) -> None:
    """The service could not believe the MessageID: it may be about this request, and nobody knows."""
    service.related = lambda _: ()
    service.plan.append(gateway_fault(code, retryable=False))
    with pytest.raises(GatewayFaultError) as fault:
        client.ping()
    assert (fault.value.code, fault.value.is_bound, fault.value.exit_code) == (code, False, 3)
    assert "(not proven to be about this request); see https://" in fault.value.line()


@pytest.mark.parametrize(
    "code", [CallerUnknownError.code, ReplayError.code, "INVALID_CURSOR", "NOTIFICATION_UNKNOWN", "NEW_CODE"]
)
def test_a_fault_about_a_proven_request_must_say_which(
    service: Simulator, client: NotificationClient, code: str
) -> None:
    service.related = lambda _: ()
    service.plan.append(gateway_fault(code, retryable=True))
    with pytest.raises(ResponseToAnotherError, match=code):
        client.ping()
    assert service.operations == ["Ping"]


def test_a_fault_that_relates_to_another_request_is_refused_whatever_it_says(
    service: Simulator, client: NotificationClient
) -> None:
    service.related = lambda _: relating("urn:x:y")
    service.plan.append(gateway_fault(DigestError.code, retryable=True))
    with pytest.raises(ResponseToAnotherError, match="another request"):
        client.ping()
    assert service.operations == ["Ping"]


def test_a_fault_that_relates_to_this_request_is_the_answer(
    service: Simulator, client: NotificationClient
) -> None:
    service.plan.append(gateway_fault("INVALID_CURSOR", retryable=False))
    with pytest.raises(GatewayFaultError) as fault:
        client.ping()
    assert fault.value.is_bound
