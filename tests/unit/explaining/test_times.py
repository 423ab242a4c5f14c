"""What is guessed of a clock that is wrong, with the instant of receipt and without it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from envelopes import Draft, instant
from explained import PUBLIC_URL, told_of
from notigateway.explaining.way import Way
from pki import NOW

PING = '<n:Ping xmlns:n="urn:notigateway:v1"/>'


def guesses(*, created: timedelta, instant_by: str = "") -> list[str]:
    at = NOW + created
    draft = Draft(content=PING, created=instant(at), expires=instant(at + timedelta(minutes=5)))
    told = told_of(draft.build(), way=Way(public_url=PUBLIC_URL, instant_by=instant_by))
    return [f"{cause.name}: {cause.words}" for cause in told.causes]


def test_an_hour_ahead_is_first_of_all_local_time() -> None:
    first, second = guesses(created=timedelta(hours=1))
    assert first == "local-time-as-utc: local time was written as UTC: 1 h to the minute"
    assert second == "clock-skew: clock skew: Created is 3,600 s ahead of the gateway's time"


@pytest.mark.parametrize("hours", [1, 2, -1, -4, 12])
def test_whole_hours_come_before_the_skew(hours: int) -> None:
    names = [one.partition(":")[0] for one in guesses(created=timedelta(hours=hours))]
    assert names[:2] == ["twelve-hours" if hours == 12 else "local-time-as-utc", "clock-skew"]


def test_what_is_no_whole_hour_is_skew() -> None:
    assert [one.partition(":")[0] for one in guesses(created=timedelta(minutes=20))] == ["clock-skew"]


def test_what_is_explained_later_is_first_of_all_old() -> None:
    first, second, _ = guesses(created=timedelta(hours=-2), instant_by="--at")
    assert first.startswith("old-message: ")
    assert second.endswith("2 h to the minute, if it was sent just now; else give --at")


def test_what_is_ahead_even_later_was_ahead_by_more() -> None:
    first, second = guesses(created=timedelta(minutes=35), instant_by="?at=")
    assert first == (
        "local-time-as-utc: local time was written as UTC: "
        "1 h to the minute, if it was sent 25 minutes ago; else give ?at="
    )
    assert second.startswith("clock-skew: ")
