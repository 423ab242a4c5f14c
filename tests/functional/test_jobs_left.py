"""A job whose place does not answer is not told as one that went well, and nobody hears it every second."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from chaos.relay import Relay
from notigateway.app import system_clock
from notigateway.clock.lapsing import Swept
from notigateway.clock.runs import STAMP, SWEEP, Done, of_sweep
from notigateway.health.jobs import look_at_jobs
from notigateway.job_process import Jobs
from notigateway.jobs import Job, Standing
from notigateway.repository.engine import reading
from notigateway.repository.jobs import last_runs
from overdue import run, settings_file
from pki import write_issuers
from stack import Stack
from tsa import tsa

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Engine

    from databases import PostgreSQL

NOWHERE = "http://127.0.0.1:9/"


def runs(stack: Stack) -> dict[str, tuple[str | None, str]]:
    with reading(stack.engine) as session:
        return {one.job: (one.outcome, one.detail or "") for one in last_runs(session)}


def test_an_authority_that_does_not_answer_has_not_been_asked_well(stack: Stack) -> None:
    stack.publish()
    folder = write_issuers(stack.folder / "authorities", [tsa().certificate])
    file = settings_file(stack, timestamp_authority_url=NOWHERE, timestamp_authority_folder=folder)
    assert run("timestamp", "--settings", file)[0] == 1
    outcome, detail = runs(stack)[STAMP]
    assert (outcome, detail[:25]) == ("failed", "INCOMPLETE: no answer: Co")
    found = {one.check: one for one in look_at_jobs(stack.engine, stack.now, has_authority=True)}
    assert found["job_timestamp"].state.value == "warning"


def test_a_source_of_revocation_that_does_not_answer_is_named(stack: Stack) -> None:
    file = settings_file(stack, revocation_list_urls=[f"{NOWHERE}a.crl"])
    code, _, err = run("refresh-trust", "--settings", file)
    assert code == 1, err
    outcome, detail = runs(stack)["refresh-trust"]
    assert outcome == "failed"
    assert re.match(r"INCOMPLETE: \S*127\.0\.0\.1:9/a\.crl", detail), detail


def test_what_another_seal_has_to_attest_is_left() -> None:
    assert of_sweep(Swept(3, 0, 0)).left == ()
    assert of_sweep(Swept(3, 0, 1)).words.startswith("INCOMPLETE: some wait for a seal")
    assert of_sweep(Swept(3, 0, 0, unsealed_arrivals=1)).outcome == "failed"


def test_the_process_tells_what_a_run_left_and_when_that_is_over(stack: Stack) -> None:
    done = [Done({"stamped": 1}), Done({"stamped": 0}, left=("no answer: ConnectError",), is_more=True)]

    def work(_engine: Engine, _now: datetime) -> Done:
        if len(done) == 1:
            running.stop()
        return done.pop()

    running = Jobs(stack.settings, [Job(STAMP, 60, work)], clock=system_clock)
    with capture_logs() as lines:
        running.run()
    told = [(one["event"], one["job"], one.get("detail")) for one in lines]
    assert told == [
        ("job_failed", STAMP, "INCOMPLETE: no answer: ConnectError (stamped 0)"),
        ("job_recovered", STAMP, None),
        ("job_done", STAMP, "stamped 1"),
    ]


def test_a_trouble_that_goes_on_is_told_once_a_minute() -> None:
    standing = Standing(SWEEP)
    with capture_logs() as lines:
        standing.end()
        for _ in range(30):
            standing.tell(code="INCOMPLETE", detail="x")
        standing.end()
        standing.tell(code="INCOMPLETE", detail="x")
    assert [one["event"] for one in lines] == ["job_failed", "job_recovered", "job_failed"]


def test_checkpoints_that_go_on_wait_for_a_database_that_is_away_when_they_begin(
    postgresql_url: str, postgresql: PostgreSQL, tmp_path: Path
) -> None:
    name, place = re.search(r"/([^/?]+)\?host=(.+)$", postgresql_url).groups()  # type: ignore[union-attr]
    user = postgresql.uri.partition("//")[2].partition(":")[0]
    with Relay(f"{place}/.s.PGSQL.5432") as relay:
        at = f"postgresql+psycopg://{user}@127.0.0.1:{relay.port}/{name}?sslmode=disable"
        stack = Stack(at, tmp_path)
        file = settings_file(stack)
        stack.close()
        relay.refuses()
        command = [sys.executable, "-m", "notigateway.cli.main", "checkpoint", "--every", "1", "--settings"]
        with subprocess.Popen(
            [*command, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                assert process.stdout is not None
                assert process.stderr is not None
                assert process.stderr.readline().startswith("TEMPORARILY_UNAVAILABLE: database: ")
                relay.passes()
                assert process.stdout.readline() == "the log is empty\n"
            finally:
                process.kill()
