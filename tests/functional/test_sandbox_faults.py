"""Faults that are ordered: each strikes as it says and whom it is for, and leaves its line in the journal."""

from __future__ import annotations

import http.client
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
from lxml import etree

from envelopes import WSU, Draft
from notigateway.client import ClientError
from notigateway.pki.keys import fingerprint, load_certificates, load_key_pair
from notigateway.sandbox.peeking import peek
from notigateway.sandbox.recording import SLOW_MAX
from patience import slowed
from worlds import SECONDS

if TYPE_CHECKING:
    from worlds import Harness

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'


def send(world: Harness, holder: str = "company", content: str = PING, **headers: str) -> httpx.Response:
    """Send a signed message as any client may, and take whatever comes."""
    files = world.pki.holder(holder)
    pair = load_key_pair(files.key, files.certificate)
    data = Draft(pair=pair, content=content, now=datetime.now(UTC)).build()
    sent = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": "", **headers}
    return httpx.post(f"{world.base}/notigateway/v1", content=data, headers=sent, timeout=60)


def about(operation: str, identifier: str) -> str:
    """Return what asks an operation about one notification."""
    return f'<n:{operation} xmlns:n="urn:notigateway:v1"><n:id>{identifier}</n:id></n:{operation}>'


def order(world: Harness, kind: str, **members: object) -> None:
    world.post("/faults", kind=kind, **members)


def test_a_status_is_answered_as_a_proxy_would(world: Harness) -> None:
    order(world, "status", status=503, retry_after=7, body="busy", times=1)
    answer = send(world)
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (503, "7", "busy")
    assert send(world).status_code == 200
    (first, second) = world.get("/journal")["entries"]
    assert (first["faults"], first["code"], second["faults"], second["code"]) == ([1], None, [], "OK")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("RATE_LIMITED", 500),
        ("MESSAGE_REPLAYED", 500),
        ("TEMPORARILY_UNAVAILABLE", 500),
        ("REQUEST_TOO_LARGE", 413),
        ("TOO_MANY_FAILURES", 429),
        ("DOCUMENT_DAMAGED", 500),
    ],
)
def test_a_typed_fault_is_told_as_the_gateways_own(code: str, status: int, world: Harness) -> None:
    order(world, "fault", code=code, operation="Ping", times=1)
    answers = [send(world) for _ in range(2)]
    assert [one.status_code for one in answers] == [status, 200]
    assert code.encode() in answers[0].content
    entry = world.get("/journal")["entries"][0]
    assert (entry["code"], entry["status"]) == (code, status)
    failed = [one for one in entry["steps"] if one["verdict"] == "failed"]
    assert [one["code"] for one in failed] == [code]


def test_a_fault_strikes_whom_it_is_for_and_the_time_it_is_for(world: Harness) -> None:
    order(world, "status", caller="person", operation="Ping", nth=2)
    assert [send(world).status_code for _ in range(2)] == [200, 200]
    assert [send(world, "person").status_code for _ in range(3)] == [200, 503, 200]
    (fault,) = world.get("/faults")["faults"]
    assert (fault["matched"], fault["struck"]) == (3, 1)
    order(world, "status", operation="AcceptNotifications")
    said = world.get("/expectations")
    assert said["faults_never_struck"] == [2]


def test_a_probability_gives_the_same_of_the_same_seed(world: Harness) -> None:
    seen = []
    for _ in range(2):
        world.post("/reset", seed=5)
        order(world, "status", probability=0.5)
        seen.append([send(world).status_code for _ in range(12)])
    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 503}


def test_a_delay_delays_and_a_distribution_varies(world: Harness) -> None:
    order(world, "delay", seconds=0.4, times=1)
    began = time.monotonic()
    assert send(world).status_code == 200
    assert time.monotonic() - began >= 0.4
    order(world, "delay", median=0.02, sigma=1)
    assert [send(world).status_code for _ in range(3)] == [200] * 3
    assert len({entry["seconds"] for entry in world.get("/journal")["entries"][1:]}) > 1


def test_a_connection_is_dropped_before_or_after_what_was_asked_is_done(world: Harness) -> None:
    first, second = world.publish(), world.publish()
    for kind, one, state in (("drop_before", first, "available"), ("drop_after", second, "accepted")):
        order(world, kind, operation="AcceptNotifications", times=1)
        asked = about("AcceptNotifications", one["id"])
        with pytest.raises(httpx.TransportError):
            send(world, content=asked)
        assert world.state(one["id"]) == state
    assert [entry["cut_off"] for entry in world.get("/journal")["entries"]] == [True, True]
    assert world.get("/journal")["entries"][1]["code"] == "OK"


