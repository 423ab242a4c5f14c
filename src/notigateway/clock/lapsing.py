"""The clock at work: the evidence of what it has decided.

A lapse is computed from the deadline, so nothing here gives it effect; `sweep` writes its evidence. A
lapse whose evidence is written is final, so evidence waits for every outage that began before the
deadline and is not settled (`clock.outages`), also for one that may still turn out short. An outage that
is declared after the evidence was written does not revive what lapsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from notigateway.clock.obliging import rights_by
from notigateway.clock.outages import recompute_deadlines
from notigateway.clock.working_days import working_day_rule
from notigateway.law.representation import DEFAULT_RIGHTS
from notigateway.law.transitions import arrive
from notigateway.logger import Logger
from notigateway.receipts.recording import record_lapse, record_put_at_disposal
from notigateway.repository import outages as rows
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.notices import queue_available
from notigateway.repository.placing import place_committed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from sqlalchemy import Engine

    from notigateway.evidence.sealing import Seal
    from notigateway.law.representation import RightsPolicy
    from notigateway.repository.model import Notification
    from notigateway.settings import Settings

_log = Logger("notigateway.clock")


@dataclass(frozen=True)
class Sweeping:
    """How to sweep; all but the size of a batch are policies, see the settings."""

    batch_size: int = 200
    evidence_delay: timedelta = timedelta(0)
    is_working_day: Callable[[date], bool] | None = None
    outage_hours_add_up: bool = False
    rights: RightsPolicy = DEFAULT_RIGHTS

    @classmethod
    def by(cls, settings: Settings, *, batch_size: int | None = None) -> Sweeping:
        """Return how the settings want it. Raises: `ConfigurationError`."""
        return cls(
            batch_size=batch_size or settings.sweep_batch_size,
            evidence_delay=timedelta(seconds=settings.lapse_evidence_delay_seconds),
            is_working_day=working_day_rule(settings),
            outage_hours_add_up=settings.outage_hours_add_up,
            rights=rights_by(settings),
        )


@dataclass(frozen=True)
class Swept:
    """What a sweep did: evidence written, deadlines moved.

    `unsealed` lapsed when the seal's certificate was not valid: only another seal can attest them.
    `arrived` were published for later, and their time has come; `unsealed_arrivals` of them when the
    seal's certificate was not valid. `is_cut` says that it has stopped for its bound: more may be due.
    """

    lapsed: int
    moved: int
    unsealed: int
    arrived: int = 0
    unsealed_arrivals: int = 0
    is_cut: bool = False


def sweep(
    engine: Engine,
    *,
    seal: Seal,
    now: datetime,
    sweeping: Sweeping,
    most: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Swept:
    """Recompute what outages move, then attest what the clock has caused, batch by batch.

    First what was published for later and is at disposal now, then every lapse. `most` bounds either for who
    wants to look up between times: no batch is begun after so many, and `is_cut` says that there is more.

    Safe to run twice, concurrently and after a crash: a batch is written as a whole or not at all, and
    a notification that is written is not overdue any more. `on_progress` gets how many are written.

    Raises: `TemporarilyUnavailableError`, before anything is done where the seal cannot be used now.
    """
    seal.check(now)
    moved = recompute_deadlines(engine, now=now, sweeping=sweeping)
    batch = partial(_attest_arrived, engine, seal=seal, now=now, sweeping=sweeping)
    arrived, is_cut = _repeat(engine, batch, most=most)
    batch = partial(_sweep_batch, engine, seal=seal, now=now, sweeping=sweeping)
    lapsed, lapses_are_cut = _repeat(engine, batch, most=most, on_progress=on_progress)
    place_committed(engine)  # where nobody reads the changes, nobody else does
    with reading(engine) as session:
        unsealed = rows.count_unsealed(session, until=now - sweeping.evidence_delay, valid=_validity(seal))
        waiting = rows.count_unsealed_arrivals(session, now=now, valid=_validity(seal))
    if unsealed or waiting:
        _log.warning("sweep_left_unsealed", lapsed=unsealed, arrived=waiting)
    return Swept(lapsed, moved, unsealed, arrived, waiting, is_cut=is_cut or lapses_are_cut)


def _repeat(
    engine: Engine,
    batch: Callable[[], int],
    *,
    most: int | None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, bool]:
    """Write batches until one is empty or `most` are written; return how many, and whether that cut it."""
    done = 0
    while most is None or done < most:
        written = batch()
        if not written:
            return done, False
        done += written
        on_progress(done)
        let_others_write(engine)
    return done, True


def count_due_lapses(engine: Engine, *, seal: Seal, now: datetime, sweeping: Sweeping) -> int:
    """Return how many lapses wait for their evidence."""
    with reading(engine) as session:
        return rows.count_due(session, until=now - sweeping.evidence_delay, valid=_validity(seal))


def _attest_arrived(engine: Engine, *, seal: Seal, now: datetime, sweeping: Sweeping) -> int:
    """Write the receipts of some that came to be at disposal; return how many there were."""
    with writing(engine) as session:
        due = rows.lock_arrived(session, now=now, valid=_validity(seal), limit=sweeping.batch_size)
        for notification in due:
            # Nothing happens that was not announced: no event, no change, only what proves it.
            notification.happen(arrive(notification.standing, now), now=now)
            record_put_at_disposal(notification, now=now, seal=seal)
        queue_available(session, due, rights=sweeping.rights, now=now)
    return len(due)


def _sweep_batch(engine: Engine, *, seal: Seal, now: datetime, sweeping: Sweeping) -> int:
    """Write the evidence of some lapses in one transaction; return how many there were."""
    with writing(engine) as session:
        due: Sequence[Notification] = rows.lock_due(
            session,
            until=now - sweeping.evidence_delay,
            valid=_validity(seal),
            limit=sweeping.batch_size,
        )
        outages = [row.outage for row in rows.list_outages(session)] if due else []
        for notification in due:
            record_lapse(notification, outages=outages, now=now, seal=seal)
    return len(due)


def _validity(seal: Seal) -> tuple[datetime, datetime]:
    """Return between when the seal can attest: a receipt states the instant of its event."""
    return seal.certificate.not_valid_before_utc, seal.certificate.not_valid_after_utc
