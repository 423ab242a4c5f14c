"""Deadlines: the ten days, and what moves them; by examples and over random histories."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notigateway.clock.working_days import working_day_rule
from notigateway.errors import ConfigurationError, LapsedError, OutageInvalidError
from notigateway.law.deadlines import (
    OUTAGE_MORE_THAN,
    TERM_NATURAL_DAYS,
    Extended,
    Outage,
    added_up_days,
    check_outage,
    deadline,
    later_deadline,
    later_deadline_adding_up,
    moves_nothing,
    postponed,
    suspended_days,
)
from notigateway.law.lifecycle import Decision, Kind, Standing, State, effective_state
from notigateway.law.transitions import decide
from notigateway.settings import load_settings

MADRID = ZoneInfo("Europe/Madrid")
MILLISECOND = timedelta(milliseconds=1)
DAY = timedelta(days=1)
LATER = datetime(2100, 1, 1, tzinfo=UTC)

instants = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  (hypothesis wants naive bounds)
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, MADRID, ZoneInfo("America/Los_Angeles")]),
)
lengths = st.timedeltas(timedelta(0), timedelta(days=6))


@st.composite
def histories(draw: st.DrawFn) -> tuple[datetime, list[Outage]]:
    """A notification and outages around its window."""
    available_at = draw(instants)
    outages = []
    for offset in draw(st.lists(st.timedeltas(timedelta(days=-5), timedelta(days=30)), max_size=4)):
        start = available_at.astimezone(UTC) + offset
        outages.append(Outage(start, start + draw(lengths)))
    return available_at, outages


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


def outage(start: str, end: str | None = None) -> Outage:
    return Outage(madrid(start), None if end is None else madrid(end))


def days(*texts: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(text) for text in texts)


# --- R3: the ten days


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


# --- R7: outages


@pytest.mark.parametrize(
    ("start", "end", "expected", "why"),
    [
        ("2026-11-03T08:00", "2026-11-03T20:00", days(), "twelve hours are not more than twelve"),
        ("2026-11-03T08:00", "2026-11-03T20:00:00.001", days("2026-11-03"), "a millisecond more"),
        ("2026-11-03T20:00", "2026-11-04T08:30", days("2026-11-03", "2026-11-04"), "both days, inclusive"),
        ("2026-11-03T00:00", "2026-11-05T00:00", days("2026-11-03", "2026-11-04", "2026-11-05"), "midnight"),
        ("2026-03-28T18:00", "2026-03-29T07:00", days(), "the night of 23 hours: twelve hours passed"),
        ("2026-03-28T18:00", "2026-03-29T07:01", days("2026-03-28", "2026-03-29"), "and a minute more"),
        ("2026-10-24T18:00", "2026-10-25T05:01", days("2026-10-24", "2026-10-25"), "the night of 25 hours"),
    ],
)
def test_an_outage_of_more_than_twelve_hours_takes_its_days(
    start: str, end: str, expected: frozenset[date], why: str
) -> None:
    assert suspended_days([outage(start, end)], LATER) == expected, why


def test_an_outage_that_lasts_counts_as_it_stands() -> None:
    lasting = outage("2026-11-03T08:00")
    assert suspended_days([lasting], madrid("2026-11-03T20:00")) == days()
    assert suspended_days([lasting], madrid("2026-11-03T20:01")) == days("2026-11-03")
    assert suspended_days([lasting], madrid("2026-11-05T00:00")) == days(
        "2026-11-03", "2026-11-04", "2026-11-05"
    )


@pytest.mark.parametrize(
    ("start", "end", "lapses_at", "why"),
    [
        ("2026-11-05T08:00", "2026-11-06T09:00", "2026-11-15T00:00", "two days inside the window"),
        ("2026-11-01T08:00", "2026-11-02T23:00", "2026-11-13T00:00", "over before the counting starts"),
        ("2026-11-01T08:00", "2026-11-03T01:00", "2026-11-14T00:00", "reaching into its first day"),
        ("2026-11-12T11:59", "2026-11-13T00:00", "2026-11-15T00:00", "on the last day, to midnight"),
        ("2026-11-13T00:00", "2026-11-15T00:00", "2026-11-13T00:00", "after the last day"),
        ("2026-11-05T08:00", "2026-11-05T20:00", "2026-11-13T00:00", "not longer than twelve hours"),
    ],
)
def test_suspended_days_do_not_count(start: str, end: str, lapses_at: str, why: str) -> None:
    suspended = suspended_days([outage(start, end)], LATER)
    assert deadline(madrid("2026-11-02T10:00"), suspended=suspended) == madrid(lapses_at), why


@given(histories())
def test_ten_days_always_count_whatever_the_outages(history: tuple[datetime, list[Outage]]) -> None:
    available_at, outages = history
    suspended = suspended_days(outages, LATER)
    lapse = deadline(available_at, suspended=suspended)
    first = available_at.astimezone(MADRID).date() + DAY
    last = lapse.astimezone(MADRID).date() - DAY
    counted = [
        day for n in range((last - first).days + 1) if (day := first + timedelta(days=n)) not in suspended
    ]
    assert len(counted) == TERM_NATURAL_DAYS
    assert counted[-1] == last
    assert lapse.astimezone(MADRID).time() == time.min
    assert lapse >= deadline(available_at)


@given(histories(), st.timedeltas(timedelta(0), timedelta(days=6)))
def test_a_longer_outage_never_makes_a_deadline_earlier(
    history: tuple[datetime, list[Outage]], more: timedelta
) -> None:
    available_at, outages = history
    longer = [Outage(one.started_at, (one.ended_at or one.started_at) + more) for one in outages]
    before, after = (
        deadline(available_at, suspended=suspended_days(some, LATER)) for some in (outages, longer)
    )
    assert after >= before


@given(histories(), instants)
def test_the_order_in_which_outages_are_declared_does_not_matter(
    history: tuple[datetime, list[Outage]], now: datetime
) -> None:
    _, outages = history
    assert suspended_days(outages, now) == suspended_days(reversed(outages), now)


# --- an outage that is not settled yet


def held(since: datetime | None, lapses_at: datetime) -> Standing:
    return Standing(Kind.NOTIFICATION, State.AVAILABLE, lapses_at - 11 * DAY, lapses_at, since)


def test_nothing_lapses_while_an_outage_of_more_than_twelve_hours_may_move_the_deadline() -> None:
    lapses_at = madrid("2026-11-13T00:00")
    standing = held(madrid("2026-11-12T08:00"), lapses_at)
    now = madrid("2026-11-13T09:00")
    assert effective_state(standing, now) is State.AVAILABLE
    assert decide(standing, Decision.ACCEPT, now).state is State.ACCEPTED


@pytest.mark.parametrize(
    "since", [None, "2026-11-13T00:00", "2026-11-12T23:00"], ids=["none", "after the deadline", "short"]
)
def test_an_outage_that_cannot_move_the_deadline_holds_nothing(since: str | None) -> None:
    standing = held(None if since is None else madrid(since), madrid("2026-11-13T00:00"))
    now = madrid("2026-11-13T09:00")
    assert effective_state(standing, now) is State.LAPSED
    with pytest.raises(LapsedError):
        decide(standing, Decision.ACCEPT, now)


@given(instants, st.timedeltas(timedelta(days=-20), timedelta(days=20)), lengths)
def test_what_an_outage_holds_is_what_it_moves(
    available_at: datetime, offset: timedelta, length: timedelta
) -> None:
    """Whoever looks while the outage lasts sees what the recomputed deadline will say afterwards."""
    lapses_at = deadline(available_at)
    start = lapses_at + offset
    now = start + length
    if start <= available_at:
        return
    moved = deadline(available_at, suspended=suspended_days([Outage(start)], now))
    standing = Standing(Kind.NOTIFICATION, State.AVAILABLE, available_at, lapses_at, start)
    if effective_state(standing, now) is State.LAPSED:
        assert now >= moved
    if now < moved and length > OUTAGE_MORE_THAN:
        assert effective_state(standing, now) is State.AVAILABLE


# --- R8 with R7: extensions


def test_an_outage_after_an_extension_keeps_the_days_that_were_left() -> None:
    suspended = suspended_days([outage("2026-11-14T08:00", "2026-11-15T21:00")], LATER)
    extended = postponed(madrid("2026-11-20T00:00"), since=madrid("2026-11-10T12:00"), suspended=suspended)
    assert extended == madrid("2026-11-22T00:00")


def test_an_extension_to_a_time_of_the_day_keeps_that_time() -> None:
    suspended = suspended_days([outage("2026-11-20T01:00", "2026-11-20T14:00")], LATER)
    extended = postponed(madrid("2026-11-20T15:00"), since=madrid("2026-11-10T12:00"), suspended=suspended)
    assert extended == madrid("2026-11-21T15:00")


@example(madrid("2026-02-28T02:00"), 29, (LATER, []))
@given(instants, st.integers(1, 60), histories())
def test_an_outage_never_shortens_an_extension(
    since: datetime, days_left: int, history: tuple[datetime, list[Outage]]
) -> None:
    until = since + timedelta(days=days_left)
    suspended = suspended_days(history[1], LATER)
    moved = postponed(until, since=since, suspended=suspended)
    assert moved >= until.astimezone(UTC) - timedelta(hours=1)  # in the hour that comes twice
    there_is = until.astimezone(UTC).astimezone(MADRID)  # 02:30 is 03:30 when the clocks go forward
    assert postponed(until, since=since, suspended=frozenset()).astimezone(MADRID) == there_is


# --- R4: working days


@pytest.mark.parametrize(
    ("available_at", "region", "lapses_at", "why"),
    [
        ("2026-11-09T10:00", "", "2026-11-20T00:00", "the last day is a Thursday"),
        ("2026-11-11T10:00", "", "2026-11-24T00:00", "a Saturday: the next Monday"),
        ("2026-11-12T10:00", "", "2026-11-24T00:00", "a Sunday"),
        ("2026-12-15T10:00", "", "2026-12-29T00:00", "Christmas, a Friday, and the weekend after it"),
        ("2026-09-30T10:00", "", "2026-10-14T00:00", "a Saturday, then a Monday that is a holiday"),
        ("2026-08-31T10:00", "", "2026-09-11T00:00", "the day before that of Catalonia"),
        ("2026-09-01T10:00", "CT", "2026-09-15T00:00", "the day of Catalonia, a Friday"),
        ("2026-09-01T10:00", "MD", "2026-09-12T00:00", "which is a working day in Madrid"),
    ],
)
def test_by_policy_a_term_ends_on_a_working_day(
    available_at: str, region: str, lapses_at: str, why: str
) -> None:
    rule = working_day_rule(
        load_settings(None, overrides={"extend_to_working_day": True, "holidays_region": region})
    )
    assert deadline(madrid(available_at), is_working_day=rule) == madrid(lapses_at), why


@given(histories())
def test_by_policy_the_last_day_is_a_working_one_and_none_before_the_tenth(
    history: tuple[datetime, list[Outage]],
) -> None:
    available_at, outages = history
    rule = working_day_rule(load_settings(None, overrides={"extend_to_working_day": True}))
    assert rule is not None
    suspended = suspended_days(outages, LATER)
    plain, moved = (deadline(available_at, suspended=suspended, is_working_day=one) for one in (None, rule))
    last = moved.astimezone(MADRID).date() - DAY
    assert rule(last)
    assert last not in suspended
    assert moved >= plain


def test_without_the_policy_no_day_is_asked() -> None:
    assert working_day_rule(load_settings(None)) is None


def test_a_region_that_does_not_exist_is_refused_by_name() -> None:
    settings = load_settings(None, overrides={"extend_to_working_day": True, "holidays_region": "XX"})
    with pytest.raises(ConfigurationError, match="holidays_region: XX is not one of AN, AR"):
        working_day_rule(settings)


# --- what an outage may be, and what it moves ---------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "element", "rule"),
    [
        (Outage(LATER + MILLISECOND), "started_at", "in_the_future"),
        (Outage(LATER - DAY, LATER + MILLISECOND), "ended_at", "in_the_future"),
        (Outage(LATER - DAY, LATER - DAY - MILLISECOND), "ended_at", "before_start"),
    ],
)
def test_an_outage_that_cannot_have_happened_is_refused(declared: Outage, element: str, rule: str) -> None:
    with pytest.raises(OutageInvalidError) as refusal:
        check_outage(declared, LATER)
    assert refusal.value.facts == {"element": element, "rule": rule}


def test_an_outage_may_be_taken_back_or_last() -> None:
    check_outage(Outage(LATER - DAY, LATER - DAY), LATER)
    check_outage(Outage(LATER), LATER)


def test_only_an_outage_that_is_over_is_known_to_move_nothing() -> None:
    assert moves_nothing(Outage(LATER, LATER + OUTAGE_MORE_THAN))
    assert not moves_nothing(Outage(LATER, LATER + OUTAGE_MORE_THAN + MILLISECOND))
    assert not moves_nothing(Outage(LATER))


def test_a_deadline_is_only_ever_moved_to_a_later_instant() -> None:
    available_at, present = madrid("2026-11-02T10:00"), madrid("2026-11-13T00:00")
    suspended = days("2026-11-05", "2026-11-06")
    assert later_deadline(available_at, present, suspended=suspended) == madrid("2026-11-15T00:00")
    assert later_deadline(available_at, madrid("2026-11-15T00:00"), suspended=suspended) is None
    assert later_deadline(available_at, present, suspended=days()) is None
    assert later_deadline(available_at, None, suspended=suspended) is None


def test_an_outage_moves_the_extended_deadline_not_the_first_one() -> None:
    extended = Extended(madrid("2026-11-20T00:00"), since=madrid("2026-11-10T12:00"))
    moved = later_deadline(
        madrid("2026-11-02T10:00"), extended.until, extended=extended, suspended=days("2026-11-12")
    )
    assert moved == madrid("2026-11-21T00:00")


def test_an_outage_touches_a_term_that_shares_an_instant_with_it() -> None:
    start, end = madrid("2026-11-02T10:00"), madrid("2026-11-13T00:00")
    assert Outage(start - DAY, start + MILLISECOND).touches(start, end)
    assert not Outage(start - DAY, start).touches(start, end)
    assert Outage(end - MILLISECOND).touches(start, end)
    assert not Outage(end).touches(start, end)


# --- several outages in one term


SEVEN_HOURS_TWICE = [
    outage("2026-11-04T08:00", "2026-11-04T15:00"),
    outage("2026-11-06T08:00", "2026-11-06T15:00"),
]
TERM = {"start": madrid("2026-11-02T10:00"), "end": madrid("2026-11-13T00:00")}


def test_hours_of_several_outages_count_each_for_itself() -> None:
    assert suspended_days(SEVEN_HOURS_TWICE, LATER) == days()


def test_by_policy_the_hours_of_outages_within_the_term_add_up() -> None:
    assert added_up_days(SEVEN_HOURS_TWICE, LATER, **TERM) == days("2026-11-04", "2026-11-06")
    assert added_up_days(SEVEN_HOURS_TWICE[:1], LATER, **TERM) == days()
    twelve = [SEVEN_HOURS_TWICE[0], outage("2026-11-06T08:00", "2026-11-06T13:00")]
    assert added_up_days(twelve, LATER, **TERM) == days(), "twelve hours are not more than twelve"


def test_an_outage_outside_the_term_adds_no_hour_to_it() -> None:
    before, after = outage("2026-11-01T08:00", "2026-11-01T15:00"), outage("2026-11-13T00:00")
    for outside in (before, after):
        assert added_up_days([SEVEN_HOURS_TWICE[0], outside], LATER, **TERM) == days()


def test_a_term_that_grew_reaches_one_more_outage() -> None:
    present = madrid("2026-11-13T00:00")
    third = outage("2026-11-14T10:00", "2026-11-14T11:00")
    moved = later_deadline_adding_up(TERM["start"], present, outages=[*SEVEN_HOURS_TWICE, third], now=LATER)
    assert moved == madrid("2026-11-16T00:00")
    assert later_deadline_adding_up(TERM["start"], None, outages=SEVEN_HOURS_TWICE, now=LATER) is None
    assert later_deadline_adding_up(TERM["start"], present, outages=[], now=LATER) is None


def test_an_extended_term_adds_up_the_hours_too() -> None:
    extended = Extended(madrid("2026-11-20T00:00"), since=madrid("2026-11-05T10:00"))
    moved = later_deadline_adding_up(
        TERM["start"], extended.until, extended=extended, outages=SEVEN_HOURS_TWICE, now=LATER
    )
    assert moved == madrid("2026-11-21T00:00")  # the day before the extension was in it already


@given(histories())
def test_adding_up_never_gives_less_than_each_outage_for_itself(
    history: tuple[datetime, list[Outage]],
) -> None:
    available_at, outages = history
    present = deadline(available_at)
    alone = later_deadline(available_at, present, suspended=suspended_days(outages, LATER)) or present
    together = later_deadline_adding_up(available_at, present, outages=outages, now=LATER) or present
    assert together >= alone
    touching = [one for one in outages if one.touches(available_at, together)]
    hours = sum((one.lasted(LATER) for one in touching), timedelta(0))
    assert (together > present) <= (hours > OUTAGE_MORE_THAN)
    if len(touching) == 1 and together == present:
        assert alone == present
    # As it stands it stands: computed once more nothing moves, in whatever order they were declared.
    again = later_deadline_adding_up(available_at, together, outages=outages[::-1], now=LATER)
    assert again is None
