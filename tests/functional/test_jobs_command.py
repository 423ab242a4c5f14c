"""`notigateway jobs` as two machines run it: one does the jobs, the other one when that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from notigateway.errors import ConfigurationError
from notigateway.job_process import Jobs
from notigateway.repository.engine import reading
from notigateway.repository.jobs import last_runs
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.repository.jobs import JobRun
    from stack import Stack

EVERY = ("--checkpoint-seconds", "1", "--sweep-seconds", "1")


@contextmanager
def started(file: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "notigateway.cli.main", "jobs", "--settings", str(file), *EVERY]
    with log.open("ab") as target:
        process = subprocess.Popen(command, stdout=target, stderr=target)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def runs(stack: Stack) -> dict[str, JobRun]:
    with reading(stack.engine) as session:
        return {run.job: run for run in last_runs(session)}


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_other_process_goes_on_when_one_is_killed(stack: Stack, tmp_path: Path) -> None:
    file, log = tmp_path / "notigateway.toml", tmp_path / "jobs.log"
    values = {**stack.overrides, "log_level": "info"}
    lines = [
        f"{name} = {json.dumps(value if isinstance(value, int) else str(value))}"
        for name, value in values.items()
    ]
    file.write_text("\n".join(lines))
    file.chmod(0o600)
    with started(file, log) as first:
        until(
            lambda: {"sweep", "checkpoint", "refresh-trust"} <= {j for j, r in runs(stack).items() if r.ended}
        )
        holder = runs(stack)["sweep"].holder
        with started(file, log) as second:
            os.kill(first.pid, signal.SIGKILL)
            until(lambda: runs(stack)["sweep"].holder not in {None, holder})
            taken_at = runs(stack)["checkpoint"].ended
            assert taken_at is not None
            until(lambda: (runs(stack)["checkpoint"].ended or taken_at) > taken_at)
            assert {run.outcome for run in runs(stack).values()} == {"done"}
            second.send_signal(signal.SIGTERM)
            assert second.wait(PATIENCE_SECONDS) == 0
    assert {run.holder for run in runs(stack).values()} == {None}  # given back
    assert b"job_done" in log.read_bytes()
    assert b"Traceback" not in log.read_bytes()


def test_the_jobs_do_not_wait_for_a_schema(stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    settings = stack.settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.db'}"})
    with pytest.raises(ConfigurationError, match="the database is at revision none"):
        Jobs(settings, [], clock=lambda: stack.now).run()
