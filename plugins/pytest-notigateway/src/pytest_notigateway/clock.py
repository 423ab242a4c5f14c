"""The clock of a world: it goes, stands still or jumps, and everything in the world follows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from pytest_notigateway.calling import instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_notigateway.calling import Calls
    from pytest_notigateway.world import Notification

# A refusal is shown where the test has asked; `--full-trace` shows what lies between.
__tracebackhide__ = True

_PARTS: Final = ("weeks", "days", "hours", "minutes", "seconds")


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clock says: `mode` is `real`, `offset` or `frozen`.

    Of a jump also what ran between (each a job, its instant and what it said), and how many lapsed.
    """

    now: datetime
    mode: str
    offset: timedelta
    ran: tuple[Mapping[str, Any], ...] = ()
    lapsed: int = 0

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """Read what the sandbox says."""
        return cls(
            instant(told["now"]),
            told["mode"],
            timedelta(seconds=told["offset_seconds"]),
            tuple(told.get("ran", ())),
            told.get("lapsed", 0),
        )


class Clock:
    """Tells and moves the time of one world.

    A jump over thousands of deadlines takes its time, and is awaited however long it takes; or as long as
    `timeout` says, in seconds. Raises: `SandboxError` with code NOT_DONE_IN_TIME after that.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def moment(self) -> Moment:
        """Return what the clock says."""
        return Moment.of(self._calls.get("clock"))

    def now(self) -> datetime:
        """Return the world's time; a client that shall live in it takes this function for its clock."""
        return self.moment().now

    def advance(
        self,
        by: str | float | timedelta | None = None,
        *,
        timeout: float | None = None,
        **parts: float,
    ) -> Moment:
        """Let time pass: `"P11D"`, seconds, a timedelta, or its parts (`days=11`).

        The jobs that would have run between run in their order; they are done when this returns.
        Raises: `SandboxError` with code CLOCK_OUT_OF_RANGE beyond the years of the sandbox's certificates.
        """
        unknown = [name for name in parts if name not in _PARTS]
        if unknown:
            raise TypeError(f"a clock advances by {', '.join(_PARTS)}, not by {', '.join(unknown)}")
        if (by is None) is not bool(parts):
            raise TypeError(f"say how long: either a duration, or its parts ({', '.join(_PARTS)})")
        return self._told(timeout, advance=timedelta(**parts) if by is None else by)

    def to_after_deadline(self, notification: Notification | str, *, timeout: float | None = None) -> Moment:
        """Go to just after the deadline of a notification has passed."""
        wanted = notification if isinstance(notification, str) else notification.id
        return self._told(timeout, to="after-deadline", notification=wanted)

    def set(self, to: datetime, *, reason: str, timeout: float | None = None) -> Moment:
        """Set the clock; back only in a fresh world. Raises: `SandboxError` with code NOT_FRESH."""
        return self._told(timeout, set=to, reason=reason)

    def freeze(self, at: datetime | None = None, *, timeout: float | None = None) -> Moment:
        """Let the clock stand still, here or at an instant."""
        return self._told(timeout, freeze=True if at is None else at)

    def thaw(self) -> Moment:
        """Let it go on from where it stands."""
        return self._told(thaw=True)

    def callers(self, clocks: str | Mapping[str, str]) -> Moment:
        """Say by which clock callers live: `either` (at first), `real` or `world`; or each by its name."""
        return self._told(callers=clocks)

    def _told(self, timeout: float | None = None, **told: object) -> Moment:
        return Moment.of(self._calls.post("clock", told, seconds=timeout))
