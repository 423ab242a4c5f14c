"""What production refuses is said in a line, by the server and by every command, and nothing is made."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from masters import Master, World
from patience import PATIENCE_SECONDS

pytestmark = pytest.mark.once

CONF = Path(__file__).parents[2] / "conf" / "gunicorn.conf.py"
GUNICORN = ("-m", "gunicorn", "-c", str(CONF), "--bind", "127.0.0.1:0", "notigateway.wsgi:application")
CHECK = ("-m", "notigateway.cli.main", "check")


def settings(folder: Path, text: str) -> Path:
    file = folder / "notigateway.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o644)
    return file


def readable_key(folder: Path) -> None:
    key = folder / "key"
    key.touch()
    key.chmod(0o644)  # whatever the umask


def started(folder: Path, file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "NOTIGATEWAY_SETTINGS": str(file), "WEB_CONCURRENCY": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            'public_url = "http://gateway.example/notigateway/v1"',
            "public_url: in production it begins with https://",
        ),
        ('service_key_file = "key"', "CONFIGURATION: service_key_file: key is readable by others"),
        (
            'database_url = "postgresql://a:b@127.0.0.1/c"',
            "CONFIGURATION: the settings hold a password",
        ),
    ],
)
def test_what_production_refuses_is_said_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    readable_key(tmp_path)
    file = settings(tmp_path, text)
    before = sorted(tmp_path.iterdir())
    refused = started(tmp_path, file, *CHECK, "--settings", str(file))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert said in refused.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_the_server_says_it_in_a_line_and_does_not_try_again(tmp_path: Path) -> None:
    readable_key(tmp_path)
    refused = started(tmp_path, settings(tmp_path, 'service_key_file = "key"'), *GUNICORN)
    assert refused.returncode == 4, "gunicorn's code for an application that cannot be loaded"
    said = [line for line in refused.stderr.splitlines() if "service_key_file" in line]
    assert [
        line.startswith("CONFIGURATION: service_key_file: key is readable by others") for line in said
    ] == [True]
    assert "Traceback" not in refused.stderr


def test_a_path_that_leads_to_no_database_ends_the_first_start_in_a_line(
    tmp_path: Path, migrated_sqlite: Path
) -> None:
    """It would serve refusals for ever; who has served with the file waits for it instead."""
    world = World(tmp_path, f"sqlite:///{migrated_sqlite}")
    world.write(database_url="sqlite:///typing-error.db")
    assert world.start().wait(PATIENCE_SECONDS) == 4
    (line,) = [line for line in (tmp_path / "server.log").read_text().splitlines() if "typing-error" in line]
    assert line == (
        f"CONFIGURATION: there is no database {tmp_path / 'typing-error.db'}: "
        "`notigateway migrate` makes it, where it is the right one"
    )
    assert not list(tmp_path.glob("typing-error.db*"))


def test_a_signal_that_comes_too_early_does_not_end_the_start(tmp_path: Path, migrated_sqlite: Path) -> None:
    """The trial of the start may wait for a silent database, long before handlers are set."""
    world = World(tmp_path, f"sqlite:///{migrated_sqlite}")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        world.write(database_url=f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/x")
        master = Master(world, world.start())
        try:
            master.wait(master.workers)  # the child that tries the start
            for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
                master.process.send_signal(number)
            silent.settimeout(PATIENCE_SECONDS)
            connection, _ = silent.accept()
            with connection:
                assert master.process.poll() is None
                master.process.terminate()
                assert master.process.wait(PATIENCE_SECONDS) == -signal.SIGTERM
        finally:
            master.process.kill()
            master.process.wait()
