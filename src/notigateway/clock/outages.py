"""Outages: the times in which the service could not be reached, and the deadlines that they move.

How an outage of more than 12 hours moves deadlines (Orden ISM/903/2020 art. 8.4):

1. It is declared: one short transaction. From then on nothing lapses whose deadline lies after its
   start (`lifecycle.is_held`), once it is longer than 12 hours, until every deadline is recomputed.
2. While it lasts, deadlines are recomputed as it stands at that instant: at its declaration, and by
   every sweep on another day in Madrid (a whole day is the least it can take).
3. At its close they are recomputed once more; when the last batch is done it is settled and holds
   nothing any longer. After a crash in between, the next sweep goes on.

Where hours of several outages add up (the policy `outage_hours_add_up`), a short one is settled in the
same way, and no evidence of a lapse is written before. What it holds by the clock is only what it would
hold alone, so what the sum moves is moved by the command or the next sweep.

A deadline is only ever moved to a later instant: what was told to an addressee is not taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from notigateway.errors import OutageClosedError, OutageOverlapsError, OutageUnknownError
from notigateway.instants import to_milliseconds
from notigateway.law.deadlines import (
    OUTAGE_MORE_THAN,
    DeadlineCause,
    Extended,
    Outage,
    check_outage,
    invalid_outage,
    later_deadline,
    later_deadline_adding_up,
    moves_nothing,
    suspended_days,
)
from notigateway.law.identifiers import check_nif
from notigateway.law.texts import is_a_line
from notigateway.law.transitions import suspend
from notigateway.repository.engine import let_others_write, reading, writing
from notigateway.repository.outages import (
    OutageRow,
    find_extensions,
    find_outage,
    find_overlapping,
    list_outages,
    list_unsettled_outages,
    lock_reached,
    move_deadlines,
    wait_for_turn_to_declare,
)
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy import Engine

    from notigateway.clock.lapsing import Sweeping
    from notigateway.law.transitions import Transition
    from notigateway.repository.model import Notification
    from notigateway.repository.outages import DeadlineChange
    from notigateway.repository.session import Session

REASON_MAX_CHARS: Final = 500


def declare_outage(
    session: Session,
    *,
    started_at: datetime,
    ended_at: datetime | None,
    reason: str,
    declared_by: str,
    now: datetime,
    hours_add_up: bool = False,
) -> OutageRow:
    """Declare a time in which the service could not be reached; without an end it lasts.

    `hours_add_up` is the policy for several outages within one term. `recompute_deadlines` or the next
    sweep moves the deadlines; nothing lapses meanwhile.

    Raises: `OutageInvalidError` naming the field, `OutageOverlapsError`.
    """
    outage = Outage(to_milliseconds(started_at), None if ended_at is None else to_milliseconds(ended_at))
    check_outage(outage, now)
    reason = reason.strip()
    if not reason or len(reason) > REASON_MAX_CHARS or not is_a_line(reason):
        raise invalid_outage("reason", "text", f"must be a line of 1 to {REASON_MAX_CHARS} characters")
    try:
        declared_by = check_nif(declared_by)
    except ValueError:
        raise invalid_outage("declared_by", "nif", "is not a valid NIF") from None
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
        recomputed_at=now if moves_nothing(outage, hours_add_up=hours_add_up) else None,
    )
    session.add(row)
    return row


def close_outage(
    session: Session, outage_id: UUID, *, ended_at: datetime, now: datetime, hours_add_up: bool = False
) -> OutageRow:
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
    check_outage(outage, now)
    row.ended_at, row.closed_at = ended_at, now
    row.recomputed_at = now if moves_nothing(outage, hours_add_up=hours_add_up) else None
    return row


# --- deadlines ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Suspending:
    """What the declared outages take from a term, as they stand at one instant, by the policies."""

    outages: Sequence[Outage]
    now: datetime
    sweeping: Sweeping

    def is_as_it_was(self, row: OutageRow) -> bool:
        """Tell whether an unsettled outage takes nothing more than when its deadlines were last computed.

        One that lasts takes whole days: on the same day it takes nothing more, once it is long enough.
        """
        since, outage = row.recomputed_at, row.outage
        if since is None:
            return False
        if self.sweeping.outage_hours_add_up and outage.lasted(since) <= OUTAGE_MORE_THAN:
            return False  # each term is reached by other outages, so any hour may be the one that counts
        return suspended_days([outage], since) == suspended_days([outage], self.now)

    def moved(self, notification: Notification, extension: DeadlineChange | None) -> Transition | None:
        """Return how the suspended days move the deadline; None where they do not."""
        extended = None if extension is None else Extended(extension.deadline, since=extension.at)
        later = self._later(notification.available_at, notification.deadline, extended)
        # One that another worker, whose clock is ahead, has put at disposal a moment from now: at its own
        # time.
        at = max(self.now, notification.available_at)
        return None if later is None else suspend(notification.standing, later, at)

    def _later(
        self, available_at: datetime, present: datetime | None, extended: Extended | None
    ) -> datetime | None:
        is_working_day = self.sweeping.is_working_day
        if self.sweeping.outage_hours_add_up:
            return later_deadline_adding_up(
                available_at,
                present,
                extended=extended,
                outages=self.outages,
                now=self.now,
                is_working_day=is_working_day,
            )
        return later_deadline(
            available_at,
            present,
            extended=extended,
            suspended=self._days,
            is_working_day=is_working_day,
        )

    @cached_property
    def _days(self) -> frozenset[date]:
        return suspended_days(self.outages, self.now)


def recompute_deadlines(engine: Engine, *, now: datetime, sweeping: Sweeping) -> int:
    """Move the deadlines that unsettled outages reach, batch by batch; return how many moved.

    Safe to run twice, concurrently and after a crash: each row is computed anew under its lock.
    """
    with reading(engine) as session:
        outages = [row.outage for row in list_outages(session)]
        unsettled = list_unsettled_outages(session)
    suspending = _Suspending(outages, now, sweeping)
    moved = 0
    for row in unsettled:
        if not suspending.is_as_it_was(row):
            moved += _recompute_reached(engine, row, suspending)
            with writing(engine) as session:
                wait_for_turn_to_declare(session)
                current = find_outage(session, row.id)
                # Closed meanwhile: what was computed is not the end of it.
                if current is not None and current.ended_at == row.ended_at:
                    current.recomputed_at = now
    return moved


def _recompute_reached(engine: Engine, row: OutageRow, suspending: _Suspending) -> int:
    """Move the deadlines that one outage reaches, in the order of the code."""
    moved, after_code, found = 0, 0, True
    while found:
        with writing(engine) as session:
            rows = lock_reached(
                session,
                row.outage,
                after_code=after_code,
                limit=suspending.sweeping.batch_size,
                now=suspending.now,
            )
            extensions = find_extensions(session, (one.code for one in rows))
            moves = {
                one: moved_by
                for one in rows
                if (moved_by := suspending.moved(one, extensions.get(one.code))) is not None
            }
            move_deadlines(
                session,
                moves,
                cause=DeadlineCause.OUTAGE,
                by=row.declared_by,
                reason=row.reason,
                outage_id=row.id,
            )
        moved += len(moves)
        found = bool(rows)
        after_code = rows[-1].code if rows else after_code
        let_others_write(engine)
    return moved
