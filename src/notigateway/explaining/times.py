"""Instants as clients write them wrongly, and clocks that are wrong by what is typical.

A way of writing is seen; what a clock does is a guess, since nothing in the message proves it.
"""

from __future__ import annotations

import re
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any, Final

from notigateway.explaining.cause import Cause, Certainty, Known
from notigateway.wss.freshness import read_instant
from notigateway.wss.ns import WSU, WSU_ID, namespace_of, wsu

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from lxml.etree import _Element

    from notigateway import errors
    from notigateway.explaining.sight import Sight

_HOUR: Final = timedelta(hours=1)
_NEAR: Final = timedelta(minutes=6)
_HALF_DAY: Final = 12
_MOST_ZONE_HOURS: Final = 14
_DATE: Final = r"\d{4}-\d{2}-\d{2}"
_TIME: Final = r"\d{2}:\d{2}:\d{2}"
_ZONE: Final = r"(?:Z|[+-]\d{2}:\d{2})"
_UTC: Final = "write UTC as 2026-06-01T12:00:00Z"


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


# The text of an instant; the first row that fits is what is told.
FORMS: Final[tuple[Known[re.Pattern[str]], ...]] = (
    Known("time-empty", "the instant is empty", _UTC, _form(r"")),
    Known("time-comma", "the fraction stands behind a comma: the language of the machine writes it", _UTC,
          _form(rf"{_DATE}[T ]{_TIME},\d+.*")),
    Known("time-zone-name", "the zone is a name in brackets, as Java's ZonedDateTime writes it", _UTC,
          _form(rf"{_DATE}T{_TIME}.*\[.+\]")),
    Known("time-gmt", "the zone is written GMT or UTC", _UTC,
          _form(rf"{_DATE}[T ]{_TIME}(?:\.\d+)? ?(?:GMT|UTC).*")),
    Known("time-two-zones", "an offset and Z: one of both is the zone", _UTC,
          _form(rf"{_DATE}[T ]{_TIME}(?:\.\d+)?[+-]\d\d:?\d\dZ")),
    Known("time-space", "a space stands where T belongs", _UTC, _form(rf"{_DATE} {_TIME}.*")),
    Known("time-lower-case", "t and z must be upper case", _UTC,
          _form(rf"{_DATE}(?:t{_TIME}(?:\.\d+)?[zZ]|T{_TIME}(?:\.\d+)?z)")),
    Known("time-no-seconds", "the seconds are missing, as where Java leaves out :00", _UTC,
          _form(rf"{_DATE}T\d\d:\d\d{_ZONE}?")),
    Known("time-no-zone", "there is no zone", _UTC, _form(rf"{_DATE}T{_TIME}(?:\.\d+)?")),
    Known("time-zone-without-colon", "the offset has no colon", _UTC,
          _form(rf"{_DATE}T{_TIME}(?:\.\d+)?[+-]\d\d(?:\d\d)?")),
    Known("time-fraction", "the fraction has no digits, or more than nine", _UTC,
          _form(rf"{_DATE}T{_TIME}\.(?:\d{{10,}})?{_ZONE}")),
    Known("time-compact", "the compact form of ISO 8601 is no xs:dateTime", _UTC, _form(r"\d{8}T\d{6}.*")),
    Known("time-of-unix", "seconds or milliseconds since 1970", _UTC, _form(r"\d{9,16}(?:\.\d+)?")),
    Known("time-of-mail", "the form of RFC 1123", _UTC, _form(r"[A-Z][a-z]{2}, \d.*")),
    Known("time-local-form", "a date as people write it", _UTC,
          _form(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}.*")),
    Known("time-date-alone", "a date without a time", _UTC, _form(rf"{_DATE}{_ZONE}?")),
    Known("time-impossible", "hour 24, second 60 or a day that the calendar has not", _UTC,
          _form(rf"{_DATE}T{_TIME}(?:\.\d+)?{_ZONE}")),
    Known("time-unreadable", "no xs:dateTime with a zone", _UTC, _form(r"(?s:.*)")),
)  # fmt: skip
MISSING: Final = Known(
    "timestamp-missing",
    "no wsu:Timestamp in the Security header: zeep adds none by itself, WCF wants includeTimestamp",
    "add a Timestamp with Created and Expires, and sign it", None,
)  # fmt: skip
ELSEWHERE: Final = Known(
    "timestamp-beside-security", "a Timestamp stands outside the Security header", "put it into Security",
    None
)  # fmt: skip
TWO: Final = Known("two-timestamps", "two Timestamps: two places of the client add one", "keep one", None)
CHILDREN: Final = Known(
    "timestamp-children", "the Timestamp holds something else than Created and Expires, in this order",
    "write Created, then Expires", None,
)  # fmt: skip
VALUE_TYPE: Final = Known(
    "time-value-type", "an instant has an attribute such as ValueType", "leave it out", None
)
EXPIRES_FIRST: Final = Known(
    "expires-not-later", "Expires is not later than Created",
    "set Expires after Created, such as five minutes", None
)  # fmt: skip
SKEW: Final = Known(
    "clock-skew", "clock skew", "set the clock by NTP; make the message when it is sent", None
)
LOCAL: Final = Known(
    "local-time-as-utc", "local time was written as UTC", "convert to UTC before writing Z", None
)
HALF_DAY: Final = Known(
    "twelve-hours", "twelve hours to the minute: hours of 1 to 12 were written (hh instead of HH)",
    "write hours of 0 to 23", None,
)  # fmt: skip
EXCHANGED: Final = Known("day-and-month", "day and month are exchanged", "write year, month, day", None)
OLD: Final = Known(
    "old-message",
    "the message is old",
    "explain it as it was received: give the instant (--at; ?at= of /explain)",
    None,
)
ALL: Final[tuple[Known[Any], ...]] = (
    *FORMS, MISSING, ELSEWHERE, TWO, CHILDREN, VALUE_TYPE, EXPIRES_FIRST, SKEW, LOCAL, HALF_DAY, EXCHANGED,
    OLD,
)  # fmt: skip


def timestamp_causes(sight: Sight, error: errors.GatewayError) -> Iterator[Cause]:
    """Tell why a Timestamp is missing or cannot be read."""
    timestamp = sight.header.timestamp if sight.header is not None else None
    if "more than one" in error.detail:
        yield TWO.cause(Certainty.SEEN)
    elif timestamp is None:
        yield from _missing(sight)
    else:
        yield from _unreadable(timestamp)


def _missing(sight: Sight) -> Iterator[Cause]:
    others = [] if sight.root is None else list(sight.root.iter(wsu("Timestamp")))
    if others:
        parent = others[0].getparent()
        yield ELSEWHERE.cause(Certainty.SEEN, f"in {_local(parent)}" if parent is not None else "")
    else:
        yield MISSING.cause(Certainty.SEEN)


def _unreadable(timestamp: _Element) -> Iterator[Cause]:
    names = [_local(child) for child in timestamp]
    is_ours = all(namespace_of(str(child.tag)) == WSU for child in timestamp)
    if names not in (["Created"], ["Created", "Expires"]) or not is_ours:
        yield CHILDREN.cause(Certainty.SEEN, ", ".join(names) or "nothing")
    instants: list[datetime] = []
    for child in timestamp:
        if set(child.attrib) - {WSU_ID}:
            yield VALUE_TYPE.cause(Certainty.SEEN, _local(child))
        text = (child.text or "").strip()
        try:
            instants.append(read_instant(text))
        except ValueError:
            known = next(one for one in FORMS if one.how.fullmatch(text))
            yield known.cause(Certainty.SEEN, f"{_local(child)} {text[:60]!r}")
    if names == ["Created", "Expires"] and instants == sorted(instants, reverse=True) and len(instants) > 1:
        yield EXPIRES_FIRST.cause(Certainty.SEEN)


def freshness_causes(sight: Sight) -> Iterator[Cause]:
    """Tell by how much the clocks differ, and what is typically wrong by that much."""
    timestamp = sight.header.timestamp if sight.header is not None else None
    text = timestamp.findtext(wsu("Created")) if timestamp is not None else None
    if text is None:
        return
    created = read_instant(text.strip())
    ahead = created - sight.now
    seconds = abs(ahead).total_seconds()
    is_behind = ahead < timedelta(0)
    old = OLD.cause(Certainty.LIKELY, f"Created {text.strip()}")
    if is_behind and sight.instant_by:  # it has aged since it was sent, unless it was sent this very moment
        yield old
    yield from _typical(ahead, sight.instant_by)
    if _is_exchanged(created, sight.now):
        yield EXCHANGED.cause(Certainty.LIKELY)
    word = "behind" if is_behind else "ahead of"
    yield SKEW.cause(Certainty.LIKELY, f"Created is {seconds:,.0f} s {word} the gateway's time")
    if is_behind and not sight.instant_by:
        yield old


def _typical(ahead: timedelta, instant_by: str) -> Iterator[Cause]:
    """Tell what is typically wrong by so many hours.

    Without the instant of receipt that is true only of a message that was sent just now. One that is ahead
    all the same was ahead by more when it was sent: by how much is said for the next whole hour.
    """
    hours = round(abs(ahead) / _HOUR)
    is_whole = hours > 0 and abs(abs(ahead) - hours * _HOUR) < _NEAR
    if is_whole:
        when = f", if it was sent just now; else give {instant_by}" if instant_by else ""
    elif instant_by and ahead > timedelta(0):
        hours = ceil(ahead / _HOUR)
        minutes = (hours * _HOUR - ahead) // timedelta(minutes=1)
        when = f", if it was sent {minutes} minutes ago; else give {instant_by}"
    else:
        return
    if hours == _HALF_DAY:
        yield HALF_DAY.cause(Certainty.LIKELY, when.removeprefix(", "))
    elif hours <= _MOST_ZONE_HOURS:
        yield LOCAL.cause(Certainty.LIKELY, f"{hours} h to the minute{when}")


def _is_exchanged(created: datetime, now: datetime) -> bool:
    try:
        other = created.replace(month=created.day, day=created.month)
    except ValueError:
        return False
    return other != created and abs(other - now) < _NEAR


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]
