"""Requests that wait for the document store leave a thread of the worker to who needs no document."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Timer

import pytest

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.documents import DocumentStore
from notigateway.repository.store_places import StorePlaces
from notigateway.time_left import bounded
from patience import PATIENCE_SECONDS


def hold(places: StorePlaces, healed: Event, held: list[int]) -> None:
    with bounded(PATIENCE_SECONDS), places.place():
        held.append(1)
        healed.wait(PATIENCE_SECONDS)


def holding(pool: ThreadPoolExecutor, places: StorePlaces, healed: Event, count: int) -> None:
    held: list[int] = []
    for _ in range(count):
        pool.submit(hold, places, healed, held)
    end = time.monotonic() + PATIENCE_SECONDS
    while len(held) < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def refused_after(places: StorePlaces) -> float:
    """Return how long it takes to be refused a place."""
    began = time.monotonic()
    with pytest.raises(TemporarilyUnavailableError, match="too many wait") as refusal, places.place():
        pass
    assert refusal.value.part is Part.STORE
    return time.monotonic() - began


def test_who_finds_all_places_taken_waits_a_moment_and_the_next_not_at_all() -> None:
    places, healed = StorePlaces(3, wait_seconds=1.5), Event()
    with ThreadPoolExecutor(3) as pool:
        holding(pool, places, healed, 3)
        with bounded(PATIENCE_SECONDS):
            assert refused_after(places) >= 1.5
            assert max(refused_after(places) for _ in range(20)) < 1.4
        with places.place():  # a command needs none
            healed.set()
    with bounded(PATIENCE_SECONDS), places.place():
        pass


def test_a_place_that_comes_free_goes_to_who_waits_and_a_request_waits_once_for_all() -> None:
    places, first, second = StorePlaces(1, wait_seconds=3.0), Event(), Event()
    with ThreadPoolExecutor(2) as pool, ExitStack() as stack:
        holding(pool, places, first, 1)
        stack.enter_context(bounded(PATIENCE_SECONDS))
        visit = stack.enter_context(places.visit())
        later = Timer(1.0, first.set)
        later.start()
        with places.place():
            pass
        assert 0 < visit.seconds < 2.9
        holding(pool, places, second, 1)
        assert refused_after(places) < 2.9
        assert refused_after(places) < 1.0
        second.set()


def test_a_burst_at_a_store_that_answers_is_never_refused() -> None:
    """64 callers on the four threads of a worker, each with twenty documents."""
    store = DocumentStore("memory://")
    documents = [store.put(b"%%PDF-1.7 %d" % n) for n in range(20)]

    def read(_caller: int) -> int:
        with bounded(PATIENCE_SECONDS), store.visit():
            return sum(len(store.get(one)) > 0 for one in documents)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(64))) == [20] * 64


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (2, 1), (4, 3), (9, 8)])
def test_a_worker_with_other_threads_has_other_places(threads: int, places: int) -> None:
    store, healed = DocumentStore("memory://"), Event()
    store.leave_a_thread(threads=threads)
    document = store.put(b"%PDF-1.7")
    with ThreadPoolExecutor(8) as pool, bounded(0.5):
        holding(pool, store._places, healed, places)
        with pytest.raises(TemporarilyUnavailableError, match="too many wait"):
            store.get(document)
        healed.set()
