"""The table: whole, without contradiction, and what a state is at an instant."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import AlreadyDecidedError, LifecycleError, NotFoundError
from notigateway.law.deadlines import deadline
from notigateway.law.lifecycle import (
    CONTENT_RELEASED,
    REFUSALS,
    TRANSITIONS,
    UNDECIDED,
    Cause,
    Decision,
    Kind,
    State,
    decided_state,
    diagram,
    effective_state,
    is_content_released,
    next_state,
)
from standings import AVAILABLE_AT, MADRID, MILLISECOND, TEN_DAYS, instants, standing

# What nobody asks for: the clock and the outages do it, and publishing makes a first state.
OF_NOBODY = {Cause.ARRIVE, Cause.LAPSE, Cause.OUTAGE, Cause.PUBLISH}
REPORTS = {cause for cause in Cause if cause.startswith("report_")}
PLACES = [(kind, state) for kind in Kind for state in TRANSITIONS[kind]]


@pytest.mark.parametrize(("kind", "state"), PLACES)
@pytest.mark.parametrize("cause", sorted(set(Cause) - OF_NOBODY))
def test_whatever_is_asked_for_either_moves_or_is_refused(kind: Kind, state: State, cause: Cause) -> None:
    moves = cause in TRANSITIONS[kind][state]
    is_refused = state in REFUSALS[kind].get(cause, {})
    assert moves is not is_refused


def test_nothing_leads_back_to_what_is_undecided() -> None:
    for kind, state in PLACES:
        for cause, after in TRANSITIONS[kind][state].items():
            assert after in TRANSITIONS[kind], (kind, state, cause)
            if state not in UNDECIDED:
                assert after not in UNDECIDED, (kind, state, cause)


def test_only_a_report_moves_what_is_decided() -> None:
    for kind, state in PLACES:
        if state not in UNDECIDED:
            moving = {cause for cause, after in TRANSITIONS[kind][state].items() if after is not state}
            assert moving <= REPORTS, (kind, state)


def test_only_the_clock_leads_to_a_lapse_and_only_acceptance_to_content() -> None:
    for kind, state in PLACES:
        for cause, after in TRANSITIONS[kind][state].items():
            if after is not state:
                assert (after is State.LAPSED) is (cause in {Cause.LAPSE, Cause.REPORT_EXPIRE})
            if after in CONTENT_RELEASED and after is not state:
                assert cause in {Cause.ACCEPT, Cause.REPORT_ACCEPT, Cause.REPORT_PUBLISH}


@pytest.mark.parametrize(("kind", "state"), sorted(set(product(Kind, State)) - set(PLACES)))
@pytest.mark.parametrize("cause", list(Cause))
def test_a_state_that_its_kind_cannot_be_in_never_moves(kind: Kind, state: State, cause: Cause) -> None:
    impossible = standing(state, kind)
    with pytest.raises((LifecycleError, NotFoundError, LookupError)):
        next_state(impossible, cause, AVAILABLE_AT + timedelta(days=1))


def test_a_refusal_tells_which_decision_stands() -> None:
    with pytest.raises(AlreadyDecidedError) as refusal:
        next_state(standing(State.REJECTED), Cause.ACCEPT, AVAILABLE_AT)
    assert refusal.value.facts == {"state": "rejected"}


def test_what_moves_nothing_leaves_the_state_as_it_is_written_down() -> None:
    arrived = standing(State.SCHEDULED)
    assert effective_state(arrived, AVAILABLE_AT) is State.AVAILABLE
    assert next_state(arrived, Cause.EXTEND, AVAILABLE_AT) is State.SCHEDULED


def test_a_decision_leads_to_one_state_or_nowhere() -> None:
    assert decided_state(Kind.NOTIFICATION, Decision.ACCEPT) is State.ACCEPTED
    assert decided_state(Kind.NOTIFICATION, Decision.REJECT) is State.REJECTED
    assert decided_state(Kind.COMMUNICATION, Decision.ACCEPT) is State.READ
    assert decided_state(Kind.COMMUNICATION, Decision.REJECT) is None


def test_content_leaves_only_what_was_accepted_or_read() -> None:
    assert {state for state in State if is_content_released(state)} == {State.ACCEPTED, State.READ}


def test_the_diagram_names_every_cause_that_moves_something() -> None:
    lines = diagram(Kind.COMMUNICATION).splitlines()
    assert lines == [
        "stateDiagram-v2",
        "    [*] --> scheduled: publish",
        "    [*] --> available: publish",
        "    scheduled --> available: arrive",
        "    scheduled --> cancelled: cancel",
        "    scheduled --> read: report_accept",
        "    available --> read: accept, report_accept",
        "    available --> cancelled: cancel",
        "    cancelled --> read: report_accept",
        "    read --> [*]",
        "    cancelled --> [*]",
    ]


# --- what the clock has decided -----------------------------------------------------------------------


@given(instants)
def test_the_tenth_day_is_always_whole(available_at: datetime) -> None:
    day = available_at.astimezone(MADRID).date()
    lapse = deadline(available_at)
    assert lapse.tzinfo is UTC
    assert lapse.astimezone(MADRID).time() == time.min
    assert lapse.astimezone(MADRID).date() == day + timedelta(days=11)
    last_moment = datetime.combine(day + TEN_DAYS, time.max, tzinfo=MADRID)
    assert (
        effective_state(standing(available_at=available_at, lapses_at=lapse), last_moment) is State.AVAILABLE
    )
    assert lapse - available_at.astimezone(UTC) > TEN_DAYS - timedelta(hours=1)


@given(instants, st.sampled_from(sorted(UNDECIDED)))
def test_the_deadline_is_exact_to_the_millisecond(available_at: datetime, state: State) -> None:
    lapse = deadline(available_at)
    subject = standing(state, available_at=available_at, lapses_at=lapse)
    assert effective_state(subject, lapse - MILLISECOND) is not State.LAPSED
    assert effective_state(subject, lapse) is State.LAPSED
    assert effective_state(subject, lapse + MILLISECOND) is State.LAPSED
