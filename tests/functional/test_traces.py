"""Traces as a collector reads them: the spans of a request, whose children they are, and no person."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from envelopes import Draft
from masters import World
from notigateway.http.calling import WHOLE_AT
from notigateway.metering import tracing
from notigateway.metering.account import Stage
from notigateway.metering.spans import Spans
from patience import PATIENCE_SECONDS, slowed
from pki import COMPANY_NIF
from receiver import receiving
from stack import Stack, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

pytestmark = pytest.mark.once

NGV1 = 'xmlns:n="urn:notigateway:v1"'
PING = f"<n:Ping {NGV1}/>"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PROXY = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PROXY}-01"
WORDS = {"contract", "operation", "code", "correlation_id"}


@dataclass
class Seen:
    """The spans of this process."""

    exporter: InMemorySpanExporter
    spans: Spans

    def new(self) -> list[ReadableSpan]:
        """Return what was added since the last look, in the order in which it began."""
        self.spans._provider.force_flush()
        found = self.exporter.get_finished_spans()
        self.exporter.clear()
        return sorted(found, key=lambda one: (times(one)[0], -times(one)[1]))


@pytest.fixture
def seen() -> Iterator[Seen]:
    """Trace the requests of this process for the length of a test."""
    exporter = InMemorySpanExporter()
    spans = Spans(exporter)
    tracing.use(spans)
    yield Seen(exporter, spans)
    tracing.end()


def edges(spans: list[ReadableSpan]) -> list[tuple[str, str]]:
    """Return each span's name with that of its parent."""
    names = {span.context.span_id: span.name for span in spans}
    return [(span.name, names.get(span.parent.span_id, "") if span.parent else "") for span in spans]


def times(span: ReadableSpan) -> tuple[int, int]:
    assert span.start_time is not None
    assert span.end_time is not None
    return span.start_time, span.end_time


def said_of(span: ReadableSpan) -> dict[str, object]:
    """Return its attributes by their last words."""
    assert all(name.startswith("notigateway.") for name in span.attributes or {})
    return {name.removeprefix("notigateway."): value for name, value in (span.attributes or {}).items()}


def test_a_request_is_a_child_of_the_proxys_and_its_stages_are_children_of_it(
    stack: Stack, seen: Seen
) -> None:
    wanted = stack.publish()
    stack.accept(wanted)
    seen.new()
    with capture_logs() as lines:
        environ: dict[str, Any] = {"HTTP_TRACEPARENT": TRACEPARENT, WHOLE_AT: time.monotonic()}
        answer = stack.ask("RetrieveNotifications", f"<id>{wanted}</id>", **environ)
    spans = seen.new()
    request = spans[0]
    assert request.name == "request"
    assert request.kind is SpanKind.SERVER
    assert request.parent is not None
    assert f"{request.parent.trace_id:032x}-{request.parent.span_id:016x}" == f"{TRACE}-{PROXY}"
    assert said_of(request) == {
        "contract": "notigateway-v1",
        "operation": "RetrieveNotifications",
        "code": "OK",
        "correlation_id": answer.headers["X-Correlation-Id"],
    }
    assert {f"{span.context.trace_id:032x}" for span in spans} == {TRACE}
    found = edges(spans)
    assert found[0] == ("request", "")
    assert set(found[1:]) >= {
        ("wait", "request"),
        ("verify", "request"),
        ("execute", "request"),
        ("database", "execute"),
        ("store", "execute"),
        ("sign", "request"),
    }
    for span in spans:
        assert times(request)[0] <= times(span)[0] <= times(span)[1] <= times(request)[1]
    (line,) = [line for line in lines if line["event"] == "request_answered"]
    assert line["trace_id"] == TRACE


@pytest.mark.parametrize(
    "malformed",
    [None, "", "00", f"00-{'0' * 32}-{PROXY}-01", f"ff-{TRACE}-{PROXY}-01", f"{TRACEPARENT},x", "ñ"],
)
def test_a_traceparent_that_is_none_begins_a_trace_of_its_own(
    sqlite_stack: Stack, seen: Seen, malformed: str | None
) -> None:
    assert sqlite_stack.ask("Ping", HTTP_TRACEPARENT=malformed).status == 200
    request = seen.new()[0]
    assert request.parent is None
    assert f"{request.context.trace_id:032x}" != TRACE


def test_what_the_proxy_does_not_sample_is_not_sent_and_still_named_in_the_log(
    sqlite_stack: Stack, seen: Seen
) -> None:
    with capture_logs() as lines:
        sqlite_stack.ask("Ping", HTTP_TRACEPARENT=f"00-{TRACE}-{PROXY}-00")
    assert not seen.new()
    assert [line["trace_id"] for line in lines if line["event"] == "request_answered"] == [TRACE]


def test_our_troubles_are_errors_and_the_callers_are_not(sqlite_stack: Stack, seen: Seen) -> None:
    sqlite_stack.send(b"no XML")
    sqlite_stack.engine.dispose()
    (sqlite_stack.folder / "notigateway.db").rename(sqlite_stack.folder / "away.db")
    sqlite_stack.ask("Ping")
    requests = [span for span in seen.new() if span.name == "request"]
    assert [(said_of(one)["code"], one.status.status_code) for one in requests] == [
        ("XML_NOT_WELL_FORMED", StatusCode.UNSET),
        ("TEMPORARILY_UNAVAILABLE", StatusCode.ERROR),
    ]
    assert [one.status.description for one in requests] == [None, None]


