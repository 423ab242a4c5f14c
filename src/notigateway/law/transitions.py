"""What each cause does to a notification, as a value: the state, the instant, and what it does to others.

Every function but `publish`, which comes before any state, asks the table (`lifecycle.next_state`) and adds
the condition that only its cause has.
Nothing is written here: `Notification.happen` writes what a transition says. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    AlreadyDecidedError,
    DeadlineNotLaterError,
    LapsedError,
    LifecycleError,
    NoDeadlineError,
)
from notigateway.law.deadlines import EXTENSION_MAX
from notigateway.law.lifecycle import (
    MOVING_NOTHING,
    Cause,
    Decision,
    Nature,
    Standing,
    State,
    is_held,
    next_state,
)
from notigateway.law.reports import check_told

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from notigateway.law.reports import Told

# Nobody is told of these as an event: an arrival was announced, a deadline has its own history, and
# content that is handed over has its receipt at the acceptance.
_WITHOUT_EVENT: Final = frozenset({Cause.ARRIVE, Cause.EXTEND, Cause.OUTAGE, Cause.HAND_OVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What a cause does: `state` begins at `at`.

    The notification moves to it, unless the event is recorded only: then `instead` says what stands, if
    anything does. `nature` is what the state alone does not say. `deadline` is the new one, None where it
    stays.
    """

    cause: Cause
    state: State
    at: datetime
    nature: Nature | None = None
    # The event decides: the first one, at most one of a notification.
    is_decisive: bool = False
    # It takes the place of a decision that stood.
    is_correction: bool = False
    # It was so before: nothing happens.
    is_repeat: bool = False
    instead: type[LifecycleError] | None = None
    deadline: datetime | None = None

    @property
    def is_recorded_only(self) -> bool:
        """Tell whether it is written down and changes nothing."""
        return self.instead is not None or self.nature in MOVING_NOTHING

    @property
    def has_event(self) -> bool:
        """Tell whether it is written down as an event of the notification."""
        return not self.is_repeat and self.cause not in _WITHOUT_EVENT


def publish(*, available_at: datetime, deadline: datetime | None, now: datetime) -> Transition:
    """Put an act at disposal, now or from its own time on."""
    state = State.AVAILABLE if available_at <= now else State.SCHEDULED
    return Transition(cause=Cause.PUBLISH, state=state, at=now, deadline=deadline)


def decide(standing: Standing, decision: Decision, now: datetime) -> Transition:
    """Accept or reject at `now`, as a party.

    Raises: `NotificationUnknownError` before it is at disposal, `LapsedError` from the deadline on,
    `AlreadyDecidedError`, `CancelledError`, and `NotRejectableError` for a communication.
    """
    cause = Cause(decision)
    return Transition(cause=cause, state=next_state(standing, cause, now), at=now, is_decisive=True)


def request_receipt(standing: Standing, now: datetime) -> Transition:
    """Ask at `now` for a receipt to sign: no decision, and no other may be due.

    It may be asked for again, and for the other decision, until one is taken.

    Raises: what `decide` raises; `NotRejectableError` for a communication, which is only ever read.
    """
    cause = Cause.REQUEST_RECEIPT
    state = next_state(standing, cause, now)
    return Transition(cause=cause, state=state, at=now, is_repeat=state is standing.state)


def hand_over(standing: Standing, now: datetime) -> Transition:
    """Hand content over at `now`, which moves nothing; `awaits_handover` tells whether to attest it.

    Raises: `NotAcceptedError`, `RejectedError`, `LapsedError`, `CancelledError`.
    """
    cause = Cause.HAND_OVER
    return Transition(cause=cause, state=next_state(standing, cause, now), at=now)


def awaits_handover(state: State, attested: Iterable[State]) -> bool:
    """Tell whether it was accepted and no receipt attests yet that its content was handed over.

    Opening a communication is its handover, and has the receipt of that.
    """
    return state is State.ACCEPTED and State.READ not in attested


