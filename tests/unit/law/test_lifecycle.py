from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import (
    AlreadyDecidedError,
    CancelledError,
    GatewayError,
    LapsedError,
    NotificationUnknownError,
    NotRejectableError,
)
from notigateway.law.lifecycle import (
    UNDECIDED,
    Decision,
    Kind,
    Standing,
    State,
    deadline,
    decide,
    effective_state,
)

MADRID = ZoneInfo("Europe/Madrid")
MILLISECOND = timedelta(milliseconds=1)
TEN_DAYS = timedelta(days=10)

instants = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001  (hypothesis wants naive bounds)
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, MADRID, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("America/Los_Angeles")]),
)


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


AVAILABLE_AT, LAPSES_AT = madrid("2026-11-02T10:00"), madrid("2026-11-13T00:00")


def standing(
    state: State = State.AVAILABLE,
    kind: Kind = Kind.NOTIFICATION,
    available_at: datetime = AVAILABLE_AT,
    lapses_at: datetime | None = LAPSES_AT,
) -> Standing:
    return Standing(kind, state, available_at, lapses_at)


@pytest.mark.parametrize(
    ("available_at", "lapses_at", "why"),
    [
        ("2026-11-02T10:00", "2026-11-13T00:00", "an ordinary day"),
        ("2026-11-02T00:00", "2026-11-13T00:00", "its first instant"),
        ("2026-11-02T23:59:59.999", "2026-11-13T00:00", "its last instant"),
        ("2026-03-20T10:00", "2026-03-31T00:00", "across the day of 23 hours"),
        ("2026-10-20T10:00", "2026-10-31T00:00", "across the day of 25 hours"),
        ("2026-03-29T01:59", "2026-04-09T00:00", "on the day of 23 hours"),
        ("2026-10-25T02:30", "2026-11-05T00:00", "on the day of 25 hours, in the hour that comes twice"),
        ("2026-03-18T10:00", "2026-03-29T00:00", "lapsing as the day of 23 hours begins"),
        ("2026-12-24T18:00", "2027-01-04T00:00", "across the year, the last day a Sunday"),
        ("2028-02-20T10:00", "2028-03-02T00:00", "across a leap day"),
    ],
)
def test_a_notification_lapses_when_the_tenth_day_after_is_over(
    available_at: str, lapses_at: str, why: str
) -> None:
    assert deadline(madrid(available_at)) == madrid(lapses_at), why


def test_the_day_counts_in_madrid_not_in_utc() -> None:
    # 23:30 UTC on the 2nd is already the 3rd in Madrid.
    assert deadline(datetime(2026, 11, 2, 23, 30, tzinfo=UTC)) == madrid("2026-11-14T00:00")


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


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_is_in_time_until_the_millisecond_before_the_deadline(decision: Decision) -> None:
    lapse = LAPSES_AT
    expected = State.ACCEPTED if decision is Decision.ACCEPT else State.REJECTED
    assert decide(standing(), decision, lapse - MILLISECOND) is expected
    for late in (lapse, lapse + MILLISECOND, lapse + TEN_DAYS):
        with pytest.raises(LapsedError):
            decide(standing(), decision, late)


def test_voluntary_access_never_lapses() -> None:
    forever = standing(lapses_at=None)
    assert decide(forever, Decision.ACCEPT, madrid("2096-01-01T00:00")) is State.ACCEPTED


def test_a_scheduled_notification_does_not_exist_before_its_time() -> None:
    scheduled = standing(State.SCHEDULED)
    with pytest.raises(NotificationUnknownError):
        decide(scheduled, Decision.ACCEPT, scheduled.available_at - MILLISECOND)
    assert effective_state(scheduled, scheduled.available_at) is State.AVAILABLE
    assert decide(scheduled, Decision.ACCEPT, scheduled.available_at) is State.ACCEPTED


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
    assert decide(communication, Decision.ACCEPT, later) is State.READ
    with pytest.raises(NotRejectableError):
        decide(communication, Decision.REJECT, later)


@given(
    st.sampled_from(list(State)),
    st.sampled_from(list(Kind)),
    st.sampled_from(list(Decision)),
    instants,
    instants,
)
def test_every_decision_ends_in_a_final_state_or_a_refusal_of_ours(
    state: State, kind: Kind, decision: Decision, available_at: datetime, now: datetime
) -> None:
    lapses_at = deadline(available_at) if kind is Kind.NOTIFICATION else None
    subject = standing(state, kind, available_at, lapses_at)
    before = effective_state(subject, now)
    try:
        after = decide(subject, decision, now)
    except GatewayError as refusal:
        assert refusal.code  # noqa: PT017  (any of ours will do)
        assert before not in {State.AVAILABLE, State.RECEIPT_REQUESTED} or kind is Kind.COMMUNICATION
    else:
        assert before in {State.AVAILABLE, State.RECEIPT_REQUESTED}
        assert after in {State.ACCEPTED, State.REJECTED, State.READ}
