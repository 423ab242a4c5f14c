"""What an entry of the register of obligations may say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import ObligationInvalidError, ObligationOverlapsError
from notigateway.law.grounds import Ground
from notigateway.law.obligation import Obligation
from notigateway.law.obligation_entries import ObligationTerms, check_obligation, ends_obligation, find_same

NOW = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = ObligationTerms(addressee="12345678Z", ground="b", since=NOW)
ENTRY = Obligation(Ground.B, NOW, NOW + 10 * DAY)
LAWYER = replace(ENTRY, ground=Ground.A, matters=frozenset({"appeals"}))


def test_an_entry_is_read_in_its_one_form() -> None:
    assert check_obligation(replace(TERMS, addressee="12.345.678-Z")) == (
        "12345678Z",
        Obligation(Ground.B, NOW),
    )


@pytest.mark.parametrize(
    ("changed", "field", "problem"),
    [
        ({"addressee": "12345678A"}, "addressee", "identifier"),
        ({"addressee": "B12345674"}, "addressee", "obliged_by_its_nif"),
        ({"ground": "e"}, "ground", "unknown"),
        ({"ground": ""}, "ground", "unknown"),
        ({"until": NOW}, "until", "not_after_since"),
        ({"until": NOW - DAY}, "until", "not_after_since"),
        ({"ground": "a"}, "matters", "activity_required"),
        ({"matters": frozenset({"appeals"})}, "matters", "not_allowed"),
        ({"ground": "a", "matters": frozenset({" "})}, "matters", "text"),
        ({"ground": "a", "matters": frozenset({"x" * 65})}, "matters", "text"),
        ({"ground": "a", "procedures": frozenset({"2\n3"})}, "procedures", "text"),
    ],
)
def test_what_cannot_be_entered_is_refused_by_its_field(
    changed: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(ObligationInvalidError) as caught:
        check_obligation(replace(TERMS, **changed))
    assert caught.value.facts == {"field": field, "problem": problem}


def test_a_repeat_is_found_also_when_its_end_is_known_by_now() -> None:
    assert find_same(ENTRY, [LAWYER, ENTRY]) == 1
    assert find_same(replace(ENTRY, until=None), [ENTRY]) == 0
    assert find_same(ENTRY, []) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(ENTRY, since=NOW + DAY),
        replace(ENTRY, since=NOW - DAY, until=None),
        replace(ENTRY, since=NOW - DAY, until=NOW + timedelta(milliseconds=1)),
    ],
)
def test_two_entries_of_one_ground_never_overlap(other: Obligation) -> None:
    with pytest.raises(ObligationOverlapsError):
        find_same(other, [ENTRY])


def test_what_meets_or_is_of_another_ground_or_activity_does_not_overlap() -> None:
    assert find_same(replace(ENTRY, since=NOW + 10 * DAY, until=None), [ENTRY]) is None
    assert find_same(replace(ENTRY, since=NOW - DAY, until=NOW), [ENTRY]) is None
    assert find_same(replace(ENTRY, ground=Ground.C), [ENTRY]) is None
    assert find_same(replace(LAWYER, matters=frozenset({"penalties"})), [LAWYER]) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=2, max_size=6))
def test_what_is_entered_never_stands_twice(spans: list[tuple[int, int]]) -> None:
    entered: list[Obligation] = []
    for start, days in spans:
        one = Obligation(Ground.C, NOW + start * DAY, NOW + (start + days) * DAY)
        try:
            if find_same(one, entered) is None:
                entered.append(one)
        except ObligationOverlapsError:
            continue
    for day in range(30):
        assert sum(one.stands_at(NOW + day * DAY) for one in entered) <= 1


def test_an_entry_ends_once_after_its_beginning() -> None:
    open_one = replace(ENTRY, until=None)
    assert ends_obligation(open_one, NOW + DAY)
    assert ends_obligation(ENTRY, NOW + DAY)
    assert not ends_obligation(ENTRY, NOW + 10 * DAY)
    for at, problem in (
        (NOW, "not_after_since"),
        (NOW - DAY, "not_after_since"),
        (NOW + 11 * DAY, "already_ended"),
    ):
        with pytest.raises(ObligationInvalidError) as caught:
            ends_obligation(ENTRY, at)
        assert caught.value.facts["problem"] == problem
