"""Whoever is called by an alert, a code or a line of the log finds a page, and what it asks for exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exported import series
from notigateway.errors import catalogue

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(file for file in FOLDER.glob("*.md") if file.stem != "index")
INDEX = (FOLDER / "index.md").read_text("utf-8")
ALERTS = (ROOT / "conf/prometheus-alerts.yml").read_text("utf-8")
PARTS = ["Means", "Callers see", "Look", "Cure", "Afterwards", "Go further when"]
USED = re.compile(r"\b(notigateway_\w+)(?:\{([^}]*)\})?")
# Prometheus gives these itself.
OF_THE_SCRAPE = {"instance", "job"}


@pytest.fixture(params=PAGES, ids=lambda one: one.stem)
def page(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def under(heading: str, text: str = INDEX) -> list[list[str]]:
    """Return the cells of each row of the table under a heading."""
    lines = re.findall(
        r"^\| (?!-)(.*) \|$", text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0], re.MULTILINE
    )
    return [line.split(" | ") for line in lines[1:]]


def queries_of(page: Path) -> list[str]:
    return re.findall(r"^```promql\n(.*?)\n```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_every_alert_has_its_page_and_names_it() -> None:
    alerts = re.findall(r"- alert: (\w+)", ALERTS)
    assert re.findall(r"runbook: (\S+)", ALERTS) == [f"docs/runbooks/{alert}.md" for alert in alerts]
    assert [alert for alert, _ in under("By alert")] == [f"[{alert}]({alert}.md)" for alert in alerts]


def test_every_page_is_of_an_alert_or_a_code(page: Path) -> None:
    codes = {error.code for error in catalogue()}
    assert page.stem in codes | set(re.findall(r"- alert: (\w+)", ALERTS))
    assert f"({page.name})" in INDEX


def test_every_code_in_the_index_is_one() -> None:
    assert {code.strip("`") for code, _ in under("By code")} <= {error.code for error in catalogue()}


def test_every_warning_and_error_of_the_log_has_its_place() -> None:
    logs = under("Logs", (ROOT / "docs/operations.md").read_text("utf-8"))
    loud = [event for event, level, *_ in logs if {"warning", "error"} & set(level.split(", "))]
    assert len(loud) > 15
    assert sorted(event for event, _ in under("By line of the log")) == sorted(loud)


def test_a_page_has_the_same_parts_as_every_other(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^\*\*([\w ]+)\.\*\*", text, re.MULTILINE) == PARTS


def test_a_page_asks_for_what_is_exported_by_its_labels(page: Path) -> None:
    known = series()
    for query in queries_of(page):
        names = USED.findall(query)
        assert names or "up{" in query, query
        everywhere = set[str]().union(*(known[name] for name, _ in names)) | OF_THE_SCRAPE
        for name, chosen in names:
            assert set(re.findall(r"(\w+)[=!]~?\"", chosen)) <= known[name] | OF_THE_SCRAPE, query
        for grouped in re.findall(r"by \(([^)]*)\)", query):
            assert set(grouped.split(", ")) <= everywhere, query


def test_a_page_asks_for_events_and_parts_that_there_are(page: Path) -> None:
    events = {
        event.strip("`") for event, *_ in under("Logs", (ROOT / "docs/operations.md").read_text("utf-8"))
    }
    codes = {error.code for error in catalogue()}
    for query in queries_of(page):
        assert set(re.findall(r'event="(\w+)"', query)) <= events, query
        named = {code for some in re.findall(r'code=~?"([^"]+)"', query) for code in some.split("|")}
        assert named <= codes, query


def test_every_page_of_an_alert_looks_at_its_numbers() -> None:
    assert all(queries_of(page) for page in PAGES if page.stem.startswith("Notigateway"))
