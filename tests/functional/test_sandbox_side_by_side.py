"""Eight test workers at once, each in a world of its own: nobody ever sees what is another's."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from worlds import sandboxed

if TYPE_CHECKING:
    from pathlib import Path

    from notigateway.client import NotificationClient
    from worlds import Harness, Sandboxed

pytestmark = pytest.mark.soak

WORKERS = 8
OPERATIONS = int(os.environ.get("WORLD_OPERATIONS", "500"))


@dataclass
class Worker:
    """One of them: what it did, and what it must therefore find."""

    name: str
    world: Harness
    chance: random.Random
    published: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    moved: timedelta = timedelta(0)

    def publish(self, _: NotificationClient) -> None:
        made = self.world.publish(subject=f"De {self.name}")
        self.published[made["id"]] = "available"

    def accept(self, client: NotificationClient) -> None:
        waiting = [one for one, state in self.published.items() if state == "available"]
        if waiting:
            chosen = self.chance.choice(waiting)
            (outcome,) = client.accept([chosen])
            self.published[chosen] = "accepted" if outcome.problem is None else "lapsed"

    def look(self, client: NotificationClient) -> None:
        assert {one.id for one in client.list_notifications()} == set(self.published)

    def advance(self, _: NotificationClient) -> None:
        by = timedelta(hours=self.chance.randrange(1, 48))
        said = self.world.post("/clock", advance=f"PT{int(by.total_seconds())}S")
        self.moved += by
        assert abs(timedelta(seconds=said["offset_seconds"]) - self.moved) < timedelta(minutes=10)

    def receipts(self, client: NotificationClient) -> None:
        if self.published:
            client.receipts([self.chance.choice(sorted(self.published))])

    def order(self, _: NotificationClient) -> None:
        self.world.post("/faults", kind="delay", seconds=0.01, operation="Ping", times=1)

    def work(self) -> None:
        ways = [self.publish, self.accept, self.look, self.advance, self.receipts, self.order]
        with self.world.client() as client:
            for _ in range(OPERATIONS):
                self.chance.choices(ways, weights=[5, 5, 4, 1, 4, 1])[0](client)

    def check(self) -> None:
        """Look at everything that is in the world: all of it is this worker's."""
        found = self.world.get("/notifications", addressee="company")["notifications"]
        assert {one["id"] for one in found} == set(self.published)
        assert {one["subject"] for one in found} <= {f"De {self.name}"}
        now = datetime.fromisoformat(self.world.get("/clock")["now"])
        for one in found:
            is_over = datetime.fromisoformat(one["deadline"]) <= now
            assert one["state"] in ({"accepted", "lapsed"} if is_over else {"accepted", "available"})
        entries = self.world.get("/journal")["entries"]
        assert entries
        assert {one["path"] for one in entries} == {f"/w/{self.name}/notigateway/v1"}


def test_no_worker_sees_data_clock_or_journal_of_another(tmp_path: Path) -> None:
    with sandboxed(tmp_path / "sandbox") as started, ThreadPoolExecutor(WORKERS) as pool:
        workers = [made(started, number) for number in range(WORKERS)]
        for done in [pool.submit(worker.work) for worker in workers]:
            done.result()
        for worker in workers:
            worker.check()
        assert started.root.get("/journal")["entries"] == []
        assert started.root.get("/clock")["mode"] == "real"


def made(started: Sandboxed, number: int) -> Worker:
    name = f"worker-{number}"
    return Worker(name, started.make(name=name), random.Random(number))  # noqa: S311
