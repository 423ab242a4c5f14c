"""The clock at work: outages that stop it, and the evidence of what it has decided.

A lapse is computed from the deadline, so nothing here gives it effect; `sweep` writes its evidence.
How an outage of more than 12 hours moves deadlines (Orden ISM/903/2020 art. 8.4):

1. It is declared: one short transaction. From then on nothing lapses whose deadline lies after its
   start (`lifecycle.is_held`), once it is longer than 12 hours, until every deadline is recomputed.
2. While it lasts, deadlines are recomputed as it stands at that instant: at its declaration, and by
   every sweep on another day in Madrid (a whole day is the least it can take).
3. At its close they are recomputed once more; when the last batch is done it is settled and holds
   nothing any longer. After a crash in between, the next sweep goes on.

A deadline is only ever moved to a later instant: what was told to an addressee is not taken back. A
lapse whose evidence is written is final, so evidence waits for every outage that began before the
deadline and is not settled, also for one that may still turn out short. An outage that is declared
after the evidence was written does not revive what lapsed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    OutageClosedError,
    OutageInvalidError,
    OutageOverlapsError,
    OutageUnknownError,
)
from notigateway.identifiers import check_nif
from notigateway.instants import to_milliseconds
from notigateway.lifecycle import (
    OUTAGE_MORE_THAN,
    DeadlineCause,
    Outage,
    State,
    deadline,
    postponed,
    suspended_days,
)
from notigateway.recording import record_lapse, record_put_at_disposal
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.outages import (
    OutageRow,
    count_due,
    count_unsealed,
    find_extensions,
    find_outage,
    find_overlapping,
    list_outages,
    list_unsettled_outages,
    lock_arrived,
    lock_due,
    lock_reached,
    move_deadlines,
    wait_for_turn_to_declare,
)
from notigateway.uuids import uuid7
from notigateway.working_days import working_day_rule

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from notigateway.evidence.xades import Seal
    from notigateway.repository.model import Notification
    from notigateway.repository.outages import DeadlineChange
    from notigateway.settings import Settings

REASON_MAX_CHARS: Final = 500


@dataclass(frozen=True)
class Sweeping:
    """How to sweep; `evidence_delay` and `is_working_day` are policies, see the settings."""

    batch_size: int = 200
    evidence_delay: timedelta = timedelta(0)
    is_working_day: Callable[[date], bool] | None = None

    @classmethod
    def by(cls, settings: Settings, *, batch_size: int | None = None) -> Sweeping:
        """Return how the settings want it. Raises: `ConfigurationError`."""
        return cls(
            batch_size=batch_size or settings.sweep_batch_size,
            evidence_delay=timedelta(seconds=settings.lapse_evidence_delay_seconds),
            is_working_day=working_day_rule(settings),
        )


@dataclass(frozen=True)
class Swept:
    """What a sweep did: evidence written, deadlines moved.

    `unsealed` lapsed when the seal's certificate was not valid: only another seal can attest them.
    `arrived` were published for later, and their time has come.
    """

    lapsed: int
    moved: int
    unsealed: int
    arrived: int = 0


# --- outages ------------------------------------------------------------------------------------------


def declare_outage(
    session: Session,
    *,
    started_at: datetime,
    ended_at: datetime | None,
    reason: str,
    declared_by: str,
    now: datetime,
) -> OutageRow:
    """Declare a time in which the service could not be reached; without an end it lasts.

    `recompute_deadlines` or the next sweep moves the deadlines; nothing lapses meanwhile.

    Raises: `OutageInvalidError` naming the field, `OutageOverlapsError`.
    """
    outage = Outage(to_milliseconds(started_at), None if ended_at is None else to_milliseconds(ended_at))
    _check_instants(outage, now)
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX_CHARS or not reason.isprintable():
        raise _invalid("reason", "text", f"must be a line of 1 to {REASON_MAX_CHARS} characters")
    try:
        declared_by = check_nif(declared_by)
    except ValueError:
        raise _invalid("declared_by", "nif", "is not a valid NIF") from None
    wait_for_turn_to_declare(session)
    other = find_overlapping(session, outage)
    if other is not None:
        raise OutageOverlapsError(f"outage {other.id} covers some of that time", outage=str(other.id))
    row = OutageRow(
        id=uuid7(now),
        started_at=outage.started_at,
        ended_at=outage.ended_at,
        reason=reason,
        declared_at=now,
        declared_by=declared_by,
        closed_at=None if outage.ended_at is None else now,
        recomputed_at=now if _moves_nothing(outage) else None,
    )
    session.add(row)
    return row


def close_outage(session: Session, outage_id: UUID, *, ended_at: datetime, now: datetime) -> OutageRow:
    """End an outage; an end equal to its start makes it none at all.

    Raises: `OutageUnknownError`, `OutageClosedError`, `OutageInvalidError` naming the field.
    """
    wait_for_turn_to_declare(session)
    row = find_outage(session, outage_id)
    if row is None:
        raise OutageUnknownError
    ended_at = to_milliseconds(ended_at)
    if row.ended_at is not None:
        if row.ended_at != ended_at:
            raise OutageClosedError
        # A repeat is idempotent: the same end, nothing new.
        return row
    outage = Outage(row.started_at, ended_at)
    _check_instants(outage, now)
    row.ended_at, row.closed_at = ended_at, now
    row.recomputed_at = now if _moves_nothing(outage) else None
    return row


def _check_instants(outage: Outage, now: datetime) -> None:
    """Refuse what cannot have happened yet, and what ends before it begins."""
    if outage.started_at > now:
        raise _invalid("started_at", "in_the_future", "lies in the future")
    if outage.ended_at is not None and outage.ended_at > now:
        raise _invalid("ended_at", "in_the_future", "lies in the future")
    if outage.ended_at is not None and outage.ended_at < outage.started_at:
        raise _invalid("ended_at", "before_start", "lies before the start")


def _moves_nothing(outage: Outage) -> bool:
    """Tell whether the outage is over and too short to suspend anything."""
    return outage.ended_at is not None and outage.ended_at - outage.started_at <= OUTAGE_MORE_THAN


def _invalid(element: str, rule: str, text: str) -> OutageInvalidError:
    """Return the refusal of one field."""
    return OutageInvalidError(f"{element}: {text}", element=element, rule=rule)


# --- deadlines ----------------------------------------------------------------------------------------


def recompute_deadlines(engine: Engine, *, now: datetime, sweeping: Sweeping) -> int:
    """Move the deadlines that unsettled outages reach, batch by batch; return how many moved.

    Safe to run twice, concurrently and after a crash: each row is computed anew under its lock.
    """
    with reading(engine) as session:
        outages = [row.outage for row in list_outages(session)]
        unsettled = list_unsettled_outages(session)
    suspended = suspended_days(outages, now)
    moved = 0
    for row in unsettled:
        # An outage that lasts takes whole days: on the same day it takes nothing more.
        if row.recomputed_at is None or suspended_days([row.outage], row.recomputed_at) != suspended_days(
            [row.outage], now
        ):
            moved += _recompute_reached(engine, row, suspended, now=now, sweeping=sweeping)
            with writing(engine) as session:
                wait_for_turn_to_declare(session)
                current = find_outage(session, row.id)
                # Closed meanwhile: what was computed is not the end of it.
                if current is not None and current.ended_at == row.ended_at:
                    current.recomputed_at = now
    return moved


def _recompute_reached(
    engine: Engine, row: OutageRow, suspended: Collection[date], *, now: datetime, sweeping: Sweeping
) -> int:
    """Move the deadlines that one outage reaches, in the order of the code."""
    moved, after_code, found = 0, 0, True
    while found:
        with writing(engine) as session:
            rows = lock_reached(
                session, row.outage, after_code=after_code, limit=sweeping.batch_size, now=now
            )
            extensions = find_extensions(session, (one.code for one in rows))
            moves = {
                one: later
                for one in rows
                if (later := _later_deadline(one, extensions.get(one.code), suspended, sweeping)) is not None
            }
            move_deadlines(
                session,
                moves,
                cause=DeadlineCause.OUTAGE,
                by=row.declared_by,
                reason=row.reason,
                at=now,
                outage_id=row.id,
            )
        moved += len(moves)
        found = bool(rows)
        after_code = rows[-1].code if rows else after_code
        let_others_write(engine)
    return moved


def _later_deadline(
    notification: Notification,
    extension: DeadlineChange | None,
    suspended: Collection[date],
    sweeping: Sweeping,
) -> datetime | None:
    """Return the deadline with the suspended days, or None where it is not later than the present one."""
    if extension is None:
        computed = deadline(
            notification.available_at, suspended=suspended, is_working_day=sweeping.is_working_day
        )
    else:
        computed = postponed(extension.deadline, since=extension.at, suspended=suspended)
    is_later = notification.deadline is not None and computed > notification.deadline
    return computed if is_later else None


# --- evidence of lapses -------------------------------------------------------------------------------


def sweep(
    engine: Engine,
    *,
    seal: Seal,
    now: datetime,
    sweeping: Sweeping,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Swept:
    """Recompute what outages move, then attest what the clock has caused, batch by batch.

    First what was published for later and is at disposal now, then every lapse.

    Safe to run twice, concurrently and after a crash: a batch is written as a whole or not at all, and
    a notification that is written is not overdue any more. `on_progress` gets how many are written.
    """
    moved = recompute_deadlines(engine, now=now, sweeping=sweeping)
    arrived = 0
    while written := _attest_arrived(engine, seal=seal, now=now, sweeping=sweeping):
        arrived += written
        let_others_write(engine)
    lapsed = 0
    while written := _sweep_batch(engine, seal=seal, now=now, sweeping=sweeping):
        lapsed += written
        on_progress(lapsed)
        let_others_write(engine)
    with reading(engine) as session:
        unsealed = count_unsealed(session, until=now - sweeping.evidence_delay, valid=_validity(seal))
    return Swept(lapsed, moved, unsealed, arrived)


def count_due_lapses(engine: Engine, *, seal: Seal, now: datetime, sweeping: Sweeping) -> int:
    """Return how many lapses wait for their evidence."""
    with reading(engine) as session:
        return count_due(session, until=now - sweeping.evidence_delay, valid=_validity(seal))


def _attest_arrived(engine: Engine, *, seal: Seal, now: datetime, sweeping: Sweeping) -> int:
    """Write the receipts of some that came to be at disposal; return how many there were."""
    with writing(engine) as session:
        due = lock_arrived(session, now=now, valid=_validity(seal), limit=sweeping.batch_size)
        for notification in due:
            # Nothing happens that was not announced: no event, no change, only what proves it.
            notification.state = State.AVAILABLE
            record_put_at_disposal(notification, now=now, seal=seal)
    return len(due)


def _sweep_batch(engine: Engine, *, seal: Seal, now: datetime, sweeping: Sweeping) -> int:
    """Write the evidence of some lapses in one transaction; return how many there were."""
    with writing(engine) as session:
        due: Sequence[Notification] = lock_due(
            session,
            until=now - sweeping.evidence_delay,
            valid=_validity(seal),
            limit=sweeping.batch_size,
        )
        outages = [row.outage for row in list_outages(session)] if due else []
        for notification in due:
            record_lapse(notification, outages=outages, now=now, seal=seal)
    return len(due)


def _validity(seal: Seal) -> tuple[datetime, datetime]:
    """Return between when the seal can attest: a receipt states the instant of its event."""
    return seal.certificate.not_valid_before_utc, seal.certificate.not_valid_after_utc
