"""What an issuing body does with what it has issued: cancel, extend, follow what became of it.

Everything is named by the body's own reference, so the act of another body is simply not found. Each
operation takes many and repeats harmlessly; one bad item never fails its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from notigateway.cursors import read_place, write_place
from notigateway.errors import ActUnknownError, IssuingBodyUnknownError, LifecycleError, TextInvalidError
from notigateway.instants import to_milliseconds
from notigateway.law.caller import Circumstances
from notigateway.law.deadlines import DeadlineCause
from notigateway.law.texts import check_reason
from notigateway.law.transitions import cancel, extend
from notigateway.receipts.recording import record_request
from notigateway.repository import issuer
from notigateway.repository.employees import find_employee
from notigateway.repository.outages import move_deadlines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row

    from notigateway.contract.issuing_v1 import Cancellation, Extension
    from notigateway.errors import GatewayError
    from notigateway.law.lifecycle import State
    from notigateway.receipts.asking import Asking
    from notigateway.repository.model import Event, IssuingBody, Notification, Receipt
    from notigateway.repository.session import Session


@dataclass(frozen=True)
class Result:
    """What became of one item; `standing` is the event that decided, `field` what of the item is wrong.

    A report that came too late to decide is recorded only: `problem` says what stands instead. One that
    decides nothing anyway has no problem.
    """

    reference: str
    problem: type[GatewayError] | None = None
    notification: Notification | None = None
    state: State | None = None
    standing: Event | None = None
    receipt: Receipt | None = None
    is_repeat: bool = False
    is_correction: bool = False
    is_recorded_only: bool = False
    field: str | None = None


@dataclass(frozen=True)
class OutcomePage:
    """Some events of the body's acts in commit order; `next_cursor` goes on after them, now or later."""

    rows: Sequence[Row[int, Event, Receipt | None, Notification, str]]
    next_cursor: str | None
    has_more: bool


def body_of(session: Session, asking: Asking, dir3: str) -> IssuingBody:
    """Return the issuing body as which the caller acts: by its seal, or as an employee of that very one.

    Raises: `IssuingBodyUnknownError`, also for one that exists and is not the caller's.
    """
    caller = asking.caller
    body = issuer.find_body_of(session, dir3=dir3, nif=asking.party)
    if body is None:
        raise IssuingBodyUnknownError
    if caller.employer is not None and not find_employee(
        session, employer=caller.employer, nif=caller.signer, dir3=dir3, now=asking.now
    ):
        raise IssuingBodyUnknownError("an employee of another unit")
    return body


def stated(result: Result, now: datetime) -> Result:
    """Return the result with the state of its notification, read while the transaction lasts."""
    if result.notification is None:
        return result
    row = result.notification
    return replace(result, state=row.state_at(earliest_for(row, now)))


def earliest_for(notification: Notification, now: datetime) -> datetime:
    """Return `now`, or the instant of the publication where that is later.

    A request reads the clock at the door and the row when its turn comes: meanwhile another worker, or one
    whose clock is ahead, may have published what it names. Nothing comes to a notification before that.
    """
    return max(now, notification.events[0].at)


def cancel_all(
    session: Session, asking: Asking, body: IssuingBody, items: Sequence[Cancellation]
) -> list[Result]:
    """Withdraw each notification that nobody and no clock has decided.

    The signed request is kept; there is no receipt: to the addressee nothing happened.
    """
    rows = issuer.lock_issued(session, body, [item.reference for item in items])
    results = [stated(_cancel(item, rows.get(item.reference), asking, body), asking.now) for item in items]
    _keep_request(session, results, asking)
    return results


def _cancel(
    item: Cancellation, notification: Notification | None, asking: Asking, body: IssuingBody
) -> Result:
    """Withdraw one notification or say why not."""
    if notification is None:
        return Result(item.reference, ActUnknownError)
    try:
        check_reason(item.reason)
        now = earliest_for(notification, asking.now)
        transition = cancel(notification.standing, now)
    except (LifecycleError, TextInvalidError) as refusal:
        return _refused(item.reference, notification, refusal)
    if transition.is_repeat:
        # A repeat is idempotent: what was withdrawn stays withdrawn.
        standing = notification.decisive_event()
        return Result(item.reference, notification=notification, standing=standing, is_repeat=True)
    told = Circumstances(
        party=body.nif,
        party_name=body.name,
        signer=asking.caller.signer,
        signer_name=asking.caller.signer_name,
        reason=item.reason,
        correlation_id=asking.proof.correlation_id,
    )
    event = notification.happen(transition, told, now=now)
    return Result(item.reference, notification=notification, standing=event)


def _refused(
    reference: str, notification: Notification, refusal: LifecycleError | TextInvalidError
) -> Result:
    """Return the refusal, with who decided, where and when if anybody did; or with the field."""
    standing = notification.decisive_event()
    return Result(
        reference,
        type(refusal),
        notification=notification,
        standing=standing,
        receipt=notification.receipt_of(standing),
        field=field_of(refusal),
    )


def field_of(refusal: GatewayError) -> str | None:
    """Return which field of an item is wrong, where it is one."""
    field = refusal.facts.get("field")
    return None if field is None else str(field)


def extend_all(
    session: Session, asking: Asking, body: IssuingBody, items: Sequence[Extension]
) -> list[Result]:
    """Move each unexpired deadline to a later instant; an expired one never (Ley 39/2015 art. 32.3)."""
    rows = issuer.lock_issued(session, body, [item.reference for item in items])
    results = [stated(_extend(session, item, rows.get(item.reference), asking), asking.now) for item in items]
    _keep_request(session, results, asking)
    return results


def _extend(session: Session, item: Extension, notification: Notification | None, asking: Asking) -> Result:
    """Move one deadline or say why not."""
    if notification is None:
        return Result(item.reference, ActUnknownError)
    wanted = to_milliseconds(item.deadline)
    if issuer.has_extension(session, notification, wanted):
        return Result(item.reference, notification=notification, is_repeat=True)
    try:
        check_reason(item.reason)
        transition = extend(notification.standing, wanted, earliest_for(notification, asking.now))
    except (LifecycleError, TextInvalidError) as refusal:
        return _refused(item.reference, notification, refusal)
    move_deadlines(
        session,
        {notification: transition},
        cause=DeadlineCause.EXTENSION,
        by=notification.act.issuing_body.dir3,
        reason=item.reason,
    )
    return Result(item.reference, notification=notification)


def _keep_request(session: Session, results: Sequence[Result], asking: Asking) -> None:
    """Keep the signed request if anything was done by it."""
    if any(result.problem is None and not result.is_repeat for result in results):
        record_request(session, asking)


def list_outcomes(session: Session, *, body: IssuingBody, cursor: str | None, page_size: int) -> OutcomePage:
    """Return what became of the body's acts since the cursor, in commit order, from any channel.

    Raises: `InvalidCursorError`.
    """
    belongs_to = ("outcomes", body.dir3)
    (after,) = (0,) if cursor is None else read_place(cursor, count=1, belongs_to=belongs_to)
    # One row more than asked for tells whether another page follows.
    rows = issuer.list_outcomes(session, body, after=after, limit=page_size + 1)
    shown = rows[:page_size]
    next_cursor = write_place([shown[-1].position], belongs_to=belongs_to) if shown else cursor
    return OutcomePage(shown, next_cursor, has_more=len(rows) > page_size)
