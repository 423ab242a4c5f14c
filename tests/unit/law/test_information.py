"""Reading for information: what may be read, until when, and that it never moves anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import (
    CancelledError,
    InformationEndedError,
    LapseNotFinalError,
    LifecycleError,
    NotAcceptedError,
)
from notigateway.law.information import INFORMATION_YEARS, inform, information_until
from notigateway.law.lifecycle import TRANSITIONS, Kind, Nature, Standing, State, effective_state
from notigateway.law.representation import years_after
from standings import AVAILABLE_AT, LAPSES_AT, MILLISECOND, TEN_DAYS, madrid, standing

REJECTED_AT = AVAILABLE_AT + TEN_DAYS / 2
LAPSED = replace(standing(State.LAPSED), decided_at=LAPSES_AT)
REJECTED = replace(standing(State.REJECTED), decided_at=REJECTED_AT)


@pytest.mark.parametrize(("item", "since"), [(LAPSED, LAPSES_AT), (REJECTED, REJECTED_AT)])
def test_what_lapsed_or_was_rejected_is_read_for_two_years(item: Standing, since: datetime) -> None:
    until = years_after(since, 2)
    assert information_until(item, since) == until
    for now in (since, until - MILLISECOND):
        read = inform(item, now)
        assert (read.at, read.nature, read.state) == (now, Nature.INFORMATION, State.READ)
        assert (read.is_recorded_only, read.is_decisive, read.deadline) == (True, False, None)
    with pytest.raises(InformationEndedError):
        inform(item, until)


def test_years_are_those_of_the_calendar_in_madrid() -> None:
    leap = replace(REJECTED, decided_at=madrid("2028-02-29T23:30"))
    assert information_until(leap, madrid("2028-03-01T00:00")) == madrid("2030-02-28T23:30")


def test_by_policy_for_other_years_or_not_at_all() -> None:
    assert information_until(LAPSED, LAPSES_AT, years=5) == years_after(LAPSES_AT, 5)
    with pytest.raises(InformationEndedError):
        inform(LAPSED, LAPSES_AT, years=0)


@pytest.mark.parametrize("state", [State.SCHEDULED, State.AVAILABLE, State.RECEIPT_REQUESTED])
def test_what_nothing_has_decided_is_never_read(state: State) -> None:
    item = standing(state)
    for now in (AVAILABLE_AT - MILLISECOND, AVAILABLE_AT, LAPSES_AT - MILLISECOND):
        assert information_until(item, now) is None
        with pytest.raises(NotAcceptedError):
            inform(item, now)


def test_a_lapse_that_an_outage_may_take_back_is_not_read_yet() -> None:
    assert information_until(standing(), LAPSES_AT) == years_after(LAPSES_AT, INFORMATION_YEARS)
    with pytest.raises(LapseNotFinalError):
        inform(standing(), LAPSES_AT)
    held = replace(standing(), outage_since=LAPSES_AT - timedelta(days=1))
    with pytest.raises(NotAcceptedError):
        inform(held, LAPSES_AT)


def test_what_was_withdrawn_is_not_read() -> None:
    with pytest.raises(CancelledError):
        inform(replace(standing(State.CANCELLED), decided_at=REJECTED_AT), LAPSES_AT)


def test_a_request_that_waited_is_of_the_decision_at_the_earliest() -> None:
    assert inform(REJECTED, REJECTED_AT - MILLISECOND).at == REJECTED_AT


PLACES = [place for place in product(Kind, State) if place[1] in TRANSITIONS[place[0]]]


@given(
    st.sampled_from(PLACES),
    st.timedeltas(timedelta(days=-3), timedelta(days=1200)),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=12)),
)
def test_content_of_what_is_undecided_is_never_given(
    place: tuple[Kind, State], since: timedelta, outage: timedelta | None
) -> None:
    kind, state = place
    is_final = state in {State.LAPSED, State.REJECTED, State.ACCEPTED, State.READ, State.CANCELLED}
    item = replace(
        standing(state, kind, lapses_at=LAPSES_AT if kind is Kind.NOTIFICATION else None),
        decided_at=REJECTED_AT if is_final else None,
        outage_since=None if outage is None else AVAILABLE_AT + outage,
    )
    now = AVAILABLE_AT + since
    try:
        read = inform(item, now)
    except LifecycleError:
        return
    assert item.state in {State.LAPSED, State.REJECTED, State.ACCEPTED, State.READ}
    assert effective_state(item, now) is item.state
    assert read.is_recorded_only
