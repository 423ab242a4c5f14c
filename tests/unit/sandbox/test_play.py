"""Stories are read, filled and compared before and after anything happens."""

from __future__ import annotations

from typing import Any

import pytest

from notigateway.sandbox.refusals import (
    InvalidError,
    SandboxError,
    ScenarioDiffersError,
    ScenarioUnknownError,
)
from notigateway.sandbox.verbs.matching import differs
from notigateway.sandbox.verbs.play import Step, check, filled, find, read_steps, read_text

KNOWN = {"first": {"id": "7", "code": 3, "items": [{"at": "2026"}, {"at": "2027"}]}}


def test_a_value_of_an_earlier_step_stands_in_the_place_of_its_name() -> None:
    said = {
        "id": "{first.id}",
        "list": ["a{first.code}b", {"at": "{first.items.1.at}"}],
        "code": "{first.code}",
    }
    assert filled(said, KNOWN) == {"id": "7", "list": ["a3b", {"at": "2027"}], "code": 3}


@pytest.mark.parametrize("name", ["{second.id}", "{first.none}", "{first.items.9.at}", "{first.id.deeper}"])
def test_what_no_step_gave_is_refused(name: str) -> None:
    with pytest.raises(InvalidError, match="no earlier step gave that"):
        filled({"id": name}, KNOWN)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ([], InvalidError),
        ([{}], InvalidError),
        (["publish"], InvalidError),
        ([{"publish": {}, "accept": {}}], InvalidError),
        ([{"publish": "x"}], InvalidError),
        ([{"nothing": {}}], ScenarioUnknownError),
        ([{"publish": {}}] * 201, InvalidError),
        ([{"publish": {}}, {"publsh": {}}], ScenarioUnknownError),
        ([{"publish": {}}, {"publish": {"subjcet": "x"}}], InvalidError),
        ([{"publish": {}}, {"look": {"notification": "{first.id}"}}], InvalidError),
        ([{"publish": {}, "as": "first"}, {"look": {}, "gives": {"id": "{last.id}"}}], InvalidError),
        ([{"publish": {}}, {"publish": {}, "refused": "NO_SUCH_CODE"}], InvalidError),
        ([{"publish": {}}, {"publish": {}, "gives": "available"}], InvalidError),
    ],
)
def test_a_story_that_cannot_be_told_is_refused(said: list[Any], error: type[SandboxError]) -> None:
    with pytest.raises(error) as refused:
        read_steps(said)
    if len(said) == 2:
        assert refused.value.detail.startswith("step 2")


def test_a_file_tells_a_story() -> None:
    told = read_text(
        "x", 'title = "X"\nshows = ["R1"]\n[[steps]]\nas = "a"\nrefused = "RATE_LIMITED"\npublish = {}\n'
    )
    assert (told.title, told.shows) == ("X", ("R1",))
    assert told.steps == (Step("publish", {}, "a", "RATE_LIMITED"),)
    with pytest.raises(InvalidError, match="not TOML"):
        read_text("x", "title = ")
    with pytest.raises(ScenarioUnknownError, match="corrected"):
        find("correctd")


@pytest.mark.parametrize(
    ("wanted", "found", "where"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": {"b": "x"}}, {"a": {"b": "x", "c": 1}}, None),
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, "a.b"),
        ({"a": {"b": "x"}}, {}, "a.b"),
        ({"a": [1, 2]}, {"a": [2, 1]}, "a"),
        ({"a": {"at_least": 3, "at_most": 4}}, {"a": 3}, None),
        ({"a": {"at_least": 3}}, {"a": 2}, "a"),
        ({"a": {"at_least": 3}}, {}, "a"),
        ({"a": {"has": 1}}, {"a": [1]}, None),
        ({"a": {"lacks": 1}}, {"a": [1]}, "a"),
        ({"a": {"is_not": 1}}, {"a": 1}, "a"),
        ({"a": {"is_there": False}}, {"a": None}, None),
        ({"a": {"is_there": True}}, {}, "a"),
    ],
)
def test_what_a_step_gives_is_compared(
    wanted: dict[str, Any], found: dict[str, Any], where: str | None
) -> None:
    told = differs(wanted, found)
    assert told is None if where is None else str(told).startswith(f"{where}: ")


def test_a_step_that_comes_to_something_else_says_which_and_what() -> None:
    refused = Step("accept", {}, refused="ALREADY_DECIDED")
    with pytest.raises(ScenarioDiffersError, match=r"^ALREADY_DECIDED expected, found OK"):
        check(refused, {"code": "OK"}, {})
    with pytest.raises(ScenarioDiffersError, match=r"^ALREADY_DECIDED expected, it was not refused"):
        check(refused, {"state": "accepted"}, {})
    with pytest.raises(ScenarioDiffersError, match=r"^state: 'lapsed' expected, found 'available'"):
        check(Step("look", {}, gives={"state": "lapsed"}), {"state": "available"}, {})
    check(Step("look", {}, gives={"id": "{first.id}"}), {"id": "7"}, KNOWN)
