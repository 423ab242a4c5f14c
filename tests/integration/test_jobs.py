"""One process does a periodic job, and another one when that has died; what fails ends nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from notigateway.repository.engine import reading, writing
from notigateway.repository.jobs import DONE, LEASE, last_runs, leave_jobs, record_run, take_job

if TYPE_CHECKING:
    from sqlalchemy import Engine

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST, SECOND = uuid4(), uuid4()


def take(engine: Engine, holder: UUID, now: datetime) -> bool:
    with writing(engine) as session:
        return take_job(session, "sweep", holder, now=now)


def test_a_job_has_one_holder_until_its_lease_ends(engine: Engine) -> None:
    assert take(engine, FIRST, NOW)
    assert not take(engine, SECOND, NOW + LEASE)
    assert take(engine, FIRST, NOW + LEASE)  # renewed
    assert not take(engine, SECOND, NOW + 2 * LEASE)
    assert take(engine, SECOND, NOW + 2 * LEASE + timedelta(milliseconds=1))
    assert not take(engine, FIRST, NOW + 2 * LEASE + timedelta(seconds=1))


def test_who_leaves_a_job_gives_it_to_the_next_at_once(engine: Engine) -> None:
    assert take(engine, FIRST, NOW)
    with writing(engine) as session:
        leave_jobs(session, FIRST)
    assert take(engine, SECOND, NOW)


def test_a_lease_of_a_clock_that_was_wrong_is_not_waited_for(engine: Engine) -> None:
    assert take(engine, FIRST, NOW + timedelta(days=365))
    assert take(engine, SECOND, NOW)


def test_of_many_at_once_one_has_it(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _number: take(engine, uuid4(), NOW), range(16)))
    assert found.count(True) == 1


def test_the_latest_run_is_kept_beside_the_lease(engine: Engine) -> None:
    assert take(engine, FIRST, NOW)
    with writing(engine) as session:
        record_run(session, "sweep", begun=NOW, ended=NOW, outcome=DONE, detail="lapsed 3" + "x" * 900)
    with reading(engine) as session:
        (run,) = last_runs(session)
    assert (run.job, run.holder, run.begun, run.outcome) == ("sweep", FIRST, NOW, DONE)
    assert run.detail is not None
    assert len(run.detail) == 500
