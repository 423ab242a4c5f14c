"""`notigateway jobs` as it runs: on two machines, with ended certificates, while the seal changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from ending import ENDED, LONG_AGO, named, seal
from notigateway.errors import ConfigurationError
from notigateway.evidence.history import PERIODS
from notigateway.instants import instant_text
from notigateway.job_process import Jobs
from notigateway.pki.keys import fingerprint
from notigateway.repository.engine import reading
from notigateway.repository.jobs import last_runs
from notigateway.repository.log import LogCheckpoint
from operating import app
from overdue import settings_file
from patience import PATIENCE_SECONDS
from pki import write_issuers
from stack import Stack
from tsa import tsa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from notigateway.repository.jobs import JobRun

pytestmark = pytest.mark.once

NOWHERE = "http://127.0.0.1:9/"
FAR_AHEAD = datetime(2049, 1, 1, tzinfo=UTC)
EVERY = ("--checkpoint-seconds", "1", "--sweep-seconds", "1")


@contextmanager
def started(file: Path, log: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "notigateway.cli.main", "jobs", "--settings", str(file), *EVERY, *more]
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


def detail(stack: Stack, job: str) -> str:
    found = runs(stack).get(job)
    return "" if found is None else found.detail or ""


def sealers(stack: Stack) -> list[str]:
    with reading(stack.engine) as session:
        return list(session.scalars(select(LogCheckpoint.seal_sha256).order_by(LogCheckpoint.size)))


def test_a_certificate_that_has_ended_stops_its_own_job_alone_and_a_new_seal_is_taken_up(
    sqlite_url: str, tmp_path: Path
) -> None:
    stack = Stack(sqlite_url, tmp_path)
    stack.publish("ACT-1")
    first = stack.settings.seal_certificate_file
    ended, following = (seal(end, since=LONG_AGO) for end in (ENDED, FAR_AHEAD))
    retired, log = tmp_path / "retired", tmp_path / "jobs.log"
    authorities = write_issuers(tmp_path / "authorities", [tsa("ended", (LONG_AGO, ENDED)).certificate])
    asked = {
        "timestamp_authority_url": NOWHERE,
        "timestamp_authority_folder": authorities,
        "retired_seals_folder": retired,
        "log_level": "info",
    }
    file = settings_file(stack, **asked, **named(tmp_path / "ended", "seal", ended))
    with started(file, log, "--timestamp-seconds", "1") as process:
        until(lambda: {"refresh-trust", "sweep", "checkpoint", "timestamp"} <= set(runs(stack)))
        until(lambda: runs(stack)["refresh-trust"].outcome == "done")
        reason = "CONFIGURATION: seal_certificate_file: "
        until(lambda: all(detail(stack, job).startswith(reason) for job in ("sweep", "checkpoint")))
        until(lambda: "is valid now" in detail(stack, "timestamp"))
        assert sealers(stack) == []

        # Both come back by themselves.
        settings_file(stack, **asked)
        write_issuers(authorities, [tsa().certificate])
        until(lambda: {runs(stack)[job].outcome for job in ("sweep", "checkpoint")} == {"done"})
        until(lambda: detail(stack, "timestamp").startswith("INCOMPLETE: no answer: "))

        # The first seal is put out of use, and its successor's name has a mistake: nothing void is signed.
        retired.mkdir()
        (retired / "seal.pem").write_bytes(first.read_bytes())
        end = datetime.now(UTC) + timedelta(seconds=1.5)
        (retired / PERIODS).write_text(f'["seal.pem"]\nuntil = {instant_text(end)}\n')
        next_ = named(tmp_path / "next", "seal", following)
        settings_file(stack, **asked, **next_ | {"seal_key_file": tmp_path / "mistyped"})
        until(lambda: detail(stack, "checkpoint").startswith("TEMPORARILY_UNAVAILABLE: "))
        assert "mistyped" in detail(stack, "checkpoint")
        stack.publish("ACT-2")
        before = sealers(stack)
        settings_file(stack, **asked, **next_)
        until(lambda: len(sealers(stack)) > len(before))
        until(lambda: runs(stack)["checkpoint"].outcome == "done")
        process.terminate()
        assert process.wait(30) == 0
    assert sealers(stack)[-1] == fingerprint(following.certificate)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = [(one["event"], one.get("job"), one.get("code")) for one in lines]
    assert told.count(("job_failed", "checkpoint", "CONFIGURATION")) == 1, "once a minute"
    assert ("job_recovered", "checkpoint", None) in told
    assert ("job_failed", "seal", "CONFIGURATION") in told
    assert ("job_recovered", "seal", None) in told
    assert [one["sha256"] for one in lines if one["event"] == "seal_changed"] == [
        fingerprint(following.certificate)
    ]
    verified = CliRunner().invoke(app, ["log", "verify", "--settings", str(file)])
    # Whole; but no authority has dated the heads of the seal that has ended meanwhile, and it says so.
    assert verified.stdout.startswith("the log is whole"), verified.output
    assert verified.exit_code == 1
    assert all("its seal is out of use since" in line for line in verified.stderr.splitlines())
    stack.close()
