"""How an instant is written: UTC, milliseconds, zone Z; the same in envelopes, answers and receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def to_milliseconds(instant: datetime) -> datetime:
    """Return the instant in UTC cut to whole milliseconds, so that what is stored is what is written."""
    utc = instant.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


def instant_text(instant: datetime) -> str:
    """Return an aware instant as xs:dateTime, for example `2026-01-31T22:59:59.123Z`."""
    if instant.tzinfo is not UTC:
        instant = instant.astimezone(UTC)
    return f"{instant.isoformat('T', 'milliseconds')[:-6]}Z"


def duration_text(duration: timedelta) -> str:
    """Return a non-negative duration as xs:duration in whole seconds, for example `P9DT4H0M3S`."""
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"P{duration.days}DT{hours}H{minutes}M{seconds}S"
