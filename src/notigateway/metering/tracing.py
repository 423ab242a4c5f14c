"""Whether requests are traced (OpenTelemetry), by the standard variables; else nothing of it is loaded.

Traces are made in the worker, after the fork: what sends them is a thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from notigateway.errors import ConfigurationError
from notigateway.metering.account import Account

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from notigateway.metering.spans import Spans

_EXPORTER: Final = "OTEL_TRACES_EXPORTER"
_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PROTOCOL: Final = "http/protobuf"
# A worker's successor starts when it is gone: what a collector does not take in that time is lost.
_END_SECONDS: Final = 1.0


def check(environ: Mapping[str, str]) -> bool:
    """Tell whether the variables want traces, and make sure that they can be had.

    An address, or `OTEL_TRACES_EXPORTER=otlp`, wants them; `none` and `OTEL_SDK_DISABLED=true` do not. What
    the gateway does not speak is refused: traces that never come would be missed on the day they are needed.

    Raises: `ConfigurationError`.
    """
    exporter = environ.get(_EXPORTER, "").strip().lower()
    endpoint = next((name for name in _ENDPOINTS if environ.get(name)), "")
    is_disabled = environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if is_disabled or exporter == "none" or not (exporter or endpoint):
        return False
    if exporter not in {"", "otlp"}:
        raise ConfigurationError(f"{_EXPORTER}: the gateway knows otlp and none")
    protocol = next((name for name in _PROTOCOLS if environ.get(name)), "")
    if protocol and environ[protocol].strip().lower() != _PROTOCOL:
        raise ConfigurationError(f"{protocol}: the gateway speaks {_PROTOCOL} alone")
    if endpoint and not _is_address(environ[endpoint]):
        raise ConfigurationError(f"{endpoint}: no http or https address")
    try:
        import notigateway.metering.spans  # noqa: F401, PLC0415  (an extra, loaded where it is wanted)
    except ImportError as error:
        raise ConfigurationError(
            f"{endpoint or _EXPORTER} wants traces: install the extra with pip install 'notigateway[otel]'"
        ) from error
    return True


def begin(environ: Mapping[str, str]) -> None:
    """Trace the requests of this process from now on, where the variables want it.

    Raises: `ConfigurationError`.
    """
    if not check(environ):
        return
    from notigateway.metering.spans import Spans, exporter_of_environment  # noqa: PLC0415

    try:
        use(Spans(exporter_of_environment()))
    except (OSError, RuntimeError, ValueError) as error:  # what a variable names is not there, or no thread
        raise ConfigurationError(f"OTEL_… variables: {' '.join(str(error).split())}") from error


def use(spans: Spans) -> None:
    """Have every request from now on traced there."""
    _begun[:] = [spans]


def end() -> None:
    """Send what is still to be sent, for as long as a worker that ends may take."""
    while _begun:
        _begun.pop().end(_END_SECONDS)


def open_account(
    contract: str, waits_since: float | None, *, traceparent: str | None, correlation_id: UUID
) -> Account:
    """Return the account of a request that begins; one that is traced notes when each stage was, too.

    `traceparent` is who called us in the trace, by the W3C's header, which the proxy sets.
    """
    if not _begun:
        return Account(contract, waits_since)
    return _begun[0].open_account(
        contract, waits_since, traceparent=traceparent, correlation_id=correlation_id
    )


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


_begun: Final[list[Spans]] = []
