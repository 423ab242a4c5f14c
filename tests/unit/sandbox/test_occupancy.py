"""Who wants a world for himself waits for requests and is refused by what takes long."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from notigateway.sandbox.occupancy import Occupancy, OccupiedError
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _somebody_inside(occupancy: Occupancy, *, takes_long: bool = False) -> Iterator[threading.Event]:
    """Have another thread in it, until the event that is given or the end."""
    entered, leaving = threading.Event(), threading.Event()

    def stay() -> None:
        with occupancy.inside(takes_long=takes_long):
            entered.set()
            leaving.wait(PATIENCE_SECONDS)

    thread = threading.Thread(target=stay)
    thread.start()
    assert entered.wait(PATIENCE_SECONDS)
    try:
        yield leaving
    finally:
        leaving.set()
        thread.join()


def test_whoever_wants_it_alone_is_refused_at_once_by_what_takes_long() -> None:
    occupancy = Occupancy(seconds=10 * PATIENCE_SECONDS)
    with _somebody_inside(occupancy, takes_long=True):
        with pytest.raises(OccupiedError, match="clock"), occupancy.alone():
            pass
        with occupancy.inside():
            pass
    with occupancy.alone():
        pass


def test_newcomers_go_in_while_somebody_waits_for_who_is_slow() -> None:
    occupancy, had = Occupancy(seconds=PATIENCE_SECONDS), threading.Event()

    def want() -> None:
        with occupancy.alone():
            had.set()

    with _somebody_inside(occupancy) as leaving:
        wanting = threading.Thread(target=want)
        wanting.start()
        for _ in range(100):
            with occupancy.inside(patient=False):
                pass
        assert not had.is_set()
        leaving.set()
        wanting.join(PATIENCE_SECONDS)
    assert had.is_set()


def test_what_begins_to_take_long_meanwhile_is_not_waited_for_either() -> None:
    occupancy, refused = Occupancy(seconds=10 * PATIENCE_SECONDS), threading.Event()

    def want() -> None:
        try:
            with occupancy.alone():
                pass
        except OccupiedError:
            refused.set()

    with _somebody_inside(occupancy):
        wanting = threading.Thread(target=want)
        wanting.start()
        with _somebody_inside(occupancy, takes_long=True):
            assert refused.wait(PATIENCE_SECONDS)
            wanting.join()


def test_the_thread_that_does_what_takes_long_may_be_alone_and_stay() -> None:
    occupancy = Occupancy(seconds=0)
    with occupancy.inside(takes_long=True), occupancy.alone(), occupancy.inside():
        pass
    with occupancy.alone(), occupancy.inside(takes_long=True):
        pass


def test_nobody_is_let_in_while_somebody_is_alone() -> None:
    occupancy, came = Occupancy(seconds=0), threading.Event()

    def come() -> None:
        for way in (occupancy.inside, occupancy.alone):
            with pytest.raises(OccupiedError), way():
                pass
        came.set()

    with occupancy.alone():
        coming = threading.Thread(target=come)
        coming.start()
        coming.join()
    assert came.is_set()
    with occupancy.inside():
        pass


def test_who_is_refused_leaves_everything_as_it_was() -> None:
    occupancy = Occupancy(seconds=0)
    with _somebody_inside(occupancy), pytest.raises(OccupiedError, match="answered"), occupancy.alone():
        pass
    with occupancy.inside(), occupancy.inside():
        pass
    with occupancy.alone():
        pass
