"""Deadlines: the ten natural days, the days that outages take from them, working days; pure.

Days are dates in Europe/Madrid, instants are compared as instants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from notigateway.errors import OutageInvalidError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

MADRID: Final = ZoneInfo("Europe/Madrid")
TERM_NATURAL_DAYS: Final = 10  # Ley 39/2015 art. 43.2
OUTAGE_MORE_THAN: Final = timedelta(hours=12)  # Orden ISM/903/2020 art. 8.4
# Nobody means a deadline that is years ahead.
EXTENSION_MAX: Final = timedelta(days=366)


class DeadlineCause(StrEnum):
    """Why a deadline was moved."""

    OUTAGE = "outage"
    EXTENSION = "extension"


@dataclass(frozen=True)
class Outage:
    """A time in which the service could not be reached; `ended_at` is None while it lasts."""

    started_at: datetime
    ended_at: datetime | None = None

    def touches(self, start: datetime, end: datetime) -> bool:
        """Tell whether some of it lies between two instants."""
        return self.started_at < end and (self.ended_at is None or self.ended_at > start)

    def lasted(self, now: datetime) -> timedelta:
        """Return how long it was, or has been at `now`; counted in UTC, where every hour is one hour."""
        start, end = self._ends(now)
        return end - start

    def madrid_days(self, now: datetime) -> Iterator[date]:
        """Yield its days in Madrid from the first to the last one, both included."""
        first, last = (instant.astimezone(MADRID).date() for instant in self._ends(now))
        yield from (first + timedelta(days=n) for n in range((last - first).days + 1))

    def _ends(self, now: datetime) -> tuple[datetime, datetime]:
        start = self.started_at.astimezone(UTC)
        return start, (self.ended_at or max(now, start)).astimezone(UTC)


@dataclass(frozen=True)
class Extended:
    """A deadline that the issuing body has fixed: until when, and when it did."""

    until: datetime
    since: datetime


def deadline(
    available_at: datetime,
    *,
    suspended: Collection[date] = frozenset(),
    is_working_day: Callable[[date], bool] | None = None,
) -> datetime:
    """Return the instant at which a notification lapses: 00:00 after its last day in Madrid, in UTC.

    The day it is put at disposal (D, a date in Europe/Madrid) does not count; the tenth counted day
    after it is the last one (Ley 39/2015 art. 43.2 with art. 30.3): D+10, so it lapses at 00:00 of
    D+11. Days, not hours: a day of 23 or 25 hours is one day. `suspended` days do not count. With
    `is_working_day` the last day moves to the next working one (art. 30.5 is left open: a policy).
    """
    day, counted = available_at.astimezone(MADRID).date(), 0
    while counted < TERM_NATURAL_DAYS:
        day += timedelta(days=1)
        counted += day not in suspended
    while is_working_day is not None and (day in suspended or not is_working_day(day)):
        day += timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=MADRID).astimezone(UTC)


def last_day(deadline: datetime) -> date:
    """Return the last day on which a decision is in time, in Madrid.

    00:00 ends the day before; any other time is in the last day.
    """
    return (deadline.astimezone(MADRID) - timedelta(microseconds=1)).date()


# --- outages ------------------------------------------------------------------------------------------


def check_outage(outage: Outage, now: datetime) -> None:
    """Check that an outage can have happened: not in the future, and no end before its start.

    Raises: `OutageInvalidError` with the facts `element` and `rule`.
    """
    if outage.started_at > now:
        raise invalid_outage("started_at", "in_the_future", "lies in the future")
    if outage.ended_at is not None and outage.ended_at > now:
        raise invalid_outage("ended_at", "in_the_future", "lies in the future")
    if outage.ended_at is not None and outage.ended_at < outage.started_at:
        raise invalid_outage("ended_at", "before_start", "lies before the start")


def invalid_outage(element: str, rule: str, text: str) -> OutageInvalidError:
    """Return the refusal of one field of a declaration."""
    return OutageInvalidError(f"{element}: {text}", element=element, rule=rule)


def moves_nothing(outage: Outage, *, hours_add_up: bool = False) -> bool:
    """Tell whether the outage is over and too short to suspend anything.

    Where hours add up, the shortest one may be what was missing.
    """
    if outage.ended_at is None:
        return False
    return outage.lasted(outage.ended_at) <= (timedelta(0) if hours_add_up else OUTAGE_MORE_THAN)


def suspended_days(outages: Iterable[Outage], now: datetime) -> frozenset[date]:
    """Return the Madrid days on which the clock stood still (Orden ISM/903/2020 art. 8.4).

    An outage of more than 12 hours takes its days from the first to the last one, both included. One
    that lasts is taken as it stands at `now`. Each counts for itself; `added_up_days` is the other reading.
    """
    return frozenset(
        day for one in outages if one.lasted(now) > OUTAGE_MORE_THAN for day in one.madrid_days(now)
    )


def added_up_days(
    outages: Iterable[Outage], now: datetime, *, start: datetime, end: datetime
) -> frozenset[date]:
    """Return the Madrid days that outages take from a term where their hours add up.

    Orden ISM/903/2020 art. 8.4 speaks of access that was not possible "for more than twelve hours" within
    the ten days, and then of the incident, as if there were one: whether several count together is a policy
    (`outage_hours_add_up`). Where they do, all that touch the term take their days once their hours, each
    with its whole length, are more than 12 together.
    """
    within = [one for one in outages if one.touches(start, end)]
    if sum((one.lasted(now) for one in within), timedelta(0)) <= OUTAGE_MORE_THAN:
        return frozenset()
    return frozenset(day for one in within for day in one.madrid_days(now))


def postponed(until: datetime, *, since: datetime, suspended: Collection[date]) -> datetime:
    """Return a deadline that was fixed at `since`, moved by the days on which the clock stood still.

    As many days remain as when it was fixed; the time of the day stays. So an outage does not take
    back what the issuing body has added (Orden ISM/903/2020 art. 8.4 with Ley 39/2015 art. 32).
    """
    day, end = since.astimezone(MADRID).date(), until.astimezone(MADRID)
    last = last_day(until)
    left, moved = (last - day).days, day
    while left > 0:
        moved += timedelta(days=1)
        left -= moved not in suspended
    return (end + max(moved - last, timedelta(0))).astimezone(UTC)


def later_deadline(
    available_at: datetime,
    present: datetime | None,
    *,
    extended: Extended | None = None,
    suspended: Collection[date],
    is_working_day: Callable[[date], bool] | None = None,
) -> datetime | None:
    """Return the deadline with the suspended days, or None where it is not later than the present one.

    Counted anew from the start, or from the last extension. A deadline is only ever moved to a later
    instant: what was told to an addressee is not taken back.
    """
    if extended is None:
        computed = deadline(available_at, suspended=suspended, is_working_day=is_working_day)
    else:
        computed = postponed(extended.until, since=extended.since, suspended=suspended)
    return computed if present is not None and computed > present else None


def later_deadline_adding_up(
    available_at: datetime,
    present: datetime | None,
    *,
    extended: Extended | None = None,
    outages: Sequence[Outage],
    now: datetime,
    is_working_day: Callable[[date], bool] | None = None,
) -> datetime | None:
    """Return what `later_deadline` returns, where the hours of outages within the term add up.

    A term that grows may reach one more outage, so it is asked until nothing moves.
    """
    later, end = None, present
    while end is not None:
        suspended = added_up_days(outages, now, start=available_at, end=end)
        later, end = (
            end if end is not present else None,
            later_deadline(
                available_at, end, extended=extended, suspended=suspended, is_working_day=is_working_day
            ),
        )
    return later
