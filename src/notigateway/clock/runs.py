"""What a run of a periodic job has done, in numbers and words, and how that is recorded."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from notigateway.clock.agreement import check_clock
from notigateway.errors import GatewayError, ServiceError, TemporarilyUnavailableError
from notigateway.repository.engine import writing
from notigateway.repository.jobs import DONE, FAILED, record_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from notigateway.clock.lapsing import Swept
    from notigateway.log.renewing import Renewed
    from notigateway.log.witnessing import Collected
    from notigateway.outbox.sending import Told
    from notigateway.push.run import Pushed
    from notigateway.receipts.stamping import Stamped
    from notigateway.trust.refreshing import Refreshed

REFRESH: Final = "refresh-trust"
SWEEP: Final = "sweep"
STAMP: Final = "timestamp"
CHECKPOINT: Final = "checkpoint"
RENEW: Final = "renew"
COSIGN: Final = "cosign"
PUSH: Final = "push"
NOTICES: Final = "notices"

# What is done beside the jobs: to hold their leases, and to record how they went; to follow the seal.
LEASE_JOB: Final = "lease"
SEAL_JOB: Final = "seal"
INCOMPLETE: Final = "INCOMPLETE"

# A folder may hold any number of files that cannot be read.
_TOLD_AT_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Done:
    """What a run has done, in numbers, and what it could not; `is_more` says that it should go on at once.

    A run that left something has failed, though the rest is done: else an authority could be away for weeks,
    and every run would be told as one that went well.
    """

    said: dict[str, object]
    left: tuple[str, ...] = ()
    is_more: bool = False

    @property
    def outcome(self) -> str:
        """Return how the run is recorded."""
        return FAILED if self.left else DONE

    @property
    def words(self) -> str:
        """Return what is recorded of the run; a failure begins with its code."""
        said = ", ".join(f"{name} {value}" for name, value in self.said.items())
        return f"{INCOMPLETE}: {'; '.join(self.left)} ({said})" if self.left else said


def of_refresh(done: Refreshed) -> Done:
    """Return what a refresh did; a place that failed is left."""
    said: dict[str, object] = {
        "new": done.new,
        "known": done.known,
        "kept": done.kept,
        "failed": len(done.failures),
    }
    more = len(done.failures) - _TOLD_AT_MOST
    left = (*done.failures[:_TOLD_AT_MOST], *([f"and {more} more"] if more > 0 else []))
    return Done(said, left=left)


def of_sweep(done: Swept) -> Done:
    """Return what a sweep did; what another seal has to attest is left."""
    said = asdict(done)
    del said["is_cut"]
    is_left = done.unsealed or done.unsealed_arrivals
    left = ("some wait for a seal that was valid at their time",) if is_left else ()
    return Done(said, left=left, is_more=done.is_cut)


def of_stamping(done: Stamped) -> Done:
    """Return what a run of time-stamping did; `left` are the reasons."""
    said = asdict(done)
    del said["failures"]
    return Done(said, left=tuple(sorted(done.failures)), is_more=done.stamped > 0 and done.waiting > 0)


def of_cosigning(done: Collected) -> Done:
    """Return what a run of asking witnesses did; `left` are the reasons."""
    said = asdict(done)
    del said["failures"]
    return Done(said, left=tuple(sorted(done.failures)))


def of_pushing(done: Pushed) -> Done:
    """Return what a run of pushing did. A receiver that takes nothing is no failure of the gateway's."""
    said = asdict(done)
    del said["is_more"]
    return Done(said, is_more=done.is_more)


def of_telling(done: Told) -> Done:
    """Return what a run of sending notices did; a mail server that took none is left."""
    said = asdict(done)
    del said["is_more"], said["away"]
    return Done(said, left=tuple(done.away), is_more=done.is_more)


def of_renewal(renewed: Renewed | None, warnings: Sequence[str]) -> Done:
    """Return what a run of renewing did; what an operator is to be warned of is left."""
    said: dict[str, object] = {} if renewed is None else {"renewal": renewed.number, "leaves": renewed.size}
    return Done(said, left=tuple(warnings))


@contextmanager
def recorded(engine: Engine, job: str, *, clock: Callable[[], datetime]) -> Iterator[list[Done]]:
    """Record how a single command did a job; what it has done is put into the list.

    So whoever asks for the jobs' last runs learns of timers, too. What cannot be recorded was done anyway.
    Nothing is done, nor recorded, by a clock that differs from the database's: what a job signs stays.

    Raises: `TemporarilyUnavailableError`.
    """
    begun, found = clock(), list[Done]()
    check_clock(engine, begun)
    outcome, detail = DONE, ""
    try:
        yield found
        for done in found:
            outcome, detail = done.outcome, done.words
    except GatewayError as error:
        outcome, detail = FAILED, f"{error.code}: {error.detail}"
        raise
    except Exception as error:
        outcome, detail = FAILED, f"{ServiceError.code}: {type(error).__name__}"
        raise
    finally:
        with suppress(TemporarilyUnavailableError), writing(engine) as session:
            record_run(session, job, begun=begun, ended=clock(), outcome=outcome, detail=detail)
