"""The wsu:Timestamp: a strict reading of instants and the window in which a message is fresh."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from notigateway.errors import FreshnessError, TimestampInvalidError
from notigateway.wss.ns import WSU_ID, wsu

if TYPE_CHECKING:
    from lxml.etree import _Element

    from notigateway.wss.policy import Expectations

# xs:dateTime with a zone: four digits of year, no hour 24, no second 60, at most nanoseconds.
_INSTANT: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)
_XML_WHITESPACE: Final = " \t\r\n"
_MAX_OFFSET_HOURS: Final = 14
_MAX_MINUTES: Final = 59
# Without a Timestamp nothing in the message ages: its replay key must be kept for long, and beyond that the
# message is remembered as long as its certificate is valid.
_WITHOUT_TIMESTAMP: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Window:
    """When a message was made, and until when it could still be accepted."""

    created: datetime
    fresh_until: datetime


def check_freshness(element: _Element | None, *, now: datetime, expectations: Expectations) -> Window:
    """Check that the message is fresh at `now`, and tell until when.

    Created must lie within `max_age` before and `skew` after `now`; Expires is honoured but never
    prolongs that.

    Raises: `TimestampInvalidError` when it is missing or unreadable, `FreshnessError` with the
    gateway's time when it is outside the window.
    """
    if element is None:
        if expectations.require_timestamp:
            raise TimestampInvalidError("Timestamp missing")
        return Window(created=now, fresh_until=now + _WITHOUT_TIMESTAMP)
    created, expires = _read(element)
    skew = expectations.skew
    if created > now + skew:
        raise FreshnessError("Created is in the future", reason="created-in-future", server_time=now)
    if created < now - expectations.max_age - skew:
        raise FreshnessError("Created is too old", reason="created-too-old", server_time=now)
    last = created + expectations.max_age
    if expires is not None:
        if now - skew >= expires:  # so written, since an instant may be the last of the calendar
            raise FreshnessError("Expires has passed", reason="expired", server_time=now)
        last = min(last, expires)
    return Window(created=created, fresh_until=last + skew)


def _read(element: _Element) -> tuple[datetime, datetime | None]:
    # WSS 1.1.1 §10, BSP R3203, R3221, R3222, R3224: Created, then perhaps Expires, nothing else
    children = list(element)
    tags = [child.tag for child in children]
    if tags not in ([wsu("Created")], [wsu("Created"), wsu("Expires")]):
        raise TimestampInvalidError("Timestamp must hold Created and at most one Expires")
    created = _instant_of(children[0])
    expires = _instant_of(children[1]) if len(children) > 1 else None
    if expires is not None and expires <= created:
        raise TimestampInvalidError("Expires is not after Created")
    return created, expires


def _instant_of(element: _Element) -> datetime:
    # BSP R3225, R3226: no ValueType
    if len(element) or set(element.attrib) - {WSU_ID}:
        raise TimestampInvalidError("an instant holds text only and no ValueType")
    try:
        return read_instant((element.text or "").strip(_XML_WHITESPACE))
    except ValueError as error:
        raise TimestampInvalidError("an instant is not an xs:dateTime with a zone") from error


def read_instant(text: str) -> datetime:
    """Return the aware UTC instant of an xs:dateTime with a zone, cut to microseconds.

    Raises: `ValueError` for any other text, and for instants outside the years 1 to 9999.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError("not an xs:dateTime with a zone")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    microsecond = int((match[7] or "").ljust(6, "0")[:6])
    zone = _offset(match[8], match[9], match[10])
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timezone:
    if sign is None or hours is None or minutes is None:
        return UTC
    if int(minutes) > _MAX_MINUTES or int(hours) * 60 + int(minutes) > _MAX_OFFSET_HOURS * 60:
        raise ValueError("no such zone")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)
