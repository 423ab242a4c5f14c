"""RED as windows: an item's instant lies in one exactly where the registers say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from notigateway.law.accounts import MainEntry, main_account_at
from notigateway.law.spans import Span
from notigateway.law.windows import Assigned, plan

START = datetime(2026, 1, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)
CCC, OTHER = "28123456742", "08999999904"
FIRST, SECOND = UUID(int=1), UUID(int=2)
INSTANTS = st.integers(0, 12).map(lambda day: START + day * DAY)
SPANS = st.builds(Span, INSTANTS, st.none() | INSTANTS)
ACCOUNTS = st.sampled_from([CCC, OTHER])


@given(
    st.lists(st.builds(Assigned, st.sampled_from([FIRST, SECOND]), ACCOUNTS, SPANS), max_size=4),
    st.lists(st.builds(MainEntry, ACCOUNTS | st.none(), SPANS), max_size=4),
    st.lists(SPANS, max_size=3),
    INSTANTS,
)
def test_a_window_is_open_where_assignment_and_main_account_meet_and_nobody_opted_out(
    assigned: list[Assigned], mains: list[MainEntry], opt_outs: list[Span], at: datetime
) -> None:
    opened = {one.assignment for one in plan(assigned, mains, opt_outs) if at in one.span}
    main, is_alone = main_account_at(mains, at), any(at in span for span in opt_outs)
    given = {one.assignment for one in assigned if at in one.span and one.account == main}
    assert opened == (set() if is_alone else given)


@given(st.lists(SPANS, max_size=3))
def test_no_window_is_empty(opt_outs: list[Span]) -> None:
    windows = plan([Assigned(FIRST, CCC, Span(START))], [MainEntry(CCC, Span(START))], opt_outs)
    assert not any(one.span.is_empty for one in windows)


def test_an_account_with_its_regime_is_followed_by_the_same_without() -> None:
    (window,) = plan([Assigned(FIRST, CCC, Span(START))], [MainEntry(f"0111{CCC}", Span(START + DAY))], [])
    assert window.span == Span(START + DAY)
