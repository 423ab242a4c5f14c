"""Texts in both languages, and instants as people read them: by the clock of mainland Spain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from typing import TYPE_CHECKING, Final

from notigateway.instants import instant_text
from notigateway.law.deadlines import MADRID, last_day

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages."""

    es: str
    en: str


_MONTHS: Final = Words(
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "January February March April May June July August September October November December",
)


def day_and_time(instant: datetime) -> Words:
    """Return an instant as people in mainland Spain read it, to the millisecond."""
    local = instant.astimezone(MADRID)
    day, clock, milliseconds = _day(local.date()), f"{local:%H:%M:%S}", f"{local.microsecond // 1000:03}"
    return Words(f"{day.es}, {clock},{milliseconds}", f"{day.en}, {clock}.{milliseconds}")


def ending(instant: datetime) -> Words | None:
    """Return the day at whose end something is over, where it is over at midnight; else None.

    Nobody reads `2 December, 00:00:00` as the end of the 1st, which it is.
    """
    if instant.astimezone(MADRID).time() != time.min:
        return None
    day = _day(last_day(instant))
    return Words(f"final del {day.es}", f"end of {day.en}")


def until(instant: datetime) -> Words:
    """Return until when something runs that no longer does at that instant."""
    end, moment = ending(instant), day_and_time(instant)
    return Words(f"hasta el {moment.es if end is None else end.es}", f"until {_the(end) or moment.en}")


def ended(instant: datetime) -> Words:
    """Return when something was over, as what a sentence goes on with."""
    end, moment = ending(instant), day_and_time(instant)
    return Words(f"{moment.es if end is None else end.es}", _the(end) or moment.en)


def precise(instant: datetime) -> str:
    """Return what makes a local time unambiguous: its offset, and the same instant in UTC."""
    offset = f"{instant.astimezone(MADRID):%z}"
    return f"hora peninsular, UTC{offset[:3]}:{offset[3:]} · {instant_text(instant)}"


def _the(end: Words | None) -> str:
    return "" if end is None else f"the {end.en}"


def _day(day: date) -> Words:
    months = (_MONTHS.es.split()[day.month - 1], _MONTHS.en.split()[day.month - 1])
    return Words(f"{day.day} de {months[0]} de {day.year}", f"{day.day} {months[1]} {day.year}")
