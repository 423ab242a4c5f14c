"""The catalogue of attacks in `docs/attacks.md`: every row has tests that exist and run in `make test`."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| (\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = {int(found[0]): found[1:] for found in ROW.findall((ROOT / "docs/attacks.md").read_text("utf-8"))}
# The rows of the catalogue; the numbers left out were merged into their neighbours.
CATALOGUE = set(range(1, 123)) - {
    18, 24, 37, 43, 46, 52, 55, 62, 67, 69, 76, 78, 84, 89, 90, 96, 99, 101, 103, 105, 112,
}  # fmt: skip


@cache
def functions(file: str) -> dict[str, list[str]]:
    """Return the tests of a file with the marks that each of them has, those of the whole file among them."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    assigned = [ast.unparse(node) for node in tree.body if isinstance(node, ast.Assign)]
    of_all = " ".join(text for text in assigned if text.startswith("pytestmark"))
    return {
        node.name: re.findall(
            r"pytest\.mark\.(\w+)", " ".join([of_all, *map(ast.unparse, node.decorator_list)])
        )
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def test_every_row_of_the_catalogue_is_there() -> None:
    assert set(ROWS) == CATALOGUE


@pytest.mark.parametrize("row", sorted(ROWS), ids=str)
def test_every_test_of_a_row_exists_and_runs(row: int) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", ROWS[row][3])
    assert len(named) == ROWS[row][3].count("`") // 2 >= 1
    for file, name in named:
        marks = functions(file)[name]
        assert not {"skip", "skipif", "xfail", "soak", "bench"} & set(marks), name


def test_every_number_in_a_test_is_a_row() -> None:
    """A case whose id begins with a number stands in the row of that number."""
    for file in sorted((ROOT / "tests/attacks").glob("test_*.py")):
        numbers = {int(found) for found in re.findall(r"def test_(\d+)_", file.read_text("utf-8"))}
        assert numbers <= CATALOGUE, file.name


def test_every_test_that_the_text_names_exists() -> None:
    text = (ROOT / "docs/attacks.md").read_text("utf-8")
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text):
        assert name in functions(file), name
    for file in re.findall(r"`(tests/[\w/]+\.py)`", text):
        assert (ROOT / file).is_file(), file
