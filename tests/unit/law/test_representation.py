"""Who may act for whom: the rules one by one, and over random histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import drawn
from drawn import items_of
from notigateway.law.grounds import Ground
from notigateway.law.representation import (
    Item,
    ItemKind,
    OnRecord,
    Power,
    PowerItem,
    PowerScope,
    PowerState,
    RightsPolicy,
    Role,
    Window,
    acceptance_deadline,
    closed_on_record,
    is_void_by_age,
    latest_expiry,
    power_covers,
    power_state,
    red_covers,
    role_of,
)

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)
BACKLOG = RightsPolicy(red_sees_backlog=True)
ITEM = Item(
    available_at=START + 10 * DAY,
    closed_at=START + 21 * DAY,
    matter="collection",
    procedure="203546",
    special_category=False,
    ground=Ground.B,
)
POWER = Power(
    scope=PowerScope.GENERAL,
    items=(),
    registered_at=START,
    accepted_at=START + 5 * DAY,
    expires_at=START + 365 * DAY,
)
COLLECTION = PowerItem(ItemKind.MATTER, "collection")
WINDOW = Window(START, START + 30 * DAY)

# Few instants, a millisecond around them: edges meet often.
INSTANTS = st.builds(
    lambda day, edge: START + day * DAY + edge * timedelta(milliseconds=1),
    st.integers(-5, 50),
    st.integers(-1, 1),
)
MATTERS, PROCEDURES = st.sampled_from(drawn.MATTERS), st.sampled_from(drawn.PROCEDURES)
ITEMS = st.builds(
    Item,
    available_at=INSTANTS,
    closed_at=st.none() | INSTANTS,
    matter=MATTERS,
    procedure=PROCEDURES,
    special_category=st.booleans(),
    ground=st.none() | st.sampled_from(Ground),
)
WINDOWS = st.builds(
    lambda start, length: Window(start, None if length is None else start + length * DAY),
    INSTANTS,
    st.none() | st.integers(1, 30),
)


@st.composite
def powers(draw: st.DrawFn) -> Power:
    scope = draw(st.sampled_from(PowerScope))
    registered_at = draw(INSTANTS)
    ended_at = draw(st.none() | INSTANTS.filter(lambda at: at >= registered_at))
    causes = st.sampled_from([PowerState.RENOUNCED, PowerState.REVOKED])
    return Power(
        scope=scope,
        items=draw(items_of(scope, INSTANTS)),
        registered_at=registered_at,
        accepted_at=draw(st.none() | INSTANTS.filter(lambda at: at >= registered_at)),
        expires_at=registered_at + draw(st.integers(1, 60)) * DAY,
        ended_at=ended_at,
        end_cause=None if ended_at is None else draw(causes),
        is_void=draw(st.booleans()),
    )


POLICIES = st.builds(
    RightsPolicy,
    red_sees_backlog=st.booleans(),
    special_category_roles=st.sets(st.sampled_from(Role)).map(frozenset),
)


# --- powers


@given(powers(), ITEMS, INSTANTS, POLICIES)
def test_no_right_outlives_its_power(power: Power, item: Item, now: datetime, rights: RightsPolicy) -> None:
    if power_covers(power, item, now, rights):
        assert power.accepted_at is not None
        assert power.accepted_at <= now < power.expires_at
        assert power.ended_at is None or now < power.ended_at
        assert not power.is_void


@given(powers(), ITEMS, INSTANTS, POLICIES)
def test_the_end_of_a_power_takes_everything(
    power: Power, item: Item, now: datetime, rights: RightsPolicy
) -> None:
    revoked = replace(power, ended_at=now, end_cause=PowerState.REVOKED)
    assert not power_covers(revoked, item, now, rights)
    assert not power_covers(revoked, item, now + DAY, rights)


@given(powers(), ITEMS, POLICIES)
def test_the_start_of_a_power_gives_the_undecided_backlog(
    power: Power, item: Item, rights: RightsPolicy
) -> None:
    if power.accepted_at is None or power_state(power, power.accepted_at) is not PowerState.IN_FORCE:
        return
    backlog = replace(item, available_at=power.accepted_at - DAY, special_category=False)
    is_in_scope = power.scope is PowerScope.GENERAL or any(
        one.value in {item.matter, item.procedure} or item.procedure in one.procedures
        for one in power.items
        if one.ended_at is None or one.ended_at > power.accepted_at
    )
    undecided = replace(backlog, closed_at=power.accepted_at + DAY)
    assert power_covers(power, undecided, power.accepted_at, rights) == is_in_scope
    assert power_covers(power, replace(backlog, closed_at=None), power.accepted_at, rights) == is_in_scope
    decided = replace(backlog, closed_at=power.accepted_at - timedelta(milliseconds=1))
    assert not power_covers(power, decided, power.accepted_at, rights)


@pytest.mark.parametrize(
    ("decisions", "closed_day"),
    [
        ([], 10),
        ([(3, 3)], 3),
        ([(3, 5)], 5),  # reported: until then it was pending, as far as was known
        ([(4, 4), (2, 6)], 4),  # a correction, which makes nothing of it less pending before
        ([(10, 10), (2, 12)], 10),  # of a lapse
        ([(2, 12)], 10),  # of a lapse whose evidence is not written yet
        ([(11, 11)], 11),  # an outage held the deadline
        ([(11, 11), (2, 12)], 11),
    ],
)
def test_until_when_it_was_pending_is_what_was_known_then(
    decisions: list[tuple[int, int]], closed_day: int
) -> None:
    on_record = [OnRecord(START + at * DAY, START + known_at * DAY) for at, known_at in decisions]
    assert closed_on_record(on_record, START + 10 * DAY) == START + closed_day * DAY
    assert closed_on_record([], None) is None


def test_an_attorney_keeps_what_was_decided_while_the_power_stands() -> None:
    accepted = replace(ITEM, closed_at=START + 12 * DAY)
    assert power_covers(POWER, accepted, START + 100 * DAY)


@pytest.mark.parametrize(
    ("scope", "items", "covers"),
    [
        (PowerScope.GENERAL, [], True),
        (PowerScope.MATTER, [PowerItem(ItemKind.MATTER, "collection")], True),
        (PowerScope.MATTER, [PowerItem(ItemKind.MATTER, "contribution")], False),
        (PowerScope.MATTER, [PowerItem(ItemKind.MATTER, "contribution"), COLLECTION], True),
        (PowerScope.MATTER, [replace(COLLECTION, ended_at=START + 10 * DAY)], False),
        (PowerScope.MATTER, [replace(COLLECTION, ended_at=START + 11 * DAY)], True),
        (PowerScope.PROCEDURE, [PowerItem(ItemKind.PROCEDURE, "203546")], True),
        (PowerScope.PROCEDURE, [PowerItem(ItemKind.PROCEDURE, "collection")], False),
        (PowerScope.PROCEDURE, [PowerItem(ItemKind.GROUP, "g", frozenset({"1", "203546"}))], True),
        (PowerScope.PROCEDURE, [PowerItem(ItemKind.GROUP, "203546", frozenset({"1"}))], False),
    ],
)
def test_a_power_covers_what_it_names_and_no_more(
    scope: PowerScope, items: list[PowerItem], covers: bool
) -> None:
    power = replace(POWER, scope=scope, items=tuple(items))
    assert power_covers(power, ITEM, START + 10 * DAY) is covers


def test_no_power_excludes_health_data_only_the_policy_does() -> None:
    health, now = replace(ITEM, special_category=True), START + 10 * DAY
    assert power_covers(POWER, health, now)
    assert power_covers(replace(POWER, scope=PowerScope.MATTER, items=(COLLECTION,)), health, now)
    assert not power_covers(POWER, health, now, RightsPolicy(special_category_roles=frozenset({Role.OWN})))


@pytest.mark.parametrize(
    ("change", "day", "state"),
    [
        ({}, 6, PowerState.IN_FORCE),
        ({"accepted_at": None}, 6, PowerState.PENDING),
        ({"accepted_at": None}, 40, PowerState.NOT_ACCEPTED),
        ({}, 365, PowerState.EXPIRED),
        ({"ended_at": START + DAY, "end_cause": PowerState.RENOUNCED}, 1, PowerState.RENOUNCED),
        ({"ended_at": START + DAY, "end_cause": PowerState.REVOKED}, 400, PowerState.REVOKED),
        ({"is_void": True}, 6, PowerState.VOID),
    ],
)
def test_the_state_of_a_power_is_computed(change: dict[str, Any], day: int, state: PowerState) -> None:
    assert power_state(replace(POWER, **change), START + day * DAY) is state


@pytest.mark.parametrize(
    ("registered", "latest"),
    [
        (datetime(2026, 1, 15, 9, tzinfo=UTC), datetime(2031, 1, 15, 9, tzinfo=UTC)),
        (datetime(2024, 2, 29, 9, tzinfo=UTC), datetime(2029, 2, 28, 9, tzinfo=UTC)),
    ],
)
def test_a_power_runs_for_at_most_five_years(registered: datetime, latest: datetime) -> None:
    assert latest_expiry(registered) == latest


@pytest.mark.parametrize(
    ("registered", "too_late"),
    [
        # Madrid: the whole day of the same number counts, whatever the clocks do meanwhile.
        (datetime(2026, 1, 15, 9, tzinfo=UTC), datetime(2026, 2, 15, 23, tzinfo=UTC)),
        (datetime(2026, 1, 31, 9, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC)),
        (datetime(2026, 3, 15, 9, tzinfo=UTC), datetime(2026, 4, 15, 22, tzinfo=UTC)),
        (datetime(2026, 6, 30, 22, 30, tzinfo=UTC), datetime(2026, 8, 1, 22, tzinfo=UTC)),
    ],
)
def test_the_attorney_has_one_month_to_accept(registered: datetime, too_late: datetime) -> None:
    assert acceptance_deadline(registered) == too_late


def test_powers_of_the_old_rule_are_void_by_the_day_in_madrid() -> None:
    assert is_void_by_age(datetime(2021, 4, 1, 21, 59, tzinfo=UTC))
    assert not is_void_by_age(datetime(2021, 4, 1, 22, 0, tzinfo=UTC))


# --- RED


@given(WINDOWS, ITEMS, INSTANTS, POLICIES)
def test_special_categories_go_through_red_only_by_policy(
    window: Window, item: Item, now: datetime, rights: RightsPolicy
) -> None:
    if red_covers(window, item, now, rights):
        assert not item.special_category or Role.RED in rights.special_category_roles
        assert item.ground in {Ground.A, Ground.B}


@given(WINDOWS, ITEMS, INSTANTS, POLICIES)
def test_no_red_right_precedes_or_outlives_its_window(
    window: Window, item: Item, now: datetime, rights: RightsPolicy
) -> None:
    if red_covers(window, item, now, rights):
        assert window.opens_at <= (now if rights.red_sees_backlog else item.available_at)
        assert window.closes_at is None or item.available_at < window.closes_at


@given(WINDOWS, ITEMS, INSTANTS, POLICIES)
def test_deassignment_removes_only_what_is_issued_afterwards(
    window: Window, item: Item, now: datetime, rights: RightsPolicy
) -> None:
    if (window.closes_at is not None and window.closes_at <= now) or now <= window.opens_at:
        return
    ended = replace(window, closes_at=now)
    for later in (now, now + 100 * DAY):
        if item.available_at < now:
            assert red_covers(ended, item, later, rights) == red_covers(window, item, later, rights)
        else:
            assert not red_covers(ended, item, later, rights)


def test_a_new_red_person_sees_the_backlog_only_by_policy() -> None:
    later = Window(START + 20 * DAY)
    assert not red_covers(later, ITEM, START + 20 * DAY)
    assert red_covers(later, ITEM, START + 20 * DAY, BACKLOG)
    assert not red_covers(later, ITEM, START + 20 * DAY - timedelta(milliseconds=1), BACKLOG)
    assert not red_covers(later, replace(ITEM, is_withheld=True), START + 20 * DAY, BACKLOG)


# --- roles


def test_the_strongest_title_is_the_role() -> None:
    now = START + 10 * DAY

    def role(*, is_addressee: bool, powers: list[Power], windows: list[Window]) -> Role | None:
        return role_of(ITEM, is_addressee=is_addressee, powers=powers, windows=windows, now=now)

    assert role(is_addressee=True, powers=[POWER], windows=[WINDOW]) is Role.OWN
    assert role(is_addressee=False, powers=[POWER], windows=[WINDOW]) is Role.ATTORNEY
    assert role(is_addressee=False, powers=[], windows=[WINDOW]) is Role.RED
    assert role(is_addressee=False, powers=[], windows=[]) is None


@given(st.lists(powers(), max_size=3), st.lists(WINDOWS, max_size=3), ITEMS, INSTANTS, POLICIES)
def test_a_role_is_given_exactly_by_its_titles(
    some_powers: list[Power],
    windows: list[Window],
    item: Item,
    now: datetime,
    rights: RightsPolicy,
) -> None:
    role = role_of(item, is_addressee=False, powers=some_powers, windows=windows, now=now, rights=rights)
    by_power = any(power_covers(power, item, now, rights) for power in some_powers)
    by_red = any(red_covers(window, item, now, rights) for window in windows)
    assert role is (Role.ATTORNEY if by_power else Role.RED if by_red else None)
