"""Instants as a person reads them: the day and hour of Madrid, by which the law counts; programs read UTC."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Final

from notigateway.law.deadlines import MADRID, last_day

if TYPE_CHECKING:
    from datetime import date

_LAPSED: Final = "lapsed"
# Of no locale: the words must not depend on the computer.
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def last_day_text(deadline: datetime | None) -> str:
    """Return the last day of a deadline in words; empty where there is none.

    A deadline of a public body that ends within a day has its hour: that day is not whole.
    """
    if deadline is None:
        return ""
    end = deadline.astimezone(MADRID)
    day = last_day(deadline)
    until = "" if end.date() > day else f", until {end:%H:%M}"
    return f"{_day_text(day)}{until}"


def moment_text(instant: datetime | None) -> str:
    """Return an instant by the clock of Madrid, with the name of its time; empty where there is none."""
    return "" if instant is None else f"{instant.astimezone(MADRID):%Y-%m-%d %H:%M:%S %Z}"


def over_text(instant: datetime) -> str:
    """Return when a term was over: at midnight with the day before, as nobody reads `00:00:00`."""
    end = instant.astimezone(MADRID)
    return f"end of {last_day(instant)} {end:%Z}" if end.time() == time.min else moment_text(instant)


def decided_text(state: str, at: str | None) -> str:
    """Return when something was decided, from the text of an instant; empty where nobody knows."""
    if at is None:
        return ""
    instant = datetime.fromisoformat(at)
    return over_text(instant) if state == _LAPSED else moment_text(instant)


def _day_text(day: date) -> str:
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"
