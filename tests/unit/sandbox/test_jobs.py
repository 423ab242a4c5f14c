"""A job ends although somebody else has the turn: who has it may be the one who ends the job."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, cast

from notigateway.clock.runs import Done
from notigateway.sandbox.clock import machine_time
from notigateway.sandbox.jobs import Job

if TYPE_CHECKING:
    from sqlalchemy import Engine


def test_a_job_that_waits_for_its_turn_ends_when_it_is_to() -> None:
    turn, worked = threading.Lock(), threading.Event()

    def work(_engine: Engine, _now: object) -> Done:
        worked.set()
        return Done({})

    engine = cast("Engine", None)
    job = Job("waiting-job", work, engine, machine_time, turn=turn, every_seconds=60, first_after=0)
    with turn:
        job.start()
        job.stop()
        assert "waiting-job" not in {one.name for one in threading.enumerate()}
    assert not worked.is_set()


def test_a_job_that_has_its_turn_does_its_work_and_gives_it_back() -> None:
    turn, worked = threading.Lock(), threading.Event()

    def work(_engine: Engine, _now: object) -> Done:
        worked.set()
        return Done({})

    engine = cast("Engine", None)
    job = Job("working-job", work, engine, machine_time, turn=turn, every_seconds=60, first_after=0)
    job.start()
    assert worked.wait(30)
    job.stop()
    assert turn.acquire(timeout=30)
