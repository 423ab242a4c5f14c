"""What a journal counts is right: for who waits and who expects, whatever it dropped and whoever enters."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from notigateway.sandbox.expectations import Bounds, Expectations
from notigateway.sandbox.journal import Journal, Search
from notigateway.sandbox.refusals import InvalidError
from patience import PATIENCE_SECONDS, slowed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notigateway.sandbox.exchange import Exchange

NEVER = Bounds(at_most=0)


class Entry(SimpleNamespace):
    """Something that a journal keeps, which counts how often it is looked at."""

    looked_at = 0

    @property
    def operation(self) -> str:
        self.looked_at += 1
        return "Ping"


def entry() -> Exchange:
    made = Entry(weight=1, number=0, code="OK", refused_items={}, status=200, holder=None, own=None)
    return cast("Exchange", made)


def enter(journal: Journal, count: int) -> None:
    for _ in range(count):
        journal.enter(entry())


@pytest.fixture
def switching() -> Iterator[None]:
    """Have threads take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def waiting(journal: Journal, count: int, said: list[tuple[int, int]]) -> threading.Thread:
    """Have a thread wait, and say how many came and how many are kept; it does so already."""

    def wait() -> None:
        tally, kept = journal.wait(Search(), count=count, seconds=slowed(PATIENCE_SECONDS))
        said.append((tally.found, len(kept)))

    before = len(journal._tallies)
    thread = threading.Thread(target=wait)
    thread.start()
    while len(journal._tallies) == before:
        assert thread.is_alive()
    return thread


def test_who_waits_is_told_of_what_was_dropped_meanwhile() -> None:
    journal, said = Journal(entries_max=3), list[tuple[int, int]]()
    enter(journal, 2)
    thread = waiting(journal, 10, said)
    enter(journal, 8)
    thread.join()
    assert said == [(10, 3)]
    late, _ = journal.wait(Search(), count=10, seconds=0)
    assert (late.found, late.since) == (3, 8)
    newer, _ = journal.wait(Search(after=7), count=3, seconds=0)
    assert (newer.found, newer.since) == (3, None)


def test_who_waits_begins_anew_where_the_journal_is_emptied() -> None:
    journal, said = Journal(), list[tuple[int, int]]()
    enter(journal, 2)
    thread = waiting(journal, 3, said)
    journal.clear()
    enter(journal, 3)
    thread.join()
    assert said == [(3, 3)]


def test_what_is_kept_is_not_looked_at_again_for_who_waits() -> None:
    journal, said = Journal(), list[tuple[int, int]]()
    first = entry()
    journal.enter(first)
    threads = [waiting(journal, 50, said) for _ in range(4)]
    before = cast("Entry", first).looked_at
    enter(journal, 48)
    assert cast("Entry", first).looked_at == before
    enter(journal, 1)
    for one in threads:
        one.join()
    assert said == [(50, 50)] * 4


def test_an_upper_bound_that_cannot_be_told_is_refused() -> None:
    journal = Journal(entries_max=3)
    expectations = Expectations(journal)
    early = expectations.add({"never": True}, Search(code="NOT_OK"), NEVER)
    enter(journal, 5)
    assert early.line() == {"id": 1, "never": True, "found": 0, "met": True}
    for bounds in (NEVER, Bounds(at_most=3), Bounds(at_least=3, at_most=3)):
        with pytest.raises(InvalidError, match="begins with 3"):
            expectations.add({}, Search(), bounds)
    least = expectations.add({"at_least": 4}, Search(), Bounds(at_least=4))
    assert least.line() == {"id": 2, "at_least": 4, "found": 3, "met": False, "since": 3}
    enter(journal, 1)
    assert least.is_met
    journal.clear()
    assert expectations.add({"never": True}, Search(), NEVER).line()["met"]
    assert least.found == 4
    expectations.clear()
    assert not journal._tallies


@pytest.mark.usefixtures("switching")
def test_what_is_entered_while_it_is_expected_counts_once() -> None:
    for _ in range(4):
        journal = Journal()
        expectations = Expectations(journal)
        entering = [threading.Thread(target=enter, args=(journal, 1_000)) for _ in range(2)]
        for one in entering:
            one.start()
        while any(one.is_alive() for one in entering):
            expectations.add({}, Search(), Bounds(at_least=1))
        assert {one.found for one in expectations.all()} <= {2_000}
