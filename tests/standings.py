"""What the tests of the law stand on: one notification of ten days, and any instant of any zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from notigateway.law.lifecycle import Kind, Standing, State

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
