"""Everything that is counted and timed, by the names under which Prometheus reads it.

Labels have few values, all of them words of ours: never a NIF, an identifier, an address or a text of a
caller. What a caller calls an operation and is none is `unknown`.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from notigateway.errors import ConfigurationError
from notigateway.metering.shared import VARIABLE, join_folder, make_folder

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from prometheus_client.registry import Collector

    from notigateway.metering.shared import Folder

# When each series began is told by nobody who has several processes; so by nobody.
disable_created_metrics()  # type: ignore[no-untyped-call]
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
METRICS_KIND: Final = CONTENT_TYPE_PLAIN_0_0_4
_OPERATION: Final = ("contract", "operation")


class Meters:
    """The meters of this process; where workers share a folder, each writes to its own files there."""

    def __init__(self, folder: Folder | None) -> None:
        self._folder = folder
        own = self._own = CollectorRegistry()
        self.requests = Counter(
            "notigateway_requests", "Requests answered, by outcome.", (*_OPERATION, "code"), registry=own
        )
        self.duration = Histogram(
            "notigateway_request_duration_seconds",
            "From the whole request to its whole answer.",
            _OPERATION,
            buckets=_SECONDS,
            registry=own,
        )
        self.stages = Histogram(
            "notigateway_request_stage_seconds",
            "Parts of the duration of requests.",
            ("stage",),
            buckets=_SECONDS,
            registry=own,
        )
        self.request_bytes = Counter(
            "notigateway_request_bytes", "Bytes of requests.", ("contract",), registry=own
        )
        self.answer_bytes = Counter("notigateway_answer_bytes", "Bytes of answers.", _OPERATION, registry=own)
        self.rows = Counter(
            "notigateway_rows", "Notifications that answers told of.", _OPERATION, registry=own
        )
        self.refused_items = Counter(
            "notigateway_items_refused",
            "Items refused in answered requests.",
            (*_OPERATION, "code"),
            registry=own,
        )
        self.events = Counter(
            "notigateway_events", "What became of notifications, committed.", ("event",), registry=own
        )
        self.troubles = Counter(
            "notigateway_log_lines",
            "Warnings and errors in the log.",
            ("event", "level", "part"),
            registry=own,
        )
        self.starts = Counter("notigateway_worker_starts", "Workers started.", registry=own)
        self.pool_waits = Counter(
            "notigateway_database_pool_waits", "Waits for a connection of the pool.", registry=own
        )
        self.pool_in_use = self._living("notigateway_database_pool_in_use", "Connections of the pool in use.")
        self.pool_size = self._living("notigateway_database_pool_size", "Connections the pools may hold.")
        self.connections = self._living("notigateway_http_connections", "Open connections of callers.")
        self.held_bytes = self._living("notigateway_http_held_bytes", "Bytes held of requests and answers.")
        self.http_refusals = Counter(
            "notigateway_http_refusals", "Requests refused before they were read.", ("status",), registry=own
        )

        # Looked up at every request: finding a child by its labels takes longer than counting.
        self.of_operation = cache(self._of_operation)
        self.of_outcome = cache(self.requests.labels)
        self.of_stage = cache(self.stages.labels)

    def _of_operation(self, contract: str, operation: str) -> tuple[Histogram, Counter, Counter]:
        """Return what is counted of every request: its duration, and the bytes of request and answer."""
        return (
            self.duration.labels(contract, operation),
            self.request_bytes.labels(contract),
            self.answer_bytes.labels(contract, operation),
        )

    def _living(self, name: str, said: str) -> Gauge:
        """Return a gauge whose sum over the living workers is what counts."""
        return Gauge(name, said, registry=self._own, multiprocess_mode="livesum")

    def exposed(self, *others: Collector) -> bytes:
        """Return all numbers of all workers, and those of the `others`, in the text that Prometheus reads.

        Raises: `ConfigurationError` where this worker knows its own alone: half the numbers now and all of
        them from the next worker would look like counters that go back.
        """
        for error in _alone:
            raise error
        registry = CollectorRegistry()
        if self._folder is None:
            registry.register(self._own)
        else:
            self._folder.check()
            self._folder.forget_dead()
            MultiProcessCollector(registry, str(self._folder.path))  # type: ignore[no-untyped-call]
        for one in others:
            registry.register(one)
        return generate_latest(registry)


@cache
def meters() -> Meters:
    """Return the meters of this process; made at the first use, after the process has joined."""
    return Meters(_joined[-1] if _joined else None)


def share(owner: tuple[int, int] | None = None) -> None:
    """Have all workers of the server that starts share their numbers; called in its master, which counts too.

    `owner` are user and group of the workers, where the master is root and they are not.

    Raises: `ConfigurationError`.
    """
    _use(make_folder(os.environ, owner))


def join() -> None:
    """Share this worker's numbers with those of its neighbours, before it counts anything.

    Raises: `ConfigurationError` where that cannot be; then it counts for itself, and exposes nothing.
    """
    try:
        _use(join_folder(os.environ))
    except ConfigurationError as error:
        _alone[:] = [error]
        values.ValueClass = values.MutexValue
        _joined.clear()
        meters.cache_clear()
        raise
    finally:
        meters().starts.inc()


def hand_on(environ: MutableMapping[str, str]) -> None:
    """Name the folder to the next master, whose workers count on."""
    for folder in _joined:
        environ[VARIABLE] = str(folder.path)


def _use(folder: Folder) -> None:
    values.ValueClass = values.MultiProcessValue(folder.place)  # type: ignore[no-untyped-call]
    _joined[:] = [folder]
    _alone.clear()
    meters.cache_clear()


# The folder that this process shares with others; none where it counts for itself.
_joined: Final[list[Folder]] = []
# Why this process, which should share its numbers, counts for itself.
_alone: Final[list[ConfigurationError]] = []
