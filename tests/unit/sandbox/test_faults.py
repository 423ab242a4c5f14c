"""Faults that are slow end when they are withdrawn, and what chance decides of one is its own affair."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from notigateway.http.streamed import Streamed
from notigateway.sandbox.faults import Faults, Kind, Order
from notigateway.sandbox.journal import Search
from notigateway.sandbox.recording import SLOW_MAX
from patience import PATIENCE_SECONDS, slowed
from recorded import BODY, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = Order(kind=Kind.DELAY, seconds=250.0)
SLOW = Order(kind=Kind.DRIBBLE, bytes_per_second=5)


def struck(recorded: Recorded) -> int:
    return sum(one.struck for one in recorded.faults.all())


def posting(recorded: Recorded, count: int = 1) -> list[threading.Thread]:
    """Have threads ask, all of whom a fault has struck already."""
    before = struck(recorded)
    threads = [threading.Thread(target=recorded.post) for _ in range(count)]
    for one in threads:
        one.start()
    while struck(recorded) < before + count:
        assert all(one.is_alive() for one in threads)
    return threads


def hurry(faults: Faults) -> ExitStack:
    """Be in a hurry as long as what is returned is kept: as who waits until nobody is in the world."""
    hurrying = ExitStack()
    hurrying.enter_context(faults.hurried())
    return hurrying


ENDINGS: list[Callable[[Faults], object]] = [Faults.clear, lambda faults: faults.withdraw(1), hurry]


def joined(threads: list[threading.Thread]) -> bool:
    for one in threads:
        one.join(slowed(PATIENCE_SECONDS))
    return not any(one.is_alive() for one in threads)


@pytest.mark.parametrize("end", ENDINGS)
def test_a_delay_ends_when_its_fault_is_withdrawn(end: Callable[[Faults], object]) -> None:
    recorded = Recorded()
    recorded.faults.order(LONG)
    threads = posting(recorded)
    ended = end(recorded.faults)
    assert joined(threads)
    del ended
    (entry,) = recorded.journal.search(Search())
    assert (entry.status, [one.identifier for one in entry.struck]) == (200, [1])


@pytest.mark.parametrize("end", ENDINGS)
def test_a_slow_answer_comes_at_once_when_its_fault_is_withdrawn(end: Callable[[Faults], object]) -> None:
    recorded = Recorded()
    recorded.faults.order(SLOW)
    _, body = recorded.post()
    assert isinstance(body, Streamed)
    pieces = iter(body)
    first = next(pieces)
    ended = end(recorded.faults)
    assert (first, b"".join(pieces)) == (BODY[:1], BODY[1:])
    del ended
    (entry,) = recorded.journal.search(Search())
    assert (entry.answer, entry.is_cut_off) == (BODY, False)


def test_another_fault_that_is_withdrawn_ends_no_delay() -> None:
    recorded = Recorded()
    recorded.faults.order(LONG)
    other = recorded.faults.order(Order(kind=Kind.STATUS, operation="None"))
    threads = posting(recorded)
    recorded.faults.withdraw(other.identifier)
    threads[0].join(0.1)
    assert threads[0].is_alive()
    recorded.faults.clear()
    assert joined(threads)


@pytest.mark.parametrize("order", [LONG, SLOW])
def test_of_the_threads_only_a_part_waits_for_faults(order: Order) -> None:
    recorded = Recorded()
    recorded.faults.order(LONG)
    threads = posting(recorded, SLOW_MAX)
    recorded.faults.order(order)
    before = struck(recorded)
    status, body = recorded.post()
    assert (status.partition(" ")[0], b"delayed by faults already" in b"".join(body)) == ("503", True)
    (entry,) = recorded.journal.search(Search())
    assert (entry.status, entry.struck, struck(recorded)) == (503, [], before)
    recorded.faults.clear()
    assert joined(threads)
    assert recorded.post()[0] == "200 OK"


def test_a_slow_answer_that_nobody_reads_keeps_no_place() -> None:
    recorded = Recorded()
    recorded.faults.order(SLOW)
    for _ in range(SLOW_MAX + 1):
        assert recorded.post()[0] == "200 OK"


@pytest.mark.parametrize(
    "beside",
    [
        Order(kind=Kind.DELAY, median=1e-9, sigma=1.0),
        Order(kind=Kind.STATUS, probability=0.5, operation="None"),
        Order(kind=Kind.TRUNCATE, probability=0.5),
    ],
)
def test_what_is_ordered_beside_it_changes_nothing_of_whom_a_fault_strikes(beside: Order) -> None:
    found = []
    for orders in ([], [beside]):
        recorded = Recorded()
        chance = recorded.faults.order(Order(kind=Kind.STATUS, probability=0.5))
        for order in orders:
            recorded.faults.order(order)
        seen = []
        for _ in range(40):
            before = chance.struck
            recorded.post()
            seen.append(chance.struck - before)
        found.append(seen)
    assert found[0] == found[1]
    assert set(found[0]) == {0, 1}
