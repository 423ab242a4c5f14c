from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.repository.store_threads import StoreThreads
from patience import PATIENCE_SECONDS


def test_what_work_returns_and_raises_is_handed_over() -> None:
    threads = StoreThreads(2)
    assert threads.run(lambda: 42, seconds=PATIENCE_SECONDS) == 42
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda: 1 // 0, seconds=PATIENCE_SECONDS)


def test_whoever_waits_leaves_a_thread_that_hangs_and_all_hanging_refuses_at_once() -> None:
    threads, healed = StoreThreads(2), Event()
    for _ in range(2):
        with pytest.raises(TemporarilyUnavailableError, match="no answer in time") as failure:
            threads.run(healed.wait, seconds=0.05)
        assert failure.value.part is Part.STORE
    began = time.monotonic()
    with pytest.raises(TemporarilyUnavailableError, match="nothing it is asked ends"):
        threads.run(healed.wait, seconds=PATIENCE_SECONDS)
    assert time.monotonic() - began < PATIENCE_SECONDS / 2
    healed.set()
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            assert threads.run(lambda: "back", seconds=PATIENCE_SECONDS) == "back"
            break
        except TemporarilyUnavailableError:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_work_that_nobody_waits_for_any_more_is_not_begun() -> None:
    threads, healed, begun = StoreThreads(1), Event(), Event()
    with ThreadPoolExecutor(1) as pool:
        patient = pool.submit(threads.run, healed.wait, seconds=PATIENCE_SECONDS)
        with pytest.raises(TemporarilyUnavailableError, match="no answer in time"):
            threads.run(begun.set, seconds=0.05)
        healed.set()
        assert patient.result(PATIENCE_SECONDS)
    assert threads.run(lambda: "next", seconds=PATIENCE_SECONDS) == "next"
    assert not begun.is_set()
