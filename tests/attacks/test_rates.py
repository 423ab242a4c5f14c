"""Who asks too often is told to wait; who fails too often is not even read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from envelopes import Draft
from notigateway.app import build_app
from notigateway.errors import RateLimitedError
from notigateway.http import failures
from notigateway.settings import load_settings
from notigateway.soap.rates import CallerLimit
from pki import pki
from refusals import assert_refusal
from stack import Stack, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORWARDED = "HTTP_X_FORWARDED_FOR"
PEER = "198.51.100.7"
PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'


@pytest.fixture
def make(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Give a maker of a gateway with a limit and one notification."""
    made: list[Stack] = []

    def one(**overrides: int) -> Stack:
        stack = Stack(database_url, tmp_path, **overrides)  # type: ignore[arg-type]  # settings, all of them
        stack.publish()
        made.append(stack)
        return stack

    yield one
    for stack in made:
        stack.close()


def test_who_asks_too_often_waits_for_the_next_minute(make: Callable[..., Stack]) -> None:
    stack = make(caller_requests_per_minute=3)
    stack.pass_time(seconds=18)
    for _ in range(3):
        assert stack.ask("ListNotifications").status == 200
    before = stack.contents()
    answer = stack.ask("ListNotifications")
    assert_refusal(stack, answer, "RATE_LIMITED")
    assert answer.headers["Retry-After"] == "42"
    assert answer.facts == {"retryAfterSeconds": "42"}
    assert stack.contents() == before
    assert stack.ask("Ping", holder=pki().representative).status == 200  # another caller
    stack.pass_time(seconds=42)
    assert stack.ask("ListNotifications").status == 200


def test_the_limit_holds_for_all_workers_together(make: Callable[..., Stack]) -> None:
    stack = make(caller_requests_per_minute=5)
    workers = [stack.endpoint, build_app(stack.settings, lambda: stack.now)]
    requests = [Draft(content=PING, ids={"Body": f"one-of-{number}"}).build() for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(send, workers[n % 2], data) for n, data in enumerate(requests)]
        codes = [future.result(60).code for future in futures]
    workers[1].gate.office.engine.dispose()
    assert sorted(codes, key=str) == [None] * 5 + ["RATE_LIMITED"] * 7


def test_who_fails_too_often_is_no_longer_read(make: Callable[..., Stack]) -> None:
    stack = make(failed_authentications_per_minute=3)
    stack.pass_time(seconds=50)
    forged = Draft(content=PING, pair=pki().wrong_issuer, created="2026-06-01T12:00:50Z").build()
    for _ in range(3):
        assert stack.send(forged, REMOTE_ADDR=PEER).code == "ISSUER_NOT_AUTHORISED"
    for data in (forged, stack.sign(PING), b""):
        answer = stack.send(data, REMOTE_ADDR=PEER)
        assert_refusal(stack, answer, "TOO_MANY_FAILURES")
        assert answer.headers["Retry-After"] == "10"
    assert stack.ask("Ping", REMOTE_ADDR="198.51.100.8").status == 200
    assert stack.send(b"", REMOTE_ADDR=PEER, REQUEST_METHOD="GET", QUERY_STRING="wsdl").status == 200
    stack.pass_time(seconds=10)
    assert stack.ask("Ping", REMOTE_ADDR=PEER).status == 200


def fail(stack: Stack, **environ: object) -> str | None:
    """Send what cannot be authenticated and return the code."""
    return stack.send(Draft(pair=pki().wrong_issuer).build(), **environ).code


@pytest.mark.parametrize(
    ("hops", "failing", "other", "shut_out"),
    [
        pytest.param(
            0, {FORWARDED: "203.0.113.1"}, {FORWARDED: "203.0.113.2"}, True, id="the-header-is-anybodys"
        ),
        pytest.param(
            1, {FORWARDED: "203.0.113.1"}, {FORWARDED: "203.0.113.2"}, False, id="the-proxy-tells-them-apart"
        ),
        pytest.param(
            1,
            {FORWARDED: "203.0.113.1"},
            {FORWARDED: "192.0.2.99, 203.0.113.1"},
            True,
            id="what-the-caller-adds-counts-not",
        ),
        pytest.param(
            2,
            {FORWARDED: "9.9.9.9, 203.0.113.1, 10.0.0.1"},
            {FORWARDED: "203.0.113.1, 10.0.0.2"},
            True,
            id="two-proxies",
        ),
        pytest.param(
            2,
            {FORWARDED: "203.0.113.1"},
            {FORWARDED: "203.0.113.2"},
            True,
            id="too-few-hops-fall-back-to-the-connection",
        ),
        pytest.param(
            0,
            {"REMOTE_ADDR": "2001:db8:1:2::1"},
            {"REMOTE_ADDR": "2001:db8:1:2:ffff::9"},
            True,
            id="one-ipv6-network",
        ),
        pytest.param(
            0,
            {"REMOTE_ADDR": "2001:db8:1:2::1"},
            {"REMOTE_ADDR": "2001:db8:1:3::1"},
            False,
            id="another-ipv6-network",
        ),
        pytest.param(0, {"REMOTE_ADDR": "::ffff:192.0.2.1"}, {"REMOTE_ADDR": "192.0.2.1"}, True, id="mapped"),
        pytest.param(0, {"REMOTE_ADDR": ""}, {"REMOTE_ADDR": ""}, False, id="no-address-no-limit"),
    ],
)
def test_a_peer_is_what_the_connection_or_the_trusted_proxy_says(
    sqlite_url: str, tmp_path: Path, hops: int, failing: dict[str, str], other: dict[str, str], shut_out: bool
) -> None:
    stack = Stack(sqlite_url, tmp_path, failed_authentications_per_minute=1, trusted_proxy_hops=hops)
    assert fail(stack, **{"REMOTE_ADDR": PEER, **failing}) == "ISSUER_NOT_AUTHORISED"
    expected = "TOO_MANY_FAILURES" if shut_out else "ISSUER_NOT_AUTHORISED"
    assert fail(stack, **{"REMOTE_ADDR": PEER, **other}) == expected
    stack.close()


