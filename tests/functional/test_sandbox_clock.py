"""The clock of a world: what follows it, and what is done when it is moved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.client import ClientError, GatewayFaultError
from notigateway.evidence.timestamp import take_out
from notigateway.evidence.xades import verify_receipt
from notigateway.pki.keys import load_certificates

if TYPE_CHECKING:
    from worlds import Harness, Sandboxed

NIGHT = "2026-06-01T22:30:00Z"


def test_ten_days_and_the_night_pass_and_a_notification_has_lapsed(world: Harness) -> None:
    first = world.publish()
    done = world.post("/clock", advance="P10D")
    assert world.state(first["id"]) == "available"
    done = world.post("/clock", advance="P1D")
    assert (done["lapsed"], world.state(first["id"])) == (1, "lapsed")
    kinds = [one["kind"] for one in world.get(f"/notifications/{first['id']}")["receipts"]]
    assert kinds == ["available", "lapsed"]


def test_a_receipt_says_when_it_lapsed_and_is_stamped_at_the_time_of_its_world(world: Harness) -> None:
    first = world.publish()
    world.post("/clock", advance="P30D")
    with world.client() as client:
        (item,) = client.receipts([first["id"]])
    data = next(one.xml() for one in item.receipts if one.state == "lapsed")
    seals = load_certificates(world.pki.certificate("seal"))
    stamps = load_certificates(world.pki.certificate("tsa"))
    facts = verify_receipt(data, seal_certificates=seals, timestamp_certificates=stamps)
    assert facts.event_time == datetime.fromisoformat(first["deadline"])
    assert take_out(data)[1] is not None
    assert facts.timestamped_at is not None
    assert facts.timestamped_at > datetime.fromisoformat(first["deadline"])


def test_in_years_each_thing_is_done_on_its_day(world: Harness) -> None:
    codes = [world.publish(available_at=after)["id"] for after in ("P1D", "P80D")]
    done = world.post("/clock", advance="P1500D")
    deadlines = [datetime.fromisoformat(world.get(f"/notifications/{one}")["deadline"]) for one in codes]
    swept = [datetime.fromisoformat(one["at"]) for one in done["ran"] if one["job"] == "sweep"]
    assert done["lapsed"] == 2
    for deadline in deadlines:
        assert any(timedelta(0) < at - deadline < timedelta(hours=12) for at in swept)


def test_a_clock_goes_past_the_deadline_of_what_is_named(world: Harness) -> None:
    first, second = world.publish(), world.publish(addressee="person", ground="a")
    at = world.post("/clock", to="after-deadline", notification=first["id"])["now"]
    assert datetime.fromisoformat(at) > datetime.fromisoformat(first["deadline"])
    assert {world.state(one["id"]) for one in (first, second)} == {"lapsed"}
    receipts = world.get(f"/notifications/{first['id']}")["receipts"]
    assert [one["kind"] for one in receipts] == ["available", "lapsed"]
    assert world.refused("/clock", to="after-deadline", notification="no") == "INVALID"
    unknown = "01900000-0000-7000-8000-000000000000"
    assert world.refused("/clock", to="after-deadline", notification=unknown) == "UNKNOWN"


def test_a_frozen_clock_stands_and_a_thawed_one_goes_on_from_there(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world(freeze=NIGHT) as world:
        first, again = world.get("/clock")["now"], world.get("/clock")["now"]
        assert first == again == "2026-06-01T22:30:00.000Z"
        # after midnight in Madrid, where it is summer: the tenth day after the second of June
        assert world.publish()["deadline"] == "2026-06-12T22:00:00.000Z"
        world.post("/clock", advance="PT1H")
        assert world.get("/clock")["now"] == "2026-06-01T23:30:00.000Z"
        thawed = world.post("/clock", thaw=True)
        assert thawed["mode"] == "offset"
        assert datetime.fromisoformat(thawed["now"]) >= datetime.fromisoformat("2026-06-01T23:30:00Z")
        assert world.post("/clock", freeze=True)["mode"] == "frozen"


def test_a_clock_goes_back_in_a_fresh_world_and_for_a_reason_only(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as world:
        assert world.refused("/clock", set=NIGHT) == "NOT_FRESH"
        said = world.post("/clock", set=NIGHT, reason="a deadline across the change of the hour")
        assert said["now"] < "2026-06-02"
        world.publish()
        assert world.refused("/clock", set="2026-05-01T00:00:00Z", reason="again") == "NOT_FRESH"
        assert world.post("/clock", set="2026-06-02T00:00:00Z")["now"].startswith("2026-06-02T00:00:00")
        world.post("/reset")
        world.post("/clock", set="2026-05-01T00:00:00Z", reason="it is fresh again")


@pytest.mark.parametrize("by", ["P36500D", "P9999999D", "P9999999W"])
def test_a_clock_goes_no_further_than_the_certificates(by: str, world: Harness) -> None:
    before = world.get("/clock")["offset_seconds"]
    assert world.refused("/clock", advance=by) == "CLOCK_OUT_OF_RANGE"
    assert abs(world.get("/clock")["offset_seconds"] - before) < 1


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"advance": "-P1D"},
        {"advance": "soon"},
        {"advance": "P"},
        {"advance": True},
        {"advance": "P1D", "thaw": True},
        {"advance": "P1D", "slowly": True},
        {"set": "yesterday"},
        {"to": "the-end", "notification": "x"},
        {"callers": "sun"},
        {"callers": {"company": []}},
    ],
)
def test_what_no_clock_can_do_is_refused_and_changes_nothing(
    members: dict[str, object], world: Harness
) -> None:
    assert world.refused("/clock", **members) == "INVALID"
    assert world.get("/clock")["mode"] == "real"


def test_callers_may_go_on_by_real_time_or_by_that_of_the_world(world: Harness) -> None:
    world.post("/clock", advance="P5D")
    with world.client() as client:
        client.ping()
        world.post("/clock", callers="world")
        with pytest.raises(ClientError):
            client.ping()
        world.post("/clock", callers={"company": "P5D", "person": "world"})
        with pytest.raises(ClientError):
            client.ping()
        world.post("/clock", callers={"person": "world"})
        client.ping()
        world.post("/clock", callers={"company": "real"})
        client.ping()
    expired = world.get("/journal", code="MESSAGE_EXPIRED")["entries"]
    assert len(expired) >= 2


def test_a_certificate_that_has_ended_by_the_time_of_the_world_is_refused(sandboxed_once: Sandboxed) -> None:
    """The one that ended yesterday was good before that."""
    with (
        sandboxed_once.world() as other,
        other.client("expired") as client,
        pytest.raises(GatewayFaultError) as today,
    ):
        client.ping()
    with sandboxed_once.world() as world:
        before = datetime.fromisoformat(world.get("/clock")["now"]) - timedelta(days=10)
        world.post("/clock", set=before.isoformat(), reason="before it ended")
        with world.client("expired") as client:
            client.ping()
    assert today.value.code == "CERTIFICATE_NOT_VALID_NOW"


def test_a_holder_is_revoked_in_one_world_only(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world() as world, sandboxed_once.world() as other:
        with world.client() as client:
            client.ping()
            world.post("/do/revoke", holder="company")
            with pytest.raises(GatewayFaultError) as refused:
                client.ping()
        with other.client() as client:
            client.ping()
    assert refused.value.code == "CERTIFICATE_REVOKED"


def test_an_authority_that_is_to_fail_leaves_receipts_without_stamps(world: Harness) -> None:
    world.post("/do/fail-timestamping")
    first = world.publish()
    ran = world.post("/clock", advance="P1D")["ran"]
    assert [one["left"] for one in ran if one["job"] == "stamp"]
    world.post("/do/fail-timestamping", failing=False)
    world.post("/clock", advance="P1D")
    with world.client() as client:
        (item,) = client.receipts([first["id"]])
    assert take_out(item.receipts[0].xml())[1] is not None


def test_notices_go_out_at_the_time_of_the_world(sandboxed_once: Sandboxed) -> None:
    with sandboxed_once.world(freeze="2026-06-01T10:00:00Z") as world:
        with world.client() as client:
            client.set_contacts(["avisos@empresa.example"])
        world.publish()
        world.post("/clock", advance="P1D")
        (message,) = world.get("/outbox")["messages"]
        assert message["to"] == "avisos@empresa.example"
        assert message["at"].startswith("Mon, 01 Jun 2026 10:00:00")
        world.post("/clock", advance="P10D")
        assert len(world.get("/outbox")["messages"]) > 1
