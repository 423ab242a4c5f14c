"""Whatever ends a sandbox in the middle of something: each world is whole, and its time goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import threading
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from notigateway.errors import ConfigurationError
from notigateway.sandbox.process import running
from worlds import Harness, Sandboxed, await_that, sandboxed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

STORY = "lapsed"


@contextmanager
def asking(world: Harness, path: str, **members: object) -> Iterator[threading.Thread]:
    """Ask for something meanwhile, whatever becomes of it."""

    def ask() -> None:
        with suppress(httpx.HTTPError):
            world.ask("POST", path, json=members)

    thread = threading.Thread(target=ask)
    thread.start()
    yield thread
    thread.join()


@contextmanager
def killed(folder: Path) -> Iterator[Sandboxed]:
    """Run a sandbox that is killed in the end with all its processes."""
    with suppress(ConfigurationError), running(folder, "--notifications", "0") as started:
        yield Sandboxed(started)
        os.killpg(started.process.pid, signal.SIGKILL)
        started.process.wait()


def kill_worker(sandbox: Sandboxed) -> None:
    """Kill the worker alone; its master starts another one."""
    master = sandbox.running.process.pid
    (worker,) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    os.kill(int(worker), signal.SIGKILL)
    await_that(lambda: not Path(f"/proc/{worker}").exists())


def names(sandbox: Sandboxed) -> list[str]:
    return [one["name"] for one in sandbox.root.get("/worlds")["worlds"]]


def hidden(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if one.name.startswith(".")} - {".lock", ".serving"}


def test_a_story_that_is_cut_off_leaves_no_world_and_none_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    place = folder / "worlds" / "told"
    with killed(folder) as first, asking(first.root, "/worlds", name="told", scenario=STORY):
        await_that((place / ".unended").exists)
        os.killpg(first.running.process.pid, signal.SIGKILL)
    with killed(folder) as second:
        assert (names(second), hidden(folder / "worlds")) == (["default"], set())
        world = second.make(name="told")
        made = world.publish()
        with asking(world, "/reset", scenario=STORY):
            await_that(
                lambda: (place / ".former" / "world.json").exists() and not (place / ".replacing").exists()
            )
            os.killpg(second.running.process.pid, signal.SIGKILL)
    with sandboxed(folder) as third:
        world = Harness(f"{third.root.base}/w/told", world.pki)
        assert [one["id"] for one in world.get("/notifications")["notifications"]] == [made["id"]]
        assert (world.get("/world")["scenario"], hidden(place)) == (None, set())
        with world.client() as client:
            client.accept([made["id"]])
        assert world.post("/reset", scenario=STORY)["scenario"] == STORY
        assert (hidden(place), hidden(folder / "worlds")) == (set(), set())


def test_a_clock_that_is_cut_off_on_its_way_has_not_gone_back_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with killed(folder) as first:
        root = first.root
        with root.client() as client:
            client.set_contacts(["avisos@empresa.example"])  # no day is passed over
        for days in range(1, 60, 2):
            root.publish(available_at=f"P{days}D")
        start = root.get("/clock")["offset_seconds"]
        with asking(root, "/clock", advance="P3000D"):
            await_that(lambda: root.get("/clock")["offset_seconds"] - start > 30 * 86_400)
            assert root.refused("/reset") == "BUSY"
            assert root.ask("GET", "/snapshot").json()["error"]["code"] == "BUSY"
            reached = root.get("/clock")["now"]
            os.killpg(first.running.process.pid, signal.SIGKILL)
    with sandboxed(folder) as again:
        now = again.root.get("/clock")["now"]
        decided = [one["decided_at"] for one in again.root.get("/notifications")["notifications"]]
        assert any(decided)
        assert datetime.fromisoformat(now) >= max(map(datetime.fromisoformat, filter(None, decided)))
        assert datetime.fromisoformat(now) >= datetime.fromisoformat(reached)


def test_the_root_is_made_anew_as_often_as_one_likes_and_recovered_by_the_next_worker(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with sandboxed(folder) as started:
        root, other = started.root, started.make(name="other")
        other.post("/faults", kind="status", status=503, nth=9)
        for turn in range(5):
            root.post("/reset")
            root.post("/do/set", require_registered_clients=bool(turn % 2))
        packed = root.ask("GET", "/snapshot").content
        for _ in range(3):
            answer = root.ask("POST", "/restore", content=packed, headers={"Content-Type": "application/zip"})
            assert answer.is_success
        assert len(other.get("/faults")["faults"]) == 1  # which the same worker remembers
        made = root.publish()
        making = folder / ".making"
        making.mkdir()
        shutil.copy(folder / "world.json", making)
        (folder / ".replacing").write_text(json.dumps(["world.json"]))
        (folder / ".former").mkdir()
        (folder / "notigateway.db").rename(folder / ".former" / "notigateway.db")
        kill_worker(started)
        assert root.state(made["id"]) == "available"
        with root.client() as client:
            client.accept([made["id"]])
        assert (hidden(folder), names(started)) == (set(), ["default", "other"])
    with sandboxed(folder) as again:
        assert again.root.state(made["id"]) == "accepted"
