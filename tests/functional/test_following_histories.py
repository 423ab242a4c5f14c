"""Who only follows sees exactly what a full list shows, whatever happened in any of the registers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from histories import STEPS, Play, come_up, tick
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.repository.session import Session

pytestmark = pytest.mark.once

# Each history has people of its own.
NUMBERS = count(700_001)
# Hours that pass, a step, whether lapses are attested then, and who follows afterwards, if anybody.
HISTORIES = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 13, 24, 24, 72, 240]),
        st.sampled_from(STEPS),
        st.integers(0, 59),
        st.sampled_from([True, False]),
        st.sampled_from([None, 0, 0, 1, 2]),
    ),
    min_size=8,
    max_size=30,
)


@pytest.fixture(params=[False, True], ids=["as issued", "with the backlog"])
def world(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway by each policy of what RED gives."""
    one = Stack(database_url, tmp_path, red_sees_backlog=request.param)
    yield one
    one.close()


History = list[tuple[int, Callable[["Play", "Session", int], None], int, bool, "int | None"]]
_ANY: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=5, **_ANY)
@given(history=HISTORIES)
def test_who_only_follows_sees_what_a_full_list_shows(world: Stack, history: History) -> None:
    play_out(world, history)


@pytest.mark.soak
@settings(max_examples=30, **_ANY)
@given(history=HISTORIES)
def test_who_only_follows_sees_what_a_full_list_shows_in_many_histories(
    world: Stack, history: History
) -> None:
    play_out(world, history)


def play_out(world: Stack, history: History) -> None:
    """Play a history, and compare whenever somebody has followed."""
    play = Play(world, next(NUMBERS))
    for hours, step, which, is_swept, who in history:
        tick(play, hours, is_swept=is_swept)
        play.do(step, which)
        if who is not None:
            play.check(who)
    for hours in (0, 24, 480):
        tick(play, hours, is_swept=True)
        for who in range(len(play.followers)):
            play.check(who)
    play.do(come_up, 0)  # the next history begins without an outage
