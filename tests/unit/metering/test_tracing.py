"""Which of the standard variables want traces, and which are refused in a line."""

from __future__ import annotations

import sys

import pytest

from notigateway.errors import ConfigurationError
from notigateway.metering import tracing

ADDRESS = "http://127.0.0.1:4318"
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": ADDRESS}


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{ADDRESS}/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": ""}, False),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "True"}, False),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, False),
    ],
)
def test_an_address_or_an_exporter_wants_traces(environ: dict[str, str], wanted: bool) -> None:
    assert tracing.check(environ) is wanted


@pytest.mark.parametrize(
    ("environ", "variable"),
    [
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "jaeger"}, "OTEL_TRACES_EXPORTER"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL"),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "secret@collector:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[secret"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://secret:99999"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
def test_what_the_gateway_does_not_speak_is_refused_by_its_name(
    environ: dict[str, str], variable: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        tracing.check(environ)
    assert str(refused.value).startswith(f"{variable}: ")
    assert "secret" not in str(refused.value)


def test_traces_without_the_extra_are_refused_in_a_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "notigateway.metering.spans", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(ConfigurationError) as refused:
        tracing.check(ENDPOINT)
    said = str(refused.value)
    assert said == (
        "OTEL_EXPORTER_OTLP_ENDPOINT wants traces: install the extra with pip install 'notigateway[otel]'"
    )
    with pytest.raises(ConfigurationError):
        tracing.begin(ENDPOINT)
