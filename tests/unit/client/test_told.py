"""What a person reads where the service cannot be reached, or its answer not be believed."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from listeners import answering, client_of, http, listen_only, told
from notigateway.client import GatewayFaultError, Retries
from notigateway.client.connection import check_own
from notigateway.client.errors import ClockDiffersError
from notigateway.client.unproven import clock_words
from notigateway.client.unreached import Phase, Way, refused, unreached
from notigateway.errors import ConfigurationError
from notigateway.instants import instant_text
from notigateway.pki.keys import fingerprint, subject_of
from notigateway.wss.sign import Signer
from pki import pki
from service_simulator import Simulator, fault_element, gateway_fault

if TYPE_CHECKING:
    pass

# --- the two clocks ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (timedelta(hours=2, minutes=3), "2 h 3 min ahead of"),
        (timedelta(minutes=-90), "1 h 30 min behind"),
        (timedelta(days=-400), "400 d behind"),
    ],
)
def test_a_clock_that_is_off_is_told_with_how_much(service: Simulator, off: timedelta, said: str) -> None:
    """The service refuses the request for its time; its answer is signed, and of another time too."""
    now = datetime.now(UTC).replace(microsecond=0)
    service.answer = lambda *_: _expired(service, now)  # type: ignore[method-assign]
    error = told(service.url, clock=lambda: now + off)
    assert (error.code, error.exit_code, error.retryable) == ("CLOCK_DIFFERS", 4, False)
    assert error.line() == (
        f"CLOCK_DIFFERS: the clock of this computer is {said} the service's: it is {instant_text(now + off)} "
        f"here, {instant_text(now)} in the service's signed answer; set this clock. If it is right, somebody "
        "handed over an old answer. Nothing of the answer was used"
    )


def test_what_has_legal_effect_is_not_sent_while_no_answer_could_be_proven(service: Simulator) -> None:
    """The service takes a message whose clock is off by some minutes; its answer would be refused."""
    (item,) = service.add()
    with client_of(service.url, clock=lambda: datetime.now(UTC) - timedelta(minutes=4)) as client:
        with pytest.raises(ClockDiffersError) as told:
            client.accept([item.id])
        assert not told.value.may_be_decided
    assert service.operations == ["Ping"]


def test_a_decision_whose_answer_is_lost_may_be_taken_and_that_is_said(service: Simulator) -> None:
    (item,) = service.add()
    behind = [timedelta(0)]
    with client_of(service.url, clock=lambda: datetime.now(UTC) - behind[-1]) as client:
        client.ping()
        behind.append(timedelta(minutes=4))
        with pytest.raises(ClockDiffersError) as told:
            client.accept([item.id])
    assert told.value.line().endswith(
        "; it may have been decided all the same: ask again, or see its history"
    )


def test_what_nobody_signed_is_not_called_the_services_time(service: Simulator) -> None:
    now = datetime.now(UTC)
    service.signer = Signer(pki().person.key, pki().person.certificate)
    service.answer = lambda *_: _expired(service, now)  # type: ignore[method-assign]
    line = told(service.url, clock=lambda: now + timedelta(hours=1)).line()
    assert "in an answer that is not proven to be the service's; set this clock" in line


def test_a_clock_that_is_off_by_less_is_told_by_the_fault(service: Simulator) -> None:
    now = datetime.now(UTC)
    service.answer = lambda *_: _expired(service, now)  # type: ignore[method-assign]
    error = told(service.url, clock=lambda: now + timedelta(seconds=90))
    assert isinstance(error, GatewayFaultError)
    assert error.line().startswith("MESSAGE_EXPIRED: ")
    assert "; the clock of this computer is 1 min 30 s ahead of the service's (" in error.line()
    assert " here): set this clock; see https://" in error.line()


def test_an_unsigned_fault_is_shown_and_not_believed(service: Simulator) -> None:
    static = (
        b'<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault>'
        b"<faultcode>wsu:MessageExpired</faultcode><faultstring>[MESSAGE_EXPIRED] Set\x09your clock"
        b'</faultstring><detail><fact name="serverTime">2026-11-23T09:00:00Z</fact></detail></soap:Fault>'
        b"</soap:Body></soap:Envelope>"
    )
    service.answer = lambda *_: (500, static)  # type: ignore[method-assign]
    line = told(service.url).line()
    assert line.startswith(
        "RESPONSE_NOT_VERIFIED: the answer (HTTP status 500) is not from the pinned service"
    )
    assert line.endswith(
        "; it says (unproven): '[MESSAGE_EXPIRED] Set your clock (its clock: 2026-11-23T09:00:00Z)'"
    )


def _expired(service: Simulator, now: datetime) -> tuple[int, bytes]:
    from notigateway.wss.canonical import canonical  # noqa: PLC0415
    from notigateway.wss.sign import sign_envelope  # noqa: PLC0415

    fault = fault_element("MESSAGE_EXPIRED", retryable=False, serverTime=instant_text(now))
    return 500, sign_envelope(canonical(fault), signer=service.signer, now=now, is_fault=True)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s behind"), (61, "1 min 1 s ahead of"), (-86_400, "1 d behind"), (93_600, "1 d 2 h ahead of")],
)
def test_how_far_clocks_differ_is_said_in_two_units(seconds: int, said: str) -> None:
    assert clock_words(timedelta(seconds=seconds)) == f"the clock of this computer is {said} the service's"


# --- the pinned certificate --------------------------------------------------------------------------


def test_a_wrong_pin_names_both_certificates_and_what_to_do(service: Simulator) -> None:
    service.signer = Signer(pki().person.key, pki().person.certificate)
    error = told(service.url)
    assert (error.code, error.exit_code) == ("SERVICE_CERTIFICATE_DIFFERS", 4)
    expected, came = pki().service.certificate, pki().person.certificate
    for one in (expected, came):
        assert f"{subject_of(one)} (SHA-256 {fingerprint(one)})" in str(error)
    assert "Your own certificate is not in question" in str(error)
    assert "--server-cert" in str(error)
    assert "authorised list" not in str(error)


# --- the caller's own certificate --------------------------------------------------------------------


def test_an_own_certificate_that_is_not_valid_now_is_said_before_anything_is_sent() -> None:
    mine = pki().company_seal.certificate
    start, end = mine.not_valid_before_utc, mine.not_valid_after_utc
    check_own(mine, end)
    for now, said in (
        (end + timedelta(days=1), f"expired at {instant_text(end)}"),
        (start - timedelta(days=1), f"is valid only from {instant_text(start)}"),
    ):
        with pytest.raises(ConfigurationError) as refusal:
            check_own(mine, now)
        assert refusal.value.detail == (
            f"your certificate ({subject_of(mine)}) {said}, and it is {instant_text(now)} by "
            "the clock of this computer"
        )


def test_an_own_certificate_that_may_not_sign_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"your certificate \(.*\) is not accepted: The "):
        check_own(pki().root.certificate, pki().root.certificate.not_valid_after_utc)


# --- HTTP --------------------------------------------------------------------------------------------


def test_a_refusal_by_http_shows_its_text_on_one_line() -> None:
    page = b"<html><head><title>Not\x1b[31m here</title></head>\n<body>no such <b>page</b></body></html>"
    with answering(http("404 Not Found", page)) as place:
        assert told(f"http://{place}/wrong").line() == (
            "HTTP_REFUSED: the request was refused with HTTP status 404 Not Found, without a signed answer; "
            "it says (unproven): 'Not [31m here no such page'"
        )


def test_a_redirect_names_the_other_address() -> None:
    with answering(http("301 Moved Permanently", b"", "Location: https://gateway.example/x")) as place:
        line = told(f"http://{place}/").line()
    assert "it leads to 'https://gateway.example/x': give that as the address" in line


def test_a_long_text_is_shortened() -> None:
    assert len(refused(418, b"tea " * 10_000)) < 400
    assert "HTTP status 599," in refused(599, b"")


# --- the connection ----------------------------------------------------------------------------------


def test_https_at_a_port_without_tls_is_said_within_seconds() -> None:
    with answering(listen_only) as place:
        error = told(f"https://{place}/", timeout_seconds=0.3)
    assert (error.code, error.retryable) == ("SERVICE_UNREACHABLE", False)
    assert str(error) == (
        f"{place} took the connection and did not answer in TLS within 0.3 seconds: where it is a port "
        "without TLS, write http:// for https:// in the address"
    )


def test_https_at_a_port_that_answers_in_http_is_said_at_once() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with answering(answer) as place:
        error = told(f"https://{place}/")
    assert str(error).startswith(f"{place} does not speak TLS (")
    assert str(error).endswith("write http:// for https:// in the address")
    assert not error.retryable


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("https://127.0.0.1:8080/", "write http:// for https:// in the address"),
        ("https://[::1]:8080/", "write http:// for https:// in the address"),
        ("https://notifications.example/", "ask whoever runs the service for its address"),
    ],
)
def test_nobody_is_advised_to_do_without_tls_over_a_network(url: str, cure: str) -> None:
    way = Way()
    way.phase = Phase.TLS
    failed = httpx.ConnectError("[SSL] record layer failure")
    error = unreached(failed, httpx.URL(url), way, timeout_seconds=10)
    assert str(error).endswith(cure)


def test_http_at_a_port_with_tls_is_said() -> None:
    def answer(connection: socket.socket) -> None:
        while b"</soap:Envelope>" not in connection.recv(65536):
            pass
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert of TLS: protocol_version

    with answering(answer) as place:
        error = told(f"http://{place}/")
    assert str(error) == (
        f"{place} does not answer in HTTP: where it is a port with TLS, write https:// for http://"
    )
    with answering(socket.socket.fileno) as place:  # closes at once
        assert str(told(f"http://{place}/")).endswith(
            "; where it is a port with TLS, write https:// for http:// in the address"
        )


def test_a_port_where_nobody_listens_is_named_with_how_often_it_was_tried() -> None:
    waited: list[str] = []
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        retries = Retries(
            attempts=3,
            first_wait_seconds=0.01,
            told=lambda error, seconds: waited.append(f"{error.code} {seconds >= 0}"),
        )
        line = told(f"http://{place}/", retries=retries).line()
    assert line == f"SERVICE_UNREACHABLE: nothing listens at {place}: connection refused (tried 3 times)"
    assert waited == ["SERVICE_UNREACHABLE True"] * 2


@pytest.mark.parametrize(("number", "passes"), [(socket.EAI_NONAME, False), (socket.EAI_AGAIN, True)])
def test_a_name_that_nobody_knows_is_named(number: int, passes: bool) -> None:
    error = httpx.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = socket.gaierror(number, "Name or service not known")
    url = httpx.URL("https://gatway.example/")
    told = unreached(error, url, Way(), timeout_seconds=1)
    assert str(told) == (
        "no address is known for 'gatway.example': see whether the name is right, and DNS answers"
    )
    assert told.retryable is passes


def test_an_answer_that_does_not_come_is_told_with_the_seconds() -> None:
    with answering(listen_only) as place:
        error = told(f"http://{place}/", timeout_seconds=0.2)
    assert str(error) == f"the service at {place} did not answer in time: 0.2 seconds (--timeout-seconds)"
    assert error.retryable


def test_what_is_passing_is_tried_again_as_the_service_asks(service: Simulator) -> None:
    service.retry_after = "1"
    service.plan.append(gateway_fault("TEMPORARILY_UNAVAILABLE", retryable=True))
    waited: list[float] = []
    retries = Retries(
        attempts=2, first_wait_seconds=0.01, max_retry_after_seconds=0.1, told=lambda _, s: waited.append(s)
    )
    with client_of(service.url, retries=retries) as client:
        client.ping()
    assert 0.1 <= waited[0] < 1
