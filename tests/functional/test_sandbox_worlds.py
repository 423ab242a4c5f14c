"""Worlds side by side: nobody sees another's, each is reset, packed and brought back by itself."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from typing import TYPE_CHECKING

import httpx
import pytest

from notigateway.client import NotificationClient
from worlds import Harness, await_that, sandboxed

if TYPE_CHECKING:
    from pathlib import Path

    from worlds import Sandboxed

FROZEN = "2026-06-01T10:00:00Z"


def ids(world: Harness) -> list[str]:
    return [one["id"] for one in world.get("/notifications", addressee="company")["notifications"]]


def test_no_world_sees_what_is_in_another(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as one, sandboxed_once.world() as other:
        first = one.publish()
        one.post("/clock", advance="P3D")
        with one.client() as client:
            assert [item.id for item in client.list_notifications()] == [first["id"]]
        with other.client() as client:
            assert not list(client.list_notifications())
        assert (len(ids(one)), ids(other)) == (1, [])
        assert other.get("/clock")["mode"] == "real"
        assert {entry["path"].split("?")[0] for entry in other.get("/journal")["entries"]} == {
            "/w/" + other.base.rpartition("/")[2] + "/notigateway/v1"
        }


def test_the_same_seed_and_story_give_the_same_ids_codes_and_documents(sandboxed_once: Sandboxed) -> None:
    told = []
    for _ in range(2):
        with sandboxed_once.world(seed=11, notifications=3, freeze=FROZEN) as world:
            world.publish(subject="Siempre igual")
            with world.client() as client:
                (accepted,) = client.accept([ids(world)[0]])
                (item,) = client.retrieve([accepted.id])
            codes = [one["id"] for one in world.get(f"/notifications/{accepted.id}")["receipts"]]
            told.append((ids(world), codes, [one.sha256 for one in item.documents]))
    assert told[0] == told[1]
    with sandboxed_once.world(seed=12, notifications=3, freeze=FROZEN) as world:
        assert ids(world)[0] != told[0][0][1]


def test_one_world_is_reset_without_the_others(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as one, sandboxed_once.world() as other:
        one.publish()
        other.publish()
        one.post("/faults", kind="drop_before")
        said = one.post("/reset", notifications=2, seed=3)
        assert (said["seed"], said["notifications"], len(ids(one)), len(ids(other))) == (3, 2, 2, 1)
        assert one.get("/faults")["faults"] == one.get("/journal")["entries"] == []
        with one.client() as client:
            client.ping()


def test_a_reset_tells_another_story_or_none(world: Harness) -> None:
    assert world.post("/reset", scenario="lapsed")["scenario"] == "lapsed"
    assert world.post("/reset")["scenario"] == "lapsed"
    assert len(ids(world)) == 1
    assert world.post("/reset", scenario="")["scenario"] is None
    assert ids(world) == []


def test_a_reset_waits_for_who_is_being_answered(world: Harness) -> None:
    world.post("/faults", kind="delay", seconds=1, operation="Ping")
    answered: list[object] = []
    with world.client() as client:
        asking = threading.Thread(target=lambda: answered.append(client.ping()))
        asking.start()
        world.await_strike()
        world.post("/reset")
        asking.join()
        assert answered
        client.ping()


def test_a_snapshot_is_brought_back_with_its_time_and_its_evidence(world: Harness) -> None:
    first = world.publish()
    world.post("/clock", advance="P2D")
    world.post("/clock", freeze=True)
    with world.client() as client:
        client.accept([first["id"]])
    packed = world.ask("GET", "/snapshot").content
    at = world.get("/clock")["now"]
    world.post("/reset")
    assert ids(world) == []
    world.ask("POST", "/restore", content=packed, headers={"Content-Type": "application/zip"})
    assert (ids(world), world.state(first["id"]), world.get("/clock")["now"]) == (
        [first["id"]],
        "accepted",
        at,
    )
    with world.client() as client:
        client.log_head()
        (item,) = client.retrieve([first["id"]])
        assert item.documents
    world.publish()


def test_a_snapshot_is_a_folder_that_can_be_served(world: Harness, tmp_path: Path) -> None:
    first = world.publish()
    folder = tmp_path / "exported"
    zipfile.ZipFile(io.BytesIO(world.ask("GET", "/snapshot").content)).extractall(folder)
    for file in folder.rglob("*"):
        file.chmod(0o700 if file.is_dir() else 0o600)
    with sandboxed(folder) as other, other.root.client() as client:
        assert first["id"] in [one.id for one in client.list_notifications()]


def changed(packed: bytes, name: str, data: bytes | None, *, as_link: bool = False) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as source, zipfile.ZipFile(target, "w") as made:
        for one in source.infolist():
            if one.filename != name:
                made.writestr(one, source.read(one))
        if data is not None:
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 if as_link else 0o100600) << 16
            made.writestr(entry, data)
    return target.getvalue()


def test_what_is_no_snapshot_of_this_version_changes_nothing(world: Harness) -> None:
    first = world.publish()
    packed = world.ask("GET", "/snapshot").content
    manifest = json.dumps({"format": 1, "version": "0.0", "schema": "none"}).encode()
    bad = {
        b"no archive": "SNAPSHOT_INVALID",
        bytes(11 * 1024 * 1024): "SNAPSHOT_INVALID",  # more than any request may have, and read all the same
        packed[:-100]: "SNAPSHOT_INVALID",
        changed(packed, "snapshot.json", None): "SNAPSHOT_INVALID",
        changed(packed, "snapshot.json", manifest): "SNAPSHOT_OF_ANOTHER_VERSION",
        changed(packed, "snapshot.json", b"[]"): "SNAPSHOT_OF_ANOTHER_VERSION",
        changed(packed, "../outside", b""): "SNAPSHOT_INVALID",
        changed(packed, "/outside", b""): "SNAPSHOT_INVALID",
        changed(packed, "documents/../../outside", b""): "SNAPSHOT_INVALID",
        changed(packed, "notigateway.toml", b""): "SNAPSHOT_INVALID",
        changed(packed, "documents/link", b"/etc/passwd", as_link=True): "SNAPSHOT_INVALID",
        changed(packed, "notigateway.db", b"no database"): "SNAPSHOT_INVALID",
        changed(packed, "pki/seal.key.pem", b"no key"): "SNAPSHOT_INVALID",
        changed(packed, "seeds.json", b'{"notifications": "many"}'): "SNAPSHOT_INVALID",
    }
    for data, code in bad.items():
        answer = world.ask("POST", "/restore", content=data, headers={"Content-Type": "application/zip"})
        assert (answer.json()["error"]["code"], ids(world)) == (code, [first["id"]])
        with world.client() as client:
            client.ping()
    assert world.refused("/restore", path="/etc") == "MEDIA_TYPE"


def test_a_world_with_holders_of_its_own_is_known_by_their_certificates(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world(own_holders=True) as own:
        first = own.publish()
        files = own.pki.holder("company")
        assert own.get("/world")["url"] == f"{sandboxed_once.root.base}/notigateway/v1"
        for base in (sandboxed_once.root.base,):
            with NotificationClient.from_files(
                f"{base}/notigateway/v1",
                key=files.key,
                certificate=files.certificate,
                server_certificates=[own.pki.certificate("service")],
            ) as client:
                assert [one.id for one in client.list_notifications()] == [first["id"]]
        packed = own.ask("GET", "/snapshot").content
        as_zip = {"Content-Type": "application/zip"}
        with sandboxed_once.world(own_holders=True) as other:
            for world in (other, sandboxed_once.root):  # one of the two would get the other's messages
                said = world.ask(
                    "POST", "/restore", content=packed, headers={"Content-Type": "application/zip"}
                )
                assert said.json()["error"]["code"] == "WORLD_EXISTS"
            assert other.get("/notifications")["notifications"] == []
        own.ask("POST", "/restore", content=packed, headers=as_zip)
        assert own.state(first["id"]) == "available"
    with sandboxed_once.root.client() as client:
        assert first["id"] not in [one.id for one in client.list_notifications()]


def test_worlds_are_told_made_and_taken_away(sandboxed_once: Sandboxed) -> None:
    root = sandboxed_once.root
    with sandboxed_once.world(name="by-name") as made:
        assert root.refused("/worlds", name="by-name") == "WORLD_EXISTS"
        assert "by-name" in [one["name"] for one in root.get("/worlds")["worlds"]]
        wsdl = httpx.get(made.get("/world")["wscn"] + "?wsdl").text
        assert f"{made.base}/INFRWSCN/WSCNService" in wsdl
    gone = made.ask("GET", "/world")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "UNKNOWN")
    for name in ("", "..", "Mayor", "a/b", "default", "-", "x" * 64):
        assert root.refused("/worlds", name=name or " ") == "INVALID"
    assert root.refused("/worlds", scenario="nobody-knows") == "SCENARIO_UNKNOWN"
    assert root.refused("/worlds", path="/var") == "INVALID"
    assert root.ask("DELETE", "/worlds/default").status_code == 409
    assert root.ask("DELETE", "/worlds/nobody").status_code == 404


def test_worlds_are_made_and_taken_away_while_a_large_one_is_made(sandboxed_once: Sandboxed) -> None:
    root = sandboxed_once.root
    making = sandboxed_once.running.pki.folder.parent / "worlds" / ".large-making"
    large = threading.Thread(
        target=root.ask, args=("POST", "/worlds"), kwargs={"json": {"name": "large", "notifications": 1000}}
    )
    large.start()
    await_that(making.exists)
    with sandboxed_once.world():
        assert root.refused("/worlds", name="large") == "WORLD_EXISTS"
        assert root.ask("DELETE", "/worlds/large").status_code == 404
    assert making.exists()
    large.join()
    assert len(ids(Harness(f"{root.base}/w/large", root.pki))) > 0
    assert root.ask("DELETE", "/worlds/large").status_code == 204


def test_whoever_takes_a_world_away_twice_leaves_the_next_one_of_its_name(sandboxed_once: Sandboxed) -> None:
    root, world = sandboxed_once.root, sandboxed_once.make(name="twice")
    world.post("/faults", kind="delay", seconds=1, operation="Ping")
    codes: list[int] = []

    def delete() -> None:
        codes.append(root.ask("DELETE", "/worlds/twice").status_code)

    with world.client() as client:
        threads = [threading.Thread(target=client.ping), *(threading.Thread(target=delete) for _ in "12")]
        threads[0].start()
        world.await_strike()
        for one in threads[1:]:
            one.start()
        await_that(lambda: 204 in codes)
        again = sandboxed_once.make(name="twice")
        for one in threads:
            one.join()
    assert sorted(codes) == [204, 404]
    again.publish()
    delete()
    assert codes[-1] == 204


def test_nobody_waits_for_a_scenario_and_it_keeps_nobody_out(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as world:
        world.post("/faults", kind="delay", seconds=3, operation="Ping", nth=1)
        playing = threading.Thread(
            target=world.ask, args=("POST", "/scenario"), kwargs={"json": {"steps": [{"request": {}}]}}
        )
        playing.start()
        world.await_strike()
        name = world.base.rpartition("/")[2]
        refused = world.refused("/reset"), world.ask("GET", "/snapshot").json()["error"]["code"]
        assert refused == ("BUSY", "BUSY")
        assert sandboxed_once.root.ask("DELETE", f"/worlds/{name}").status_code == 409
        with world.client() as client:
            client.ping()
        playing.join()
        steps = [{"set": {"wscn_page_size": 5}}, {"publish": {}}]  # it may have its own world for itself
        world.post("/scenario", steps=steps)


def test_a_clock_that_is_thawed_while_the_world_is_made_anew_goes_on(world: Harness) -> None:
    world.post("/clock", freeze=True)
    kept = world.pki.folder.parent / ".making" / "seeds.json"
    resetting = threading.Thread(target=lambda: world.post("/reset", notifications=100))
    resetting.start()
    await_that(kept.exists)
    world.post("/clock", thaw=True)
    resetting.join()
    assert world.get("/clock")["mode"] == "offset"


def test_worlds_are_there_again_when_a_sandbox_starts_again(tmp_path: Path) -> None:
    with sandboxed(tmp_path / "sandbox") as first:
        world = first.make(name="kept")
        made = world.publish()
        world.post("/clock", advance="P4D")
    with sandboxed(tmp_path / "sandbox") as again:
        base = f"{again.root.base}/w/kept/_sandbox"
        assert httpx.get(f"{base}/clock").json()["offset_seconds"] > 300_000
        assert httpx.get(f"{base}/notifications/{made['id']}").json()["state"] == "available"


# How a browser says for whom it asks.
_SITES = ("cross-site", "same-origin", "none")


@pytest.mark.parametrize(
    ("headers", "content", "status", "code"),
    [
        ({"Host": "evil.example"}, b"{}", 403, "HOST_NOT_OURS"),
        ({"Content-Type": "text/plain"}, b"{}", 415, "MEDIA_TYPE"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=b", 415, "MEDIA_TYPE"),
        ({"Content-Type": "application/json"}, b"[", 400, "INVALID"),
        ({"Content-Type": "application/json"}, b"[]", 400, "INVALID"),
        ({"Content-Type": "application/json"}, b'{"path": "/etc/passwd"}', 400, "INVALID"),
    ],
)
def test_what_no_harness_sends_is_refused(
    headers: dict[str, str], content: bytes, status: int, code: str, world: Harness
) -> None:
    answer = world.ask("POST", "/reset", headers=headers, content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["correlation_id"]


def test_no_page_of_another_address_has_a_snapshot_taken(world: Harness) -> None:
    asked = {site: world.ask("GET", "/snapshot", headers={"Sec-Fetch-Site": site}) for site in _SITES}
    assert [one.status_code for one in asked.values()] == [403, 200, 200]
    assert asked["cross-site"].json()["error"]["code"] == "HOST_NOT_OURS"


def test_with_several_workers_there_is_one_world_as_it_is(tmp_path: Path) -> None:
    with sandboxed(tmp_path / "sandbox", "--workers", "2") as several:
        root = several.root
        assert root.get("/clock")["mode"] == "real"
        for path in ("/worlds", "/reset", "/do/publish"):
            assert root.refused(path) == "NOT_HERE"
        assert root.refused("/clock", advance="P1D") == "NOT_HERE"
