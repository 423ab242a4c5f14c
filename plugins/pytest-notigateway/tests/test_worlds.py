"""Each test has a world of its own, and what it asks of it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from notigateway.client import NotificationClient
from pytest_notigateway import SandboxError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_notigateway import Clock, Sandbox, World

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("turn", [1, 2])
def test_a_world_begins_empty_and_goes_with_its_test(notigateway_world: World, turn: int) -> None:
    assert notigateway_world.notifications() == []
    notigateway_world.publish(addressee="company")
    assert len(notigateway_world.notifications()) == 1


@pytest.mark.notigateway(notifications=3, seed=11)
def test_a_world_is_made_as_the_marker_wishes(
    notigateway_world: World, as_company: NotificationClient
) -> None:
    assert (notigateway_world.told["notifications"], notigateway_world.told["seed"]) == (3, 11)
    assert sum(1 for _ in as_company.list_notifications()) >= 3


def test_two_worlds_do_not_see_each_other(notigateway: Sandbox, notigateway_world: World) -> None:
    with notigateway.world() as other:
        other.publish(addressee="company")
        other.clock.advance(days=11)
        assert notigateway_world.notifications() == []
        assert other.clock.now() - notigateway_world.clock.now() > timedelta(days=10)
    assert other.name not in {one["name"] for one in notigateway.worlds()}


def test_each_holder_signs_for_itself(
    as_holder: Callable[..., NotificationClient],
    as_representative: NotificationClient,
    as_person: NotificationClient,
    as_red: NotificationClient,
) -> None:
    assert (as_representative.holder, as_person.holder) == ("B99999997", "99999999R")
    assert as_red.ping().known
    with pytest.raises(KeyError, match="no holder nobody: there are company"):
        as_holder("nobody")


def test_the_files_of_a_client_under_test_are_written(notigateway_world: World, tmp_path: Path) -> None:
    notigateway_world.certificates.write(tmp_path)
    with NotificationClient.from_files(
        notigateway_world.url,
        p12=tmp_path / "holders/company.p12",
        password=(tmp_path / "holders/passphrase.txt").read_bytes().strip(),
        server_certificates=[tmp_path / "service.cert.pem"],
    ) as company:
        assert company.ping().known


def test_a_client_may_live_by_the_clock_of_the_world(
    notigateway_world: World, as_holder: Callable[..., NotificationClient], clock: Clock
) -> None:
    clock.advance("P30D")
    clock.callers("world")
    assert as_holder("company", clock=clock.now).ping().known


def test_a_clock_stands_still_and_goes_on(clock: Clock) -> None:
    frozen = clock.freeze()
    assert (frozen.mode, clock.now()) == ("frozen", frozen.now)
    assert clock.advance(timedelta(hours=1)).now == frozen.now + timedelta(hours=1)
    assert clock.thaw().mode == "offset"


@pytest.mark.notigateway(freeze=JUNE)
def test_a_world_begins_at_an_instant(clock: Clock) -> None:
    assert clock.now() == JUNE


def test_a_world_is_what_it_was(notigateway_world: World) -> None:
    published = notigateway_world.publish(addressee="company")
    kept = notigateway_world.snapshot()
    notigateway_world.reset()
    assert notigateway_world.notifications() == []
    notigateway_world.restore(kept)
    assert [one.id for one in notigateway_world.notifications()] == [published.id]


def test_what_the_sandbox_refuses_has_its_code(notigateway_world: World) -> None:
    with pytest.raises(SandboxError) as refused:
        notigateway_world.scenario("of nobody")
    assert (refused.value.code, refused.value.status) == ("SCENARIO_UNKNOWN", 404)


def test_scenarios_are_played(notigateway: Sandbox, notigateway_world: World) -> None:
    first = notigateway.scenarios()[0]
    assert notigateway_world.scenario(first["name"])
    steps = notigateway_world.steps({"advance": {"by": "P1D"}})
    assert [one["verb"] for one in steps] == ["advance"]
