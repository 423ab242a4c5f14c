from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from notigateway.time_left import at_most, bounded, is_due, waiting


def test_outside_of_a_request_the_own_bound_counts_alone() -> None:
    assert at_most(30) == 30


def test_within_a_request_no_wait_is_longer_than_what_is_left() -> None:
    with bounded(10):
        assert at_most(3) == 3
        assert 9 < at_most(30) <= 10
    assert at_most(30) == 30


def test_time_that_has_passed_before_counts() -> None:
    with bounded(10, since=time.monotonic() - 4):
        assert 5 < at_most(30) <= 6
    with bounded(10, since=time.monotonic() - 11):
        assert at_most(30) == 0


def test_an_inner_bound_never_prolongs_an_outer_one() -> None:
    with bounded(5):
        with bounded(60):
            assert at_most(30) <= 5
        with bounded(1):
            assert at_most(30) <= 1
        assert 4 < at_most(30) <= 5


def test_another_thread_is_handed_the_number() -> None:
    with bounded(5), ThreadPoolExecutor(1) as pool:
        assert pool.submit(at_most, 30).result() == 30


def test_who_is_not_the_last_to_wait_leaves_something_to_the_others() -> None:
    assert at_most(30, share=0.9) == 30
    with bounded(10):
        assert 8 < at_most(30, share=0.9) <= 9
    with bounded(10, since=time.monotonic() - 9.5):
        assert at_most(30, share=0.9) == 0
        assert 0 < at_most(30) <= 0.5


def test_who_has_had_a_fair_part_of_the_time_is_to_blame_where_none_is_left() -> None:
    with waiting("store"):  # a command has time
        assert is_due("store")
    with bounded(10, since=time.monotonic() - 9.9), waiting("store"):
        assert not is_due("store")
    with bounded(0.2):
        with waiting("store"):
            assert not is_due("store")
            time.sleep(0.06)
        with waiting("store"):
            assert not is_due("store")
            time.sleep(0.06)  # both together are half of what there is
            assert is_due("store")
        with waiting("another"):
            assert not is_due("another")
