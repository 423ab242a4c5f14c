"""What is used up is forgotten as fast as it comes: the size of the table is rate times window."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from notigateway.repository.engine import reading, writing
from notigateway.repository.replay import ReplayKey
from notigateway.soap.forgetting import Forgetting

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RATE = 500
WINDOW = timedelta(seconds=30)
LATER = timedelta(minutes=10)


def fill(engine: Engine, numbers: range, expires_at: datetime) -> None:
    rows = [{"key": number.to_bytes(32), "expires_at": expires_at} for number in numbers]
    with writing(engine) as session:
        session.execute(insert(ReplayKey), rows)


def remembered(engine: Engine) -> int:
    with reading(engine) as session:
        return session.scalars(select(func.count()).select_from(ReplayKey)).one()


def ticking(step: float) -> Callable[[], float]:
    """Return a clock that goes on by a step whenever it is looked at."""
    return map(float, itertools.count(0, step)).__next__


def test_at_five_hundred_a_second_the_table_is_no_larger_than_rate_times_window(engine: Engine) -> None:
    forgetting = Forgetting(engine, monotonic=lambda: 0.0)
    largest = 0
    for second in range(180):
        now = NOW + timedelta(seconds=second)
        fill(engine, range(second * RATE, (second + 1) * RATE), now + WINDOW - LATER)
        forgetting.run(now)
        if second % 10 == 0:
            largest = max(largest, remembered(engine))
    # Those of this second and of the edge are not expired yet.
    assert largest <= RATE * (WINDOW.seconds + 2)


def test_what_a_pause_or_an_older_version_left_is_forgotten_within_seconds(engine: Engine) -> None:
    fill(engine, range(20_000), NOW - LATER - timedelta(minutes=1))
    fill(engine, range(20_000, 20_010), NOW - LATER + timedelta(minutes=1))
    forgetting = Forgetting(engine, monotonic=ticking(0.02))  # five portions, then its time is over
    forgotten = [forgetting.run(NOW + timedelta(seconds=second)) for second in range(6)]
    assert max(forgotten) < 10_000
    assert sum(forgotten) == 20_000
    assert remembered(engine) == 10


def test_it_runs_once_a_second_whatever_comes(engine: Engine) -> None:
    forgetting = Forgetting(engine)
    fill(engine, range(10), NOW - LATER - timedelta(seconds=1))
    assert [forgetting.run(NOW), forgetting.run(NOW)] == [10, 0]
    fill(engine, range(10), NOW - LATER - timedelta(seconds=1))
    assert forgetting.run(NOW + timedelta(milliseconds=999)) == 0
    assert forgetting.run(NOW + timedelta(seconds=1)) == 10


def test_several_workers_share_the_work_and_none_waits_for_another(engine: Engine) -> None:
    fill(engine, range(10_000), NOW - LATER - timedelta(seconds=1))
    workers = [Forgetting(engine, monotonic=lambda: 0.0) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        forgotten = list(pool.map(lambda one: one.run(NOW), workers))
    # Each row once, whoever it was; what another held just then is the next run's.
    left = remembered(engine)
    assert sum(forgotten) == 10_000 - left
    assert workers[0].run(NOW + timedelta(seconds=1)) == left
    assert remembered(engine) == 0


def test_what_is_fresh_by_another_clock_or_a_wider_window_is_not_forgotten(engine: Engine) -> None:
    fill(engine, range(10), NOW)
    for seconds, left in ((1, 10), (599, 10), (600, 10), (601, 0)):
        Forgetting(engine).run(NOW + timedelta(seconds=seconds))
        assert remembered(engine) == left
