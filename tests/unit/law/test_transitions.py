"""What each cause does, and what more it needs than its row in the table."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import (
    AlreadyDecidedError,
    CancelledError,
    DeadlineNotLaterError,
    GatewayError,
    LapsedError,
    NoDeadlineError,
    NotAcceptedError,
    NotificationUnknownError,
    NotRejectableError,
    RejectedError,
    ReportInvalidError,
)
from notigateway.law.deadlines import EXTENSION_MAX, deadline
from notigateway.law.lifecycle import (
    TRANSITIONS,
    Cause,
    Channel,
    Decision,
    Kind,
    Nature,
    Standing,
    State,
    effective_state,
)
from notigateway.law.reports import BEFORE_DISPOSAL_MAX, Reported, Told
from notigateway.law.transitions import (
    Transition,
    arrive,
    awaits_handover,
    cancel,
    comes_first,
    decide,
    extend,
    hand_over,
    lapse,
    publish,
    report,
    request_receipt,
    suspend,
)
from standings import AVAILABLE_AT, LAPSES_AT, MILLISECOND, TEN_DAYS, instants, madrid, standing

# --- parties ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_is_in_time_until_the_millisecond_before_the_deadline(decision: Decision) -> None:
    lapse = LAPSES_AT
    expected = State.ACCEPTED if decision is Decision.ACCEPT else State.REJECTED
    assert decide(standing(), decision, lapse - MILLISECOND).state is expected
    for late in (lapse, lapse + MILLISECOND, lapse + TEN_DAYS):
        with pytest.raises(LapsedError):
            decide(standing(), decision, late)


def test_voluntary_access_never_lapses() -> None:
    forever = standing(lapses_at=None)
    assert decide(forever, Decision.ACCEPT, madrid("2096-01-01T00:00")).state is State.ACCEPTED


def test_a_scheduled_notification_does_not_exist_before_its_time() -> None:
    scheduled = standing(State.SCHEDULED)
    with pytest.raises(NotificationUnknownError):
        decide(scheduled, Decision.ACCEPT, scheduled.available_at - MILLISECOND)
    assert effective_state(scheduled, scheduled.available_at) is State.AVAILABLE
    assert decide(scheduled, Decision.ACCEPT, scheduled.available_at).state is State.ACCEPTED


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (State.ACCEPTED, AlreadyDecidedError),
        (State.REJECTED, AlreadyDecidedError),
        (State.READ, AlreadyDecidedError),
        (State.LAPSED, LapsedError),
        (State.CANCELLED, CancelledError),
    ],
)
@pytest.mark.parametrize("decision", list(Decision))
def test_what_is_final_stays(state: State, refusal: type[GatewayError], decision: Decision) -> None:
    with pytest.raises(refusal):
        decide(standing(state), decision, madrid("2026-11-03T10:00"))


def test_a_communication_can_be_read_at_any_time_but_not_rejected() -> None:
    communication = standing(kind=Kind.COMMUNICATION, lapses_at=None)
    later = madrid("2036-01-01T00:00")
    assert decide(communication, Decision.ACCEPT, later).state is State.READ
    with pytest.raises(NotRejectableError):
        decide(communication, Decision.REJECT, later)


@given(
    st.sampled_from([(kind, state) for kind in Kind for state in TRANSITIONS[kind]]),
    st.sampled_from(list(Decision)),
    instants,
    instants,
)
def test_every_decision_ends_in_a_final_state_or_a_refusal_of_ours(
    place: tuple[Kind, State], decision: Decision, available_at: datetime, now: datetime
) -> None:
    kind, state = place
    lapses_at = deadline(available_at) if kind is Kind.NOTIFICATION else None
    subject = standing(state, kind, available_at, lapses_at)
    before = effective_state(subject, now)
    try:
        after = decide(subject, decision, now).state
    except GatewayError as refusal:
        assert refusal.code  # noqa: PT017  (any of ours will do)
        assert before not in {State.AVAILABLE, State.RECEIPT_REQUESTED} or kind is Kind.COMMUNICATION
    else:
        assert before in {State.AVAILABLE, State.RECEIPT_REQUESTED}
        assert after in {State.ACCEPTED, State.REJECTED, State.READ}


def test_a_receipt_to_sign_may_be_asked_for_again() -> None:
    now = AVAILABLE_AT + TEN_DAYS / 2
    first = request_receipt(standing(), now)
    assert (first.state, first.is_decisive, first.has_event) == (State.RECEIPT_REQUESTED, False, True)
    again = request_receipt(standing(State.RECEIPT_REQUESTED), now)
    assert (again.state, again.is_repeat, again.has_event) == (State.RECEIPT_REQUESTED, True, False)


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (State.AVAILABLE, NotAcceptedError),
        (State.RECEIPT_REQUESTED, NotAcceptedError),
        (State.REJECTED, RejectedError),
        (State.LAPSED, LapsedError),
        (State.CANCELLED, CancelledError),
    ],
)
def test_content_that_was_not_accepted_is_not_handed_over(state: State, refusal: type[GatewayError]) -> None:
    with pytest.raises(refusal):
        hand_over(standing(state), AVAILABLE_AT)


def test_a_handover_is_attested_once_and_moves_nothing() -> None:
    handed = hand_over(standing(State.ACCEPTED), AVAILABLE_AT)
    assert (handed.state, handed.has_event, handed.is_decisive) == (State.ACCEPTED, False, False)
    assert awaits_handover(State.ACCEPTED, {State.AVAILABLE, State.ACCEPTED})
    assert not awaits_handover(State.ACCEPTED, {State.ACCEPTED, State.READ})
    assert not awaits_handover(State.READ, set())


# --- the issuing body ---------------------------------------------------------------------------------


def test_an_act_is_at_disposal_at_once_or_scheduled() -> None:
    now = AVAILABLE_AT
    assert publish(available_at=now, deadline=LAPSES_AT, now=now).state is State.AVAILABLE
    later = publish(available_at=now + MILLISECOND, deadline=None, now=now)
    assert later == Transition(cause=Cause.PUBLISH, state=State.SCHEDULED, at=now)
    assert later.has_event


def test_what_nobody_decided_is_withdrawn_once_also_before_its_time() -> None:
    withdrawn = cancel(standing(State.SCHEDULED), AVAILABLE_AT - TEN_DAYS)
    assert (withdrawn.state, withdrawn.is_decisive, withdrawn.has_event) == (State.CANCELLED, True, True)
    again = cancel(standing(State.CANCELLED), AVAILABLE_AT)
    assert (again.is_repeat, again.has_event) == (True, False)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.READ])
def test_what_is_decided_is_neither_withdrawn_nor_extended(state: State) -> None:
    with pytest.raises(AlreadyDecidedError):
        cancel(standing(state), AVAILABLE_AT)
    with pytest.raises(AlreadyDecidedError):
        extend(standing(state), LAPSES_AT + TEN_DAYS, AVAILABLE_AT)


def test_a_deadline_is_extended_to_a_later_instant_within_a_year() -> None:
    now = LAPSES_AT - MILLISECOND
    extended = extend(standing(), LAPSES_AT + MILLISECOND, now)
    assert (extended.state, extended.deadline) == (State.AVAILABLE, LAPSES_AT + MILLISECOND)
    assert not extended.has_event
    assert extend(standing(), now + EXTENSION_MAX, now).deadline == now + EXTENSION_MAX
    for wrong in (LAPSES_AT, LAPSES_AT - TEN_DAYS, now + EXTENSION_MAX + MILLISECOND):
        with pytest.raises(DeadlineNotLaterError) as refusal:
            extend(standing(), wrong, now)
        assert refusal.value.facts == {"field": "deadline"}


def test_an_expired_deadline_is_never_extended() -> None:
    with pytest.raises(LapsedError):
        extend(standing(), LAPSES_AT + TEN_DAYS, LAPSES_AT)


def test_while_an_outage_holds_it_an_extension_still_lies_ahead() -> None:
    held = replace(standing(), outage_since=LAPSES_AT - MILLISECOND)
    now = LAPSES_AT + TEN_DAYS
    for past in (LAPSES_AT + MILLISECOND, now):
        with pytest.raises(DeadlineNotLaterError):
            extend(held, past, now)
    assert extend(held, now + MILLISECOND, now).deadline == now + MILLISECOND


@pytest.mark.parametrize("kind", list(Kind))
def test_what_never_lapses_is_not_extended(kind: Kind) -> None:
    with pytest.raises(NoDeadlineError):
        extend(standing(kind=kind, lapses_at=None), LAPSES_AT, AVAILABLE_AT)


# --- other channels: the earliest event wins ----------------------------------------------------------


DECIDED_AT = AVAILABLE_AT + TEN_DAYS / 2
NOW = LAPSES_AT + TEN_DAYS


ON_PAPER = frozenset({Reported.REFUSED, Reported.ABSENT, Reported.DECEASED})


def tell(
    item: Standing,
    what: Reported,
    *,
    at: datetime,
    now: datetime,
    channel: Channel | None = None,
    **more: Any,  # noqa: ANN401  (fields of Told)
) -> Transition:
    usual = Channel.POSTAL if what in ON_PAPER else Channel.DEHU
    return report(item, Told(what=what, channel=channel or usual, at=at, **more), now)


def decided(state: State = State.ACCEPTED, at: datetime = DECIDED_AT) -> Standing:
    return replace(standing(state), decided_at=at)


def test_the_first_report_of_what_nobody_decided_decides() -> None:
    told = tell(standing(), Reported.REJECTED, at=DECIDED_AT, now=NOW)
    assert told == Transition(
        cause=Cause.REPORT_REJECT, state=State.REJECTED, at=DECIDED_AT, is_decisive=True
    )


def test_an_earlier_event_takes_the_place_of_the_decision_that_stood() -> None:
    told = tell(decided(State.REJECTED), Reported.ACCEPTED, at=DECIDED_AT - MILLISECOND, now=NOW)
    assert (told.state, told.is_decisive, told.is_correction) == (State.ACCEPTED, True, True)


@pytest.mark.parametrize("late", [timedelta(0), MILLISECOND, TEN_DAYS])
def test_an_event_of_the_same_instant_or_later_is_recorded_only(late: timedelta) -> None:
    told = tell(decided(), Reported.REJECTED, at=DECIDED_AT + late, now=NOW)
    assert (told.is_decisive, told.is_correction, told.is_recorded_only) == (False, False, True)
    assert (told.instead, told.has_event) == (AlreadyDecidedError, True)


def test_an_event_from_the_deadline_on_comes_after_the_lapse_written_down_or_not() -> None:
    assert tell(standing(), Reported.ACCEPTED, at=LAPSES_AT, now=NOW).instead is LapsedError
    written = decided(State.LAPSED, LAPSES_AT)
    assert tell(written, Reported.ACCEPTED, at=LAPSES_AT, now=NOW).instead is AlreadyDecidedError
    assert tell(written, Reported.ACCEPTED, at=LAPSES_AT - MILLISECOND, now=NOW).is_correction


def test_what_an_outage_holds_may_be_decided_after_its_deadline() -> None:
    held = replace(standing(), outage_since=LAPSES_AT - MILLISECOND)
    assert comes_first(held, LAPSES_AT + MILLISECOND, NOW)


def refused_field(item: Standing, what: Reported, **told: Any) -> object:  # noqa: ANN401  (as above)
    with pytest.raises(ReportInvalidError) as refusal:
        tell(item, what, **{"at": DECIDED_AT, "now": NOW, **told})
    return refusal.value.facts["field"]


@pytest.mark.parametrize("what", list(Reported))
@pytest.mark.parametrize("at", [AVAILABLE_AT - BEFORE_DISPOSAL_MAX - MILLISECOND, NOW + MILLISECOND])
def test_a_report_of_what_has_not_happened_or_happened_years_before_is_refused(
    at: datetime, what: Reported
) -> None:
    assert refused_field(standing(), what, at=at) == "at"


@pytest.mark.parametrize("state", [State.SCHEDULED, State.AVAILABLE, State.CANCELLED])
def test_paper_delivered_before_it_was_at_disposal_here_comes_first(state: State) -> None:
    before = AVAILABLE_AT - TEN_DAYS
    item = standing(state) if state is not State.CANCELLED else decided(state, AVAILABLE_AT - MILLISECOND)
    for now in (before, NOW):
        delivered = tell(item, Reported.ACCEPTED, at=before, now=now, channel=Channel.POSTAL)
        assert (delivered.state, delivered.at, delivered.is_decisive) == (State.ACCEPTED, before, True)


@pytest.mark.parametrize(
    ("what", "state"),
    [
        (Reported.ACCEPTED, State.ACCEPTED),
        (Reported.REJECTED, State.REJECTED),
        (Reported.REFUSED, State.REJECTED),
        (Reported.EXPIRED, State.LAPSED),
        (Reported.PUBLISHED, State.ACCEPTED),
    ],
)
def test_what_decides_elsewhere_decides_here_at_its_own_instant(what: Reported, state: State) -> None:
    told = tell(standing(), what, at=DECIDED_AT, now=NOW)
    assert (told.state, told.at, told.is_decisive, told.has_event) == (state, DECIDED_AT, True, True)
    assert told.nature == (None if what in {Reported.ACCEPTED, Reported.REJECTED} else Nature(what))
    later = tell(decided(State.REJECTED), what, at=DECIDED_AT, now=NOW)
    assert (later.is_recorded_only, later.instead) == (True, AlreadyDecidedError)
    earlier = tell(decided(State.CANCELLED), what, at=DECIDED_AT - MILLISECOND, now=NOW)
    assert (earlier.state, earlier.is_correction) == (state, True)


@pytest.mark.parametrize("what", [Reported.ABSENT, Reported.DECEASED])
@pytest.mark.parametrize(("kind", "state"), [(k, s) for k in Kind for s in TRANSITIONS[k]])
def test_an_attempt_that_failed_is_on_record_and_moves_nothing(
    what: Reported, kind: Kind, state: State
) -> None:
    item = standing(state, kind, lapses_at=LAPSES_AT if kind is Kind.NOTIFICATION else None)
    told = tell(item, what, at=DECIDED_AT, now=NOW)
    assert (told.is_recorded_only, told.has_event, told.is_decisive) == (True, True, False)
    assert (told.instead, told.nature) == (None, Nature(what))


def test_each_word_has_its_channels() -> None:
    for what in (Reported.REFUSED, Reported.ABSENT, Reported.DECEASED):
        for channel in (Channel.SEDE, Channel.DEHU, Channel.CITIZEN_FOLDER):
            assert refused_field(standing(), what, channel=channel) == "channel"
    for channel in (Channel.POSTAL, Channel.IN_PERSON):
        assert refused_field(standing(), Reported.EXPIRED, channel=channel) == "channel"
        assert tell(standing(), Reported.PUBLISHED, at=DECIDED_AT, now=NOW, channel=channel).is_decisive


def test_nobody_does_what_only_comes_to_pass() -> None:
    for what in (Reported.EXPIRED, Reported.PUBLISHED, Reported.ABSENT, Reported.DECEASED):
        assert refused_field(standing(), what, names_somebody=True) == "decidedBy"
    assert tell(standing(), Reported.REFUSED, at=DECIDED_AT, now=NOW, names_somebody=True).is_decisive


@pytest.mark.parametrize(
    "first", [DECIDED_AT, DECIDED_AT + MILLISECOND, DECIDED_AT - 2 * BEFORE_DISPOSAL_MAX]
)
def test_the_second_attempt_follows_the_first(first: datetime) -> None:
    assert refused_field(standing(), Reported.ABSENT, first_attempt_at=first) == "firstAttemptAt"
    fits = DECIDED_AT - timedelta(days=1)
    assert tell(standing(), Reported.ABSENT, at=DECIDED_AT, now=NOW, first_attempt_at=fits).has_event
    assert refused_field(standing(), Reported.REFUSED, first_attempt_at=fits) == "firstAttemptAt"


def test_what_never_lapses_here_has_not_expired_elsewhere() -> None:
    assert refused_field(standing(lapses_at=None), Reported.EXPIRED) == "decision"


def test_a_communication_is_neither_published_nor_deemed_rejected() -> None:
    item = standing(kind=Kind.COMMUNICATION, lapses_at=None)
    assert refused_field(item, Reported.PUBLISHED) == "decision"
    for what in (Reported.REJECTED, Reported.REFUSED, Reported.EXPIRED):
        with pytest.raises(NotRejectableError):
            tell(item, what, at=DECIDED_AT, now=NOW)


def test_a_communication_is_not_rejected_elsewhere_either() -> None:
    with pytest.raises(NotRejectableError):
        tell(standing(kind=Kind.COMMUNICATION), Reported.REJECTED, at=DECIDED_AT, now=NOW)


@given(
    st.lists(
        st.tuples(st.sampled_from([Reported.ACCEPTED, Reported.REJECTED]), st.integers(0, 20)),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_the_order_of_reports_the_earliest_one_stands(reports: list[tuple[Reported, int]]) -> None:
    item = standing()
    for decision, days in reports:
        told = tell(item, decision, at=AVAILABLE_AT + timedelta(days=days), now=NOW)
        if told.is_decisive:
            item = replace(item, state=told.state, decided_at=told.at)
    in_time = [days for _, days in reports if AVAILABLE_AT + timedelta(days=days) < LAPSES_AT]
    if in_time:
        assert item.decided_at == AVAILABLE_AT + timedelta(days=min(in_time))
    else:
        assert effective_state(item, NOW) is State.LAPSED


# --- the clock ----------------------------------------------------------------------------------------


def test_its_time_makes_a_scheduled_one_available_without_an_event() -> None:
    come = arrive(standing(State.SCHEDULED), AVAILABLE_AT)
    assert (come.state, come.at, come.has_event) == (State.AVAILABLE, AVAILABLE_AT, False)
    with pytest.raises(LookupError):
        arrive(standing(State.SCHEDULED), AVAILABLE_AT - MILLISECOND)
    with pytest.raises(LookupError):
        arrive(standing(State.AVAILABLE), AVAILABLE_AT)


def test_a_lapse_happened_at_the_deadline_whenever_it_is_written_down() -> None:
    for state in (State.SCHEDULED, State.AVAILABLE, State.RECEIPT_REQUESTED):
        lapsed = lapse(standing(state), NOW)
        assert (lapsed.state, lapsed.at, lapsed.is_decisive) == (State.LAPSED, LAPSES_AT, True)


@pytest.mark.parametrize(
    "item",
    [
        standing(lapses_at=None),
        standing(lapses_at=NOW + MILLISECOND),
        standing(State.ACCEPTED),
        standing(State.LAPSED),
        replace(standing(), outage_since=LAPSES_AT - MILLISECOND),
        replace(standing(), outage_since=LAPSES_AT - TEN_DAYS),
    ],
    ids=["never", "in time", "accepted", "written down", "a short outage", "a long outage"],
)
def test_what_has_not_lapsed_for_good_does_not_lapse(item: Standing) -> None:
    with pytest.raises(LookupError):
        lapse(item, NOW if item.outage_since is None else LAPSES_AT + MILLISECOND)


def test_an_outage_after_the_deadline_takes_nothing_back() -> None:
    assert lapse(replace(standing(), outage_since=LAPSES_AT), NOW).at == LAPSES_AT


def test_an_outage_moves_the_deadline_of_what_nobody_decided_to_a_later_instant() -> None:
    # It had lapsed, and nobody has written that down: it is open again.
    for state in (State.SCHEDULED, State.AVAILABLE, State.RECEIPT_REQUESTED):
        moved = suspend(standing(state), LAPSES_AT + TEN_DAYS, NOW)
        assert (moved.state, moved.deadline, moved.has_event) == (state, LAPSES_AT + TEN_DAYS, False)
    with pytest.raises(LookupError):
        suspend(standing(), LAPSES_AT, NOW)
    with pytest.raises(LookupError):
        suspend(decided(State.LAPSED, LAPSES_AT), LAPSES_AT + TEN_DAYS, NOW)