def test_an_answer_ends_too_soon_or_comes_slowly(world: Harness) -> None:
    order(world, "truncate", bytes=100, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        send(world)
    order(world, "dribble", bytes_per_second=20_000, times=1)
    assert b"PingResponse" in send(world).content
    cut, slow = world.get("/journal")["entries"]
    assert (cut["cut_off"], cut["answer"]["bytes"], slow["cut_off"]) == (True, 100, False)


@pytest.mark.parametrize(
    "kind", ["wrong_signature", "no_signature", "foreign_certificate", "expired_certificate"]
)
def test_a_careful_client_takes_no_answer_that_is_not_the_services(kind: str, world: Harness) -> None:
    with world.client() as client:
        client.ping()
        order(world, kind, times=1)
        with pytest.raises(ClientError):
            client.ping()
        client.ping()


def test_an_answer_is_signed_with_the_certificate_that_was_ordered(world: Harness) -> None:
    for kind, stem in (
        ("foreign_certificate", "service-foreign"),
        ("expired_certificate", "service-expired"),
    ):
        order(world, kind, times=1)
        (expected,) = load_certificates(world.pki.certificate(stem))
        assert peek(send(world).content).certificate == fingerprint(expected)


def test_the_clock_of_the_service_is_wrong_where_that_was_ordered(world: Harness) -> None:
    order(world, "clock_skew", by="-PT3H", times=1)
    created = etree.fromstring(send(world).content).findtext(f".//{{{WSU}}}Created") or ""
    behind = datetime.now(UTC) - datetime.fromisoformat(created)
    assert 10_700 < behind.total_seconds() < 11_000


@pytest.mark.parametrize(("answer", "code"), [("first", 200), ("second", 500)])
def test_a_message_is_delivered_twice_and_done_once(answer: str, code: int, world: Harness) -> None:
    order(world, "duplicate", answer=answer, times=1)
    said = send(world)
    assert said.status_code == code
    assert (b"MESSAGE_REPLAYED" in said.content) is (answer == "second")


def test_a_part_of_a_message_is_lost(world: Harness) -> None:
    first = world.publish(
        documents=[{"name": "a.txt", "media_type": "text/plain", "text": "content " * 3000}]
    )
    with world.client() as client:
        client.accept([first["id"]])
    asked = about("RetrieveNotifications", first["id"])
    accept = 'multipart/related; type="application/xop+xml", text/xml'
    whole = send(world, content=asked, Accept=accept)
    order(world, "lose_part", times=1)
    less = send(world, content=asked, Accept=accept)
    assert whole.content.count(b"Content-ID") == 2
    assert less.content.count(b"Content-ID") == 1
    assert b"content content" not in less.content


def test_a_fault_that_finds_nothing_to_strike_waits_for_what_it_can(world: Harness) -> None:
    order(world, "lose_part", times=1)
    order(world, "fault", code="RATE_LIMITED", times=1)
    order(world, "fault", code="MESSAGE_REPLAYED", times=1)
    order(world, "wrong_signature", times=1)
    unproven = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": ""}
    url = f"{world.base}/notigateway/v1"
    httpx.post(url, content=b"<not-an-envelope/>", headers=unproven, timeout=60)
    httpx.put(url, content=b"", timeout=60)
    assert [send(world).status_code for _ in range(3)] == [500, 500, 200]
    codes = [(one["code"], one["faults"]) for one in world.get("/journal")["entries"]]
    assert codes == [
        ("ENVELOPE_STRUCTURE", [4]),
        ("METHOD_NOT_ALLOWED", []),
        ("RATE_LIMITED", [2]),
        ("MESSAGE_REPLAYED", [3]),
        ("OK", []),
    ]
    assert [one["struck"] for one in world.get("/faults")["faults"]] == [0, 1, 1, 1]
    assert world.get("/expectations")["faults_never_struck"] == [1]


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "earthquake"},
        {},
        {"kind": "status", "status": 200},
        {"kind": "status", "code": "RATE_LIMITED"},
        {"kind": "fault", "code": "NO_SUCH_CODE"},
        {"kind": "fault"},
        {"kind": "delay"},
        {"kind": "delay", "seconds": 1, "median": 1},
        {"kind": "delay", "seconds": 100_000},
        {"kind": "status", "probability": 2},
        {"kind": "status", "nth": 0},
        {"kind": "status", "operation": "Acept"},
        {"kind": "clock_skew"},
        {"kind": "duplicate", "answer": "third"},
        {"kind": "dribble", "bytes_per_second": 0},
        {"kind": "drop_after", "path": "/etc"},
    ],
)
def test_a_plan_that_could_never_strike_is_refused(members: dict[str, object], world: Harness) -> None:
    assert world.ask("POST", "/faults", json=members).json()["error"]["code"] == "INVALID"
    assert world.get("/faults")["faults"] == []


def test_faults_are_withdrawn(world: Harness) -> None:
    order(world, "status")
    order(world, "status", status=500)
    assert world.ask("DELETE", "/faults/1").status_code == 204
    assert world.ask("DELETE", "/faults/1").status_code == 404
    assert send(world).status_code == 500
    world.ask("DELETE", "/faults")
    assert send(world).status_code == 200


@pytest.mark.parametrize("ending", [("DELETE", "/faults"), ("POST", "/reset")])
def test_however_many_are_delayed_who_ordered_it_takes_it_back(
    ending: tuple[str, str], world: Harness
) -> None:
    order(world, "delay", seconds=250)
    url, statuses = urlsplit(f"{world.base}/notigateway/v1"), list[int]()

    def post() -> None:
        connection = http.client.HTTPConnection(url.netloc, timeout=slowed(SECONDS))
        connection.request("POST", url.path, b"<x/>", {"Content-Type": "text/xml"})
        statuses.append(connection.getresponse().status)
        connection.close()

    threads = [threading.Thread(target=post) for _ in range(SLOW_MAX + 10)]
    for one in threads:
        one.start()
    refused = world.get("/journal/await", status=503, count=10, timeout="60s")
    assert refused["count"] == 10
    assert world.ask(*ending, **({"json": {}} if ending[0] == "POST" else {})).is_success
    for one in threads:
        one.join()
    assert sorted(statuses) == [500] * SLOW_MAX + [503] * 10