texts = st.one_of(st.just(COMPANY_NIF), st.text(alphabet="ABZ019-_ ", max_size=12).map(COMPANY_NIF.__add__))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    operation=st.sampled_from(["Ping", "ListNotifications", "AcceptNotifications", COMPANY_NIF]),
    text=texts,
    headers=st.dictionaries(
        st.sampled_from(["TRACEPARENT", "TRACESTATE", "BAGGAGE", "USER_AGENT", "X_CORRELATION_ID"]), texts
    ),
)
@example(operation="Ping", text="x", headers={"TRACEPARENT": TRACEPARENT, "TRACESTATE": f"a={COMPANY_NIF}"})
def test_no_span_holds_the_callers_nif_wherever_it_is_written(
    sqlite_stack: Stack, seen: Seen, operation: str, text: str, headers: dict[str, str]
) -> None:
    draft = Draft(content=f"<n:{operation} {NGV1}><n:text>{text}</n:text></n:{operation}>")
    environ = {f"HTTP_{name}": value for name, value in headers.items()}
    send(sqlite_stack.endpoint, draft.build(), REMOTE_ADDR="192.0.2.7", **environ)
    spans = seen.new()
    assert [span.name for span in spans].count("request") == 1
    for span in spans:
        said = span.to_json()
        assert COMPANY_NIF not in said
        assert "192.0.2.7" not in said
        assert not span.events
        assert not span.links
        assert not span.context.trace_state
        assert set(said_of(span)) == (WORDS if span.name == "request" else set())
        if span.name == "request":
            UUID(str(said_of(span)["correlation_id"]))


def test_a_request_that_goes_to_the_store_a_thousand_times_has_few_spans(seen: Seen) -> None:
    account = seen.spans.open_account("c", None, traceparent=None, correlation_id=UUID(int=1))
    began = time.monotonic()
    for _ in range(1000):
        account.add(Stage.STORE, began, time.monotonic())
    account.add(Stage.EXECUTE, began, time.monotonic())
    account.end()
    spans = seen.new()
    assert len(spans) == 66
    assert edges(spans)[:3] == [("request", ""), ("execute", "request"), ("store", "execute")]


@pytest.mark.parametrize("how", ["hangs", "is away", "refuses"])
def test_a_collector_that_is_away_slows_no_request_and_leaves_one_line(
    sqlite_stack: Stack, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    with receiving(hangs=how == "hangs") as receiver, capture_logs() as lines:
        receiver.answers = 404
        url = "http://127.0.0.1:9" if how == "is away" else receiver.url
        tracing.use(Spans(OTLPSpanExporter(f"{url}/v1/traces", timeout=0.3)))
        try:
            for _ in range(10):
                began = time.monotonic()
                assert sqlite_stack.ask("Ping").status == 200
                assert time.monotonic() - began < slowed(5)
            end = time.monotonic() + PATIENCE_SECONDS
            while not [line for line in lines if line["event"] == "traces_not_exported"]:
                assert time.monotonic() < end
                time.sleep(0.02)
            sqlite_stack.ask("Ping")
        finally:
            began = time.monotonic()
            tracing.end()
        assert time.monotonic() - began < slowed(5)
    (line,) = [line for line in lines if line["event"].startswith("traces_")]
    assert line["log_level"] == "warning"
    assert line["detail"]
    assert "\n" not in line["detail"]


def test_a_collector_that_comes_back_is_told_of_in_a_line(sqlite_stack: Stack) -> None:
    with receiving() as receiver, capture_logs() as lines:
        receiver.answers = 404
        spans = Spans(OTLPSpanExporter(f"{receiver.url}/v1/traces", timeout=5))
        tracing.use(spans)
        try:
            for answers in (404, 404, 200, 200):
                receiver.answers = answers
                sqlite_stack.ask("Ping")
                spans._provider.force_flush()
        finally:
            tracing.end()
    told = [line for line in lines if line["event"].startswith("traces_")]
    assert [line["event"] for line in told] == ["traces_not_exported", "traces_exported_again"]
    assert "404" in told[0]["detail"]
    assert [span.name for span in receiver.spans].count("request") == 2


def test_a_worker_of_production_sends_what_waits_before_it_ends(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        world = World(tmp_path, sqlite_url)
        with world.started(workers=1) as master:
            assert master.ask(traceparent=TRACEPARENT) == ""
            traces = [line["trace_id"] for line in master.lines("request_answered")]
        assert TRACE in traces
    requests = {span.trace_id.hex(): span for span in receiver.spans if span.name == "request"}
    assert set(requests) == set(traces)
    assert requests[TRACE].parent_span_id.hex() == PROXY
    assert {span.name for span in receiver.spans} >= {"wait", "verify", "execute", "database", "sign"}
    for resource in receiver.resources:
        assert resource["service.name"] == "notigateway"
        assert resource["deployment.environment.name"] == "test"
        assert set(resource) <= {
            "service.name",
            "service.version",
            "service.instance.id",
            "deployment.environment.name",
            "telemetry.sdk.language",
            "telemetry.sdk.name",
            "telemetry.sdk.version",
        }


UNTRACED = """
import sys
import notigateway.http.worker, notigateway.soap.telling, notigateway.telemetry
from notigateway.http.calling import WHOLE_AT
from notigateway.metering import tracing
from notigateway.metering.account import Stage
tracing.begin({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"})
print([name for name in sys.modules if name.startswith(("opentelemetry", "notigateway.metering.spans"))])
"""


def test_nothing_of_it_is_loaded_where_nobody_wants_it() -> None:
    done = subprocess.run([sys.executable, "-c", UNTRACED], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.strip() == "[]"
