"""Names of worlds are kept while these are made: nobody waits for that, and no more are made than may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from notigateway.sandbox.refusals import InvalidError, NotHereError, WorldExistsError
from notigateway.sandbox.roll import WORLDS_MAX, Roll

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.sandbox.world import World


def test_a_name_is_kept_until_the_world_is_made_or_is_not(tmp_path: Path) -> None:
    roll = Roll(tmp_path)
    assert roll.reserve("one") == "one"
    assert roll.is_being_made("one")
    with pytest.raises(WorldExistsError):
        roll.reserve("one")
    roll.release("one")
    assert not roll.is_being_made("one")
    assert roll.reserve("one") == "one"
    (tmp_path / "left").mkdir()
    with pytest.raises(WorldExistsError):
        roll.reserve("left")
    for name in ("default", "Mayor", "a/b"):
        with pytest.raises(InvalidError):
            roll.reserve(name)


def test_those_that_are_being_made_count(tmp_path: Path) -> None:
    roll = Roll(tmp_path)
    for number in range(WORLDS_MAX):
        name = roll.reserve(None)
        if number % 2:
            roll.add(name, cast("World", object()))
            roll.release(name)
    with pytest.raises(NotHereError):
        roll.reserve(None)
    roll.release(name)
    roll.drop(name)
    roll.reserve(None)


def test_whoever_reads_has_the_worlds_of_one_moment(tmp_path: Path) -> None:
    roll = Roll(tmp_path)
    first, second = cast("World", object()), cast("World", object())
    roll.add("one", first)
    read = roll.worlds
    roll.add("two", second)
    assert roll.drop("one") is first
    assert roll.drop("one") is None
    assert (dict(read), dict(roll.worlds)) == ({"one": first}, {"two": second})


def test_one_who_asks_alone_takes_away_what_cannot_be_served(tmp_path: Path) -> None:
    roll = Roll(tmp_path)
    roll.add_unopened("broken")
    assert [roll.drop_unopened(name) for name in ("other", "broken", "broken")] == [False, True, False]
