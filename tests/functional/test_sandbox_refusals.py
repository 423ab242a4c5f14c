"""What a sandbox refuses changes nothing, and whatever ends it in the middle leaves worlds whole."""

from __future__ import annotations

import io
import json
import os
import signal
import threading
import zipfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from notigateway.errors import ConfigurationError
from notigateway.sandbox.process import running
from worlds import Harness, Sandboxed, sandboxed

if TYPE_CHECKING:
    from pathlib import Path

# Days before the sandbox's certificates end.
LATE = (datetime.now(UTC) + timedelta(days=3645)).strftime("%Y-%m-%dT00:00:00Z")

TOO_MANY = {"notifications": 10**9, "seed": 7, "scenario": None, "own_holders": False}


def changed(packed: bytes, name: str, data: bytes | None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(target, "w") as made:
        for one in source.infolist():
            if one.filename != name and not one.filename.startswith(f"{name}/"):
                made.writestr(one, source.read(one))
        if data is not None:
            made.writestr(name, data)
    return target.getvalue()


def test_an_archive_that_cannot_be_served_leaves_the_world_as_it_was(world: Harness) -> None:
    first = world.publish()
    packed = world.ask("GET", "/snapshot").content
    database = zipfile.ZipFile(io.BytesIO(packed)).read("notigateway.db")
    bad: dict[str, list[bytes | None]] = {
        "world.json": [b"[]", b'{"offset_seconds": 1e15}', b'{"frozen_at": "2026-01-01T00:00:00"}'],
        "seeds.json": [b"[]", json.dumps(TOO_MANY).encode()],
        "notigateway.db": [database[: len(database) // 2], b""],
        "documents": [b"a file"],
        "pki": [b"a file", None],
        "revocation": [b"a file"],
        "snapshot.json": [b" " * 100_000],
    }
    for name, contents in bad.items():
        for data in contents:
            answer = world.ask(
                "POST",
                "/restore",
                content=changed(packed, name, data),
                headers={"Content-Type": "application/zip"},
            )
            assert answer.status_code in {400, 409}, (name, answer.text)
            assert world.state(first["id"]) == "available"
    with world.client() as client:
        assert [one.id for one in client.list_notifications()] == [first["id"]]


def test_a_story_that_cannot_be_told_leaves_no_world_and_no_half_of_one(sandboxed_once: Sandboxed) -> None:
    root = sandboxed_once.root
    wanted = {"name": "no-end", "scenario": "lapsed", "freeze": LATE}
    end = root.ask("POST", "/worlds", json=wanted)
    assert end.status_code == 409
    assert "no-end" not in [one["name"] for one in root.get("/worlds")["worlds"]]
    with sandboxed_once.world(freeze=LATE) as world:
        first = world.publish()
        assert world.ask("POST", "/reset", json={"scenario": "lapsed"}).status_code == 409
        assert world.state(first["id"]) == "available"
        assert world.refused("/reset", seed=10**300) == "INVALID"
        assert world.state(first["id"]) == "available"
        with world.client() as client:
            client.ping()


def test_who_moves_a_clock_at_once_moves_it_as_often(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world(freeze="2026-06-01T10:00:00Z") as world:
        threads = [
            threading.Thread(target=world.post, args=("/clock",), kwargs={"advance": "PT1H"})
            for _ in range(4)
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        assert world.get("/clock")["now"] == "2026-06-01T14:00:00.000Z"
        for _ in range(5):
            world.post("/clock", advance=0)


def test_a_clock_that_is_refused_stays_as_it_is(world: Harness) -> None:
    assert world.refused("/clock", freeze="2020-06-01T10:00:00Z") == "INVALID"
    assert world.refused("/clock", thaw=False) == "INVALID"
    unknown = "01900000-0000-7000-8000-000000000000"
    assert world.refused("/clock", to="after-deadline", notification=unknown) == "UNKNOWN"
    assert world.get("/clock")["mode"] == "real"
    world.post("/clock", set="2026-01-01T00:00:00Z", reason="it is fresh still")


@pytest.mark.parametrize("path", ["/clock", "/do/publish", "/scenario", "/faults"])
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"steps": [' + b'{"publish": {"metadata": ' + b'{"a": ' * 200 + b"1" + b"}" * 200 + b"}}]}",
        b'{"subject": "\\ud800"}',
        b'{"steps": [{"publish": {}, "as": [1]}]}',
        b'{"documents": [{"name": "a", "content": "\xc3\xa9"}]}',
    ],
)
def test_what_cannot_be_read_is_invalid(path: str, content: bytes, world: Harness) -> None:
    answer = world.ask("POST", path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID")


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/faults", {"kind": "clock_skew", "by": "P9999999D"}),
        ("/faults", {"kind": "status", "caller": "compnay"}),
        ("/expectations", {"code": "ZZZ", "never": True}),
        ("/expectations", {"caller": "nobody", "count": 1}),
        ("/expectations", {"operation": "Ping", "at_least": 3, "at_most": 1}),
        ("/clock", {"callers": {"company": "P9999999D"}}),
        ("/clock", {"callers": {"compnay": "real"}}),
    ],
)
def test_what_would_never_match_or_never_work_is_refused(
    path: str, members: dict[str, object], world: Harness
) -> None:
    assert world.ask("POST", path, json=members).json()["error"]["code"] == "INVALID"
    with world.client() as client:
        client.ping()


def test_a_status_without_a_name_is_answered_too(world: Harness) -> None:
    world.post("/faults", kind="status", status=499, times=1)
    answer = httpx.post(f"{world.base}/notigateway/v1", content=b"<x/>", headers={"Content-Type": "text/xml"})
    assert answer.status_code == 499


def test_two_delays_delay_both(world: Harness) -> None:
    world.post("/faults", kind="delay", seconds=0.3)
    world.post("/faults", kind="delay", seconds=0.2)
    with world.client() as client:
        client.ping()
    assert world.get("/journal")["entries"][0]["seconds"] >= 0.5


def test_a_reset_waits_for_an_answer_that_is_being_sent(world: Harness) -> None:
    world.post("/faults", kind="dribble", bytes_per_second=4000, times=1)
    said: list[object] = []
    with world.client() as client:
        asking = threading.Thread(target=lambda: said.append(client.ping()))
        asking.start()
        world.await_strike()
        world.post("/reset")
        asking.join()
    assert said


def test_whoever_waits_keeps_nobody_out(world: Harness) -> None:
    waiting = [
        threading.Thread(target=world.ask, args=("GET", "/journal/await?count=1&timeout=20s"))
        for _ in range(40)
    ]
    for one in waiting:
        one.start()
    with world.client() as client:
        client.ping()
    for one in waiting:
        one.join()
    assert world.get("/journal/count")["count"] == 1


# --- ended in the middle ----------------------------------------------------------------------------


@pytest.mark.once
def test_a_sandbox_that_is_killed_while_it_resets_and_restores_starts_again_with_whole_worlds(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "sandbox"
    with sandboxed(folder) as first:
        kept = first.make(name="kept", notifications=5)
        packed = kept.ask("GET", "/snapshot").content
    for turn in range(4):
        with suppress(ConfigurationError), running(folder, "--notifications", "0") as started:
            again = Harness(started.ready["listens"] + "/w/kept", kept.pki)
            asking = threading.Thread(target=_ask_quietly, args=(again, turn, packed))
            asking.start()
            asking.join(0.05 + 0.08 * turn)
            # all of them at once: the master would start another worker
            os.killpg(started.process.pid, signal.SIGKILL)
            started.process.wait()
            asking.join()
    with sandboxed(folder) as last:
        assert "kept" in [one["name"] for one in last.root.get("/worlds")["worlds"]]
        base = Harness(f"{last.root.base}/w/kept", kept.pki)
        with base.client() as client:
            assert len(list(client.list_notifications())) == 5
        assert not [one for one in (folder / "worlds").iterdir() if one.name.startswith(".")]


def _ask_quietly(world: Harness, turn: int, packed: bytes) -> None:
    try:
        if turn % 2:
            world.ask("POST", "/reset", json={})
        else:
            world.ask("POST", "/restore", content=packed, headers={"Content-Type": "application/zip"})
    except httpx.HTTPError:
        pass


def test_a_world_that_cannot_be_served_hinders_no_other_and_can_be_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "sandbox"
    with sandboxed(folder) as first:
        first.make(name="good")
        first.make(name="spoilt")
    (folder / "worlds/spoilt/world.json").write_text("[]")
    with sandboxed(folder) as again:
        assert [one["name"] for one in again.root.get("/worlds")["worlds"]] == ["default", "good"]
        assert again.root.ask("DELETE", "/worlds/spoilt").status_code == 204
        again.make(name="spoilt")
