"""Requests as spans of OpenTelemetry: the whole of each, and the stages that its account has marked.

They carry ids and words of ours alone. Of what a caller may write there is the `traceparent`, two numbers;
`tracestate` and `baggage` are text, and not read. Stages are marked by two readings of the clock, and made
spans when the answer is there.
"""

from __future__ import annotations

import logging
import time
from threading import Thread
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode, format_trace_id, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from notigateway import __version__
from notigateway.errors import ServiceError, TemporarilyUnavailableError
from notigateway.logger import Logger
from notigateway.metering.account import Account, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Span, Tracer

_log = Logger("notigateway.traces")
_SENDING: Final = logging.getLogger(OTLPSpanExporter.__module__)
_QUEUEING: Final = logging.getLogger("opentelemetry.sdk._shared_internal")
_CONTEXT: Final = TraceContextTextMapPropagator()
# A request that decides on many items goes to the database and the store for each: the first ones are shown.
_MARKS_MAX: Final = 64
_REPEATED: Final = frozenset({Stage.DATABASE, Stage.STORE})
# What is our trouble and not the caller's: so collectors count errors.
_OURS: Final = frozenset({ServiceError.code, TemporarilyUnavailableError.code})


class Spans:
    """Makes the spans of this process and hands them on."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Send to the exporter, in batches by a thread of its own."""
        self._exporter = WatchedExporter(exporter)
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("notigateway", __version__)

    def open_account(
        self, contract: str, waits_since: float | None, *, traceparent: str | None, correlation_id: UUID
    ) -> TracedAccount:
        """Return the account of a request, whose span is a child of the proxy's, where that names one."""
        return TracedAccount(
            contract,
            waits_since,
            tracer=self._tracer,
            traceparent=traceparent,
            correlation_id=correlation_id,
        )

    def end(self, seconds: float) -> None:
        """Send what waits, for that long at most: a collector that hangs holds nobody up."""
        ending = Thread(target=self._provider.shutdown, name="traces-end", daemon=True)
        ending.start()
        ending.join(seconds)
        if ending.is_alive():
            self._exporter.note("not all taken when the worker ended")


class TracedAccount(Account):
    """The account of a request that also knows when each of its stages was."""

    def __init__(
        self,
        contract: str,
        waits_since: float | None,
        *,
        tracer: Tracer,
        traceparent: str | None,
        correlation_id: UUID,
    ) -> None:
        """Begin the span of the request; a `traceparent` that is none begins a trace of its own."""
        self._marks: list[tuple[Stage, float, float]] = []
        self._tracer = tracer
        self._correlation_id = str(correlation_id)
        super().__init__(contract, waits_since)
        # Traces of several programs lie on one axis: the clock of the machine, which only stages do without.
        self._ahead = time.time_ns() - time.monotonic_ns()
        parent = _CONTEXT.extract({"traceparent": traceparent or ""})
        self._span = tracer.start_span(
            "request", parent, kind=SpanKind.SERVER, start_time=self._nanoseconds(self.began)
        )

    def add(self, stage: Stage, began: float, ended: float) -> None:
        """Add to a stage, and mark when it was."""
        super().add(stage, began, ended)
        if stage not in _REPEATED or len(self._marks) < _MARKS_MAX:
            self._marks.append((stage, began, ended))

    def line(self) -> dict[str, object]:
        """Return what the log says of it: the trace, too."""
        return super().line() | {"trace_id": format_trace_id(self._span.get_span_context().trace_id)}

    def end(self) -> None:
        """End it: make the spans of the stages, and hand them on with that of the request."""
        super().end()
        self._span.set_attributes(
            {
                "notigateway.correlation_id": self._correlation_id,
                "notigateway.contract": self.contract,
                "notigateway.operation": self.operation,
                "notigateway.code": self.code,
            }
        )
        if self.code in _OURS:
            self._span.set_status(StatusCode.ERROR)
        if self._span.is_recording():
            self._make_stages()
        self._span.end()

    def _make_stages(self) -> None:
        """Make a span of each mark, below the one in whose time it lies; the outer one is marked later."""
        open_ones: list[tuple[float, Span]] = []
        in_order = sorted(enumerate(self._marks), key=lambda one: (one[1][1], -one[1][2], -one[0]))
        for _, (stage, began, ended) in in_order:
            while open_ones and open_ones[-1][0] < ended:
                open_ones.pop()
            parent = open_ones[-1][1] if open_ones else self._span
            span = self._tracer.start_span(
                stage.value, set_span_in_context(parent), start_time=self._nanoseconds(began)
            )
            span.end(self._nanoseconds(ended))
            open_ones.append((ended, span))

    def _nanoseconds(self, at: float) -> int:
        return round(at * 1e9) + self._ahead


def exporter_of_environment() -> SpanExporter:
    """Return what sends by OTLP over HTTP, as the standard variables say: address, headers, certificates.

    Raises: `OSError`, `RuntimeError`, `ValueError` for what they name and is not there.
    """
    return OTLPSpanExporter()


class WatchedExporter(SpanExporter):
    """Says in one line of the log that spans are not taken, and in one that they are again.

    What the library says of it, at each attempt and each batch, is heard and not repeated.
    """

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_away = False
        self._heard = _Heard()
        _SENDING.addFilter(self._heard)
        _QUEUEING.setLevel(logging.ERROR)  # a warning for each span that finds the queue full

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans on; called by the thread that sends, and by nobody who answers."""
        self._heard.said = ""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.note(self._heard.said)
        elif self._is_away:
            self._is_away = False
            _log.info("traces_exported_again")
        return result

    def note(self, detail: str) -> None:
        """Say that spans are lost, unless it has been said."""
        if not self._is_away:
            self._is_away = True
            _log.warning("traces_not_exported", detail=detail)

    def shutdown(self) -> None:
        """Close the connection."""
        self._exporter.shutdown()
        _SENDING.removeFilter(self._heard)


def _resource() -> Resource:
    """Say who we are; OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES of the environment add, and name it."""
    created = Resource.create({SERVICE_VERSION: __version__})
    if str(created.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return created.merge(Resource({SERVICE_NAME: "notigateway"}))
    return created


class _Heard(logging.Filter):
    """Keeps the first words said, which name the cause, and lets none through."""

    said = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Hear a line."""
        self.said = self.said or " ".join(record.getMessage().split())
        return False
