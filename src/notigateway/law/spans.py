"""Spans of time, from an instant on and until before another one: pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


@dataclass(frozen=True)
class Span:
    """From `starts_at` until before `ends_at`; without an end for ever."""

    starts_at: datetime
    ends_at: datetime | None = None

    def __contains__(self, at: datetime) -> bool:
        """Tell whether the instant lies in it."""
        return self.starts_at <= at and (self.ends_at is None or at < self.ends_at)

    @property
    def is_empty(self) -> bool:
        """Tell whether no instant lies in it."""
        return self.ends_at is not None and self.ends_at <= self.starts_at

    def until(self, at: datetime | None) -> Span:
        """Return what of it lies before the instant; all of it where none is given."""
        if at is None or (self.ends_at is not None and self.ends_at <= at):
            return self
        return Span(self.starts_at, at)

    def since(self, at: datetime) -> Span:
        """Return what of it lies at or after the instant."""
        return Span(max(self.starts_at, at), self.ends_at)


def common(one: Span, other: Span) -> Span | None:
    """Return what lies in both; None for nothing."""
    found = one.since(other.starts_at).until(other.ends_at)
    return None if found.is_empty else found


def cut_out(span: Span, holes: Iterable[Span]) -> list[Span]:
    """Return what is left of a span without the holes, in order of time."""
    left = [] if span.is_empty else [span]
    for hole in holes:
        if not hole.is_empty:
            left = [part for one in left for part in _without(one, hole)]
    return left


def _without(span: Span, hole: Span) -> list[Span]:
    """Return what is left of a span without one hole."""
    parts = [span.until(hole.starts_at)]
    if hole.ends_at is not None:
        parts.append(span.since(hole.ends_at))
    return [part for part in parts if not part.is_empty]
