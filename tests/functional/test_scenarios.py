"""Every ready scenario is played in a running sandbox: each shows the rules and the codes that it says.

Each compares by itself what its steps give with what the rule says; the codes are received over a socket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from notigateway.sandbox.verbs.play import all_scenarios
from scenario_table import codes
from stories import play_over_the_wire

if TYPE_CHECKING:
    from notigateway.sandbox.verbs.play import Scenario
    from worlds import Sandboxed


SHARES: Final = 4
# The same day for all: what is a Saturday or a holiday is so in every year.
DAY: Final = "2026-03-02T09:00:00Z"
# What only publishes, asks and lets time pass leaves nothing that the next one would meet.
GENTLE: Final = frozenset(
    {
        *("publish", "accept", "reject", "retrieve", "look", "see", "receipts", "request", "sign-receipt"),
        *("advance", "lapse", "report", "correct", "extend", "withdraw", "fault"),
    }
)


def is_gentle(scenario: Scenario) -> bool:
    return {step.verb for step in scenario.steps} <= GENTLE


@pytest.mark.parametrize("share", range(SHARES))
def test_each_shows_what_it_says(sandboxed_once: Sandboxed, share: int) -> None:
    mine = all_scenarios()[share::SHARES]
    callable_codes = frozenset(codes())
    with sandboxed_once.world(freeze=DAY) as common:
        for scenario in mine:
            if is_gentle(scenario):
                came = play_over_the_wire(common, scenario)
            else:
                with sandboxed_once.world(freeze=DAY) as own:
                    came = play_over_the_wire(own, scenario)
            assert callable_codes & set(scenario.shows) <= came, scenario.name


def test_they_are_played_by_the_sandbox_itself(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as world:
        listed = {one["name"]: one for one in world.get("/scenarios")["scenarios"]}
        assert set(listed) == {one.name for one in all_scenarios()}
        steps = world.post("/scenario", name="lapsed")["steps"]
        assert [one["verb"] for one in steps] == ["advance", "publish", "look", "lapse", "look", "receipts"]
        assert steps[-2]["result"]["receipts"] == ["available", "lapsed"]
    with sandboxed_once.world(scenario="corrected") as world:
        (notification,) = world.get("/notifications")["notifications"]
        assert notification["state"] == "rejected"
