"""The rule of law, pure: states, deadline, what the clock has decided, what a party may decide.

A notification is at disposal until its deadline; the first of accept, reject or the clock decides.
No I/O, no third-party import, no reading of the clock: `now` is always passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from notigateway.errors import (
    AlreadyDecidedError,
    CancelledError,
    LapsedError,
    LifecycleError,
    NotificationUnknownError,
    NotRejectableError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

MADRID = ZoneInfo("Europe/Madrid")
TERM_NATURAL_DAYS = 10  # Ley 39/2015 art. 43.2
OUTAGE_MORE_THAN = timedelta(hours=12)  # Orden ISM/903/2020 art. 8.4


class Kind(StrEnum):
    """What was put at disposal: only a notification has legal effect (Orden ISM/903/2020 art. 1.2.c)."""

    NOTIFICATION = "notification"
    COMMUNICATION = "communication"


class State(StrEnum):
    """Where a notification stands; `effective_state` adds what the clock has decided meanwhile."""

    SCHEDULED = "scheduled"
    AVAILABLE = "available"
    RECEIPT_REQUESTED = "receipt_requested"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    LAPSED = "lapsed"
    READ = "read"
    CANCELLED = "cancelled"


UNDECIDED = frozenset({State.SCHEDULED, State.AVAILABLE, State.RECEIPT_REQUESTED})
CONTENT_RELEASED = frozenset({State.ACCEPTED, State.READ})


class Decision(StrEnum):
    """What a party can decide."""

    ACCEPT = "accept"
    REJECT = "reject"


class Channel(StrEnum):
    """Where a decision happened."""

    WEB_SERVICE = "web_service"
    SEDE = "sede"
    DEHU = "dehu"
    CITIZEN_FOLDER = "citizen_folder"
    POSTAL = "postal"
    IN_PERSON = "in_person"


@dataclass(frozen=True)
class Standing:
    """What the rule needs to know of one notification."""

    kind: Kind
    state: State
    available_at: datetime
    deadline: datetime | None
    # Since when an outage lasts, or is over and has not moved every deadline yet.
    outage_since: datetime | None = None


class DeadlineCause(StrEnum):
    """Why a deadline was moved."""

    OUTAGE = "outage"
    EXTENSION = "extension"


@dataclass(frozen=True)
class Outage:
    """A time in which the service could not be reached; `ended_at` is None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None


def suspended_days(outages: Iterable[Outage], now: datetime) -> frozenset[date]:
    """Return the Madrid days on which the clock stood still (Orden ISM/903/2020 art. 8.4).

    An outage of more than 12 hours takes its days from the first to the last one, both included. One
    that lasts is taken as it stands at `now`.
    """
    days: set[date] = set()
    for outage in outages:
        # Hours are counted in UTC: two instants of one zone would be subtracted as clock faces.
        start = outage.started_at.astimezone(UTC)
        end = (outage.ended_at or max(now, start)).astimezone(UTC)
        if end - start > OUTAGE_MORE_THAN:
            day, last = start.astimezone(MADRID).date(), end.astimezone(MADRID).date()
            days.update(day + timedelta(days=n) for n in range((last - day).days + 1))
    return frozenset(days)


def deadline(
    available_at: datetime,
    *,
    suspended: Collection[date] = frozenset(),
    is_working_day: Callable[[date], bool] | None = None,
) -> datetime:
    """Return the instant at which a notification lapses: 00:00 after its last day in Madrid, in UTC.

    The day it is put at disposal (D, a date in Europe/Madrid) does not count; the tenth counted day
    after it is the last one (Ley 39/2015 art. 43.2 with art. 30.3): D+10, so it lapses at 00:00 of
    D+11. Days, not hours: a day of 23 or 25 hours is one day. `suspended` days do not count. With
    `is_working_day` the last day moves to the next working one (art. 30.5 is left open: a policy).
    """
    day, counted = available_at.astimezone(MADRID).date(), 0
    while counted < TERM_NATURAL_DAYS:
        day += timedelta(days=1)
        counted += day not in suspended
    while is_working_day is not None and (day in suspended or not is_working_day(day)):
        day += timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=MADRID).astimezone(UTC)


def postponed(until: datetime, *, since: datetime, suspended: Collection[date]) -> datetime:
    """Return a deadline that was fixed at `since`, moved by the days on which the clock stood still.

    As many days remain as when it was fixed; the time of the day stays. So an outage does not take
    back what the issuing body has added (Orden ISM/903/2020 art. 8.4 with Ley 39/2015 art. 32).
    """
    day, end = since.astimezone(MADRID).date(), until.astimezone(MADRID)
    # 00:00 ends the day before; any other time is in the last day.
    last = (end - timedelta(microseconds=1)).date()
    left, moved = (last - day).days, day
    while left > 0:
        moved += timedelta(days=1)
        left -= moved not in suspended
    return (end + max(moved - last, timedelta(0))).astimezone(UTC)


def is_held(standing: Standing, now: datetime) -> bool:
    """Tell whether an outage of more than 12 hours, begun before the deadline, may still move it.

    Then nothing has lapsed, even if nobody has computed the new deadline yet.
    """
    since, deadline = standing.outage_since, standing.deadline
    if since is None or deadline is None:
        return False
    return since < deadline and now - since > OUTAGE_MORE_THAN


def effective_state(standing: Standing, now: datetime) -> State:
    """Return the state at `now`: lapse and arrival are computed, never waited for."""
    if standing.state not in UNDECIDED:
        return standing.state
    if now < standing.available_at:
        return State.SCHEDULED
    if standing.deadline is not None and now >= standing.deadline and not is_held(standing, now):
        return State.LAPSED
    return State.AVAILABLE if standing.state is State.SCHEDULED else standing.state


def decide(standing: Standing, decision: Decision, now: datetime) -> State:
    """Return the state that a decision taken at `now` leads to.

    Raises `NotificationUnknownError` before it is at disposal, `LapsedError` from the deadline on,
    `AlreadyDecidedError`, `CancelledError`, and `NotRejectableError` for a communication.
    """
    state = effective_state(standing, now)
    refusals: dict[State, type[LifecycleError | NotificationUnknownError]] = {
        State.SCHEDULED: NotificationUnknownError,  # before its time it does not exist for anybody
        State.LAPSED: LapsedError,
        State.CANCELLED: CancelledError,
        State.ACCEPTED: AlreadyDecidedError,
        State.REJECTED: AlreadyDecidedError,
        State.READ: AlreadyDecidedError,
    }
    if state in refusals:
        raise refusals[state]
    if standing.kind is Kind.COMMUNICATION:
        if decision is Decision.REJECT:
            raise NotRejectableError
        return State.READ
    return State.ACCEPTED if decision is Decision.ACCEPT else State.REJECTED


def request_receipt(standing: Standing, now: datetime) -> State:
    """Return the state once a receipt to sign is asked for at `now`: no decision, and no other may be due.

    It may be asked for again, and for the other decision, until one is taken.

    Raises: what `decide` raises; `NotRejectableError` for a communication, which is only ever read.
    """
    if standing.kind is Kind.COMMUNICATION:
        raise NotRejectableError
    decide(standing, Decision.ACCEPT, now)
    return State.RECEIPT_REQUESTED
