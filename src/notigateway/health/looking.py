"""Looks that end: each in a thread of its own, for two seconds at most, and seldom however often one asks.

A database or a file system that hangs would hang whoever asks about it. So nobody waits longer than the
bound, a look that still hangs is not begun again, and what was found is given to everybody for a second.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from notigateway.errors import GatewayError
from notigateway.health.files import RUN_AS
from notigateway.health.finding import Finding, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

Found = TypeVar("Found")

LOOK_SECONDS: Final = 2.0
KEPT_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is looked at: `see` finds it at an instant; `check` is told where nothing comes in time.

    `late` is the state then: what hangs is as bad as what is away, or only slow; `late_cure` what there is to
    do then, where that is another thing. `tells_detail` is for a look whose findings only the operator reads:
    an error's detail may name files. `needs` names a look whose subject is asked on the way: where that one
    brings no answer either, nothing is known of this one.
    """

    check: str
    see: Callable[[datetime], Sequence[Finding]]
    late: State = State.FAILED
    cure: str = ""
    late_cure: str = ""
    tells_detail: bool = False
    needs: str = ""


class Looks:
    """Several looks at once; safe between threads, each of whom waits no longer than the bound."""

    def __init__(
        self,
        looks: Sequence[Look],
        *,
        seconds: float = LOOK_SECONDS,
        kept_seconds: float = KEPT_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._looks = looks
        self._seconds = seconds
        self._kept_seconds = kept_seconds
        self._monotonic = monotonic
        self._under_way: dict[str, _Seeing] = {}
        self._found: list[Finding] = []
        self._found_at: float | None = None
        self._lock = threading.Lock()

    def findings(self, now: datetime) -> list[Finding]:
        """Return what is found now, or was a moment ago."""
        with self._lock:
            at = self._monotonic()
            if self._found_at is None or at - self._found_at >= self._kept_seconds:
                self._found = [one for found in self.look(now).values() for one in found]
                self._found_at = self._monotonic()
            return list(self._found)

    def look(self, now: datetime) -> dict[str, Sequence[Finding]]:
        """Return what each look finds now, by its check."""
        begun = set()
        for look in self._looks:
            before = self._under_way.get(look.check)
            if before is None or not before.is_alive():
                seeing = self._under_way[look.check] = _Seeing(look, now)
                seeing.start()
                begun.add(look.check)
        end = time.monotonic() + self._seconds
        found: dict[str, Sequence[Finding]] = {}
        for look in self._looks:
            seeing = self._under_way[look.check]
            # What hung before has had its time: it is not waited for again.
            seeing.join(max(0.0, end - time.monotonic()) if look.check in begun else 0)
            found[look.check] = self._late(look) if seeing.is_alive() else seeing.found
        return found

    def _late(self, look: Look) -> list[Finding]:
        needed = self._under_way.get(look.needs)
        if needed is not None and needed.is_alive():
            other = next(one for one in self._looks if one.check == look.needs)
            said = f"{look.needs} hangs, which has to be asked"
            return [Finding(look.check, State.UNKNOWN, said, other.late_cure or other.cure)]
        said = f"no answer within {self._seconds:g} seconds"
        return [Finding(look.check, look.late, said, look.late_cure or look.cure)]


def within(seconds: float, do: Callable[[], Found]) -> Found | None:
    """Return what that returns; None where it takes longer, and then it may be left behind.

    For what is only said beside something else, which must be told whatever hangs. It raises nothing.
    """
    found: list[Found] = []
    doing = threading.Thread(target=lambda: found.append(do()), name="within", daemon=True)
    doing.start()
    doing.join(seconds)
    return found[0] if found else None


class _Seeing(threading.Thread):
    """One look under way; nobody waits for it at the end of the process."""

    def __init__(self, look: Look, now: datetime) -> None:
        super().__init__(name=f"look at {look.check}", daemon=True)
        self._of = look
        self._now = now
        self.found: Sequence[Finding] = ()

    def run(self) -> None:
        """Look; what cannot be looked at is a finding too, never a trace."""
        try:
            self.found = self._of.see(self._now)
        except GatewayError as error:
            told = self._of.tells_detail and error.detail
            self.found = [
                Finding(self._of.check, State.FAILED, error.detail if told else error.code, self._of.cure)
            ]
        except PermissionError as error:
            what = error.filename if self._of.tells_detail and error.filename else "what it needs"
            said = f"this account cannot reach {what}"
            self.found = [Finding(self._of.check, State.UNKNOWN, said, RUN_AS)]
        except Exception as error:  # noqa: BLE001  (whatever breaks under a look is what there is to tell)
            said = f"could not be looked at: {type(error).__name__}"
            self.found = [Finding(self._of.check, State.UNKNOWN, said, self._of.cure)]
