"""Registered clients through the whole gateway: what was agreed holds for them, and for nobody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from client_shapes import NAMING_SHAPES, by_name, issuer_serial_text
from envelopes import DS, MORE, NS, RSA_SHA256, Draft, Ref
from notigateway.errors import ConfigurationError
from notigateway.pki.keys import fingerprint
from notigateway.settings import load_settings
from oracles import signxml_accepts, xmlsec_accepts
from pki import COMPANY_NIF, NOW, PERSON_NIF, pki, write_pem
from refusals import assert_answered, assert_refusal
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'
SHA1 = (Ref("Body", digest_method=f"{DS}sha1"), Ref("Timestamp", digest_method=f"{DS}sha1"))
UNTIL = NOW.date().isoformat()
WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"


@pytest.fixture
def registering(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Start a gateway with registered clients."""
    started: list[Stack] = []

    def start(*clients: dict[str, Any], **overrides: Any) -> Stack:  # noqa: ANN401
        stack = Stack(sqlite_url, tmp_path, clients=clients, **overrides)
        stack.publish()
        started.append(stack)
        return stack

    yield start
    for stack in started:
        stack.close()


def company(**options: object) -> dict[str, object]:
    return {"fingerprint": fingerprint(pki().company_seal.certificate), **options}


def code_of(stack: Stack, **changes: Any) -> str | None:  # noqa: ANN401  (fields of Draft)
    return stack.send(Draft(content=PING, now=stack.now, **changes).build()).code


@pytest.mark.parametrize("shape", NAMING_SHAPES)
def test_a_certificate_of_a_registration_may_be_named(
    registering: Callable[..., Stack], tmp_path: Path, shape: str
) -> None:
    _, file = write_pem(pki().company_seal, tmp_path, "company")
    stack = registering({"certificate_file": file})
    answer = stack.send(NAMING_SHAPES[shape](pki().company_seal).replace(b"hola", b"hola"))
    assert answer.code == "INVALID_REQUEST"  # the shapes' Ping has an argument: verified, then refused
    ping = by_name(pki().company_seal, issuer_serial_text(pki().company_seal), PING)
    assert_answered(stack, stack.send(ping.build()), "Ping")
    other = by_name(pki().person, issuer_serial_text(pki().person), PING)
    assert_refusal(stack, stack.send(other.build()), "TOKEN_UNAVAILABLE")


@pytest.mark.parametrize(
    "changes",
    [
        {"signature_method": f"{DS}rsa-sha1"},
        {"references": SHA1},
        {"signature_method": f"{DS}rsa-sha1", "references": SHA1},
    ],
    ids=["59-signature", "59-digest", "59-both"],
)
def test_sha1_is_read_of_that_client_until_that_day(
    registering: Callable[..., Stack], changes: dict[str, Any]
) -> None:
    stack = registering(company(unsafe_allow_sha1_until=UNTIL))
    assert code_of(stack, **changes) is None
    assert code_of(stack, pair=pki().representative, **changes) == "ALGORITHM_UNSUPPORTED"
    stack.now = datetime(NOW.year, NOW.month, NOW.day, 23, 59, 59, tzinfo=UTC)
    assert code_of(stack, **changes) is None
    stack.pass_time(seconds=1)
    assert code_of(stack, **changes) == "ALGORITHM_UNSUPPORTED"


@pytest.mark.parametrize("method", [f"{MORE}rsa-md5", f"{DS}hmac-sha1", f"{DS}dsa-sha1", f"{MORE}ecdsa-sha1"])
def test_59_with_sha1_nothing_else_is_allowed(registering: Callable[..., Stack], method: str) -> None:
    stack = registering(company(unsafe_allow_sha1_until=UNTIL))
    assert code_of(stack, signature_method=method) == "ALGORITHM_UNSUPPORTED"


def test_59_somebody_elses_option_is_of_no_use(registering: Callable[..., Stack]) -> None:
    stack = registering(company(unsafe_allow_sha1_until=UNTIL))
    stolen = Draft(content=PING, pair=pki().person, signature_method=f"{DS}rsa-sha1", references=SHA1)
    stolen.token_text = (
        Draft(pair=pki().company_seal).build().decode().partition('X509v3">')[2].partition("<")[0]
    )
    assert_refusal(stack, stack.send(stolen.build()), "SIGNATURE_WRONG")


def test_a_registration_by_nif_holds_for_all_certificates_of_the_party(
    registering: Callable[..., Stack],
) -> None:
    stack = registering({"nif": COMPANY_NIF, "unsafe_allow_sha1_until": UNTIL})
    assert code_of(stack, references=SHA1) is None
    assert code_of(stack, pair=pki().representative, references=SHA1) is None
    assert code_of(stack, pair=pki().person, references=SHA1) == "ALGORITHM_UNSUPPORTED"


def test_production_does_not_start_with_sha1() -> None:
    with pytest.raises(ConfigurationError, match="no client may sign with SHA-1"):
        load_settings(None, overrides={"clients": [company(unsafe_allow_sha1_until=UNTIL)]})


