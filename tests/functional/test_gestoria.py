"""A year of a simulated bureau: who only follows has what a full list shows, and its record is whole."""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bureau import SECOND_NIF
from gestoria import Gestoria
from histories import caller_of
from service_record import record
from stack import Stack

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.once


@pytest.mark.soak
def test_a_bureau_that_only_follows_has_all_of_its_year(stack: Stack) -> None:
    """Each week it takes in what has changed; nothing but its first list is ever listed whole."""
    gestoria = Gestoria(stack)
    follower, employee = gestoria.follower(), gestoria.follower(caller=caller_of(SECOND_NIF))
    for one in (follower, employee):
        one.begin()
    for day in gestoria.days():
        if day % 7 == 6:
            follower.follow()
            employee.follow()
        if day % 30 == 29:
            follower.follow()
            assert follower.view == follower.whole()
            employee.follow()
            assert employee.view == employee.whole()
    told = gestoria.told
    assert follower.walks == 0
    assert len(set(follower.listed)) <= 3 * 12  # of a hundred clients
    assert (
        min(told[one] for one in ("power gained", "assignment gained", "power lost", "assignment lost")) >= 3
    )
    # The employee began to see all at once, as nobody can be told one by one.
    assert employee.walks == told["employee begun"] + told["employee ended"]
    check_record(gestoria)


def check_record(gestoria: Gestoria) -> None:
    """Look whether the year has all that an archive must cope with."""
    found = record(gestoria.stack, gestoria.bureau).values()
    states = Counter(one.state for one in found)
    assert all(states[one] for one in ("accepted", "rejected", "lapsed", "available", "read")), states
    # Decided, and reported later to have been so before.
    corrected = [one for one in found if one.events[-1][2] is not None and len(one.events) > 2]
    assert corrected
    assert all(one.decided_at == one.events[-1][1] < one.events[-2][1] for one in corrected)
    for one in found:
        assert one.documents
        assert one.receipts or one.state == "available", one
    assert {one.role for one in found} == {"red", "attorney"}


def test_the_same_seed_plays_the_same_year(migrated_sqlite: Path, tmp_path: Path) -> None:
    """Else nothing that was found by it could be found again."""

    def played(name: str) -> list[tuple[object, ...]]:
        folder = tmp_path / name
        folder.mkdir()
        shutil.copyfile(migrated_sqlite, folder / "gateway.db")
        with closing(Stack(f"sqlite:///{folder / 'gateway.db'}", folder)) as stack:
            gestoria = Gestoria(stack, clients=20, notifications=60, seed=7)
            gestoria.play()
            found = record(stack, gestoria.bureau).values()
            return sorted(
                (one.reference, one.addressee, one.state, one.role, one.decided_at) for one in found
            )

    year = played("one")
    assert len(year) > 30
    assert played("other") == year
