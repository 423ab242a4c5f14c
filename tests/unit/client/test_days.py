"""The day that counts is Madrid's, whatever UTC or this computer says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notigateway.client.days import last_day_text, moment_text, over_text
from notigateway.law.deadlines import deadline


@pytest.mark.parametrize(
    ("instant", "said"),
    [
        (datetime(2026, 12, 3, 23, tzinfo=UTC), "Thursday 3 December 2026"),  # 00:00 in Madrid
        (datetime(2026, 7, 31, 22, tzinfo=UTC), "Friday 31 July 2026"),  # the same in summer
        (datetime(2026, 7, 31, 23, tzinfo=UTC), "Saturday 1 August 2026, until 01:00"),
        (datetime(2026, 12, 3, 13, 30, tzinfo=UTC), "Thursday 3 December 2026, until 14:30"),
        (deadline(datetime(2026, 11, 23, 22, 59, tzinfo=UTC)), "Thursday 3 December 2026"),
        (None, ""),
    ],
)
def test_the_last_day_is_said_in_words(instant: datetime | None, said: str) -> None:
    assert last_day_text(instant) == said


def test_a_moment_is_told_by_the_clock_of_madrid() -> None:
    assert moment_text(datetime(2026, 12, 3, 23, 5, 6, tzinfo=UTC)) == "2026-12-04 00:05:06 CET"
    assert moment_text(datetime(2026, 7, 3, 22, 5, 6, tzinfo=UTC)) == "2026-07-04 00:05:06 CEST"
    assert moment_text(None) == ""


def test_a_term_that_is_over_at_midnight_ends_with_the_day_before() -> None:
    assert over_text(datetime(2026, 12, 3, 23, tzinfo=UTC)) == "end of 2026-12-03 CET"
    assert over_text(datetime(2026, 7, 31, 22, tzinfo=UTC)) == "end of 2026-07-31 CEST"
    assert over_text(datetime(2026, 12, 3, 13, 30, tzinfo=UTC)) == "2026-12-03 14:30:00 CET"