def test_a_larger_difference_of_clocks_may_be_agreed(registering: Callable[..., Stack]) -> None:
    stack = registering(company(timestamp_skew_seconds=300))
    ahead = "2026-06-01T12:04:59Z"
    assert code_of(stack, created=ahead, expires="2026-06-01T12:10:00Z") is None
    assert (
        code_of(stack, created=ahead, expires="2026-06-01T12:10:00Z", pair=pki().representative)
        == "MESSAGE_EXPIRED"
    )


# --- who may call -----------------------------------------------------------------------------------


def test_86_a_disabled_client_is_refused(registering: Callable[..., Stack]) -> None:
    stack = registering(company(disabled=True))
    answer = stack.send(Draft(content=PING).build())
    assert_refusal(stack, answer, "CLIENT_NOT_REGISTERED")
    assert answer.facts == {"reason": "disabled"}
    assert code_of(stack, pair=pki().representative) is None


def test_86_only_registered_clients_where_that_is_required(registering: Callable[..., Stack]) -> None:
    stack = registering(company(), {"nif": PERSON_NIF}, require_registered_clients=True)
    assert code_of(stack) is None
    assert code_of(stack, pair=pki().person) != "CLIENT_NOT_REGISTERED"
    answer = stack.send(Draft(content=PING, pair=pki().representative).build())
    assert_refusal(stack, answer, "CLIENT_NOT_REGISTERED")
    assert answer.facts == {"reason": "not-registered"}
    # not even that is told to who is not admitted
    assert code_of(stack, pair=pki().wrong_issuer) == "ISSUER_NOT_AUTHORISED"


@pytest.mark.parametrize(
    ("clients", "problem"),
    [
        ([{}], "name the client by one of"),
        ([{"nif": COMPANY_NIF, "fingerprint": "0" * 64}], "name the client by one of"),
        ([{"nif": "B12345678"}], "nif"),
        ([{"fingerprint": "A" * 64}], "fingerprint"),
        ([{"nif": COMPANY_NIF, "unknown": 1}], "unknown"),
        ([{"nif": COMPANY_NIF, "unsafe_sha1_answers": True}], "unsafe_sha1_answers"),
        ([{"nif": COMPANY_NIF}, {"nif": COMPANY_NIF}], "registered twice"),
        ([{"certificate_file": "nowhere.pem"}], r"nowhere\.pem"),
    ],
)
def test_a_registration_that_is_not_clear_stops_the_start(
    registering: Callable[..., Stack], clients: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        registering(*clients)


# --- what answers look like -------------------------------------------------------------------------


def test_an_answer_is_marked_where_that_was_agreed(registering: Callable[..., Stack]) -> None:
    stack = registering(company(must_understand=True))
    for content in (PING, PING.replace("Ping", "No")):
        answer = stack.send(Draft(content=content).build())
        stack.check(answer)
        (security,) = etree.fromstring(answer.body)[0]
        assert security.get(f"{{{NS['soap']}}}mustUnderstand") == "1"
    assert b"mustUnderstand" not in stack.send(Draft(content=PING, pair=pki().representative).build()).body


@pytest.mark.parametrize("content", [PING, PING.replace("Ping", "No")], ids=["answer", "fault"])
def test_the_signature_of_the_request_is_confirmed_where_that_was_agreed(
    registering: Callable[..., Stack], content: str
) -> None:
    stack = registering(company(signature_confirmation=True))
    request = Draft(content=content).build()
    answer = stack.send(request)
    stack.check(answer)
    for accepts in (xmlsec_accepts, signxml_accepts):
        assert accepts(answer.body, pki().service.certificate)
    root = etree.fromstring(answer.body)
    (confirmation,) = root.iter(f"{{{WSSE11}}}SignatureConfirmation")
    assert confirmation.get("Value") == etree.fromstring(request).findtext(".//ds:SignatureValue", None, NS)
    signed = {one.get("URI") for one in root.iter(f"{{{DS}}}Reference")}
    assert f"#{confirmation.get('{%s}Id' % NS['wsu'])}" in signed  # noqa: UP031
    changed = answer.body.replace(b'Value="', b'Value="A')
    assert not xmlsec_accepts(changed, pki().service.certificate)


def test_114_an_answer_is_in_sha1_only_where_that_was_agreed(registering: Callable[..., Stack]) -> None:
    stack = registering(company(unsafe_allow_sha1_until=UNTIL, unsafe_sha1_answers=True))

    def method(**changes: Any) -> str | None:  # noqa: ANN401
        answer = stack.send(Draft(content=PING, now=stack.now, **changes).build())
        assert answer.code is None
        assert xmlsec_accepts(answer.body, pki().service.certificate)
        found = etree.fromstring(answer.body).find(".//ds:SignatureMethod", NS)
        return found.get("Algorithm") if found is not None else None

    assert method(signature_method=f"{DS}rsa-sha1") == f"{DS}rsa-sha1"
    assert method(pair=pki().representative) == RSA_SHA256
    stack.pass_time(days=1)
    assert method() == RSA_SHA256
