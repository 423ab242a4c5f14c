"""The process of the jobs ends when it is told to, goes on as soon as it can, and says what it lacks."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy import text as sql
from structlog.testing import capture_logs

from notigateway.app import system_clock
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.clock.runs import SWEEP, Done, of_sweep
from notigateway.errors import Part, TemporarilyUnavailableError
from notigateway.job_process import Bounds, Jobs
from notigateway.jobs import Job
from notigateway.law.deadlines import deadline
from notigateway.repository.engine import reading, writing
from notigateway.repository.jobs import last_runs
from notigateway.repository.schema import head_revision
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from stack import Stack

SOON = Bounds(look=0.1, again=0.1, answer=1, step=0.5, leave=1)
# So seldom that a second run in this test is not the next one by time.
SELDOM = 3600.0


@contextmanager
def running(stack: Stack, work: Callable[[Engine, datetime], Done], every: float) -> Iterator[Sequence[Any]]:
    """Run one job in a process of its own, as far as it is one, and give the lines that it writes."""
    jobs = Jobs(stack.settings, [Job(SWEEP, every, work)], clock=system_clock, bounds=SOON)
    thread = threading.Thread(target=jobs.run)
    with capture_logs() as lines:
        thread.start()
        try:
            yield lines
        finally:
            jobs.stop()
            thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def events(lines: Sequence[Any]) -> list[str]:
    return [one["event"] for one in lines]


def test_a_job_that_failed_for_something_away_is_done_again_soon(stack: Stack) -> None:
    troubles = [TemporarilyUnavailableError("away", part=Part.DATABASE)]

    def work(_engine: Engine, _now: datetime) -> Done:
        if troubles:
            raise troubles.pop()
        return Done({})

    with running(stack, work, SELDOM) as lines:
        until(lambda: "job_done" in events(lines))
    assert events(lines) == ["job_failed", "job_recovered", "job_done"]
    with reading(stack.engine) as session:
        (run,) = last_runs(session)
    assert run.outcome == "done", "nobody reads for an hour that it failed"


def test_a_database_restored_at_an_older_schema_is_named_in_one_line(stack: Stack) -> None:
    def work(engine: Engine, _now: datetime) -> Done:
        with reading(engine) as session:
            session.execute(sql("SELECT count(*) FROM receipts"))
        return Done({})

    with running(stack, work, SELDOM) as lines:
        until(lambda: "job_done" in events(lines))
        with writing(stack.engine) as session:
            session.execute(sql("ALTER TABLE job_runs RENAME TO job_runs_away"))
            session.execute(sql("UPDATE alembic_version SET version_num = '0024'"))
        until(lambda: "job_failed" in events(lines))
        time.sleep(0.5)  # it looks again and again
        (told,) = [one for one in lines if one["event"] == "job_failed"]
        assert (told["job"], told["code"]) == ("lease", "CONFIGURATION")
        behind = f"the database is at revision 0024, this version needs {head_revision()}"
        assert told["detail"] == f"{behind}: run `notigateway migrate`"
        assert "exc_info" not in told
        with writing(stack.engine) as session:
            session.execute(sql("ALTER TABLE job_runs_away RENAME TO job_runs"))
            session.execute(sql("UPDATE alembic_version SET version_num = :head"), {"head": head_revision()})
        until(lambda: "job_recovered" in events(lines))  # without a restart


def test_a_defect_is_told_with_its_trace_and_not_at_every_run(stack: Stack) -> None:
    runs = []

    def work(_engine: Engine, _now: datetime) -> Done:
        runs.append(1)
        raise ZeroDivisionError

    with running(stack, work, 0.01) as lines:
        until(lambda: len(runs) > 3)
    (told,) = lines
    assert (told["event"], told["job"], told["code"], told["detail"]) == (
        "job_failed",
        SWEEP,
        "INTERNAL_ERROR",
        "ZeroDivisionError",
    )
    assert isinstance(told["exc_info"], ZeroDivisionError)


def test_a_step_that_does_not_end_keeps_the_process_for_seconds_only(stack: Stack) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work(_engine: Engine, _now: datetime) -> Done:
        begun.set()
        may_end.wait(PATIENCE_SECONDS)
        return Done({})

    with running(stack, work, SELDOM) as lines:
        assert begun.wait(PATIENCE_SECONDS)
    assert [(one["event"], one["jobs"]) for one in lines] == [("jobs_cut_off", [SWEEP])]
    may_end.set()
    for left in [one for one in threading.enumerate() if one.name == SWEEP]:
        left.join(PATIENCE_SECONDS)
        assert not left.is_alive()
    with reading(stack.engine) as session:
        (run,) = last_runs(session)
    assert run.holder is None, "another process may go on at once"
    assert run.outcome is None, "what is told of it from now on is that process's"


def test_a_sweep_looks_up_between_its_batches(stack: Stack) -> None:
    stack.publish_many(3)
    late = deadline(stack.now) + Sweeping().evidence_delay
    by_one = Sweeping(batch_size=1)
    cut = sweep(stack.engine, seal=stack.office.seal, now=late, sweeping=by_one, most=2)
    assert (cut.lapsed, cut.is_cut, of_sweep(cut).is_more) == (2, True, True)
    rest = sweep(stack.engine, seal=stack.office.seal, now=late, sweeping=by_one, most=2)
    assert (rest.lapsed, rest.is_cut, of_sweep(rest).is_more) == (1, False, False)
    assert of_sweep(rest).words == "lapsed 1, moved 0, unsealed 0, arrived 0, unsealed_arrivals 0"