def cancel(standing: Standing, now: datetime) -> Transition:
    """Withdraw it at `now`, as the issuing body: what nobody and no clock has decided.

    Raises: `LapsedError`, `AlreadyDecidedError`.
    """
    cause = Cause.CANCEL
    state = next_state(standing, cause, now)
    return Transition(cause=cause, state=state, at=now, is_decisive=True, is_repeat=state is standing.state)


def extend(standing: Standing, until: datetime, now: datetime) -> Transition:
    """Move an unexpired deadline to a later instant; an expired one never (Ley 39/2015 art. 32.3).

    While an outage holds it, a deadline may have passed and not expired: its extension lies ahead all the
    same, since a term that ended before it was given gives nothing.

    Raises: `LapsedError`, `AlreadyDecidedError`, `NoDeadlineError`; `DeadlineNotLaterError` with the fact
    `field`.
    """
    cause = Cause.EXTEND
    state = next_state(standing, cause, now)
    if standing.deadline is None:
        raise NoDeadlineError
    if not max(standing.deadline, now) < until <= now + EXTENSION_MAX:
        raise DeadlineNotLaterError(field="deadline")
    return Transition(cause=cause, state=state, at=now, deadline=until)


def comes_first(standing: Standing, at: datetime, now: datetime) -> bool:
    """Tell whether an event of that instant is the first: before the standing one and the deadline.

    The earliest event wins, whoever tells of it first (Ley 39/2015 art. 41.7; RD 203/2021 art. 42.1); of
    two at one instant, the one that was recorded first. The clock's stands at the deadline, whether it is
    written down yet or not.
    """
    if standing.deadline is not None and at >= standing.deadline and not is_held(standing, now):
        return False
    return standing.decided_at is None or at < standing.decided_at


def report(standing: Standing, told: Told, now: datetime) -> Transition:
    """Take note at `now` of what another channel told; it may decide, correct or neither.

    Raises: `ReportInvalidError` with the fact `field`; `NotRejectableError`.
    """
    check_told(told, standing, now)
    cause, nature, at = told.what.cause, told.what.nature, told.at
    state, has_standing = next_state(standing, cause, now), standing.decided_at is not None
    if nature in MOVING_NOTHING:
        # It was at disposal for all that, and stays so.
        return Transition(cause=cause, state=State.AVAILABLE, at=at, nature=nature)
    if comes_first(standing, at, now):
        return Transition(
            cause=cause, state=state, at=at, nature=nature, is_decisive=True, is_correction=has_standing
        )
    instead = AlreadyDecidedError if has_standing else LapsedError
    return Transition(cause=cause, state=state, at=at, nature=nature, instead=instead)


def arrive(standing: Standing, now: datetime) -> Transition:
    """Come to be at disposal: the time for which it was published. Raises: `LookupError` before that."""
    if now < standing.available_at:
        raise LookupError("its time has not come")
    cause = Cause.ARRIVE
    return Transition(cause=cause, state=next_state(standing, cause, now), at=standing.available_at)


def lapse(standing: Standing, now: datetime) -> Transition:
    """Lapse, at the deadline: the term has passed without access (Ley 39/2015 art. 43.2).

    What is written down is final, so it waits for every outage that began before the deadline and may
    still move it, also for one that may yet turn out short: nothing is said to have lapsed too early.

    Raises: `LookupError` for what is in time, may be moved, or is decided: nobody asks but the clock.
    """
    deadline, since = standing.deadline, standing.outage_since
    if deadline is None or now < deadline or (since is not None and since < deadline):
        raise LookupError("its term has not passed for good")
    cause = Cause.LAPSE
    return Transition(cause=cause, state=next_state(standing, cause, now), at=deadline, is_decisive=True)


def suspend(standing: Standing, until: datetime, now: datetime) -> Transition:
    """Move the deadline to that instant, by the days of an outage: never to an earlier one.

    Raises: `LookupError` for what is decided, and for what is not later.
    """
    if standing.deadline is None or until <= standing.deadline:
        raise LookupError("an outage moves a deadline to a later instant")
    cause = Cause.OUTAGE
    return Transition(cause=cause, state=next_state(standing, cause, now), at=now, deadline=until)
