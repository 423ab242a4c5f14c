"""What may go away under a gateway, how it is taken away and given back, and how the log names it."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from fault_rows import row_named
from notigateway.client.errors import ClientError
from scraped import shows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chaos.installation import Installation
    from scraped import Numbers

_PAUSE_SECONDS: Final = 0.1
# Nothing here takes longer to come back than this; then the test fails, instead of waiting for ever.
BACK_SECONDS: Final = 90.0


class NotYetError(ClientError):
    """What was asked for is not delivered yet."""


@dataclass(frozen=True)
class Fault:
    """One thing that may happen; the log names it by one of `named`, metrics as its row of the table says."""

    name: str
    row: str
    take: Callable[[Installation], None]
    give: Callable[[Installation], None]
    named: tuple[str, ...]
    lasts: tuple[float, float] = (2.0, 12.0)
    # What only a periodic job or a new worker meets lasts until that has met it, however slow its turn is.
    until_told: bool = False

    def is_named_in(self, log: bytes) -> bool:
        """Tell whether the log names it."""
        return any(word.encode() in log for word in self.named)

    def untold(self, log: bytes, looks: Sequence[Numbers]) -> list[str]:
        """Return where nothing tells of it: the log, or metrics of its row between the looks."""
        metrics = [metric for metric in row_named(self.row).metrics if not shows(metric, looks)]
        return metrics if self.is_named_in(log) else ["the log", *metrics]


@dataclass
class Happened:
    """A fault that was: when, for how long, how soon the service was back, and what was not told of it."""

    fault: Fault
    at: float
    lasted: float
    back_after: float
    untold: list[str]


def _nothing(_: Installation) -> None:
    """Do nothing."""


def _kill_a_worker(one: Installation) -> None:
    os.kill(one.workers()[0], signal.SIGKILL)


def _replace_workers(one: Installation) -> None:
    one.reload()


def _crash(one: Installation) -> None:
    assert one.cluster is not None
    one.cluster.stop()


def _start(one: Installation) -> None:
    assert one.cluster is not None
    one.cluster.start()


def _become_standby(one: Installation) -> None:
    assert one.cluster is not None
    one.cluster.stop()
    one.cluster.start(as_standby=True)


def _be_promoted(one: Installation) -> None:
    assert one.cluster is not None
    one.cluster.promote()


def _lose_the_bucket(one: Installation) -> None:
    assert one.store is not None
    assert one.nowhere is not None
    one.behind_store = one.store.leads_to(one.nowhere)


def _find_the_bucket(one: Installation) -> None:
    assert one.store is not None
    assert one.behind_store is not None
    one.store.leads_to(one.behind_store)


_DATABASE: Final = ('"part": "database"', "part=database")
_STORE: Final = ('"part": "store"', "part=store")
_AUTHORITY: Final = ('"code": "INCOMPLETE"',)

WORKERS: Final = (
    Fault(
        "a worker killed",
        "worker_killed",
        _kill_a_worker,
        _nothing,
        ("was sent SIGKILL",),
        (0, 0),
        until_told=True,
    ),
    Fault(
        "workers replaced",
        "worker_killed",
        lambda one: one.reload(),
        _nothing,
        ("Handling signal: hup",),
        (0, 0),
        until_told=True,
    ),
)
ON_POSTGRESQL: Final = (
    Fault(
        "database refused",
        "database_refused",
        lambda one: one.database.refuses(),  # type: ignore[union-attr]
        lambda one: one.database.passes(),  # type: ignore[union-attr]
        _DATABASE,
    ),
    Fault(
        "database hanging",
        "database_hanging",
        lambda one: one.database.hangs(),  # type: ignore[union-attr]
        lambda one: one.database.passes(),  # type: ignore[union-attr]
        _DATABASE,
        (28.0, 34.0),  # what hangs for less than `request_seconds` is waited for, and no fault
    ),
    Fault("database stopped", "database_refused", _crash, _start, _DATABASE),
    Fault("database read-only", "database_read_only", _become_standby, _be_promoted, _DATABASE),
)
IN_A_BUCKET: Final = (
    Fault(
        "store refused",
        "store_unmounted",
        lambda one: one.store.refuses(),  # type: ignore[union-attr]
        lambda one: one.store.passes(),  # type: ignore[union-attr]
        _STORE,
    ),
    Fault(
        "store hanging",
        "store_hanging",
        lambda one: one.store.hangs(),  # type: ignore[union-attr]
        lambda one: one.store.passes(),  # type: ignore[union-attr]
        _STORE,
        (15.0, 25.0),
    ),
    Fault("bucket missing", "store_unmounted", _lose_the_bucket, _find_the_bucket, _STORE),
)
AUTHORITY: Final = (
    Fault(
        "authority refused",
        "authority_away",
        lambda one: one.authority.refuses(),  # type: ignore[union-attr]
        lambda one: one.authority.passes(),  # type: ignore[union-attr]
        _AUTHORITY,
        (25.0, 35.0),
        until_told=True,
    ),
)


def play(
    one: Installation,
    faults: tuple[Fault, ...],
    *,
    seconds: float,
    seed: int,
    probe: Callable[[], object],
    quiet: tuple[float, float] = (2.0, 6.0),
) -> Iterator[Happened]:
    """Let faults happen, each once in a random order and again, until the time is over."""
    chance = random.Random(seed)  # noqa: S311  (a schedule, not a secret)
    end = time.time() + seconds
    coming: list[Fault] = []
    while time.time() < end:
        if not coming:
            coming = chance.sample(faults, len(faults))
        yield happen(one, coming.pop(), lasting=chance.random(), probe=probe)
        time.sleep(min(chance.uniform(*quiet), max(end - time.time(), 0)))


def happen(one: Installation, fault: Fault, *, lasting: float, probe: Callable[[], object]) -> Happened:
    """Let one fault happen and wait until the service is back; `lasting` is 0 for shortest, 1 for longest."""
    began, looks, at = one.log.stat().st_size, [one.numbers()], time.time()

    def untold() -> list[str]:
        looks.append(one.numbers())
        return fault.untold(one.log.read_bytes()[began:], looks)

    fault.take(one)
    time.sleep(fault.lasts[0] + lasting * (fault.lasts[1] - fault.lasts[0]))
    end = time.monotonic() + BACK_SECONDS  # a silence that lasts longer is what the test finds
    while untold() and fault.until_told and time.monotonic() < end:
        time.sleep(1)
    lasted = time.time() - at
    fault.give(one)
    given = time.monotonic()
    back = wait_until_back(probe)
    return Happened(fault, at, lasted, back - given, untold())


def wait_until_back(probe: Callable[[], object]) -> float:
    """Ask until what is asked is done; return when that was."""
    end = time.monotonic() + BACK_SECONDS
    while time.monotonic() < end:
        with suppress(ClientError):
            probe()
            return time.monotonic()
        time.sleep(_PAUSE_SECONDS)
    pytest.fail(f"not back after {BACK_SECONDS} s")