@pytest.mark.parametrize(
    ("peer", "is_counted"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("10.1.2.3", False),
        ("172.31.0.1", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fd00::1", False),
        ("fe80::1", False),
        ("172.32.0.1", True),
        ("198.51.100.7", True),
        ("2001:db8::1", True),
    ],
)
def test_until_proxies_are_said_an_address_of_ours_shuts_nobody_out(
    sqlite_url: str, tmp_path: Path, peer: str, *, is_counted: bool
) -> None:
    stack = Stack(sqlite_url, tmp_path, failed_authentications_per_minute=1)
    assert stack.settings.trusted_proxy_hops == -1
    assert fail(stack, REMOTE_ADDR=peer) == "ISSUER_NOT_AUTHORISED"
    expected = "TOO_MANY_FAILURES" if is_counted else "ISSUER_NOT_AUTHORISED"
    assert fail(stack, REMOTE_ADDR=peer) == expected
    stack.close()


def test_by_default_a_caller_is_counted(make: Callable[..., Stack]) -> None:
    stack = make(caller_requests_per_minute=load_settings(None).caller_requests_per_minute)
    assert stack.ask("Ping").status == 200
    assert [row[-1] for row in stack.contents()["request_counts"]] == [60]


def test_both_limits_are_on_by_default() -> None:
    settings = load_settings(None)
    assert settings.caller_requests_per_minute == 6000
    assert settings.failed_authentications_per_minute == 300


@pytest.mark.parametrize("per_minute", [1, 7, 199, 200, 250, 999])
def test_blocks_give_a_caller_no_more_than_its_limit_and_hardly_less(
    make: Callable[..., Stack], per_minute: int
) -> None:
    stack = make()
    workers = [CallerLimit(per_minute), CallerLimit(per_minute)]
    allowed = 0
    for number in range(per_minute * 2 + 2):
        with suppress(RateLimitedError):
            workers[number % 2].check(stack.engine, "a:b", stack.now)
            allowed += 1
    assert per_minute - len(workers) * (per_minute // 100) <= allowed <= per_minute
    assert per_minute >= 200 or allowed == per_minute
    workers[0].check(stack.engine, "a:c", stack.now)
    stack.pass_time(seconds=60)
    workers[1].check(stack.engine, "a:b", stack.now)


def test_a_limit_costs_a_commit_for_a_hundredth_of_it(make: Callable[..., Stack]) -> None:
    stack, limit, begun = make(), CallerLimit(6000), []
    event.listen(stack.engine, "commit", lambda _connection: begun.append(1))
    for _ in range(180):
        limit.check(stack.engine, "a:b", stack.now)
    assert len(begun) == 3


def test_what_is_no_failure_of_the_peer_is_not_counted(sqlite_url: str, tmp_path: Path) -> None:
    stack = Stack(sqlite_url, tmp_path, failed_authentications_per_minute=1)
    assert stack.send(b"<x", REMOTE_ADDR=PEER).code == "XML_NOT_WELL_FORMED"
    assert stack.ask("Ping", "<x></x>", REMOTE_ADDR=PEER).code == "INVALID_REQUEST"
    with stack.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM revocation_data")
    stack.start()
    for _ in range(2):
        assert stack.ask("Ping", REMOTE_ADDR=PEER).code == "REVOCATION_UNKNOWN"
    stack.close()


def test_only_so_many_peers_are_remembered(monkeypatch: pytest.MonkeyPatch, sqlite_stack: Stack) -> None:
    monkeypatch.setattr(failures, "_REMEMBERED_PEERS", 10)
    limit = failures.FailureLimit(1)
    for number in range(50):
        limit.count({"REMOTE_ADDR": f"192.0.2.{number}"}, sqlite_stack.now)
    assert list(limit._failures) == [f"192.0.2.{number}" for number in range(40, 50)]
