"""What a person reads of the proxy that the environment names: which variable, where it is, what it did."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import httpx
import pytest

from listeners import answering, client_of, http, listen_only, told
from notigateway.client.proxies import proxy_for
from notigateway.client.unreached import Way, unreached
from notigateway.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from notigateway.client import ClientError
    from service_simulator import Simulator

HOST = "gateway.example"
PAST = f"NO_PROXY={HOST} goes past it"


@pytest.fixture(autouse=True)
def _begin_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def told_by(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, scheme: str) -> ClientError:
    monkeypatch.setenv(variable, value)
    return told(f"{scheme}://{HOST}/", timeout_seconds=0.3)


@pytest.mark.parametrize(
    ("scheme", "variable"),
    [("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY"), ("https", "https_proxy"), ("http", "ALL_PROXY")],
)
def test_a_proxy_where_nobody_listens_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, scheme: str, variable: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        error = told_by(monkeypatch, variable, f"http://me:secret@{place}", scheme)
    assert error.line() == (
        f"SERVICE_UNREACHABLE: nothing listens at the proxy {place} (named by {variable}): connection "
        f"refused; {PAST}"
    )
    assert error.retryable


def refuse(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


def let_through_and_fall_silent(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    listen_only(connection)


@pytest.mark.parametrize(
    ("scheme", "does", "said", "retryable"),
    [
        ("https", refuse, "{proxy} does not let through to {there}: 403 Forbidden; {past}", False),
        ("https", listen_only, "{proxy} did not let through to {there} in time: 0.3 seconds; {past}", True),
        (
            "https",
            let_through_and_fall_silent,
            "{there} took the connection and did not answer in TLS within 0.3 seconds: {cure}; {through}",
            False,
        ),
        ("http", listen_only, "the service at {there} did not answer in time: {option}; {through}", True),
    ],
)
def test_what_a_proxy_does_is_told_of_it(
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    does: Callable[[socket.socket], object],
    said: str,
    *,
    retryable: bool,
) -> None:
    variable = f"{scheme.upper()}_PROXY"
    with answering(does) as place:
        error = told_by(monkeypatch, variable, place, scheme)
    proxy = f"the proxy {place} (named by {variable})"
    assert str(error) == said.format(
        proxy=proxy,
        there=f"{HOST}:{443 if scheme == 'https' else 80}",
        past=PAST,
        through=f"it goes through {proxy}: {PAST}",
        cure="ask whoever runs the service for its address",
        option="0.3 seconds (--timeout-seconds)",
    )
    assert error.retryable is retryable


def test_a_refusal_that_may_be_the_proxys_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(http("502 Bad Gateway", b"no such host")) as place:
        error = told_by(monkeypatch, "HTTP_PROXY", f"http://{place}", "http")
    assert error.line() == (
        "HTTP_REFUSED: the request was refused with HTTP status 502 Bad Gateway, without a signed answer, by "
        f"the service or the proxy {place} (named by HTTP_PROXY); it says (unproven): 'no such host'"
    )


def test_a_proxy_whose_name_nobody_knows_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    url = httpx.URL(f"https://{HOST}/")
    error = httpx.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    said = unreached(error, url, Way(proxy_for(url), is_tunnelled=True), timeout_seconds=1)
    assert str(said) == (
        "no address is known for the proxy proxy.example:3128 (named by ALL_PROXY): see whether the name is "
        f"right, and DNS answers; {PAST}"
    )


def test_a_certificate_that_is_not_believed_behind_a_proxy_is_the_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    url = httpx.URL(f"https://{HOST}/")
    way = Way(proxy_for(url), is_tunnelled=True)
    for event in ("connection.connect_tcp", "http11.send_request_headers", "proxy.start_tls"):
        way.trace(f"{event}.started", {})
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "self-signed certificate"
    error = httpx.ConnectError("certificate verify failed")
    error.__cause__ = cause
    said = str(unreached(error, url, way, timeout_seconds=1))
    assert said.startswith(f"the TLS certificate of {HOST}:443 is not believed: self-signed certificate")
    assert said.endswith(f"; it goes through the proxy proxy.example:3128 (named by HTTPS_PROXY): {PAST}")


# --- which proxy it is ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["socks5", "socks", "gopher"])
def test_a_kind_of_proxy_that_is_not_spoken_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{kind}://me:secret@127.0.0.1:1080")
    with pytest.raises(ConfigurationError) as refusal:
        told(f"https://{HOST}/")
    assert refusal.value.detail == (
        f"ALL_PROXY names a proxy by {kind}://, which is not spoken or names no host: name one of http:// or "
        f"https://, or {PAST}"
    )


@pytest.mark.parametrize("address", ["http://proxy.example:port", "http://"])
def test_a_proxy_that_is_no_url_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY names") as refusal:
        told(f"https://{HOST}/")
    assert refusal.value.detail.endswith(PAST)


@pytest.mark.parametrize("past", ["127.0.0.1", "elsewhere.example, *", "elsewhere.example,{place}"])
def test_a_proxy_that_is_gone_past_stops_nobody(
    service: Simulator, monkeypatch: pytest.MonkeyPatch, past: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("NO_PROXY", past.format(place=service.url.split("/")[2]))
    with client_of(service.url) as client:
        client.ping()


def test_a_proxy_for_other_addresses_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    url = httpx.URL(f"http://{HOST}/")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    assert proxy_for(url) is None
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:1080")
    monkeypatch.setenv("HTTP_PROXY", "proxy.example")
    assert str(proxy_for(url)) == "the proxy proxy.example:80 (named by HTTP_PROXY)"
