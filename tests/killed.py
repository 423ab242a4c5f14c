"""What works in a process of its own, and is killed at a moment by chance: `kill -9`, from within or without.

A moment is the next file that is opened, renamed, made or removed: so there is one before and behind each
step that the disk sees.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from itertools import count
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from notigateway.cli.commands import program
from notigateway.client import NotificationClient
from notigateway.client.archive.index import Index
from notigateway.client.pulling import pull
from notigateway.client.spool import Spool
from notigateway.pki.keys import load_certificates, load_key_pair
from processes import processes

if TYPE_CHECKING:
    from datetime import datetime
    from multiprocessing.connection import Connection

SECONDS: Final = 3_600
_MOMENTS: Final = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.scandir"})


@dataclass(frozen=True)
class Pulling:
    """Who pulls, from where into what; at an instant of the service's clock."""

    url: str
    key: Path
    certificate: Path
    service: Path
    seal: Path
    archive: Path
    now: datetime
    accept: bool = False

    def __call__(self) -> dict[str, Any]:
        """Pull; return what that tells."""
        pair = load_key_pair(self.key, self.certificate)
        with NotificationClient(
            self.url,
            key=pair.key,
            certificate=pair.certificate,
            server_certificates=load_certificates(self.service),
            clock=lambda: self.now,
        ) as client:
            report = pull(
                client, self.archive, seal_certificates=load_certificates(self.seal), accept=self.accept
            )
        return {name: value for name, value in asdict(report).items() if name != "put"}


@dataclass(frozen=True)
class Rebuilding:
    """As `archive rebuild`."""

    archive: Path

    def __call__(self) -> dict[str, Any]:
        """Make the index anew."""
        with Spool(self.archive, looks=False) as spool, closing(Index(spool)) as index:
            index.rebuild()
            index.settle()
            return {"notifications": len(spool)}


@dataclass(frozen=True)
class Importing:
    """`notigateway import KIND FILE`."""

    kind: str
    file: Path
    database_url: str

    def __call__(self) -> dict[str, Any]:
        """Import; return its summary."""
        os.environ["NOTIGATEWAY_DATABASE_URL"] = self.database_url
        summary = self.file.with_suffix(".json")
        with summary.open("w") as sys.stdout:
            program(["import"])(["import", self.kind, str(self.file), "--json"], standalone_mode=False)
        found: dict[str, Any] = json.loads(summary.read_text())
        return found


Job: TypeAlias = Pulling | Rebuilding | Importing


@dataclass(frozen=True)
class Done:
    """What was told, after how many moments."""

    told: dict[str, Any]
    moments: int


def work(job: Job, *, dies_at: int = 0, dies_after: float | None = None) -> Done | None:
    """Have it done; None where it was killed, at that moment or that many seconds after it began."""
    ours, theirs = Pipe(duplex=False)
    process = processes().Process(target=_work, args=(job, dies_at, theirs))
    process.start()
    theirs.close()
    done: Done | None = None
    with closing(ours), suppress(EOFError):
        ours.recv()
        if dies_after is not None:
            process.join(dies_after)
            process.kill()
        done = ours.recv()
    process.join(SECONDS)
    assert done is not None or process.exitcode == -signal.SIGKILL, process.exitcode
    return done


def _work(job: Job, dies_at: int, answers: Connection) -> None:
    moments = count(1)

    def look(event: str, _arguments: object) -> None:
        if event in _MOMENTS and next(moments) == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    answers.send(None)
    sys.addaudithook(look)
    told = job()
    answers.send(Done(told, next(moments)))
