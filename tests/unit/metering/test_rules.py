"""Alerts, dashboard and document speak of what is exported, with its labels, and of all of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from exported import families, series
from notigateway.errors import catalogue

ROOT = Path(__file__).parents[3]
ALERTS = (ROOT / "conf/prometheus-alerts.yml").read_text("utf-8")
DASHBOARD: dict[str, Any] = json.loads((ROOT / "conf/grafana-dashboard.json").read_text("utf-8"))
USED = re.compile(r"\b(notigateway_\w+)(?:\{([^}]*)\})?")
# Prometheus gives these itself.
OF_THE_SCRAPE = {"instance", "job"}


def queries() -> list[str]:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    return asked + re.findall(r"expr: >-\n\s+(.+)", ALERTS)


def test_every_query_asks_for_what_is_exported_by_its_labels() -> None:
    known = series()
    for query in queries():
        names = USED.findall(query)
        assert names or "up{" in query
        everywhere = set[str]().union(*(known[name] for name, _ in names)) | OF_THE_SCRAPE
        for name, chosen in names:
            assert set(re.findall(r"(\w+)[=!]~?\"", chosen)) <= known[name] | OF_THE_SCRAPE, query
        for grouped in re.findall(r"by \(([^)]*)\)", query):
            assert set(grouped.split(", ")) <= everywhere, query


def test_the_dashboard_shows_everything_that_is_exported() -> None:
    shown = " ".join(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", []))
    for name in families():
        assert name in shown, name


def test_every_code_that_an_alert_names_is_one() -> None:
    codes = {error.code for error in catalogue()}
    named = {code for found in re.findall(r'code=~?"([^"]+)"', ALERTS) for code in found.split("|")}
    assert named
    assert named <= codes


def test_the_document_lists_what_is_exported_and_each_alert() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    rows = re.findall(r"^\| `(notigateway_\w+)` \| ([^|]*) \|", text, re.MULTILINE)
    listed = {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    assert listed == families()
    told = re.findall(r"^\| `(Notigateway\w+)` \|", text, re.MULTILINE)
    assert told == re.findall(r"- alert: (\w+)", ALERTS)
