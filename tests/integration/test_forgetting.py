"""What is used up is forgotten as fast as it comes: the size of the table is rate times window."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select

from notigateway.repository.engine import reading, writing
from notigateway.repository.replay import ReplayKey, register
from notigateway.soap import forgetting as forgetting_module
from notigateway.soap.forgetting import Forgetting, Steadiness

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


# Clients' clocks are right, the gateway's jumps: each step is a jump and the true seconds that go by.
WINDOW_SECONDS = 420
JUMPS = st.sampled_from([0, 0, 0, 3600, 86_400, 31_536_000, -3600, -86_400, -31_536_000])
STEPS = st.lists(st.tuples(JUMPS, st.integers(1, 900), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_no_message_is_let_in_twice_however_the_clock_jumps(
    engine: Engine, steps: list[tuple[int, int, bool]]
) -> None:
    """Two workers forget, one of them is replaced now and then; each message is sent again at every step."""
    with writing(engine) as session:
        session.execute(delete(ReplayKey))
    true, wrong = 1_000_000.0, 0

    def clock() -> float:
        return true

    workers = [worker(engine, clock) for _ in range(2)]
    let_in: set[int] = set()
    sent: list[float] = []
    for jump, seconds, is_replaced in steps:
        wrong = 0 if wrong and jump < 0 else wrong + max(0, jump)
        true += seconds
        if is_replaced:
            workers[0] = worker(engine, clock)
        now = NOW + timedelta(seconds=true + wrong)
        sent.append(true)
        for number, created_at in enumerate(sent):
            created = NOW + timedelta(seconds=created_at)
            if abs((now - created).total_seconds()) > WINDOW_SECONDS / 2:
                continue  # not fresh by the gateway's clock
            with writing(engine) as session:
                is_new = register(
                    session, number.to_bytes(32), expires_at=created + timedelta(seconds=WINDOW_SECONDS / 2)
                )
            assert is_new == (number not in let_in)
            let_in.add(number)
        for one in workers:
            one.run(now)


def worker(engine: Engine, monotonic: Callable[[], float]) -> Forgetting:
    return Forgetting(engine, fresh_for=timedelta(seconds=WINDOW_SECONDS), monotonic=monotonic)


def test_after_a_jump_ahead_nothing_is_forgotten_for_as_long_as_a_message_is_fresh(engine: Engine) -> None:
    true = 0.0
    forgetting = worker(engine, lambda: true)
    fill(engine, range(10), NOW)
    forgetting.run(NOW)
    for true, left in ((1.0, 10), (420.0, 10), (422.0, 0)):
        forgetting.run(NOW + timedelta(days=365, seconds=true))
        assert remembered(engine) == left


def test_a_worker_that_begins_waits_whatever_is_stored(engine: Engine) -> None:
    """One message of the jumped time says nothing: the clock of the client may have jumped with ours."""
    true = 0.0
    forgetting = worker(engine, lambda: true)
    fill(engine, range(10), NOW)
    jumped = NOW + timedelta(days=1)
    fill(engine, range(10, 11), jumped + timedelta(seconds=WINDOW_SECONDS / 2))
    for true, left in ((0.0, 11), (1.0, 11), (419.0, 11), (420.0, 1)):
        forgetting.run(jumped + timedelta(seconds=true))
        assert remembered(engine) == left


def test_workers_share_what_they_know_of_jumps(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that lives for less time than it would have to wait forgets all the same."""
    monkeypatch.setattr(forgetting_module, "_shared", [])
    forgetting_module.share()
    fill(engine, range(10), NOW)
    later = NOW + timedelta(hours=1)
    for true, left in ((0.0, 10), (200.0, 10), (419.0, 10), (421.0, 0)):
        worker(engine, partial(float, true)).run(later + timedelta(seconds=true))
        assert remembered(engine) == left
    # One worker sees a jump: its successor waits for what is left.
    fill(engine, range(10), NOW)
    for true, left in ((430.0, 10), (500.0, 10), (851.0, 0)):
        worker(engine, partial(float, true)).run(later + timedelta(days=1, seconds=true))
        assert remembered(engine) == left


def test_forked_workers_have_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting_module, "_shared", [])
    forgetting_module.share()
    context = get_context("fork")
    waiting = timedelta(seconds=1)
    child = context.Process(target=lambda: Steadiness(waiting).is_steady(NOW, 0.0))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert Steadiness(waiting).is_steady(NOW + waiting, 1.0)
