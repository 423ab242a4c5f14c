"""Looks: bounded whatever hangs, not repeated for everybody who asks, and never a trace."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from notigateway.errors import ConfigurationError
from notigateway.health.finding import Finding, State
from notigateway.health.looking import Look, Looks
from pki import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


def fine(_now: datetime) -> Sequence[Finding]:
    return [Finding("fine", State.OK, "stands")]


def states(looks: Looks) -> list[tuple[str, str]]:
    return [(one.check, one.state.value) for one in looks.findings(NOW)]


def test_what_hangs_is_told_in_time_and_not_begun_again() -> None:
    freed, begun = threading.Event(), []

    def hang(now: datetime) -> Sequence[Finding]:
        begun.append(now)
        freed.wait(20)
        return [Finding("hanging", State.OK, "is back")]

    looks = Looks(
        [Look(check="hanging", see=hang, cure="free it"), Look(check="fine", see=fine)],
        seconds=1.5,
        kept_seconds=0,
    )
    start = time.monotonic()
    assert states(looks) == [("hanging", "failed"), ("fine", "ok")]
    (late, _) = looks.findings(NOW)
    assert (late.says, late.cure) == ("no answer within 1.5 seconds", "free it")
    assert (len(begun), time.monotonic() - start < 15) == (1, True)
    freed.set()
    for _ in range(100):
        if states(looks) == [("hanging", "ok"), ("fine", "ok")]:
            break
    assert states(looks) == [("hanging", "ok"), ("fine", "ok")]


def test_what_may_be_slow_is_a_warning_when_it_is_late() -> None:
    freed = threading.Event()

    def hang(_now: datetime) -> Sequence[Finding]:
        freed.wait(20)
        return []

    looks = Looks([Look(check="slow", see=hang, late=State.WARNING)], seconds=0.01)
    assert states(looks) == [("slow", "warning")]
    freed.set()


def test_however_many_ask_it_is_looked_at_once_a_second() -> None:
    seen, at = [], [0.0]

    def see(now: datetime) -> Sequence[Finding]:
        seen.append(now)
        return fine(now)

    looks = Looks([Look(check="fine", see=see)], monotonic=lambda: at[0])
    asking = [threading.Thread(target=looks.findings, args=(NOW,)) for _ in range(20)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(seen) == 1
    at[0] = 0.99
    looks.findings(NOW)
    assert len(seen) == 1
    at[0] = 1.0
    looks.findings(NOW)
    assert len(seen) == 2


def test_what_breaks_under_a_look_is_a_finding() -> None:
    def refuse(_now: datetime) -> Sequence[Finding]:
        raise ConfigurationError("a path that nobody need read in an answer")

    def break_(_now: datetime) -> Sequence[Finding]:
        raise ZeroDivisionError("secret")

    looks = Looks([Look(check="refused", see=refuse), Look(check="broken", see=break_)])
    assert [(one.state.value, one.says) for one in looks.findings(NOW)] == [
        ("failed", "CONFIGURATION"),
        ("unknown", "could not be looked at: ZeroDivisionError"),
    ]
