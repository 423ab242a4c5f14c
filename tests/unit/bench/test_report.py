"""`make bench-check` fails for a ratio that is worse by more than a fifth, and for nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bench.beside import Beside
from bench.budgets import BUDGETS, CXF_PAGE_OF_1, PAGE_OF_1, STREAMING_PAGE_OF_1000
from bench.check import BASELINE, compare
from bench.measure import Cpu
from bench.pages import Line
from bench.peers import CXF, NAIVE, NoPeerError, build_cxf
from bench.report import Report
from bench.tables import beside_table, peers_table, requests_table
from rich.console import Console

if TYPE_CHECKING:
    from pathlib import Path

REPORT = Report("3.11.7", "a processor", 0.4, {"a page": 5.0, "a receipt": 2.0})


def with_ratios(**ratios: float) -> Report:
    return replace(REPORT, ratios={name.replace("_", " "): ratio for name, ratio in ratios.items()})


def test_what_is_a_little_worse_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(with_ratios(a_page=5.9, a_receipt=1.0), REPORT) == 0
    assert "0 worse" in capsys.readouterr().out


def test_what_is_worse_by_a_quarter_fails_and_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(with_ratios(a_page=6.3, a_receipt=2.0), REPORT) == 1
    said = capsys.readouterr().out
    assert "+26%" in said
    assert "1 worse" in said


def test_what_was_not_measured_is_said_and_fails_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(with_ratios(a_page=5.0, another=9.0), REPORT) == 0
    assert "not measured now: a receipt" in capsys.readouterr().out


def test_a_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "bench.json")
    assert Report.read(tmp_path / "bench.json") == REPORT


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"ratios": {}, "other": 1}'])
def test_another_file_is_refused_in_a_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(SystemExit, match=r"bench\.json"):
        Report.read(tmp_path / "bench.json")


def test_the_committed_report_holds_ratios_of_every_kind() -> None:
    ratios = Report.read(BASELINE).ratios
    for word in ("x RSA-2048", "x ECDSA P-256", f"x {CXF}", f"x {NAIVE}"):
        assert any(name.endswith(word) for name in ratios), word
    assert all(ratio > 0 for ratio in ratios.values())
    assert set(json.loads(BASELINE.read_text("utf-8"))) == {"python", "processor", "rsa_2048_ms", "ratios"}


def test_servers_stand_beside_the_gateway_and_their_budgets() -> None:
    servers = {"notigateway": (4.0, 10.0, 30.0), NAIVE: (4.0, 55.0, 500.0), CXF: (8.0, 20.0, 100.0)}
    beside = [
        Beside(server, rows, cost, cost, 100.0)
        for server, costs in servers.items()
        for rows, cost in zip((1, 100, 1_000), costs, strict=True)
    ]
    line = Line(PAGE_OF_1, 1, 5.0, Cpu(2.0, 3.0), Cpu(0.5, 0.6))
    console = Console(width=200, record=True, quiet=False)
    with console.capture() as shown:
        for table in (beside_table(beside), peers_table(beside), requests_table(line.yardstick, [line])):
            console.print(table)
    text = shown.get()
    assert "0.50 x" in text
    assert f"{BUDGETS[CXF_PAGE_OF_1]}: yes" in text
    assert f"{BUDGETS[PAGE_OF_1]}: yes" in text  # 2.0 beside 0.5
    assert STREAMING_PAGE_OF_1000 not in text  # it was not there
    ratios = Report.of(line.yardstick, [line], {"a seal": 1.5}, beside).ratios
    assert ratios[f"page of 1,000, x {CXF}"] == 0.3
    assert ratios[f"{PAGE_OF_1}, x RSA-2048"] == 4.0


def test_a_peer_that_cannot_be_built_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPeerError, match="java and mvn: not installed"):
        build_cxf()
