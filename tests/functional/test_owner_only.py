"""What a sandbox, its client and the commands write is their owner's, under a umask that lets all read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from notigateway.sandbox.process import Running, running
from patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT = "notigateway.client.cli"


def for_others(folder: Path) -> list[str]:
    """Return what others than the owner may do anything with, below a folder and the folder itself."""
    return [
        str(file)
        for file in (folder, *folder.rglob("*"))
        if stat.S_IMODE(file.lstat().st_mode) & 0o077 and not file.is_symlink()
    ]


@pytest.fixture
def open_sandbox(tmp_path: Path) -> Iterator[Running]:
    before = os.umask(0)
    try:
        with running(tmp_path / "sandbox", "--notifications", "2") as sandbox:
            yield sandbox
    finally:
        os.umask(before)


def run(module: str, *arguments: str) -> str:
    command = [sys.executable, "-c", f"from {module} import main; main()", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_is_written_for_others(open_sandbox: Running, tmp_path: Path) -> None:
    holder = open_sandbox.pki.holder("company")
    mine = tmp_path / "mine"
    who = ["--url", open_sandbox.url, "--key", str(holder.key), "--cert", str(holder.certificate)]
    who += ["--server-cert", str(open_sandbox.pki.certificate("service"))]
    who += ["--seal-cert", str(open_sandbox.pki.certificate("seal"))]
    run(CLIENT, *who, "pull", "--accept", str(mine / "spool"))
    listed = [json.loads(line)["id"] for line in run(CLIENT, *who, "list", "--json").splitlines()]
    run(CLIENT, *who, "receipt", "--format", "pdf", "--save", str(mine / "receipts" / "new"), *listed)
    settings = open_sandbox.ready["settings"]
    run("notigateway.cli.main", "check", "--settings", settings)
    assert list((mine / "spool").iterdir())
    assert list((mine / "receipts" / "new").glob("*.pdf"))
    assert for_others(mine) == []
    # the sandbox's log is the one file that its starter made
    assert for_others(tmp_path / "sandbox") == [str(tmp_path / "sandbox" / "server.log")]
