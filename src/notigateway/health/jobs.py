"""How it stands with the periodic jobs: when each was done last, how that went, and whether it is late.

Only told, and takes nobody out of service: a late job is late for every machine. A job that nobody has ever
done has no record here; what waits for it is found elsewhere (`stored`, `queues`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.evidence.timestamp import CLOCKS_DIFFER_AT_MOST
from notigateway.health.finding import Finding, State
from notigateway.repository.engine import reading
from notigateway.repository.jobs import FAILED, last_runs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.repository.jobs import JobRun

JOBS: Final = "jobs"
_STAMP: Final = "timestamp"
_COSIGN: Final = "cosign"
_RENEW: Final = "renew"
_NOTICES: Final = "notices"
_PUSH: Final = "push"
# From when on a job is late, however often somebody has it done: lists are stale, lapses are not written.
LATE_AFTER: Final = {
    "refresh-trust": timedelta(hours=1),
    "sweep": timedelta(hours=1),
    _STAMP: timedelta(hours=1),
    "checkpoint": timedelta(minutes=10),
    _COSIGN: timedelta(hours=1),
    _RENEW: timedelta(days=2),
    _NOTICES: timedelta(hours=1),
    _PUSH: timedelta(hours=1),
}
_LATE_AFTER_ELSE: Final = timedelta(hours=1)
_RUN_IT: Final = "keep `notigateway jobs` running, or run `notigateway {}` by a timer"
# Where a job is not the command of its name.
_COMMANDS: Final = {_RENEW: "log renew --if-due", _NOTICES: "notices send", _PUSH: "push send"}
SET_CLOCKS: Final = "set right the clocks of all machines that do jobs; compare each by `notigateway doctor`"
_READ_IT: Final = "read its line `job_failed` in the log of what does the jobs"


def check_of(job: str) -> str:
    """Return the word under which a job is told."""
    return f"job_{job.replace('-', '_')}"


def look_at_jobs(
    engine: Engine,
    now: datetime,
    *,
    has_authority: bool,
    has_witnesses: bool = False,
    sends_notices: bool = False,
    pushes: bool = False,
) -> list[Finding]:
    """Find each job's last run, by the record that whoever does it leaves.

    Without an authority nobody stamps any more, without witnesses nobody cosigns, without a
    mail server nobody tells, without a key nobody pushes: no record of it is late.

    Raises: `TemporarilyUnavailableError`.
    """
    with reading(engine) as session:
        unwanted = {_STAMP: not has_authority, _RENEW: not has_authority, _COSIGN: not has_witnesses}
        unwanted |= {_NOTICES: not sends_notices, _PUSH: not pushes}
        runs = [run for run in last_runs(session) if not unwanted.get(run.job)]
        found = [_judged(run, now) for run in runs]
    return found or [Finding(JOBS, State.OK, "none was ever done by a process that records it")]


def _judged(run: JobRun, now: datetime) -> Finding:
    """Judge one job; the detail of a failure is for the log, since it may name files."""
    check, run_it = check_of(run.job), _RUN_IT.format(_COMMANDS.get(run.job, run.job))
    if run.ended is None:
        if run.until is not None and now <= run.until <= now + CLOCKS_DIFFER_AT_MOST:
            return Finding(check, State.OK, "taken, and not done yet")
        return Finding(check, State.WARNING, "never done, and nobody has taken it", run_it)
    age = now - run.ended
    values = {"age_seconds": round(age.total_seconds(), 3)}
    if age < -CLOCKS_DIFFER_AT_MOST:
        said = f"{run.outcome} {largest(-age)} ahead of this clock: one of the two is wrong"
        return Finding(check, State.WARNING, said, SET_CLOCKS, values)
    is_failed = run.outcome == FAILED
    code = f": {(run.detail or '').partition(':')[0]}" if is_failed else ""
    said = f"{run.outcome} {ago(age)}{code}"
    if age > LATE_AFTER.get(run.job, _LATE_AFTER_ELSE):
        return Finding(check, State.WARNING, f"late: {said}", run_it, values)
    if is_failed:
        return Finding(check, State.WARNING, said, _READ_IT, values)
    return Finding(check, State.OK, said, values=values)


def ago(age: timedelta) -> str:
    """Say how long ago something was, in the largest unit that is whole."""
    return f"{largest(age)} ago"


def largest(span: timedelta) -> str:
    """Say how long something is, in the largest unit that is whole."""
    seconds = max(0, int(span.total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a minute"
