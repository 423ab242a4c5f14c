"""Workers of one gateway share their numbers: what a dead one counted stays, its files are used again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from notigateway.errors import ConfigurationError
from notigateway.metering.shared import VARIABLE, join_folder, make_folder

WORKER = """
import os, signal
from notigateway.metering import meters
meters.join()
meters.meters().pool_waits.inc()
meters.meters().connections.set(7)
print(meters.meters().exposed().decode())
"""
# One after the other, as `max_requests` and reloads replace them.
SUCCESSORS = """
for _ in range(200):
    process = os.fork()
    if not process:
        meters.join()
        meters.meters().pool_waits.inc()
        os._exit(0)
    os.waitpid(process, 0)
print(meters.meters().exposed().decode())
"""
KILLED = "os.kill(os.getpid(), signal.SIGKILL)"


def worked(folder: Path, ending: str = "") -> str:
    """Run a worker that counts, and return what it says of all; `ending` is how it ends."""
    done = subprocess.run(
        [sys.executable, "-c", WORKER + ending],
        env={**os.environ, VARIABLE: str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=not ending,
    )
    return done.stdout


def test_what_a_dead_worker_counted_stays_and_its_files_are_used_again(tmp_path: Path) -> None:
    worked(tmp_path)
    worked(tmp_path, KILLED)
    said = worked(tmp_path)
    assert "notigateway_database_pool_waits_total 3.0" in said
    assert "notigateway_worker_starts_total 3.0" in said
    assert "notigateway_http_connections 7.0" in said  # of what lives, and not of what has lived
    assert len(list(tmp_path.glob("*.db"))) == 3


def test_workers_that_live_at_once_have_places_of_their_own(tmp_path: Path) -> None:
    here = join_folder({VARIABLE: str(tmp_path)})
    assert here.place() == 0
    assert "notigateway_database_pool_waits_total 1.0" in worked(tmp_path)
    assert {file.name for file in tmp_path.glob("counter_*.db")} == {"counter_0.db", "counter_1.db"}
    here.forget_dead()
    assert [file.name for file in tmp_path.glob("gauge_*.db")] == ["gauge_livesum_0.db"]
    here.leave()


def test_a_gateway_that_starts_empties_the_folder_unless_another_one_lives_there(tmp_path: Path) -> None:
    worked(tmp_path)
    environ = {VARIABLE: str(tmp_path)}
    first = make_folder(environ)
    assert not list(tmp_path.glob("*.db"))
    worked(tmp_path)
    second = make_folder(environ)
    assert list(tmp_path.glob("*.db"))
    first.leave()
    second.leave()


def test_a_folder_that_cannot_be_used_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=rf"^{VARIABLE}: cannot use {tmp_path}/file: File exists$"):
        make_folder({VARIABLE: str(tmp_path / "file")})


def test_a_gateway_without_a_named_folder_makes_one_for_its_owner_and_removes_dead_ones() -> None:
    environ: dict[str, str] = {}
    folder = make_folder(environ)
    assert environ[VARIABLE] == str(folder.path)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.leave()
    another = make_folder({})
    assert not folder.path.exists()
    another.leave()


def test_workers_that_come_and_go_leave_no_more_files_and_no_number_is_lost(tmp_path: Path) -> None:
    said = worked(tmp_path, SUCCESSORS)
    assert "notigateway_database_pool_waits_total 201.0" in said
    assert "notigateway_worker_starts_total 201.0" in said
    assert len(list(tmp_path.glob("counter_*.db"))) == 2


def test_a_folder_that_was_removed_gives_no_numbers_until_a_new_worker_makes_it(
    tmp_path: Path,
) -> None:
    removed = "import shutil, sys; shutil.rmtree(sys.argv[1])\nmeters.meters().exposed()"
    worker = [sys.executable, "-c", WORKER + removed, str(tmp_path / "numbers")]
    environ = {**os.environ, VARIABLE: str(tmp_path / "numbers")}
    done = subprocess.run(worker, env=environ, capture_output=True, text=True, check=False)
    assert "notigateway_worker_starts_total 1.0" in done.stdout
    assert f"{tmp_path / 'numbers'} was removed" in done.stderr.splitlines()[-1]
    assert "notigateway_worker_starts_total 1.0" in worked(tmp_path / "numbers")


def test_a_worker_that_cannot_share_its_numbers_tells_none(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    alone = "from contextlib import suppress\n" + WORKER.replace(
        "meters.join()", "with suppress(Exception): meters.join()"
    )
    done = subprocess.run(
        [sys.executable, "-c", alone],
        env={**os.environ, VARIABLE: str(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "ConfigurationError: PROMETHEUS_MULTIPROC_DIR: cannot use" in done.stderr
    assert done.stdout == ""
