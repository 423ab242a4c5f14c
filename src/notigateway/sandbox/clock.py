"""The clock of a world: this machine's, ahead or behind by an offset, or standing still."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from notigateway.instants import instant_text, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable


class Mode(StrEnum):
    """How a clock goes."""

    REAL = "real"
    OFFSET = "offset"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Setting:
    """What is kept of a clock: by how much it differs, or at which instant it stands."""

    offset: timedelta = timedelta(0)
    frozen_at: datetime | None = None

    @property
    def mode(self) -> Mode:
        """Return how it goes."""
        if self.frozen_at is not None:
            return Mode.FROZEN
        return Mode.OFFSET if self.offset else Mode.REAL

    def at(self, machine: datetime) -> datetime:
        """Return what it shows when it is that time on this machine."""
        return to_milliseconds(machine + self.offset) if self.frozen_at is None else self.frozen_at


REAL: Final = Setting()


def machine_time() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


class WorldClock:
    """Tells the time of a world; safe between threads. `keep` is called with each new setting."""

    def __init__(self, setting: Setting = REAL, keep: Callable[[Setting], None] = lambda _: None) -> None:
        self._setting = setting
        self._keep = keep
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """Return what time it is."""
        return self._setting.at(machine_time())

    @property
    def setting(self) -> Setting:
        """Return how it is set."""
        return self._setting

    @property
    def line(self) -> dict[str, Any]:
        """Return what a harness is told of it."""
        setting, machine = self._setting, machine_time()
        now = setting.at(machine)
        ahead = setting.offset if setting.frozen_at is None else now - machine
        return {
            "now": instant_text(now),
            "mode": setting.mode.value,
            "offset_seconds": round(ahead.total_seconds(), 3),
        }

    def move_to(self, instant: datetime) -> None:
        """Set it to that instant; it stands or goes on from there, as before."""
        with self._lock:
            is_frozen = self._setting.frozen_at is not None
            machine = machine_time()
            # Time has passed since that was the instant to go to: it never goes back.
            instant = max(instant, self._setting.at(machine))
            self._set(Setting(frozen_at=instant) if is_frozen else Setting(instant - machine))

    def freeze(self) -> None:
        """Let it stand still."""
        with self._lock:
            self._set(Setting(frozen_at=self._setting.at(machine_time())))

    def thaw(self) -> None:
        """Let it go on from where it stands."""
        with self._lock:
            if self._setting.frozen_at is not None:
                self._set(Setting(self._setting.frozen_at - machine_time()))

    def _set(self, setting: Setting) -> None:
        """Keep it before anybody goes by it: what is dated by it would be in the future of a later start."""
        self._keep(setting)
        self._setting = setting
