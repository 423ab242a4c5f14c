"""The table of cases in `docs/evidence.md`: each names tests that exist, and that are not switched off."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| (\w+) \| ([^|]+) \| ((?:`tests/[^`]+` ?)+) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs/evidence.md").read_text("utf-8"))
AREAS = ("Tampering", "Disclosure", "Log", "Clock", "Keys", "Signer", "Algorithms", "Races", "Interop")


@cache
def functions_of(file: str) -> dict[str, set[str]]:
    """Return the tests of a file with the names of its decorators."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {
        node.name: {ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in node.decorator_list}
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_area_has_its_cases() -> None:
    assert tuple(dict.fromkeys(area for area, _, _ in ROWS)) == AREAS
    assert len({case for _, case, _ in ROWS}) == len(ROWS) >= 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1])
def test_every_test_of_a_case_exists_and_runs(row: tuple[str, str, str]) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[2])
    assert len(named) == row[2].count("`") // 2 >= 1
    for file, name in named:
        assert name in functions_of(file), f"{file} has no {name}"
        assert not {"skip", "xfail", "soak", "bench"} & functions_of(file)[name], name
