"""The journal of a world: what came and went, found, counted, waited for, explained; what was expected."""

from __future__ import annotations

import http.client
import io
import threading
import zipfile
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import httpx
import pytest

from envelopes import Draft
from notigateway.client import GatewayFaultError
from notigateway.sandbox.journal import Journal, Search
from patience import PATIENCE_SECONDS, slowed

if TYPE_CHECKING:
    from notigateway.sandbox.exchange import Exchange
    from worlds import Harness


def test_each_exchange_is_kept_as_it_was_with_the_verdict_of_each_step(world: Harness) -> None:
    first = world.publish()
    with world.client() as client:
        client.accept([first["id"]])
    entry = world.get("/journal", operation="AcceptNotifications")["entries"][0]
    assert (entry["operation"], entry["contract"], entry["code"], entry["status"]) == (
        "AcceptNotifications",
        "notigateway-v1",
        "OK",
        200,
    )
    assert (entry["holder"], entry["caller"], entry["cut_off"]) == ("company", "B99999997", False)
    assert {one["verdict"] for one in entry["steps"]} == {"passed"}
    received = world.ask("GET", f"/journal/{entry['number']}/request").content
    sent = world.ask("GET", f"/journal/{entry['number']}/answer").content
    assert first["id"].encode() in received
    assert (len(received), len(sent)) == (entry["request"]["bytes"], entry["answer"]["bytes"])
    assert world.get(f"/journal/{entry['number']}")["correlation_id"] == entry["correlation_id"]
    assert "Authorization" not in entry["request"]["headers"]
    assert world.ask("GET", "/journal/99").status_code == 404


def test_what_is_refused_is_explained(world: Harness) -> None:
    with world.client("stranger") as client, pytest.raises(GatewayFaultError):
        list(client.list_notifications())
    old = Draft(now=datetime(2020, 1, 1, tzinfo=UTC)).build()
    httpx.post(f"{world.base}/notigateway/v1", content=old, headers={"Content-Type": "text/xml"})
    stranger, expired = world.get("/journal")["entries"]
    steps = {one["step"]: one["verdict"] for one in stranger["steps"]}
    assert (steps["verify"], steps["caller"], steps["execute"]) == ("passed", "failed", "not reached")
    assert (expired["code"], expired["caller"]) == ("MESSAGE_EXPIRED", None)
    text = world.ask("GET", f"/journal/{expired['number']}/explain").text
    assert "MESSAGE_EXPIRED" in text
    said = world.ask(
        "GET", f"/journal/{expired['number']}/explain", headers={"Accept": "application/json"}
    ).json()
    assert said


def test_the_journal_is_searched_counted_and_cleared(world: Harness) -> None:
    with world.client() as company, world.client("person") as person:
        company.ping()
        person.ping()
        list(person.list_notifications())
    assert world.get("/journal/count")["count"] == 3
    assert world.get("/journal/count", operation="Ping")["count"] == 2
    assert world.get("/journal/count", operation="Ping", caller="person")["count"] == 1
    assert world.get("/journal/count", caller="99999999R", code="OK", status=200)["count"] == 2
    assert [one["number"] for one in world.get("/journal", after=1, limit=1)["entries"]] == [2]
    several = world.get("/journal", limit=2)
    assert [one["number"] for one in several["entries"]] == [1, several["next"]]
    assert [one["number"] for one in world.get("/journal", after=several["next"])["entries"]] == [3]
    for name, value in (("operation", "Pong"), ("caller", "compny"), ("code", "BLA")):
        assert world.ask("GET", f"/journal/count?{name}={value}").json()["error"]["code"] == "INVALID"
    for wrong in ("/journal?operatoin=Ping", "/journal?limit=1&limit=2", "/clock?now=1", "/outbox?to=me"):
        assert world.ask("GET", wrong).json()["error"]["code"] == "INVALID", wrong
    assert world.ask("DELETE", "/journal").status_code == 204
    assert world.get("/journal/count")["count"] == 0


def test_who_waits_is_told_when_there_are_enough(world: Harness) -> None:
    waiting: list[dict[str, object]] = []
    asking = threading.Thread(
        target=lambda: waiting.append(world.get("/journal/await", operation="Ping", count=2, timeout="30s"))
    )
    asking.start()
    with world.client() as client:
        client.ping()
        client.ping()
    asking.join()
    assert waiting[0]["count"] == 2
    late = world.ask("GET", "/journal/await?operation=Ping&count=3&timeout=100ms")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "NOT_REACHED")
    assert world.ask("GET", "/journal/await?timeout=P1D").json()["error"]["code"] == "INVALID"


