"""What may go away under a gateway, how it is taken away and given back, and how the log names it."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest

from notigateway.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chaos.installation import Installation

_PAUSE_SECONDS: Final = 0.1
# Nothing here takes longer to come back than this; then the test fails, instead of waiting for ever.
BACK_SECONDS: Final = 90.0


class NotYetError(ClientError):
    """What was asked for is not delivered yet."""


@dataclass(frozen=True)
class Fault:
    """One thing that may happen; it names itself in the log by one of `named`."""

    name: str
    take: Callable[[Installation], None]
    give: Callable[[Installation], None]
    named: tuple[str, ...]
    lasts: tuple[float, float] = (2.0, 12.0)
    # What only a periodic job meets lasts until that has met it, however slow its turn is.
    until_named: bool = False

    def is_named_in(self, log: bytes) -> bool:
        """Tell whether the log names it."""
        return any(word.encode() in log for word in self.named)


@dataclass
class Happened:
    """A fault that was: when, for how long, and how long the service took to be back after it."""

    fault: Fault
    at: float
    lasted: float
    back_after: float
    log: tuple[int, int]


def _nothing(_: Installation) -> None:
    """Do nothing."""


def _kill_a_worker(one: Installation) -> None:
    os.kill(one.workers()[0], signal.SIGKILL)


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


def _unmount(one: Installation) -> None:
    (one.folder / "documents").rename(one.folder / "elsewhere")


def _mount(one: Installation) -> None:
    (one.folder / "elsewhere").rename(one.folder / "documents")


def _lock(one: Installation) -> None:
    one.lock = sqlite3.connect(one.folder / "notigateway.db", isolation_level=None, timeout=30)
    one.lock.execute("BEGIN IMMEDIATE")


def _unlock(one: Installation) -> None:
    assert one.lock is not None
    one.lock.close()


_DATABASE: Final = ('"part": "database"', "part=database")
_STORE: Final = ('"part": "store"', "part=store")
_AUTHORITY: Final = ("timestamp ended with 1",)

WORKERS: Final = (
    Fault("a worker killed", _kill_a_worker, _nothing, ("was sent SIGKILL",), (0, 0)),
    Fault("workers replaced", lambda one: one.reload(), _nothing, ("Handling signal: hup",), (0, 0)),
)
ON_POSTGRESQL: Final = (
    Fault(
        "database refused",
        lambda one: one.database.refuses(),  # type: ignore[union-attr]
        lambda one: one.database.passes(),  # type: ignore[union-attr]
        _DATABASE,
    ),
    Fault(
        "database hanging",
        lambda one: one.database.hangs(),  # type: ignore[union-attr]
        lambda one: one.database.passes(),  # type: ignore[union-attr]
        _DATABASE,
        (28.0, 34.0),  # what hangs for less than `request_seconds` is waited for, and no fault
    ),
    Fault("database stopped", _crash, _start, _DATABASE),
    Fault("database read-only", _become_standby, _be_promoted, _DATABASE),
)
IN_A_BUCKET: Final = (
    Fault(
        "store refused",
        lambda one: one.store.refuses(),  # type: ignore[union-attr]
        lambda one: one.store.passes(),  # type: ignore[union-attr]
        _STORE,
    ),
    Fault(
        "store hanging",
        lambda one: one.store.hangs(),  # type: ignore[union-attr]
        lambda one: one.store.passes(),  # type: ignore[union-attr]
        _STORE,
        (15.0, 25.0),
    ),
    Fault("bucket missing", _lose_the_bucket, _find_the_bucket, _STORE),
)
AUTHORITY: Final = (
    Fault(
        "authority refused",
        lambda one: one.authority.refuses(),  # type: ignore[union-attr]
        lambda one: one.authority.passes(),  # type: ignore[union-attr]
        _AUTHORITY,
        (25.0, 35.0),
        until_named=True,
    ),
)
ON_SQLITE: Final = (Fault("database locked", _lock, _unlock, _DATABASE, (8.0, 12.0)),)
IN_A_FOLDER: Final = (Fault("store unmounted", _unmount, _mount, _STORE),)


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
    before, at = one.log.stat().st_size, time.time()
    fault.take(one)
    time.sleep(fault.lasts[0] + lasting * (fault.lasts[1] - fault.lasts[0]))
    if fault.until_named:
        _wait_until_named(one, fault, since=before)
    lasted = time.time() - at
    fault.give(one)
    given = time.monotonic()
    back = wait_until_back(probe)
    return Happened(fault, at, lasted, back - given, (before, one.log.stat().st_size))


def _wait_until_named(one: Installation, fault: Fault, *, since: int) -> None:
    """Wait as long as the service may take to be back; a log that is silent then is what the test finds."""
    end = time.monotonic() + BACK_SECONDS
    while time.monotonic() < end and not fault.is_named_in(one.log.read_bytes()[since:]):
        time.sleep(1)


def wait_until_back(probe: Callable[[], object]) -> float:
    """Ask until what is asked is done; return when that was."""
    end = time.monotonic() + BACK_SECONDS
    while time.monotonic() < end:
        with suppress(ClientError):
            probe()
            return time.monotonic()
        time.sleep(_PAUSE_SECONDS)
    pytest.fail(f"not back after {BACK_SECONDS} s")
