"""Two hundred signed clients at once: every answer is right, and what is stored afterwards is whole."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from load import Report, Target, call_in_parallel
from notigateway.sandbox.process import running

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.sandbox.process import Running

pytestmark = pytest.mark.once


def check(server: Running) -> None:
    """Run the operator's check on the sandbox's data."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "notigateway.cli.main",
            "check",
            "--json",
            "--settings",
            server.ready["settings"],
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["findings"] == 0


def assert_right(report: Report) -> None:
    assert report.wrong == []
    assert report.answers > 0


def test_a_few_clients_at_once_get_right_answers(tmp_path: Path) -> None:
    with running(tmp_path, "--notifications", "60", "--workers", "2") as server:
        assert_right(call_in_parallel(Target.of(server), callers=8, seconds=3, processes=1))
        check(server)


@pytest.mark.soak
def test_two_hundred_clients_for_a_minute_get_right_answers(
    empty_postgresql_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--notifications", "1000", "--workers", "2", "--database-url", empty_postgresql_url)
    with running(tmp_path, *options) as server:
        report = call_in_parallel(Target.of(server), callers=200, seconds=60)
        check(server)
    with capsys.disabled():
        print(f"\n{report.answers} answers, {report.answers / 60:.0f}/s, faults {dict(report.faults)}")  # noqa: T201
        for operation, (median, p95, p99) in report.percentiles().items():
            print(f"  {operation:10} p50 {median} ms, p95 {p95} ms, p99 {p99} ms")  # noqa: T201
    assert_right(report)