def test_the_journal_is_taken_away_as_an_archive_and_as_envelopes(world: Harness) -> None:
    with world.client() as client:
        client.ping()
    log = world.get("/journal.har")["log"]
    (entry,) = log["entries"]
    assert log["version"] == "1.2"
    received = world.ask("GET", "/journal/1/request").content
    assert entry["request"]["url"] == f"{world.base}/notigateway/v1"
    assert entry["request"]["postData"]["text"].encode() == received
    assert entry["response"]["content"]["text"].encode() == world.ask("GET", "/journal/1/answer").content
    packed = zipfile.ZipFile(io.BytesIO(world.ask("GET", "/journal.zip").content))
    assert packed.read("000001-request.bin") == received


def test_what_is_expected_is_counted_whether_it_comes_before_or_after(world: Harness) -> None:
    with world.client() as client:
        client.ping()
        world.post("/expectations", operation="Ping", count=2)
        world.post("/expectations", operation="AcceptNotifications", never=True)
        world.post("/expectations", operation="Ping", caller="person", at_least=1)
        assert world.get("/expectations")["met"] is False
        client.ping()
    said = world.get("/expectations")
    assert [one["met"] for one in said["expectations"]] == [True, True, False]
    assert [one["found"] for one in said["expectations"]] == [2, 0, 0]
    with world.client() as client:
        client.accept(["01900000-0000-7000-8000-000000000000"])
    assert world.get("/journal/count", code="NOTIFICATION_UNKNOWN")["count"] == 1
    assert [one["met"] for one in world.get("/expectations")["expectations"]] != [True, True, False]
    for members in ({}, {"count": 1, "never": True}, {"never": False}, {"operation": "Acept", "count": 1}):
        answer = world.ask("POST", "/expectations", json=members)
        assert answer.json()["error"]["code"] == "INVALID"
    world.ask("DELETE", "/expectations")
    assert world.get("/expectations") == {"met": True, "expectations": [], "faults_never_struck": []}


def entry(weight: int) -> Exchange:
    """Return something that a journal keeps, of so many bytes."""
    return cast(
        "Exchange",
        SimpleNamespace(
            weight=weight,
            number=0,
            operation="Ping",
            code="OK",
            refused_items={},
            status=200,
            holder=None,
            caller=None,
            own=None,
        ),
    )


def test_of_too_many_the_oldest_go_and_are_counted() -> None:
    journal = Journal(entries_max=3, held_max_bytes=1_000)
    for _ in range(5):
        journal.enter(entry(10))
    assert (journal.count, journal.dropped, journal.last) == (3, 2, 5)
    journal.enter(entry(990))
    assert [one.number for one in journal.search(Search())] == [5, 6]
    journal.enter(entry(5_000))
    assert [one.number for one in journal.search(Search())] == [7]


def test_a_body_that_is_too_large_is_not_read_and_one_that_is_large_is_kept_in_part(world: Harness) -> None:
    url = urlsplit(f"{world.base}/notigateway/v1")
    world.publish()
    connection = http.client.HTTPConnection(url.netloc, timeout=slowed(PATIENCE_SECONDS))
    connection.putrequest("POST", url.path)
    connection.putheader("Content-Type", "text/xml")
    connection.putheader("Content-Length", str(200 * 1024 * 1024))
    connection.endheaders()
    assert connection.getresponse().status == 413  # before any of it is sent
    connection.close()
    large = b"<x>" + b" " * (5 * 1024 * 1024)
    httpx.post(url.geturl(), content=large, headers={"Content-Type": "text/xml"}, trust_env=False)
    refused, kept = world.get("/journal")["entries"]
    assert (refused["code"], refused["request"]["bytes"]) == ("REQUEST_TOO_LARGE", 200 * 1024 * 1024)
    assert (refused["request"]["kept"], kept["request"]["bytes"]) == (0, len(large))
    assert large.startswith(world.ask("GET", f"/journal/{kept['number']}/request").content)
    for one in (refused, kept):
        said = world.ask("GET", f"/journal/{one['number']}/explain")
        assert (said.status_code, said.json()["error"]["code"]) == (404, "UNKNOWN")
        page = world.ask("GET", f"/pages/journal/{one['number']}?lang=en")
        assert f"of which are kept the first {one['request']['kept']}" in page.text
    assert len(world.ask("GET", "/journal.har").content) < 2 * len(large)


def test_only_where_an_archive_is_brought_in_more_is_read_than_any_request_has(world: Harness) -> None:
    large = b"P" * (17 * 1024 * 1024)
    kinds = {"/restore": "application/zip", "/reset": "application/json"}
    said = {
        path: world.ask("POST", path, content=large, headers={"Content-Type": kind}).status_code
        for path, kind in kinds.items()
    }
    assert said == {"/restore": 400, "/reset": 413}
