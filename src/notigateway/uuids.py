"""Identifiers that sort by time and cannot be guessed: UUID version 7."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from notigateway.drawing import draw_bits

if TYPE_CHECKING:
    from datetime import datetime


def first_uuid7(instant: datetime) -> UUID:
    """Return the first identifier of an instant: those made before sort before it, the others do not."""
    milliseconds = int(instant.timestamp() * 1000) & (1 << 48) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


def uuid7(now: datetime) -> UUID:
    """Return a new UUIDv7 of the instant: 48 bits of Unix milliseconds, 74 random bits (RFC 9562 §5.7).

    The standard library has it from Python 3.14 on, but not with the instant as a parameter.
    """
    milliseconds = int(now.timestamp() * 1000) & (1 << 48) - 1
    random = draw_bits(74)
    high, low = random >> 62, random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
