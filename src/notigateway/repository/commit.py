"""The one place that commits: what is durable when a request is answered, or a job has gone one step.

`repository.engine.writing` calls it at the end of its block. Inserted before, in the same transaction: the
replay key of a message (`repository.replay`; its copies wait there, and what they have read is dropped), and
the signed request that decides (`repository.receipts`). Documents are in their store before their act.

A leaf is the line of a record in the log of `log/`; a change is an event's place in the order of commits
(`repository.changes`), on PostgreSQL given after it (`repository.placing`); what a session carries until then
stands in `repository.session`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import event

from notigateway.metering.meters import meters
from notigateway.repository.accesses import AccessRecord
from notigateway.repository.acts import wait_until_durable
from notigateway.repository.batch import happening, write_decisions, write_held
from notigateway.repository.changes import write_changes
from notigateway.repository.fate import Fate
from notigateway.repository.log import Recorded, add_leaves, log_access
from notigateway.repository.model import Event, Receipt
from notigateway.repository.renewals import LogRenewal
from notigateway.repository.session import Session

if TYPE_CHECKING:
    from sqlalchemy.orm import ORMExecuteState

_FOLLOWED = (Event, Receipt, AccessRecord, LogRenewal)


def commit(session: Session) -> None:
    """Make everything that the session holds durable, all of it or nothing.

    Raises: `StaleDataError` where a row was changed by somebody else since it was read; a defect of whoever
    has not locked it.
    """
    write_all(session)
    # 5. All of it, or nothing.
    session.fate = Fate.UNKNOWN
    session.commit()
    if session.is_durable_later:
        wait_until_durable(session)
    session.fate = Fate.DURABLE
    # Counted is what is durable, and nothing else.
    with suppress(OSError):
        for what, times in Counter(session.happened).items():
            meters().events.labels(what).inc(times)
    session.happened.clear()


def write_all(session: Session) -> None:
    """Write what the session holds into its transaction, and end nothing. Raises: what `commit` raises."""
    # 1. Decisions, with their events, receipts and leaves, however many, in few statements; where the session
    #    holds anything else, step 2 writes them too.
    write_held(session)
    write_decisions(session)
    # 2. Every other row: acts, notifications, powers, outages; with a receipt or an access record its leaf.
    session.flush()
    # 3. Who asked for it, and what came of that; with its leaf.
    if session.access is not None:
        log_access(session, session.access)
    # 4. That each new event is a change: the last thing, so that what it waited for has come before it.
    write_changes(session)


@event.listens_for(Session, "after_flush")
def _follow(session: Session, _flush: object) -> None:
    """Give leaves to the records of this flush in the same (sub)transaction, and remember its events.

    So no writer can forget one, and a savepoint that takes a record back takes its leaf back too.
    """
    new = list(session.new)
    add_leaves(session, [row for row in new if isinstance(row, Recorded)])
    events = [row for row in new if isinstance(row, Event)]
    session.events += [row.id for row in events]
    session.happened += map(happening, events)


@event.listens_for(Session, "do_orm_execute")
def _refuse_what_nobody_would_follow(state: ORMExecuteState) -> None:
    """Refuse to insert events and records in bulk: no change, no leaf would tell of them.

    Raises: `TypeError`; it is a defect of the writer.
    """
    if state.is_insert and state.bind_mapper is not None and state.bind_mapper.class_ in _FOLLOWED:
        raise TypeError("events, receipts and access records are added to a session, never inserted past it")
