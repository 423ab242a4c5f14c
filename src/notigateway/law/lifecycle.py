"""The life of a notification, as one table; everything that moves one stands here. Pure.

The rule. A notification is at disposal from its instant until its deadline; the first of accept,
reject or the clock decides, and what is decided stays decided. In detail:

* Published for later it is *scheduled* and does not exist yet for any party; its time makes it *available*.
  Asking for a receipt to sign (the *acuse* of the Social
  Security's contract) decides nothing (*receipt requested*).
* While it is at disposal its addressee may *accept* it, which releases its content, or *reject* it. From
  the deadline on it has *lapsed* (Ley 39/2015 art. 43.2): the clock decides, whoever writes it down.
* While nothing has decided, from its publication on, the issuing body may withdraw it (*cancelled*) and
  extend its deadline (art. 32), and outages may move that (Orden ISM/903/2020 art. 8.4).
* What happened in another channel is reported. The earliest event wins (art. 41.7), also one from before it
  was at disposal here (art. 42.1): a report of one before the decision that stands, even the clock's, takes
  its place; any other is kept on record only, as is what decides nothing there (`reports.py`).
* A communication has no legal effect (Orden ISM/903/2020 art. 1.2.c): it is *read* or withdrawn, can be
  neither rejected nor signed for, and never lapses.
* A row that leads to the state it comes from moves nothing: what is done already is a repeat.

`TRANSITIONS` says what each cause does to each state, `REFUSALS` why not; `next_state` decides
by them. What more a cause needs (an instant, a new deadline) is in `transitions.py`. No reading of
the clock: `now` is always passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from notigateway.errors import (
    AlreadyDecidedError,
    CancelledError,
    LapsedError,
    LifecycleError,
    NoDeadlineError,
    NotAcceptedError,
    NotificationUnknownError,
    NotRejectableError,
    RejectedError,
    ReportInvalidError,
)
from notigateway.law.deadlines import OUTAGE_MORE_THAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


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


UNDECIDED: Final = frozenset({State.SCHEDULED, State.AVAILABLE, State.RECEIPT_REQUESTED})
CONTENT_RELEASED: Final = frozenset({State.ACCEPTED, State.READ})


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


class Nature(StrEnum):
    """What an event is where its state alone does not say it.

    Of other channels: the term ended there, paper was refused, the act was published in the BOE; nobody was
    met, the addressee is dead. Here: content was read for information (`information.py`).
    """

    EXPIRED = "expired"
    REFUSED = "refused"
    PUBLISHED = "published"
    ABSENT = "absent"
    DECEASED = "deceased"
    INFORMATION = "information"


# On record, and without any effect.
MOVING_NOTHING: Final = frozenset({Nature.ABSENT, Nature.DECEASED, Nature.INFORMATION})


class Cause(StrEnum):
    """What makes something happen to a notification: its addressee, its issuing body, or the clock."""

    ACCEPT = "accept"
    REJECT = "reject"
    REQUEST_RECEIPT = "request_receipt"
    HAND_OVER = "hand_over"
    INFORM = "inform"
    PUBLISH = "publish"
    CANCEL = "cancel"
    EXTEND = "extend"
    REPORT_ACCEPT = "report_accept"
    REPORT_REJECT = "report_reject"
    REPORT_EXPIRE = "report_expire"
    REPORT_PUBLISH = "report_publish"
    REPORT_ATTEMPT = "report_attempt"
    ARRIVE = "arrive"
    OUTAGE = "outage"
    LAPSE = "lapse"


_REPORTED: Final = {
    Cause.REPORT_ACCEPT: State.ACCEPTED,
    Cause.REPORT_REJECT: State.REJECTED,
    Cause.REPORT_EXPIRE: State.LAPSED,
    # Notified by an announcement (Ley 39/2015 art. 44), so that the terms of the act run: its content is no
    # longer held back from who must answer it.
    Cause.REPORT_PUBLISH: State.ACCEPTED,
}
_REPORTED_READ: Final = {Cause.REPORT_ACCEPT: State.READ}
_AT_DISPOSAL: Final = {
    Cause.ACCEPT: State.ACCEPTED,
    Cause.REJECT: State.REJECTED,
    Cause.REQUEST_RECEIPT: State.RECEIPT_REQUESTED,
    Cause.CANCEL: State.CANCELLED,
    Cause.LAPSE: State.LAPSED,
    **_REPORTED,
}

FIRST_STATES: Final = (State.SCHEDULED, State.AVAILABLE)
_MOVING: Final[Mapping[Kind, Mapping[State, Mapping[Cause, State]]]] = {
    Kind.NOTIFICATION: {
        State.SCHEDULED: {
            Cause.ARRIVE: State.AVAILABLE,
            Cause.CANCEL: State.CANCELLED,
            Cause.EXTEND: State.SCHEDULED,
            **_REPORTED,
        },
        State.AVAILABLE: {
            **_AT_DISPOSAL,
            Cause.EXTEND: State.AVAILABLE,
            Cause.OUTAGE: State.AVAILABLE,
        },
        State.RECEIPT_REQUESTED: {
            **_AT_DISPOSAL,
            Cause.EXTEND: State.RECEIPT_REQUESTED,
            Cause.OUTAGE: State.RECEIPT_REQUESTED,
        },
        State.ACCEPTED: {Cause.HAND_OVER: State.ACCEPTED, **_REPORTED},
        State.REJECTED: _REPORTED,
        State.LAPSED: _REPORTED,
        State.CANCELLED: {Cause.CANCEL: State.CANCELLED, **_REPORTED},
    },
    Kind.COMMUNICATION: {
        State.SCHEDULED: {
            Cause.ARRIVE: State.AVAILABLE,
            Cause.CANCEL: State.CANCELLED,
            **_REPORTED_READ,
        },
        State.AVAILABLE: {Cause.ACCEPT: State.READ, Cause.CANCEL: State.CANCELLED, **_REPORTED_READ},
        State.READ: {Cause.HAND_OVER: State.READ, **_REPORTED_READ},
        State.CANCELLED: {Cause.CANCEL: State.CANCELLED, **_REPORTED_READ},
    },
}
# An attempt that failed moves nothing, wherever it meets a notification; nor does reading for information.
_DECIDED_BY_NOW: Final = frozenset({State.ACCEPTED, State.REJECTED, State.LAPSED, State.READ})
TRANSITIONS: Final[Mapping[Kind, Mapping[State, Mapping[Cause, State]]]] = {
    kind: {
        state: {
            **causes,
            Cause.REPORT_ATTEMPT: state,
            **({Cause.INFORM: state} if state in _DECIDED_BY_NOW else {}),
        }
        for state, causes in states.items()
    }
    for kind, states in _MOVING.items()
}

_Refusals = dict[State, type[LifecycleError | NotificationUnknownError]]
_DECIDED: Final[_Refusals] = {
    State.ACCEPTED: AlreadyDecidedError,
    State.REJECTED: AlreadyDecidedError,
    State.READ: AlreadyDecidedError,
    State.LAPSED: LapsedError,
}
_TO_A_PARTY: Final[_Refusals] = {
    **_DECIDED,
    State.SCHEDULED: NotificationUnknownError,  # before its time it does not exist for any party
    State.CANCELLED: CancelledError,
}
_OF_A_DEADLINE: Final[_Refusals] = {**_DECIDED, State.CANCELLED: AlreadyDecidedError}
_OF_CONTENT: Final[_Refusals] = {
    **dict.fromkeys(UNDECIDED, NotAcceptedError),
    State.REJECTED: RejectedError,
    State.LAPSED: LapsedError,
    State.CANCELLED: CancelledError,
}
_OF_INFORMATION: Final[_Refusals] = {
    **dict.fromkeys(UNDECIDED, NotAcceptedError),
    State.CANCELLED: CancelledError,
}
# The clock and its outages are not here: nobody asks for what they do, so nobody is refused.
REFUSALS: Final[Mapping[Kind, Mapping[Cause, _Refusals]]] = {
    Kind.NOTIFICATION: {
        Cause.ACCEPT: _TO_A_PARTY,
        Cause.REJECT: _TO_A_PARTY,
        Cause.REQUEST_RECEIPT: _TO_A_PARTY,
        Cause.HAND_OVER: _OF_CONTENT,
        Cause.INFORM: _OF_INFORMATION,
        Cause.CANCEL: _DECIDED,
        Cause.EXTEND: _OF_A_DEADLINE,
    },
    Kind.COMMUNICATION: {
        Cause.ACCEPT: _TO_A_PARTY,
        Cause.REJECT: {**_TO_A_PARTY, State.AVAILABLE: NotRejectableError},
        Cause.REQUEST_RECEIPT: dict.fromkeys(State, NotRejectableError),
        Cause.HAND_OVER: _OF_CONTENT,
        Cause.INFORM: _OF_INFORMATION,
        Cause.CANCEL: _DECIDED,
        Cause.EXTEND: {**dict.fromkeys(UNDECIDED, NoDeadlineError), **_OF_A_DEADLINE},
        Cause.REPORT_REJECT: dict.fromkeys(State, NotRejectableError),
        Cause.REPORT_EXPIRE: dict.fromkeys(State, NotRejectableError),
        Cause.REPORT_PUBLISH: dict.fromkeys(State, ReportInvalidError),
    },
}


@dataclass(frozen=True)
class Standing:
    """What the rule needs to know of one notification; `decided_at` is when the standing event decided."""

    kind: Kind
    state: State
    available_at: datetime
    deadline: datetime | None
    # Since when an outage lasts, or is over and has not moved every deadline yet.
    outage_since: datetime | None = None
    decided_at: datetime | None = None


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


def next_state(standing: Standing, cause: Cause, now: datetime) -> State:
    """Return the state that a cause leads to at `now`: the stored one where nothing moves.

    Raises: the refusal of `REFUSALS`, `AlreadyDecidedError` with the fact `state`; `LookupError` for what
    nobody can ask for.
    """
    before = _acted_on(standing, cause, now)
    after = TRANSITIONS[standing.kind].get(before, {}).get(cause)
    if after is not None:
        # A lapse that was only computed is written down by what confirms it.
        return standing.state if after is before is not State.LAPSED else after
    refusal = REFUSALS[standing.kind].get(cause, {}).get(before)
    if refusal is None:
        raise LookupError(f"{cause} cannot come to a {standing.kind} that is {before}")
    if refusal is AlreadyDecidedError:
        raise AlreadyDecidedError(state=str(before))
    raise refusal


def _acted_on(standing: Standing, cause: Cause, now: datetime) -> State:
    """Return the state that a cause meets: the effective one, but the clock meets what is written down."""
    if cause is Cause.ARRIVE:
        return standing.state
    if cause in {Cause.LAPSE, Cause.OUTAGE}:
        has_arrived = standing.state is State.SCHEDULED and standing.available_at <= now
        return State.AVAILABLE if has_arrived else standing.state
    return effective_state(standing, now)


def decided_state(kind: Kind, decision: Decision) -> State | None:
    """Return the state that a decision leads to; None where such a thing cannot be decided."""
    return TRANSITIONS[kind][State.AVAILABLE].get(Cause(decision))


def is_content_released(state: State) -> bool:
    """Tell whether the documents may leave the store: after acceptance only (Ley 39/2015 art. 43.1)."""
    return state in CONTENT_RELEASED


def diagram(kind: Kind) -> str:
    """Return the table as a Mermaid state diagram; what moves nothing is left out."""
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in _arrows(kind))])


def _arrows(kind: Kind) -> Iterator[str]:
    """Yield the arrows of a diagram: in, between the states with their causes, and out."""
    for state in FIRST_STATES:
        yield f"[*] --> {state}: {Cause.PUBLISH}"
    for before, causes in TRANSITIONS[kind].items():
        for after in dict.fromkeys(causes.values()):
            if after is not before:
                named = ", ".join(cause for cause, state in causes.items() if state is after)
                yield f"{before} --> {after}: {named}"
    for state in TRANSITIONS[kind]:
        if state not in UNDECIDED:
            yield f"{state} --> [*]"
