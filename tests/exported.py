"""What the gateway exports to Prometheus: each name with its labels, for whoever compares with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from notigateway.health.gauges import Gauges
from notigateway.health.looking import Looks
from notigateway.metering.meters import Meters

_SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def families() -> dict[str, tuple[str, ...]]:
    """Return the names of the documents: a histogram is one, a counter has its suffix."""
    return {
        name + ("_total" if kind == "counter" else ""): labels for name, kind, labels in sorted(_exported())
    }


def series() -> dict[str, frozenset[str]]:
    """Return the names of queries."""
    return {
        name + suffix: frozenset(labels) | ({"le"} if suffix == "_bucket" else frozenset())
        for name, kind, labels in _exported()
        for suffix in _SUFFIXES[kind]
    }


def _exported() -> list[tuple[str, str, tuple[str, ...]]]:
    meters = Meters(None)
    counted: list[Any] = list(meters._own._collector_to_names)
    looks = Looks([])
    gauges = Gauges(list, looks, certificates=[], clock=lambda: datetime.now(UTC))
    seen: list[Any] = list(gauges.collect())
    return [(one._name, one._type, tuple(one._labelnames)) for one in counted] + [
        (one.name, one.type, tuple(one._labelnames)) for one in seen
    ]
