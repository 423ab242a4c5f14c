"""What Prometheus and the log say of requests: each one by its outcome, what stands badly, and no person."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from prometheus_client.parser import text_string_to_metric_families

from envelopes import Draft
from stack import Stack, send

if TYPE_CHECKING:
    pass

NGV1 = 'xmlns:n="urn:notigateway:v1"'
V1 = "notigateway-v1"
PING = f"<n:Ping {NGV1}/>"


def scraped(stack: Stack) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    assert stack.endpoint.operations is not None
    answer = send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO="/metrics")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.body.decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


class Scrapes:
    """Two looks at the numbers, and the difference: the process has counted for other tests, too."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before = scraped(stack)

    def grown(self, name: str, **labels: str) -> float:
        key = (name, frozenset(labels.items()))
        return scraped(self._stack).get(key, 0.0) - self._before.get(key, 0.0)


def lines_of(stack: Stack) -> io.StringIO:
    log = io.StringIO()
    (handler,) = [one for one in logging.getLogger().handlers if getattr(one, "is_ours", False)]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(log)
    logging.getLogger().setLevel("INFO")
    return log


def told(log: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["logger"] == "notigateway.soap"]


def test_each_request_is_counted_once_by_operation_and_outcome(stack: Stack) -> None:
    wanted = stack.publish()
    numbers = Scrapes(stack)
    stack.accept(wanted)
    stack.accept(uuid4())
    stack.send(Draft(content=f"<n:No {NGV1}/>").build())
    stack.send(b"no XML")
    accepted = {"contract": V1, "operation": "AcceptNotifications"}
    assert numbers.grown("notigateway_requests_total", **accepted, code="OK") == 2
    assert numbers.grown("notigateway_request_duration_seconds_count", **accepted) == 2
    assert numbers.grown("notigateway_answer_bytes_total", **accepted) > 1000
    assert numbers.grown("notigateway_request_stage_seconds_count", stage="verify") == 4
    unknown = {"contract": V1, "operation": "unknown", "code": "OPERATION_UNKNOWN"}
    assert numbers.grown("notigateway_requests_total", **unknown) == 1
    none = {"contract": V1, "operation": "none", "code": "XML_NOT_WELL_FORMED"}
    assert numbers.grown("notigateway_requests_total", **none) == 1
    assert numbers.grown("notigateway_events_total", event="accepted") == 1
    assert numbers.grown("notigateway_items_refused_total", **accepted, code="NOTIFICATION_UNKNOWN") == 1
    refused = {"event": "request_refused", "level": "warning", "part": ""}
    assert numbers.grown("notigateway_log_lines_total", **refused) == 1


def test_a_replay_is_counted_as_one(stack: Stack) -> None:
    numbers = Scrapes(stack)
    message = Draft(content=PING).build()
    stack.send(message)
    stack.send(message)
    ping = {"contract": V1, "operation": "Ping"}
    assert numbers.grown("notigateway_requests_total", **ping, code="OK") == 1
    assert numbers.grown("notigateway_requests_total", **ping, code="MESSAGE_REPLAYED") == 1


def test_a_scrape_answers_while_the_database_is_away_and_says_so(sqlite_stack: Stack) -> None:
    (sqlite_stack.folder / "notigateway.db").rename(sqlite_stack.folder / "away.db")
    numbers = scraped(sqlite_stack)
    assert numbers["notigateway_database_up", frozenset()] == 0
    assert numbers["notigateway_ready", frozenset()] == 0
    assert not [name for name, _ in numbers if name.startswith("notigateway_queue")]


def test_queues_certificates_and_revocation_are_told_as_numbers(stack: Stack) -> None:
    stack.publish()
    numbers = scraped(stack)
    assert numbers["notigateway_database_up", frozenset()] == 1
    assert numbers["notigateway_ready", frozenset()] == 1
    assert numbers["notigateway_queue_length", frozenset({("queue", "log")})] > 0
    assert numbers["notigateway_queue_age_seconds", frozenset({("queue", "log")})] == 0
    assert numbers["notigateway_queue_length", frozenset({("queue", "lapses")})] == 0
    certificates = {
        dict(labels)["certificate"]
        for name, labels in numbers
        if name == "notigateway_certificate_end_timestamp_seconds"
    }
    assert certificates == {"service", "seal", "issuer"}
    assert numbers["notigateway_revocation_left_seconds", frozenset({("which", "first")})] > 0


def test_no_number_names_a_person_an_identifier_or_an_address(sqlite_stack: Stack) -> None:
    wanted = sqlite_stack.publish()
    sqlite_stack.accept(wanted)
    sqlite_stack.send(Draft(content=f"<n:Secret99999999R {NGV1}/>").build())
    said = repr(scraped(sqlite_stack))
    for word in ("99999999R", "B9999", str(wanted), "127.0.0.1", "Secret"):
        assert word not in said


def test_every_request_has_one_line_with_its_outcome_and_what_it_took(sqlite_stack: Stack) -> None:
    log = lines_of(sqlite_stack)
    sqlite_stack.send(Draft(content=PING).build())
    sqlite_stack.send(Draft(content=f"<n:Ping {NGV1}><n:no/></n:Ping>").build())
    sqlite_stack.send(b"no XML")
    send(sqlite_stack.endpoint, b"", PATH_INFO="/elsewhere")
    lines = told(log)
    assert [(line["event"], line["operation"], line["outcome"]) for line in lines] == [
        ("request_answered", "Ping", "OK"),
        ("request_failed", "Ping", "INVALID_REQUEST"),
        ("request_refused", "none", "XML_NOT_WELL_FORMED"),
        ("request_refused", "none", "PATH_UNKNOWN"),
    ]
    for line in lines:
        assert line["duration_ms"] >= 0
        assert line["answer_bytes"] > 100
        assert {"request_bytes", "rows"} <= line.keys()
    assert {"verify_ms", "execute_ms", "database_ms", "sign_ms"} <= lines[0].keys()
    assert lines[0]["request_bytes"] > 1000
    assert lines[2]["request_bytes"] == len(b"no XML")


def test_a_list_says_how_many_notifications_it_tells_of(sqlite_stack: Stack) -> None:
    sqlite_stack.publish_many(3)
    log = lines_of(sqlite_stack)
    sqlite_stack.send(Draft(content=f"<n:ListNotifications {NGV1}/>").build())
    (line,) = told(log)
    assert line["rows"] == 3
