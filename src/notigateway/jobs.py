"""The periodic jobs: what each does, and the process that does all of them, each under a lease."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import structlog

from notigateway.clock.agreement import check_clock
from notigateway.clock.lapsing import Sweeping, sweep
from notigateway.errors import GatewayError, ServiceError, TemporarilyUnavailableError
from notigateway.evidence.seals import load_seal
from notigateway.log.growing import advance
from notigateway.receipts.stamping import Authority, stamp
from notigateway.repository.engine import connected, writing
from notigateway.repository.jobs import DONE, FAILED, leave_jobs, record_run, take_job
from notigateway.repository.schema import check_revision
from notigateway.trust.authorities import load_trust
from notigateway.trust.refreshing import Sources, refresh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.settings import Settings

REFRESH: Final = "refresh-trust"
SWEEP: Final = "sweep"
STAMP: Final = "timestamp"
CHECKPOINT: Final = "checkpoint"

# A third of the lease: two looks may fail before another process takes over.
_LOOK_SECONDS: Final = 2.0
# Then the stop is looked at again.
_STAMPS_AT_MOST: Final = 200

_log = structlog.get_logger("notigateway.job")


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has done, in numbers; `is_more` says that it should go on at once."""

    said: dict[str, object]
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What is done every so many seconds."""

    name: str
    every_seconds: float
    work: Callable[[Engine, datetime], Done]


def refreshing(settings: Settings) -> Callable[[Engine, datetime], Done]:
    """Return what takes in lists of revoked certificates and those who are trusted."""

    def work(engine: Engine, now: datetime) -> Done:
        trust = load_trust(settings, engine, now=now, for_refreshing=True)
        done = refresh(engine, trust, Sources.by(settings), now=now)
        return Done({"new": done.new, "known": done.known, "failed": len(done.failures)})

    return work


def sweeping(settings: Settings, now: datetime) -> Callable[[Engine, datetime], Done]:
    """Return what writes the receipts of what lapses."""
    seal, how = load_seal(settings, now=now), Sweeping.by(settings)

    def work(engine: Engine, now: datetime) -> Done:
        check_clock(engine, now)
        return Done(asdict(sweep(engine, seal=seal, now=now, sweeping=how)))

    return work


def stamping(settings: Settings, authority: Authority) -> Callable[[Engine, datetime], Done]:
    """Return what asks the authority for the time-stamps that are due."""

    def work(engine: Engine, now: datetime) -> Done:
        size = settings.timestamp_batch_size
        done = stamp(engine, authority=authority, now=now, batch_size=size, most=_STAMPS_AT_MOST)
        said = asdict(done)
        said["reasons"] = sorted(said.pop("failures"))
        return Done(said, is_more=done.stamped > 0 and done.waiting > 0)

    return work


def checkpointing(settings: Settings, now: datetime) -> Callable[[Engine, datetime], Done]:
    """Return what signs the log's head, so that it is never old."""
    seal = load_seal(settings, now=now)

    def work(engine: Engine, now: datetime) -> Done:
        advance(engine, seal=seal, origin=settings.log_origin, now=now)
        return Done({})

    return work


@contextmanager
def recorded(engine: Engine, job: str, *, clock: Callable[[], datetime]) -> Iterator[dict[str, object]]:
    """Record how a single command did a job; what it has done is put into the dictionary.

    So whoever asks for the jobs' last runs learns of timers, too. What cannot be recorded was done anyway.
    """
    begun, said = clock(), dict[str, object]()
    outcome, detail = DONE, ""
    try:
        yield said
        detail = _in_words(said)
    except GatewayError as error:
        outcome, detail = FAILED, f"{error.code}: {error.detail}"
        raise
    except Exception as error:
        outcome, detail = FAILED, f"{ServiceError.code}: {type(error).__name__}"
        raise
    finally:
        with suppress(TemporarilyUnavailableError), writing(engine) as session:
            record_run(session, job, begun=begun, ended=clock(), outcome=outcome, detail=detail)


def _in_words(said: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in said.items())


class Jobs:
    """Does the jobs whose lease this process holds, each in a thread, until it is stopped."""

    def __init__(self, settings: Settings, jobs: Sequence[Job], *, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._jobs = jobs
        self._clock = clock
        self._holder = uuid4()
        self._held: frozenset[str] = frozenset()
        self._stopping = Event()

    def stop(self) -> None:
        """Let what runs end; may be called by a signal's handler."""
        self._stopping.set()

    def run(self) -> None:
        """Hold the leases and do the jobs until `stop`; a database that is away is waited for.

        Raises: `ConfigurationError` for a database without this version's schema.
        """
        with connected(self._settings) as engine:
            while not self._has_schema(engine):
                if self._stopping.wait(_LOOK_SECONDS):
                    return
            threads = [Thread(target=self._repeat, args=(engine, job), name=job.name) for job in self._jobs]
            self._hold(engine)
            for one in threads:
                one.start()
            while not self._stopping.wait(_LOOK_SECONDS):
                self._hold(engine)
            for one in threads:
                one.join()
            self._attempt("lease", lambda: self._leave(engine))

    @staticmethod
    def _has_schema(engine: Engine) -> bool:
        """Tell whether the database is there; whether it is the right one no later look will change."""
        try:
            check_revision(engine)
        except TemporarilyUnavailableError as error:
            _log.warning("job_failed", job="lease", **error.line)
            return False
        return True

    def _hold(self, engine: Engine) -> None:
        """Take or keep the leases; without the database it stays as it is."""

        def take() -> None:
            now = self._clock()
            with writing(engine) as session:
                taken = [job.name for job in self._jobs if take_job(session, job.name, self._holder, now=now)]
            self._held = frozenset(taken)

        self._attempt("lease", take)

    def _leave(self, engine: Engine) -> None:
        with writing(engine) as session:
            leave_jobs(session, self._holder)

    def _repeat(self, engine: Engine, job: Job) -> None:
        """Do one job whenever it is due and held; whoever comes to hold it does it at once."""
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = 1.0  # to see that the lease has come
            if job.name in self._held:
                pause = 0.0 if self._do(engine, job) else job.every_seconds

    def _do(self, engine: Engine, job: Job) -> bool:
        """Do a job once, record how it went, and tell whether there is more."""
        begun = self._clock()
        found: list[Done] = []
        error = self._attempt(job.name, lambda: found.append(job.work(engine, begun)))
        said = found[0].said if found else {}
        detail = _in_words(said) if error is None else error
        if found:
            _log.info("job_done", job=job.name, detail=detail)

        def record() -> None:
            outcome = DONE if error is None else FAILED
            with writing(engine) as session:
                record_run(
                    session, job.name, begun=begun, ended=self._clock(), outcome=outcome, detail=detail
                )

        self._attempt(job.name, record)
        return bool(found) and found[0].is_more

    def _attempt(self, name: str, what: Callable[[], object]) -> str | None:
        """Do something whose trouble is for the next time; return the trouble in words."""
        try:
            what()
        except GatewayError as error:
            _log.warning("job_failed", job=name, **error.line)
            return f"{error.code}: {error.detail}"
        except Exception as error:  # noqa: BLE001  (a defect must not end the other jobs)
            _log.exception("job_failed", job=name, code=ServiceError.code, detail=type(error).__name__)
            return f"{ServiceError.code}: {type(error).__name__}"
        return None
