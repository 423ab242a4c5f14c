"""What is true at the moment somebody looks, as numbers: readiness, certificates, revocation, queues.

Read from the same looks as `/readyz`, which end in time and are kept for a moment: a scrape answers while the
database is away, and says so.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

from prometheus_client.core import GaugeMetricFamily

from notigateway import __version__
from notigateway.health.database import DATABASE
from notigateway.health.finding import Finding, State
from notigateway.health.looking import Look, Looks
from notigateway.health.queues import QueuesWanted, look_at_queues
from notigateway.health.readiness import takes_out
from notigateway.health.revocation import REVOCATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from prometheus_client.core import Metric
    from sqlalchemy import Engine

    from notigateway.pki.in_use import UsedCertificate

QUEUES: Final = "queues"
_KEPT_SECONDS: Final = 5.0


class Gauges:
    """A collector of Prometheus: `findings` are those of readiness."""

    def __init__(
        self,
        findings: Callable[[], Sequence[Finding]],
        queues: Looks,
        *,
        certificates: Sequence[UsedCertificate],
        clock: Callable[[], datetime],
    ) -> None:
        self._findings = findings
        self._queues = queues
        self._certificates = certificates
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """Yield each gauge."""
        build = GaugeMetricFamily(
            "notigateway_build_info", "Version of gateway and Python.", labels=("version", "python")
        )
        build.add_metric((__version__, platform.python_version()), 1)
        yield build
        findings = self._findings()
        yield from _readiness(findings)
        yield _revocation(findings)
        yield self._ends()
        is_up = not any(one.check == DATABASE and one.state is not State.OK for one in findings)
        yield from self._waiting(is_up=is_up)

    def _ends(self) -> Metric:
        """Return, of each use, when the certificate that ends first does."""
        ends = GaugeMetricFamily(
            "notigateway_certificate_end_timestamp_seconds",
            "When the first of these certificates ends.",
            labels=("certificate",),
        )
        first: dict[str, float] = {}
        for one in self._certificates:
            at = one.validity.until.timestamp()
            first[one.use.value] = min(at, first.get(one.use.value, at))
        for use, at in first.items():
            ends.add_metric((use,), at)
        return ends

    def _waiting(self, *, is_up: bool) -> Iterator[Metric]:
        lengths = GaugeMetricFamily(
            "notigateway_queue_length", "What waits for a periodic job.", labels=("queue",)
        )
        ages = GaugeMetricFamily(
            "notigateway_queue_age_seconds", "Age of the oldest that waits.", labels=("queue",)
        )
        for finding in self._queues.findings(self._clock()) if is_up else ():
            if finding.state is State.OK:
                lengths.add_metric((finding.check,), finding.values["waiting"])
                ages.add_metric((finding.check,), finding.values["oldest_seconds"])
        yield lengths
        yield ages


def gauges_of(
    findings: Callable[[], Sequence[Finding]],
    engine: Engine,
    *,
    wanted: QueuesWanted,
    certificates: Sequence[UsedCertificate],
    clock: Callable[[], datetime],
) -> Gauges:
    """Return the gauges of a running gateway."""

    def waiting(now: datetime) -> list[Finding]:
        return [
            Finding(
                name,
                State.OK,
                f"{queue.waiting} waiting",
                values={
                    "waiting": queue.waiting,
                    "oldest_seconds": 0 if queue.since is None else (now - queue.since).total_seconds(),
                },
            )
            for name, queue in look_at_queues(engine, wanted, now).items()
        ]

    looks = Looks([Look(check=QUEUES, see=waiting)], kept_seconds=_KEPT_SECONDS)
    return Gauges(findings, looks, certificates=certificates, clock=clock)


def _readiness(findings: Sequence[Finding]) -> Iterator[Metric]:
    ready = GaugeMetricFamily("notigateway_ready", "1 where this gateway can serve callers.")
    ready.add_metric((), not any(map(takes_out, findings)))
    yield ready
    up = GaugeMetricFamily("notigateway_database_up", "1 where the database answers.")
    up.add_metric((), not any(one.check == DATABASE and one.state is not State.OK for one in findings))
    yield up
    checks = GaugeMetricFamily(
        "notigateway_check", "What was looked at: 1 at its state.", labels=("check", "state")
    )
    for one in findings:
        for state in State:
            checks.add_metric((one.check, state.value), one.state is state)
    yield checks


def _revocation(findings: Sequence[Finding]) -> Metric:
    left = GaugeMetricFamily(
        "notigateway_revocation_left_seconds",
        "How long revocation data stay current: the first and the last to end; negative since.",
        labels=("which",),
    )
    for one in findings:
        if one.check == REVOCATION and "seconds_left" in one.values:
            left.add_metric(("first",), one.values["first_seconds_left"])
            left.add_metric(("last",), one.values["seconds_left"])
    return left
