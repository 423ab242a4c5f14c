"""The process that does the periodic jobs, each when it is due and under a lease, until it is stopped."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from notigateway.clock.agreement import check_clock, find_difference
from notigateway.clock.runs import INCOMPLETE, LEASE_JOB
from notigateway.errors import (
    ConfigurationError,
    GatewayError,
    ServiceError,
    TemporarilyUnavailableError,
)
from notigateway.jobs import Standing
from notigateway.logger import Logger
from notigateway.repository.engine import connected, writing
from notigateway.repository.jobs import FAILED, leave_jobs, record_run, take_job
from notigateway.repository.schema import check_revision
from notigateway.repository.troubles import is_of_another_schema
from notigateway.time_left import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.clock.runs import Done
    from notigateway.jobs import Job
    from notigateway.settings import Settings

_AGAIN_AFTER: Final = frozenset({TemporarilyUnavailableError.code, ConfigurationError.code})

_log = Logger("notigateway.job")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How long the process waits, in seconds."""

    # A third of the lease: two looks may fail before another process takes over.
    look: float = 2.0
    # Whoever waits longer for the database has no lease any more; so it is told within seconds, too.
    answer: float = 5.0
    # What was away may be back, or the settings mended, long before the job is due again.
    again: float = 5.0
    # After the stop: for the step under way, then for giving back the leases. Kubernetes waits for 30 in all.
    step: float = 8.0
    leave: float = 2.0


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why something was not done."""

    code: str
    detail: str

    @property
    def words(self) -> str:
        """Return it as it is recorded."""
        return f"{self.code}: {self.detail}"


class Jobs:
    """Does the jobs whose lease this process holds, each in a thread, until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        jobs: Sequence[Job],
        *,
        clock: Callable[[], datetime],
        bounds: Bounds | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._settings = settings
        self._jobs = jobs
        self._clock = clock
        self._holder = uuid4()
        self._held: frozenset[str] = frozenset()
        self._standing = {name: Standing(name) for name in (LEASE_JOB, *(job.name for job in jobs))}
        self._stopping = threading.Event()
        self._has_left = False

    def stop(self) -> None:
        """Let the steps under way end; may be called by a signal's handler."""
        self._stopping.set()

    def run(self) -> bool:
        """Hold the leases and do the jobs until `stop`; a database that is away is waited for.

        Tells whether everything has ended. A step that does not end in time is left: nothing is half by it,
        since a kill could have come as well.

        Raises: `ConfigurationError` for a database without this version's schema.
        """
        with connected(self._settings) as engine:
            while not self._has_schema(engine):
                if self._stopping.wait(self._bounds.look):
                    return True
            threads = [
                threading.Thread(target=self._repeat, args=(engine, job), name=job.name, daemon=True)
                for job in self._jobs
            ]
            self._hold(engine)
            for one in threads:
                one.start()
            while not self._stopping.wait(self._bounds.look):
                self._hold(engine)
            left = _wait_for(threads, self._bounds.step)
            if left:
                _log.warning("jobs_cut_off", jobs=left)
            self._has_left = True
            self._attempt(engine, LEASE_JOB, lambda: self._leave(engine), seconds=self._bounds.leave)
            return not left

    def _has_schema(self, engine: Engine) -> bool:
        """Tell whether the database is there; whether it is the right one no later look will change."""
        try:
            with bounded(self._bounds.answer):
                check_revision(engine)
        except TemporarilyUnavailableError as error:
            self._standing[LEASE_JOB].tell(**error.line)
            return False
        return True

    def _hold(self, engine: Engine) -> None:
        """Take or keep the leases; while the database is away it stays as it is.

        A process whose clock is wrong has none: it would take those of others for ended, and they its own.
        Nor has one of a database that is not as this version wants it.
        """

        def take() -> None:
            now = self._clock()
            difference = find_difference(engine, now)
            if difference is not None:
                self._held = frozenset()
                raise TemporarilyUnavailableError(difference)
            with writing(engine) as session:
                taken = [job.name for job in self._jobs if take_job(session, job.name, self._holder, now=now)]
            self._held = frozenset(taken)

        trouble = self._attempt(engine, LEASE_JOB, take, seconds=self._bounds.answer)
        if trouble is None:
            self._standing[LEASE_JOB].end()
        elif trouble.code != TemporarilyUnavailableError.code:
            self._held = frozenset()

    def _leave(self, engine: Engine) -> None:
        with writing(engine) as session:
            leave_jobs(session, self._holder)

    def _repeat(self, engine: Engine, job: Job) -> None:
        """Do one job whenever it is due and held; whoever comes to hold it does it at once."""
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = 1.0  # to see that the lease has come
            if job.name in self._held:
                pause = self._do(engine, job)

    def _do(self, engine: Engine, job: Job) -> float:
        """Do a job once, record how it went, and return in how many seconds it is due again.

        By a clock that is wrong nothing is done, and nothing recorded.
        """
        begun = self._clock()
        trouble = self._attempt(
            engine, job.name, lambda: check_clock(engine, begun), seconds=self._bounds.answer
        )
        if trouble is not None:
            return self._pause_after(trouble, job)
        found: list[Done] = []
        trouble = self._attempt(engine, job.name, lambda: found.append(job.work(engine, begun)))
        if self._has_left:
            return 0.0  # another process may hold it by now, and this one's database is closed
        outcome, detail = FAILED, "" if trouble is None else trouble.words
        for done in found:
            outcome, detail = done.outcome, done.words
            if done.left:
                self._standing[job.name].tell(code=INCOMPLETE, detail=detail)
            else:
                self._standing[job.name].end()
                _log.info("job_done", job=job.name, detail=detail)
        if trouble is not None and self._stopping.is_set():
            return 0.0  # the record would have to wait for the same

        def record() -> None:
            with writing(engine) as session:
                record_run(
                    session, job.name, begun=begun, ended=self._clock(), outcome=outcome, detail=detail
                )

        trouble = self._attempt(engine, LEASE_JOB, record, seconds=self._bounds.answer) or trouble
        return 0.0 if any(done.is_more for done in found) else self._pause_after(trouble, job)

    def _attempt(
        self, engine: Engine, name: str, what: Callable[[], object], *, seconds: float | None = None
    ) -> _Trouble | None:
        """Do something whose trouble is for the next time; return it. For others it waits so long."""
        try:
            if seconds is None:
                what()
            else:
                with bounded(seconds):
                    what()
        except GatewayError as error:
            self._standing[name].tell(**error.line)
            return _Trouble(error.code, error.detail)
        except Exception as error:  # noqa: BLE001  (a defect must not end the other jobs)
            missed = self._missed_schema(engine, error)
            if missed is not None:
                self._standing[name].tell(**missed.line)
                return _Trouble(missed.code, missed.detail)
            self._standing[name].tell_defect(error)
            return _Trouble(ServiceError.code, type(error).__name__)
        return None

    def _pause_after(self, trouble: _Trouble | None, job: Job) -> float:
        """Return in how many seconds a job is due after what came of it."""
        is_soon = trouble is not None and trouble.code in _AGAIN_AFTER
        return min(job.every_seconds, self._bounds.again) if is_soon else job.every_seconds

    def _missed_schema(self, engine: Engine, error: Exception) -> GatewayError | None:
        """Return what an error means that an older schema brings, as of a restored database; None else."""
        if not is_of_another_schema(error):
            return None
        try:
            with bounded(self._bounds.answer):
                check_revision(engine)
        except (ConfigurationError, TemporarilyUnavailableError) as missed:
            return missed
        return None


def _wait_for(threads: Sequence[threading.Thread], seconds: float) -> list[str]:
    """Wait for the steps under way; return the names of those that do not end."""
    end = time.monotonic() + seconds
    for one in threads:
        one.join(max(0.0, end - time.monotonic()))
    return [one.name for one in threads if one.is_alive()]
