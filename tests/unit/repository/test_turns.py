"""Turns to write: in the order of coming, and not for ever."""

from __future__ import annotations

import threading
import time

import pytest

from notigateway.errors import TemporarilyUnavailableError
from notigateway.repository.turns import Turns
from patience import PATIENCE_SECONDS


def wait_in_line(turns: Turns, count: int) -> None:
    """Return once so many threads wait."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(turns._waiting) < count:
        assert time.monotonic() < end
        time.sleep(0.001)


def test_who_came_first_is_first_even_before_one_who_just_had_a_turn() -> None:
    turns = Turns(PATIENCE_SECONDS)
    order: list[int] = []

    def write(number: int) -> None:
        with turns.turn():
            order.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    with turns.turn():
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            wait_in_line(turns, waiting)
    write(99)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert order == [0, 1, 2, 3, 4, 99]


def test_who_waited_too_long_is_told_to_come_again_and_holds_nobody_up() -> None:
    turns = Turns(0.01)
    refused: list[str] = []

    def write() -> None:
        try:
            with turns.turn():
                refused.append("it had a turn")
        except TemporarilyUnavailableError as error:
            refused.append(error.detail)

    with turns.turn():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(PATIENCE_SECONDS)
    assert refused == ["the turn to write did not come in time"]
    with turns.turn():
        pass


def test_a_turn_ends_with_whatever_happens_in_it() -> None:
    turns = Turns(0.01)
    with pytest.raises(KeyError), turns.turn():
        raise KeyError
    with turns.turn():
        pass
