"""Readiness tells when each periodic job was done last; a late one warns, and takes nobody out."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from notigateway.clock import runs
from notigateway.health.jobs import JOBS, LATE_AFTER, ago, look_at_jobs
from notigateway.repository.engine import writing
from notigateway.repository.jobs import DONE, FAILED, LEASE, record_run, take_job
from notigateway.uuids import uuid7
from stack import Stack, send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notigateway.health.finding import Finding

# The log may name it, a probe may not.
SECRET = "/srv/keys/seal.pem"


def record(stack: Stack, job: str, ended: datetime, *, detail: str = "") -> None:
    outcome = FAILED if detail else DONE
    with writing(stack.engine) as session:
        record_run(session, job, begun=ended, ended=ended, outcome=outcome, detail=detail)


def readiness(stack: Stack) -> tuple[int, dict[str, dict[str, Any]]]:
    assert stack.endpoint.operations is not None
    answer = send(stack.endpoint.operations, b"", REQUEST_METHOD="GET", PATH_INFO="/readyz")
    assert SECRET.encode() not in answer.body
    return answer.status, {one["check"]: one for one in json.loads(answer.body)["findings"]}


def told(findings: Iterable[Finding]) -> dict[str, tuple[str, str]]:
    return {one.check: (one.state.value, one.says) for one in findings}


def test_a_late_or_failed_job_is_told_with_its_cure_and_takes_nobody_out(stack: Stack) -> None:
    now = stack.now
    record(stack, runs.SWEEP, now - timedelta(minutes=5))
    record(stack, runs.REFRESH, now - timedelta(minutes=61))
    record(stack, runs.CHECKPOINT, now - timedelta(seconds=30), detail=f"CONFIGURATION: cannot read {SECRET}")
    record(stack, runs.STAMP, now - timedelta(days=9))

    status, said = readiness(stack)

    assert status == 200, "what is late is late for every machine"
    assert said["job_sweep"] == {
        "check": "job_sweep",
        "state": "ok",
        "says": "done 5 minutes ago",
        "values": {"age_seconds": 300.0},
    }
    assert said["job_refresh_trust"] == {
        "check": "job_refresh_trust",
        "state": "warning",
        "says": "late: done 1 hour ago",
        "cure": "keep `notigateway jobs` running, or run `notigateway refresh-trust` by a timer",
        "values": {"age_seconds": 3660.0},
    }
    assert (said["job_checkpoint"]["state"], said["job_checkpoint"]["says"]) == (
        "warning",
        "failed less than a minute ago: CONFIGURATION",
    )
    assert "job_failed" in said["job_checkpoint"]["cure"]
    assert "job_timestamp" not in said, "no authority is named any more: nobody waits for it"
    stamped = told(look_at_jobs(stack.engine, now, has_authority=True))["job_timestamp"]
    assert stamped == ("warning", "late: done 9 days ago")


def test_before_any_run_is_recorded_that_is_all_there_is_to_say(stack: Stack) -> None:
    status, said = readiness(stack)
    assert (status, said[JOBS]["state"]) == (200, "ok")
    assert not [check for check in said if check.startswith("job_")]


def test_a_job_that_was_taken_and_never_done_is_late_when_its_lease_is_over(stack: Stack) -> None:
    now = stack.now
    with writing(stack.engine) as session:
        assert take_job(session, runs.SWEEP, uuid7(now), now=now)

    def seen(at: datetime) -> tuple[str, str]:
        return told(look_at_jobs(stack.engine, at, has_authority=False))["job_sweep"]

    assert seen(now) == ("ok", "taken, and not done yet")
    assert seen(now + 2 * LEASE) == ("warning", "never done, and nobody has taken it")
    record(stack, runs.SWEEP, now)
    assert seen(now + LATE_AFTER[runs.SWEEP]) == ("ok", "done 1 hour ago")
    assert seen(now + LATE_AFTER[runs.SWEEP] + timedelta(seconds=1))[0] == "warning"
    # By a clock that stands behind the one that recorded it.
    assert seen(now - timedelta(minutes=4)) == ("ok", "done less than a minute ago")


def test_a_run_of_a_later_time_is_told_as_one_of_a_wrong_clock(stack: Stack) -> None:
    record(stack, runs.SWEEP, stack.now + timedelta(days=1))
    status, said = readiness(stack)
    assert (status, said["job_sweep"]["state"], said["job_sweep"]["says"]) == (
        200,
        "warning",
        "done 1 day ahead of this clock: one of the two is wrong",
    )
    assert "set right the clocks" in said["job_sweep"]["cure"]
    with writing(stack.engine) as session:
        assert take_job(session, runs.STAMP, uuid7(stack.now), now=stack.now + timedelta(days=1))
    taken = told(look_at_jobs(stack.engine, stack.now, has_authority=True))["job_timestamp"]
    assert taken == ("warning", "never done, and nobody has taken it")


def test_every_job_has_an_age_from_which_it_is_late() -> None:
    named = {runs.REFRESH, runs.SWEEP, runs.STAMP, runs.CHECKPOINT, runs.COSIGN, runs.RENEW, runs.NOTICES}
    assert set(LATE_AFTER) == named | {runs.PUSH}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "less than a minute"), (60, "1 minute"), (7199, "1 hour"), (7200, "2 hours"), (172_800, "2 days")],
)
def test_an_age_is_said_in_the_largest_whole_unit(seconds: int, said: str) -> None:
    assert ago(timedelta(seconds=seconds)) == f"{said} ago"
