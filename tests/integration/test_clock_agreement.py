"""What is irrevocable is not done by a clock that differs from the database's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Timer
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from notigateway.clock.agreement import check_clock
from notigateway.clock.runs import CHECKPOINT, SWEEP, Done, recorded
from notigateway.errors import TemporarilyUnavailableError
from notigateway.job_process import Jobs
from notigateway.jobs import Job, Sealing, sweeping
from notigateway.repository.engine import create_database, reading
from notigateway.repository.jobs import last_runs
from stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


def test_a_clock_that_is_about_right_is_good_enough(engine: Engine) -> None:
    for minutes in (-4, 0, 4):
        check_clock(engine, datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize(("minutes", "words"), [(6, "ahead of"), (-6, "behind"), (525_600, "ahead of")])
def test_a_clock_that_differs_from_the_databases_is_named(
    postgresql_url: str, minutes: int, words: str
) -> None:
    engine = create_database(postgresql_url)
    with pytest.raises(TemporarilyUnavailableError, match=rf"\d s {words} the database's"):
        check_clock(engine, datetime.now(UTC) + timedelta(minutes=minutes))
    engine.dispose()


def test_sqlite_has_no_other_clock(sqlite_url: str) -> None:
    engine = create_database(sqlite_url)
    check_clock(engine, datetime.now(UTC) + timedelta(days=365))
    engine.dispose()


@pytest.fixture
def stack(postgresql_url: str, tmp_path: Path) -> Iterator[Stack]:
    """Give a gateway whose database has a clock of its own."""
    made = Stack(postgresql_url, tmp_path)
    yield made
    made.close()


def test_a_sweep_by_a_clock_that_is_a_year_ahead_writes_no_lapse(stack: Stack) -> None:
    stack.publish()
    before = stack.contents()
    sweep = sweeping(stack.settings, Sealing(lambda: stack.settings))
    with pytest.raises(TemporarilyUnavailableError, match="nothing is done until they agree"):
        sweep(stack.engine, stack.now + timedelta(days=365))
    assert stack.contents() == before


def test_a_command_by_a_wrong_clock_does_nothing_and_records_nothing(stack: Stack) -> None:
    before = stack.contents()

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(days=1)

    refused = pytest.raises(TemporarilyUnavailableError, match="nothing is done until they agree")
    with refused, recorded(stack.engine, CHECKPOINT, clock=clock):
        pytest.fail("it was done")
    assert stack.contents() == before


def test_a_process_with_a_wrong_clock_takes_no_lease_and_leaves_the_others_theirs(stack: Stack) -> None:
    """Of two machines the one whose clock is right does the jobs; the other one says why it does not."""
    did: list[str] = []

    def jobs(name: str, off: timedelta) -> Jobs:
        def work(_engine: Engine, _now: datetime) -> Done:
            did.append(name)
            return Done({})

        return Jobs(stack.settings, [Job(SWEEP, 60, work)], clock=lambda: datetime.now(UTC) + off)

    def run_for_a_moment(running: Jobs) -> list[dict[str, object]]:
        timer = Timer(0.3, running.stop)
        with capture_logs() as lines:
            timer.start()
            running.run()
        return [dict(one) for one in lines]

    for off in (timedelta(days=1), timedelta(seconds=-3000)):
        wrong = run_for_a_moment(jobs("wrong", off))
        assert (did, stack.rows()["job_runs"]) == ([], 0)
        assert [(one["event"], one["job"], one["code"]) for one in wrong] == [
            ("job_failed", "lease", "TEMPORARILY_UNAVAILABLE")
        ]
        assert "the clock of this machine is " in str(wrong[0]["detail"])

    right = run_for_a_moment(jobs("right", timedelta(0)))
    assert (did, [one["event"] for one in right]) == (["right"], ["job_done"])
    with reading(stack.engine) as session:
        (run,) = last_runs(session)
    assert run.ended is not None
    assert abs(run.ended - datetime.now(UTC)) < timedelta(minutes=1)
