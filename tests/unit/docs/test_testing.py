"""What docs/testing.md shows is in a test that runs, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once
ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs/testing.md"
LINK_OR_BLOCK = re.compile(r"\]\(\.\./([^)]+)\)|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLUGIN = ROOT / "plugins/pytest-notigateway/src/pytest_notigateway"


def shown() -> list[tuple[str, str]]:
    """Return each block with the file that is linked last before it."""
    found, linked = [], ""
    for file, language, block in LINK_OR_BLOCK.findall(DOCUMENT.read_text("utf-8")):
        linked = file or linked
        if block and language != "console":
            found.append((linked, block))
    return found


@pytest.mark.parametrize(("file", "block"), shown())
def test_what_is_shown_stands_in_a_test_that_runs(file: str, block: str) -> None:
    assert "test" in file.lower()
    assert block in (ROOT / file).read_text("utf-8")


def test_the_fixtures_are_those_of_the_plugin() -> None:
    made = re.findall(
        r"^@pytest\.fixture.*\ndef (\w+)\(", (PLUGIN / "plugin.py").read_text("utf-8"), re.MULTILINE
    )
    rows = re.findall(r"^\| (`.+?) \| ", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert sorted(name for row in rows for name in re.findall(r"`(\w+)`", row)) == sorted(made)


def test_the_options_are_those_of_the_plugin() -> None:
    taken = re.findall(r'addoption\(\s*"(--[a-z-]+)"', (PLUGIN / "plugin.py").read_text("utf-8"))
    assert len(taken) == 2
    assert [one for one in taken if f"`{one}`" not in DOCUMENT.read_text("utf-8")] == []


def test_every_method_that_is_named_is_there() -> None:
    sources = {name: (PLUGIN / f"{name}.py").read_text("utf-8") for name in ("clock", "journal", "world")}
    table = dict(re.findall(r"^\| `(\w+)` \| .*?: (.+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE))
    for fixture, source in (("clock", "clock"), ("journal", "journal"), ("notigateway_world", "world")):
        named = re.findall(r"`(\w+)`", table[fixture])
        assert len(named) >= 6
        assert [name for name in named if f"    def {name}(" not in sources[source]] == []
