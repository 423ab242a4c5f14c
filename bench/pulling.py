"""A full pull by our client: a server in one process, the client in another, 50 kB a notification.

`python -m bench.pulling [notifications]` runs it alone. The client lists, accepts, retrieves, verifies and
stores; of both processes the CPU is told for each notification, beside this machine's RSA.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from bench.acts import one_of, prepare
from bench.measure import rsa_2048_private_operation
from bench.processes import cpu_seconds_below
from bench.serving import Serving, serving
from notigateway.client import NotificationClient, pull
from notigateway.collecting import collect_late
from notigateway.pki.keys import load_certificates
from notigateway.sandbox.holders import Pki
from notigateway.settings import load_settings

NOTIFICATIONS: Final = 1_000
DOCUMENT_BYTES: Final = 50_000
_PULL_SECONDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull took: wall time in all, CPU of both sides for each notification, in milliseconds."""

    stored: int
    seconds: float
    server_ms: float
    client_ms: float
    rsa_ms: float

    @property
    def a_second(self) -> float:
        """How many notifications were stored in a second."""
        return self.stored / self.seconds


def measure_pull(folder: Path, *, notifications: int = NOTIFICATIONS) -> Pulled:
    """Return what a full pull of a fresh mailbox takes; importing and connecting are not counted."""
    folder.mkdir(exist_ok=True)
    with serving(folder, "--workers", "1") as served:
        settings = load_settings(folder / "notigateway.toml")
        prepare(settings, notifications, documents=partial(one_of, DOCUMENT_BYTES))
        served.client().ping()  # the first one also fills caches
        before = cpu_seconds_below(served.process.pid)
        client = json.loads(_in_another_process(served, folder / "inbox"))
        server_seconds = cpu_seconds_below(served.process.pid) - before
    if client["stored"] != notifications:
        raise SystemExit(f"{client['stored']} of {notifications} notifications were stored")
    return Pulled(
        stored=notifications,
        seconds=client["seconds"],
        server_ms=server_seconds * 1000 / notifications,
        client_ms=client["cpu_seconds"] * 1000 / notifications,
        rsa_ms=rsa_2048_private_operation().median,
    )


def pull_here(url: str, pki: Pki, inbox: Path) -> dict[str, float]:
    """Pull everything in this process; return how many were stored, and what it took."""
    holder = pki.holder("company")
    with NotificationClient.from_files(
        url,
        key=holder.key,
        certificate=holder.certificate,
        server_certificates=[pki.certificate("service")],
    ) as client:
        client.ping()
        seals = load_certificates(pki.certificate("seal"))
        began, used = time.monotonic(), _own_cpu_seconds()
        report = pull(client, inbox, seal_certificates=seals, accept=True)
        return {
            "stored": report.stored,
            "seconds": time.monotonic() - began,
            "cpu_seconds": _own_cpu_seconds() - used,
        }


def _in_another_process(served: Serving, inbox: Path) -> str:
    command = [sys.executable, "-m", "bench.pulling", served.url, str(served.pki.folder), str(inbox)]
    return subprocess.run(  # noqa: S603  (our own program)
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=_PULL_SECONDS
    ).stdout


def _own_cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usages)


def _main(arguments: list[str]) -> None:
    if len(arguments) > 1:
        collect_late()  # as the client's command does
        url, pki, inbox = arguments
        sys.stdout.write(json.dumps(pull_here(url, Pki(Path(pki)), Path(inbox))))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure_pull(Path(folder), notifications=int(arguments[0]) if arguments else NOTIFICATIONS)
    sys.stdout.write(json.dumps({**asdict(found), "a_second": found.a_second}) + "\n")


if __name__ == "__main__":
    _main(sys.argv[1:])
