"""The house as the documents show it is the one that stands: rooms, floors, rules, the hour of a newcomer."""

from __future__ import annotations

import re

import pytest

from house import ROOT, SHOWN, SOURCE, picture, written

MINUTES = re.compile(r"^\| (\d+) \| (.+?) \| .+ \|$", re.MULTILINE)
FILES = re.compile(r"`([\w/]+\.(?:py|md))`")


@pytest.mark.parametrize("document", SHOWN)
def test_what_stands_between_the_markers_is_what_the_house_says(document: str) -> None:
    assert (ROOT / document).read_text("utf-8") == written(document)


def test_every_room_says_in_one_line_what_it_is() -> None:
    for file in SOURCE.rglob("__init__.py"):
        first = file.read_text("utf-8").partition("\n")[0]
        assert re.fullmatch(r'""".{20,}\.(""")?', first), file


def test_every_room_is_in_the_picture() -> None:
    drawn = set(re.findall(r"(\w+):\d+", picture()))
    assert {file.parent.name for file in SOURCE.glob("*/__init__.py")} <= drawn


def test_the_hour_of_a_newcomer_is_one_and_its_files_are_those_of_the_readme() -> None:
    house = (ROOT / "docs/house.md").read_text("utf-8")
    steps = MINUTES.findall(house.partition("\n## The hour of a newcomer\n")[2])
    assert sum(int(minutes) for minutes, _ in steps) == 60
    read = [file for _, step in steps for file in FILES.findall(step)]
    readme = (ROOT / "README.md").read_text("utf-8")
    (order,) = re.findall(r"^\| developers \|.+$", readme, re.MULTILINE)
    assert [file for file in FILES.findall(order) if not file.startswith("docs/house")] == read
