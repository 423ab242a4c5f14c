"""How a sandbox starts and ends for a harness: its file, its folder, its token."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from notigateway.sandbox.process import running
from patience import PATIENCE_SECONDS, slowed

pytestmark = pytest.mark.once

COMMAND = [sys.executable, "-m", "notigateway.cli.main", "sandbox", "--notifications", "0"]


def awaited(file: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_sandbox_beyond_this_machine_wants_its_token(tmp_path: Path) -> None:
    file = tmp_path / "sandbox" / "ready.json"
    options = ("--notifications", "0", "--listen", "0.0.0.0", "--ready-file", str(file))  # noqa: S104
    with running(tmp_path / "sandbox", *options) as sandbox:
        ready = sandbox.ready
        assert json.loads(file.read_text("utf-8")) == ready
        assert ready["url"] == f"{ready['base']}/notigateway/v1"
        assert ready["sandbox"] == f"{ready['base']}/_sandbox/"
        assert (tmp_path / "sandbox" / "token.txt").read_text("utf-8") == f"{ready['token']}\n"
        world = f"{ready['sandbox']}world"
        assert httpx.get(world).status_code == 401
        for scheme in ("Bearer", "bearer", "BEARER"):
            told = httpx.get(world, headers={"Authorization": f"{scheme} {ready['token']}"})
            assert (told.status_code, told.json()["base"]) == (200, ready["base"])
        assert httpx.get(world, headers={"Authorization": f"Bear {ready['token']}"}).status_code == 401
        assert file.exists()
    assert not file.exists()


def test_a_sandbox_without_a_folder_leaves_nothing(tmp_path: Path) -> None:
    file, temporary = tmp_path / "ready.json", tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    command = [*COMMAND, "--ready-file", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        awaited(file)
        ready = json.loads(file.read_text("utf-8"))
        assert ready["pid"] == process.pid
        assert ready["token"] is None
        assert Path(ready["settings"]).parent.parent == temporary
        assert httpx.get(f"{ready['base']}/healthz").status_code == 200
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    assert [one for one in temporary.iterdir() if "notigateway" in one.name] == []
    assert not file.exists()


def test_one_that_is_ended_while_it_prepares_leaves_nothing_either(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, env=environment) as process:
        until = time.monotonic() + PATIENCE_SECONDS
        while not list(tmp_path.glob("notigateway-sandbox-*")):
            assert time.monotonic() < until
            time.sleep(0.02)
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) in {0, 128 + signal.SIGTERM}
    assert list(tmp_path.glob("notigateway-sandbox-*")) == []


ENDED_AS_IT_FORKS = """
import os, signal, sys
ended = [False]
def end():
    if not ended[0]:
        ended[0] = True
        os.kill(os.getpid(), signal.SIGTERM)
os.register_at_fork(after_in_parent=end)
sys.argv = ["notigateway", "sandbox", "--notifications", "0"]
from notigateway.cli.main import main
main()
"""


def test_one_that_is_ended_as_it_begins_to_make_its_data_ends(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", ENDED_AS_IT_FORKS]
    done = subprocess.run(
        command, capture_output=True, env=environment, timeout=slowed(PATIENCE_SECONDS), check=False
    )
    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, b"")
    assert list(tmp_path.glob("notigateway-sandbox-*")) == []


def test_two_that_start_at_once_with_nothing_kept_both_answer(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    files = [tmp_path / name / "ready.json" for name in ("one", "two")]
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                subprocess.Popen(
                    [*COMMAND, str(file.parent), "--ready-file", str(file)],
                    stdout=subprocess.DEVNULL,
                    env=environment,
                )
            )
            for file in files
        ]
        for file in files:
            awaited(file)
            ready = json.loads(file.read_text("utf-8"))
            assert httpx.get(f"{ready['sandbox']}world").json()["notifications"] == 0
        for one in started:
            one.terminate()
        assert [one.wait(PATIENCE_SECONDS) for one in started] == [0, 0]
    kept = sorted(one.name.split("-")[1] for one in (tmp_path / "cache" / "notigateway").iterdir())
    assert kept == ["pki", "schema"]


def test_a_sandbox_loads_nothing_that_only_its_first_start_or_a_pdf_needs() -> None:
    """A service in production loads what sets and seals PDFs before it answers."""
    asked = (
        "import sys, notigateway.sandbox.server, notigateway.app\n"
        "slow = {'aiohttp', 'alembic', 'fpdf', 'pyhanko', 'typst'}\n"
        "print(*sorted(slow & set(sys.modules)))\n"
        "notigateway.app.proving.load()\n"
        "print(*sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, check=True, timeout=120, text=True
    )
    before, after = (line.split() for line in done.stdout.splitlines())
    assert before == []
    assert {"pyhanko", "typst"} <= set(after)
