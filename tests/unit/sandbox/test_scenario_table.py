"""docs/scenarios.md shows the scenarios and verbs that there are, and there is one for each rule and code."""

from __future__ import annotations

import pytest

from notigateway.sandbox.verbs.play import Scenario, all_scenarios
from notigateway.sandbox.verbs.verb import verbs
from scenario_table import DOCUMENT, codes, rules, showing, written
from stories import SENDING


def test_the_document_is_that_of_the_code() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert text == written(text)


def test_there_is_one_for_each_rule_and_for_each_code_that_a_caller_can_read() -> None:
    assert len(rules()) > 50
    assert len(codes()) > 110
    assert [one for one in (*rules(), *codes()) if not showing(one)] == []


@pytest.mark.parametrize("scenario", all_scenarios(), ids=lambda one: one.name)
def test_each_says_what_it_shows(scenario: Scenario) -> None:
    """A code by a step that is refused with it, a rule by steps that compare something."""
    assert scenario.title
    assert len(scenario.title) < 110
    assert set(scenario.shows) <= {*rules(), *codes()}
    refused = {step.refused for step in scenario.steps if step.verb in SENDING}
    compared = [step for step in scenario.steps if step.gives or step.refused]
    for one in scenario.shows:
        assert one in refused or (one in rules() and compared), one


def test_each_verb_says_what_it_does_and_takes() -> None:
    for one in verbs().values():
        assert one.title.endswith(".")
        assert one.takes is None or all(one.takes.values())
