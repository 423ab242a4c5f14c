"""`pull --accept` against a real sandbox: killed again and again, it ends with every notification once."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from notigateway.client import NotificationClient
from notigateway.client.log_watch import KEPT
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.keys import load_certificates
from notigateway.sandbox.process import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

pytestmark = pytest.mark.once

KILLS = 5
PULL_SECONDS = 120
ENDED_SECONDS = 20
SEED = 20261123


@pytest.fixture(params=[400, pytest.param(1_000, marks=pytest.mark.soak)])
def count(request: pytest.FixtureRequest) -> int:
    count: int = request.param
    return count


@pytest.fixture
def sandbox(count: int, tmp_path: Path) -> Iterator[Running]:
    """A sandbox of our own: the test decides all its notifications."""
    with running(tmp_path / "sandbox", "--notifications", str(count)) as sandbox:
        yield sandbox


@pytest.fixture
def environment(sandbox: Running) -> dict[str, str]:
    return {
        **os.environ,
        "NOTIGATEWAY_CLIENT_URL": sandbox.url,
        "NOTIGATEWAY_CLIENT_P12": str(sandbox.pki.holder("company").p12),
        "NOTIGATEWAY_CLIENT_PASSWORD_FILE": str(sandbox.pki.passphrase),
        "NOTIGATEWAY_CLIENT_SERVER_CERT": str(sandbox.pki.certificate("service")),
        "NOTIGATEWAY_CLIENT_SEAL_CERT": str(sandbox.pki.certificate("seal")),
    }


def test_a_pull_that_is_killed_at_random_moments_ends_with_every_notification_once(
    sandbox: Running, count: int, environment: dict[str, str], tmp_path: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments, not secrets
    spool = tmp_path / "spool"
    command = [sys.executable, "-c", "from notigateway.client.cli import main; main()", "pull", "--accept"]
    command += ["--json", str(spool)]
    seen: set[str] = set()
    for kill in range(KILLS):
        # one of them with processes beside it, which nobody kills
        options = ["--processes", "2"] if kill == 1 else []
        with subprocess.Popen([*command, *options], env=environment, stdout=subprocess.DEVNULL) as client:
            # the first dies as soon as anything is stored: most of what it accepted is not;
            # what processes store until they see that it has ended comes on top: half is left for that
            more = 1 if kill == 0 else chance.randrange(count // KILLS // 2)
            _wait_until_stored(spool, len(seen) + more)
            time.sleep(chance.uniform(0, 0.05))
            client.kill()
        assert client.returncode == -signal.SIGKILL
        _wait_until_free(spool)
        stored = _complete(spool)
        assert seen <= stored, f"lost after kill {kill}"
        seen = stored
    assert 0 < len(seen) < count

    several = [*command, "--processes", "2"]
    done = subprocess.run(
        several, env=environment, capture_output=True, text=True, check=False, timeout=PULL_SECONDS
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["listed"], report["refused"], report["not_verified"]) == (count, [], [])
    assert report["already_stored"] + report["stored"] == count
    again = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True, timeout=PULL_SECONDS
    )
    report = json.loads(again.stdout)
    assert (report["walked_list"], report["changes"], report["listed"]) == (False, 0, 0)
    files = {entry.name for entry in spool.iterdir() if not entry.is_dir()}
    assert files - {KEPT} == {".archive", ".lock", ".cursor", ".waiting", "archive.db"}

    seals = load_certificates(sandbox.pki.certificate("seal"))
    ids = sorted(_check_folder(Path(folder), seals) for folder in _complete(spool))
    assert ids == sorted(_listed(sandbox))
    assert len(ids) == len(set(ids)) == count


def _wait_until_stored(spool: Path, count: int) -> None:
    until = time.monotonic() + PULL_SECONDS
    while len(_complete(spool)) < count:
        assert time.monotonic() < until, f"never stored {count}"
        time.sleep(0.01)


def _wait_until_free(spool: Path) -> None:
    """Wait until nobody holds the folder: processes beside a pull end when they see that it has ended."""
    until = time.monotonic() + ENDED_SECONDS
    with (spool / ".lock").open() as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                assert time.monotonic() < until, "processes outlive their pull"
                time.sleep(0.05)
            else:
                return


def _complete(spool: Path) -> set[str]:
    """Return the folders that claim to be complete."""
    found = spool.glob("[!.]*/*/*/notification.json") if spool.is_dir() else ()
    return {str(one.parent) for one in found}


def _check_folder(folder: Path, seals: list[x509.Certificate]) -> str:
    """Prove that a folder is complete: every file it names is there, and proven; return its notification."""
    described = json.loads((folder / "notification.json").read_text())
    assert folder.parts[-3:] == (
        described["addressee"]["identifier"],
        described["available_at"][:4],
        str(described["code"]),
    )
    files = {"notification.json"}
    hashes = set()
    for document in described["documents"]:
        data = (folder / document["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == document["sha256"]
        hashes.add(document["sha256"])
        files.add(document["file"])
    assert len(described["documents"]) == described["document_count"] >= 1
    assert [one["state"] for one in described["receipts"]] == ["available", "accepted", "read"]
    for receipt in described["receipts"]:
        facts = verify_receipt((folder / receipt["file"]).read_bytes(), seal_certificates=seals)
        assert (str(facts.notification_id), facts.state) == (described["id"], receipt["state"])
        assert {one.sha256 for one in facts.documents} == hashes
        files.add(receipt["file"])
    assert {entry.name for entry in folder.iterdir()} == files
    return str(described["id"])


def _listed(sandbox: Running) -> list[str]:
    with NotificationClient.from_files(
        sandbox.url,
        p12=sandbox.pki.holder("company").p12,
        password=sandbox.pki.passphrase.read_bytes().strip(),
        server_certificates=[sandbox.pki.certificate("service")],
    ) as client:
        return [one.id for one in client.list_notifications()]
