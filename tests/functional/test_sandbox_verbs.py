"""Verbs of a sandbox: what they do is no client's call, what they refuse changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner

from notigateway.cli.commands import program
from stories import send

if TYPE_CHECKING:
    from pathlib import Path

    from worlds import Harness, Sandboxed

STORY = """
title = "A file"
[[steps]]
as = "first"
publish = { subject = "De un fichero" }
[[steps]]
gives = { state = "available" }
look = { notification = "{first.id}" }
"""


def test_what_a_holder_does_by_a_verb_is_no_call_of_a_client(world: Harness) -> None:
    published = world.publish()
    world.post("/faults", kind="fault", code="INTERNAL_ERROR", operation="AcceptNotifications", nth=1)
    expected = world.post("/expectations", operation="AcceptNotifications", count=0)
    done = world.post("/do/accept", notification=published["id"])
    assert (done["outcome"], done["decision"]["state"]) == ("decided", "accepted")
    assert world.get("/journal")["entries"] == []
    assert world.get("/journal/count")["count"] == 0
    (entry,) = world.get("/journal", all="true")["entries"]
    assert (entry["by_sandbox"], entry["operation"], entry["code"]) == (True, "AcceptNotifications", "OK")
    page = world.ask("GET", "/pages/journal", headers={"Accept-Language": "en"}).text
    assert "company (by the sandbox)" in page
    assert world.get("/faults")["faults"][0]["struck"] == 0
    assert world.get("/expectations")["met"], expected


def test_what_request_sends_meets_faults_and_is_no_call_of_a_client(world: Harness) -> None:
    world.post("/faults", kind="drop_after", operation="Ping", nth=1)
    assert world.post("/do/request")["code"] == "NO_ANSWER"
    answered = world.post("/do/request")
    assert (answered["code"], answered["status"]) == ("OK", 200)
    assert answered["answer"]["party"]["identifier"] == "B99999997"
    assert world.get("/journal/count")["count"] == 0
    assert "Ping" in world.ask("GET", f"/journal/{answered['entry']}/explain").text


def test_a_request_that_is_not_sent_can_be_sent_by_who_asks(world: Harness) -> None:
    (message,) = world.post("/do/request", wrong="digest", send=False)["messages"]
    assert b">DIGEST_DIFFERS<" in send(world.base, message)
    (entry,) = world.get("/journal")["entries"]
    assert (entry["code"], entry["holder"], entry["by_sandbox"]) == ("DIGEST_DIFFERS", "company", False)


@pytest.mark.parametrize(
    ("verb", "members", "code"),
    [
        ("accept", {}, "INVALID"),
        ("accept", {"notification": "x", "colour": 1}, "INVALID"),
        ("accept", {"notification": "0198e3a0-0000-7000-8000-000000000001"}, "NOTIFICATION_UNKNOWN"),
        ("look", {"notification": "x"}, "UNKNOWN"),
        ("request", {"operation": "Nothing"}, "INVALID"),
        ("request", {"wrong": "everything"}, "INVALID"),
        ("request", {"as": "nobody"}, "INVALID"),
        ("request", {"as": {"nif": "person", "family": "wizard"}}, "INVALID"),
        ("request", {"content": {"colour": 1}}, "INVALID"),
        ("request", {"xml": "<a>"}, "INVALID"),
        ("advance", {"by": "-P1D"}, "INVALID"),
        ("advance", {}, "INVALID"),
        ("set", {"database_url": "sqlite:////tmp/other"}, "INVALID"),
        ("set", {"push_key_files": ["/etc/hostname"]}, "INVALID"),
        ("set", {"information_years": -1}, "CONFIGURATION"),
        ("fail-documents", {"how": "back"}, "INVALID"),
        ("end-red", {"addressee": "person"}, "INVALID"),
        ("assign-red", {"addressee": "stranger"}, "INVALID"),
        ("grant-power", {"items": ["collection"]}, "INVALID"),
        ("grant-power", {"as": "company"}, "REPRESENTATIVE_REQUIRED"),
        ("correct", {"notification": "0198e3a0-0000-7000-8000-000000000001"}, "UNKNOWN"),
        ("nothing", {}, "SCENARIO_UNKNOWN"),
        ("publish", {"available_at": "P9999999D"}, "INVALID"),
        ("outage", {"from": "-P9999999D"}, "INVALID"),
        ("close-outage", {"outage": "x"}, "INVALID"),
        ("end-succession", {"succession": "x"}, "INVALID"),
        ("end-obligation", {"obligation": "x"}, "INVALID"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_member(
    common_world: Harness, verb: str, members: dict[str, Any], code: str
) -> None:
    assert common_world.refused(f"/do/{verb}", **members) == code


@pytest.fixture(scope="module")
def common_world(sandboxed_once: Sandboxed) -> Harness:
    """Give one world for what changes nothing."""
    return sandboxed_once.make()


def test_a_refusal_says_what_is_wrong_in_words(common_world: Harness) -> None:
    said = common_world.ask("POST", "/do/assign-red", json={"account": "28/1000000/00"}).json()["error"]
    assert said["code"] == "RED_ASSIGNMENT_INVALID"
    assert "its check digits are wrong" in said["detail"]
    unknown = common_world.ask("GET", "/notifications?offset=5").json()["error"]["detail"]
    assert unknown == "offset: not known here, where there is state, addressee, limit, before"


def test_a_setting_counts_for_one_world_until_it_is_reset(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as one, sandboxed_once.world() as other:
        world_clock = one.get("/clock")["mode"]
        one.post("/do/set", operators=["B99999997"], information_years=0)
        wanted = {"as": "company", "operation": "DeclareOutage"}
        content = {"startedAt": "-PT1H", "endedAt": "-PT10M", "reason": "Corte"}
        assert one.post("/do/request", **wanted, content=content)["code"] == "OK"
        assert other.post("/do/request", **wanted, content=content)["code"] == "CALLER_NOT_OPERATOR"
        assert one.post("/do/set", operators=None)["changed"] == {"information_years": 0}
        assert one.post("/do/request", **wanted, content=content)["code"] == "CALLER_NOT_OPERATOR"
        one.post("/reset")
        assert one.post("/do/set")["changed"] == {}
        assert one.get("/clock")["mode"] == world_clock


def test_who_is_nobody_yet_acts_with_a_certificate_that_is_made_for_it(world: Harness) -> None:
    published = world.publish(addressee="99999995C", addressee_name="Eva Nueva", voluntary=True)
    assert world.post("/do/see", **{"notification": published["id"], "as": "99999995C"})["role"] == "own"
    world.post("/do/accept", **{"notification": published["id"], "as": "99999995C"})
    assert world.state(published["id"]) == "accepted"


def test_an_act_for_several_is_one_for_each(world: Harness) -> None:
    made = world.publish(addressees=["company", "person"], count=2, subject="A varios")["notifications"]
    assert len({one["id"] for one in made}) == len({one["reference"] for one in made}) == 4
    assert len(world.get("/notifications", addressee="person")["notifications"]) == 2


def test_a_bureau_manages_many_companies(world: Harness) -> None:
    made = world.post("/do/bureau", companies=1_201)
    assert (made["companies"], made["published"]) == (1_201, 1_201)
    seen = world.post("/do/list", **{"as": "red"})
    assert (seen["count"], len(set(seen["ids"]))) == (1_201, 1_201)
    assert {one["role"] for one in seen["notifications"]} == {"red"}
    assert world.post("/do/bureau", companies=1_201, acts=0)["published"] == 0
    told: list[object] = []
    before: dict[str, object] = {}
    while True:
        said = world.get("/notifications", limit=1_000, addressee=made["first"], **before)
        told += said["notifications"]
        if said["next"] is None:
            break
        before = {"before": said["next"]}
    assert len(told) == 1
    first, second = (world.get("/notifications", **more) for more in ({}, {"state": "available"}))
    assert first["next"] == second["next"] == first["notifications"][-1]["code"]
    rest = world.get("/notifications", state="available", before=first["next"])
    assert (len(rest["notifications"]), rest["next"]) == (201, None)
    assert world.ask("GET", "/notifications?limit=1001").json()["error"]["code"] == "INVALID"


def test_a_story_is_played_from_a_terminal(world: Harness, tmp_path: Path) -> None:
    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(program(["scenario"]), ["scenario", *words, "--sandbox", world.base])
        return done.exit_code, done.output

    assert "decided-already\tALREADY_DECIDED\t" in run("list")[1]
    code, said = run("play", "decided-already", "--json")
    assert (code, json.loads(said)[-1]["result"]["state"]) == (0, "accepted")
    file = tmp_path / "story.toml"
    file.write_text(STORY, "utf-8")
    code, said = run("play", str(file))
    assert (code, [line.partition("\t")[0] for line in said.splitlines()]) == (0, ["publish", "look"])
    file.write_text(STORY.replace("available", "lapsed"), "utf-8")
    assert run("play", str(file)) == (
        1,
        "SCENARIO_DIFFERS: step 2, look: state: 'lapsed' expected, found 'available'\n",
    )
    assert run("play", "nobody-tells-this")[0] == 1
    file.write_text("title = ", "utf-8")
    assert "is not TOML" in str(_raised(str(file), world.base))
    assert "no sandbox answers" in str(_raised("lapsed", "http://127.0.0.1:9"))


def _raised(story: str, sandbox: str) -> BaseException | None:
    words = ["scenario", "play", story, "--sandbox", sandbox]
    return CliRunner().invoke(program(["scenario"]), words).exception


def test_each_verb_is_told_of_with_its_members(world: Harness) -> None:
    told = {one["name"]: one["takes"] for one in world.get("/verbs")["verbs"]}
    assert told["accept"].keys() == {"notification", "as"}
    assert httpx.get(f"{world.base}/_sandbox/verbs").status_code == 200
