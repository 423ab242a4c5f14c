"""Prometheus itself reads the rules of alerts, and fires each one on what it is for."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from interop.clients import need, not_here

ROOT = Path(__file__).parents[2]
RULES = ROOT / "conf/prometheus-alerts.yml"
TESTS = ROOT / "tests/interop/rules/alerts-test.yml"


@pytest.mark.parametrize("judged", [("check", RULES), ("test", TESTS)], ids=["check", "test"])
def test_promtool_accepts_the_rules(judged: tuple[str, Path]) -> None:
    need(not_here("promtool"))
    verb, file = judged
    promtool = shutil.which("promtool") or "promtool"
    done = subprocess.run(
        [promtool, verb, "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_has_a_test_in_which_it_fires() -> None:
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text("utf-8"))
    assert set(re.findall(r"- name: (Notigateway\w+)", TESTS.read_text("utf-8"))) == set(alerts)
