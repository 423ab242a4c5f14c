"""Which account is the main one when: of several entries the last one holds, at every instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notigateway.errors import AccountInvalidError
from notigateway.law.accounts import (
    MainEntry,
    account_key,
    accounts_since,
    check_entry,
    first_as_main,
    holds,
    main_account_at,
    main_accounts,
    next_change,
    read_account,
)
from notigateway.law.spans import Span, common, cut_out

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)
CCC, NAF = "28123456742", "281234567840"
INSTANTS = st.integers(0, 12).map(lambda day: START + day * DAY)
SPANS = st.builds(Span, INSTANTS, st.none() | INSTANTS)
ENTRIES = st.lists(st.builds(MainEntry, st.sampled_from(["A", "B", None]), SPANS), max_size=6)


@given(ENTRIES, INSTANTS)
def test_the_last_entry_that_speaks_of_an_instant_holds(entries: list[MainEntry], at: datetime) -> None:
    said = [entry.account for entry in entries if at in entry.span]
    assert main_account_at(entries, at) == (said[-1] if said else None)


@given(ENTRIES)
def test_main_accounts_stand_in_order_and_never_two_at_once(entries: list[MainEntry]) -> None:
    found = main_accounts(entries)
    for (account, span), (after, later) in pairwise(found):
        assert not span.is_empty
        assert span.ends_at is not None
        assert span.ends_at <= later.starts_at
        assert account != after or span.ends_at < later.starts_at


@given(SPANS, st.lists(SPANS, max_size=4), INSTANTS)
def test_what_is_cut_out_is_gone_and_nothing_else(span: Span, holes: list[Span], at: datetime) -> None:
    left = any(at in part for part in cut_out(span, holes))
    assert left == (at in span and not any(at in hole for hole in holes))


@given(SPANS, SPANS, INSTANTS)
def test_what_two_spans_have_in_common_lies_in_both(one: Span, other: Span, at: datetime) -> None:
    found = common(one, other)
    assert (found is not None and at in found) == (at in one and at in other)


def test_what_was_planned_ends_what_begins_before_it() -> None:
    planned = MainEntry("B", Span(START + 5 * DAY))
    entries = [MainEntry("A", Span(START)), planned]
    assert next_change(entries, START + DAY) == START + 5 * DAY
    assert next_change(entries, START + 5 * DAY) is None
    assert accounts_since(entries, START + 6 * DAY) == ["B"]
    assert holds(planned, entries)
    assert not holds(MainEntry("C", Span(START, START + DAY)), entries)


@given(ENTRIES, INSTANTS)
def test_the_first_instant_as_main_account_is_never_before_it_is_asked_for(
    entries: list[MainEntry], since: datetime
) -> None:
    days = (since + number * DAY for number in range(13))
    assert first_as_main(entries, "A", since=since) == next(
        (at for at in days if main_account_at(entries, at) == "A"), None
    )


def test_an_account_is_the_same_with_its_regime_and_another_than_a_number_of_a_person() -> None:
    assert account_key(read_account("0111 28/1234567/42")) == account_key(CCC) == CCC
    assert account_key(read_account("28/12345678/40")) == NAF
    with pytest.raises(AccountInvalidError) as caught:
        read_account("28123456743")
    assert caught.value.facts == {"field": "account", "problem": "identifier"}


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "ground", "field", "problem"),
    [
        (START, START, "a ground", "ends_at", "not_after_the_start"),
        (START, START - DAY, None, "ends_at", "not_after_the_start"),
        (START, START + DAY, None, "ground", "required"),
        (START, None, "  ", "ground", "required"),
        (START, None, "a\nb", "ground", "text"),
        (START + 30 * DAY, None, "a ground", "starts_at", "in_the_future"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(
    starts_at: datetime, ends_at: datetime | None, ground: str | None, field: str, problem: str
) -> None:
    with pytest.raises(AccountInvalidError) as caught:
        check_entry(starts_at, ends_at, ground=ground, now=START + 20 * DAY)
    assert caught.value.facts == {"field": field, "problem": problem}
