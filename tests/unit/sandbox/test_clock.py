"""A clock is kept before anybody goes by it, and goes nowhere that cannot be kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notigateway.sandbox.clock import Setting, WorldClock, machine_time

DAY = timedelta(days=1)


@pytest.mark.parametrize("setting", [Setting(), Setting(frozen_at=machine_time())])
def test_it_is_kept_before_anybody_goes_by_it(setting: Setting) -> None:
    kept, shown = [], []

    def keep(setting: Setting) -> None:
        kept.append(setting)
        shown.append(clock())

    clock = WorldClock(setting, keep)
    start = clock()
    for days in (1, 2):
        clock.move_to(start + days * DAY)
    clock.freeze()
    clock.thaw()
    assert [(one - start) // DAY for one in shown] == [0, 1, 2, 2][: len(shown)]
    assert kept[-1] == clock.setting


def test_it_stays_where_it_is_when_that_cannot_be_kept() -> None:
    def fail(_setting: Setting) -> None:
        raise OSError("the disk is full")

    clock = WorldClock(keep=fail)
    for change in (clock.freeze, lambda: clock.move_to(machine_time() + DAY)):
        with pytest.raises(OSError, match="full"):
            change()
    assert clock.setting == Setting()
