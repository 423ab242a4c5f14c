"""From when on a change of RED rights has effect, and the windows that follow from the registers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import exists, func, or_, select

from notigateway.instants import to_milliseconds
from notigateway.law.lifecycle import State
from notigateway.law.windows import plan
from notigateway.repository.accounts import list_main_entries
from notigateway.repository.acts import wait_for_turn_to_publish
from notigateway.repository.changes import wait_for_turn_to_place
from notigateway.repository.model import Event, Notification
from notigateway.repository.rights import RedAssignment
from notigateway.repository.windows import RedWindow, list_opt_outs, list_windows
from notigateway.uuids import uuid7

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from notigateway.law.windows import Planned
    from notigateway.repository.model import Addressee
    from notigateway.repository.session import Session

_NEXT: Final = timedelta(milliseconds=1)


def instant_of_effect(session: Session, addressee: Addressee, now: datetime) -> datetime:
    """Return from when on a change asked for at `now` has effect: then, but after what is at disposal.

    Nobody publishes from here to the end of the transaction, so that nothing comes to be at disposal
    in between. What was published for later does not count before its time, whatever became of it by then:
    it has the rights of when it arrives.
    """
    wait_for_turn_to_publish(session)
    ahead, asked = session.ahead, to_milliseconds(now)
    if ahead is not None and ahead.knows_nothing_published(addressee.id):
        return asked
    if ahead is not None and (known := ahead.effects.get((addressee.id, now))) is not None:
        return known
    # By a worker whose clock is ahead: at disposal, although not at `now`.
    is_published_at_once = exists().where(
        Event.notification_code == Notification.code, Event.position == 1, Event.state == State.AVAILABLE
    )
    query = select(func.max(Notification.available_at)).where(
        Notification.addressee_id == addressee.id,
        or_(Notification.available_at <= now, is_published_at_once),
    )
    last = session.scalar(query)
    effect = asked if last is None else max(asked, last + _NEXT)
    if ahead is not None:
        ahead.effects[addressee.id, now] = effect
    return effect


def replan(session: Session, addressee: Addressee, now: datetime) -> None:
    """Write the addressee's windows as its registers give them now; its rights must be locked.

    A window that comes to hold more or less of what is at disposal (only a correction does that) is another
    one, so that who follows changes learns of it.
    """
    wait_for_turn_to_publish(session)
    assignments = {row.id: row for row in _list_assignments(session, addressee)}
    mains = [row.entry for row in list_main_entries(session, addressee)]
    opt_outs = [row.span for row in list_opt_outs(session, addressee)]
    planned = plan([row.assigned for row in assignments.values()], mains, opt_outs)
    standing = {(row.assignment_id, row.opens_at): row for row in list_windows(session, addressee)}
    moves = _moves(planned, standing)
    if not moves:
        return
    _hold_still(session, addressee, since=min(at for at, *_ in moves))
    if any(row is not None for _, row, _ in moves):
        session.flush()  # one that was planned just now may be deleted again
    for _, row, one in moves:
        if row is not None and one is not None and _moves_only_what_comes(row, one.span.ends_at, now):
            row.closes_at = one.span.ends_at
            continue
        if row is not None:
            session.delete(row)
        if one is not None:
            session.add(_window(one, assignments[one.assignment], now))
    if session.ahead is None or session.deleted:
        session.flush()


def _list_assignments(session: Session, addressee: Addressee) -> Sequence[RedAssignment]:
    """Return every assignment of the addressee's accounts."""
    known = None if session.ahead is None else session.ahead.of(RedAssignment, "addressee_id", addressee.id)
    if known is not None:
        return known
    session.flush()
    return session.scalars(select(RedAssignment).where(RedAssignment.addressee_id == addressee.id)).all()


def _moves(
    planned: Sequence[Planned], standing: Mapping[tuple[UUID, datetime], RedWindow]
) -> list[tuple[datetime, RedWindow | None, Planned | None]]:
    """Return each window that changes: since when, what stands, and what is planned instead."""
    wanted = {(one.assignment, one.span.starts_at): one for one in planned}
    moves: list[tuple[datetime, RedWindow | None, Planned | None]] = []
    for key in dict.fromkeys((*wanted, *standing)):
        row, one = standing.get(key), wanted.get(key)
        if row is None or one is None:
            moves.append((key[1], row, one))
        elif row.closes_at != one.span.ends_at:
            moves.append((min(at for at in (row.closes_at, one.span.ends_at) if at is not None), row, one))
    return moves


def _hold_still(session: Session, addressee: Addressee, *, since: datetime) -> None:
    """Let nobody decide or place what is, or comes to be, at disposal since then: who sees it may change.

    The database writes down who sees it together with the windows (see `red_inbox.py`), and what another
    transaction does at the same time it would not see. In the order in which everybody locks them.
    """
    if session.ahead is None or not session.ahead.knows_nothing_published(addressee.id):
        query = select(Notification.code).where(
            Notification.addressee_id == addressee.id, Notification.available_at >= since
        )
        session.execute(query.order_by(Notification.code).with_for_update(key_share=True)).all()
    wait_for_turn_to_place(session)


def _moves_only_what_comes(row: RedWindow, closes_at: datetime | None, now: datetime) -> bool:
    """Tell whether the window may close then instead, and nothing that is at disposal comes or goes."""
    ends = [at for at in (row.closes_at, closes_at) if at is not None]
    return row.closes_at == closes_at or all(at >= to_milliseconds(now) for at in ends)


def _window(planned: Planned, assignment: RedAssignment, now: datetime) -> RedWindow:
    """Return a new window."""
    return RedWindow(
        id=uuid7(now),
        addressee_id=assignment.addressee_id,
        assignment=assignment,
        assignment_id=assignment.id,
        red_party=assignment.red_party,
        authorisation=assignment.authorisation,
        opens_at=planned.span.starts_at,
        closes_at=planned.span.ends_at,
    )
