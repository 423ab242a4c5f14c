"""The conformance kit on a service that is no sandbox to it: it decides nothing unless it may."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conforming import failed, options_of, skipped
from notigateway.conformance.arranging import Options, arranged
from notigateway.conformance.kit import chosen_checks
from notigateway.conformance.performing import perform
from notigateway.conformance.relay import relaying
from notigateway.conformance.steering import Steering
from notigateway.conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notigateway.conformance.verdict import Report
    from worlds import Sandboxed

pytestmark = pytest.mark.once

DECIDING = ("AcceptNotifications", "RejectNotifications", "MarkNotifications")
BODY = "EA9999901"


@pytest.fixture
def world(sandboxed_once: Sandboxed) -> Iterator[Steering]:
    with sandboxed_once.world(notifications=4) as made:
        steering = Steering(made.base)
        yield steering
        steering.close()


def report_on(options: Options, *only: str) -> Report:
    with arranged(options) as target:
        return perform(chosen_checks(options.contract, only), target, told=lambda _: None)


def states(world: Steering) -> list[str]:
    return [one["state"] for one in world.notifications(addressee="company")]


def test_nothing_is_decided_that_nobody_has_allowed(world: Steering, tmp_path: Path) -> None:
    report = report_on(options_of(world, tmp_path))
    assert failed(report) == {}
    assert report.count(Verdict.PASSED) > 100
    assert "permission to decide" in skipped(report)["DEC-01"]
    assert "a clock" in skipped(report)["LAW-01"]
    assert states(world) == ["available"] * 4
    asked = {one["operation"] for one in world.journal()}
    assert {"ListNotifications", "RetrieveNotifications"} <= asked
    assert not asked & set(DECIDING)


def test_who_may_decide_and_publish_touches_only_what_is_published_for_it(
    world: Steering, tmp_path: Path
) -> None:
    options = replace(
        options_of(world, tmp_path), may_decide=True, issuer_p12=tmp_path / "issuer.p12", issuer_id=BODY
    )
    report = report_on(options, "DEC", "DOC", "REC", "CHG", "PRIV")
    assert failed(report) == {}
    assert skipped(report).keys() <= {"CHG-07"}
    assert states(world)[-4:] == ["available"] * 4
    assert {"accepted", "rejected", "read"} <= set(states(world))


def test_without_a_body_that_may_publish_what_there_is_is_decided(world: Steering, tmp_path: Path) -> None:
    report = report_on(replace(options_of(world, tmp_path), may_decide=True), "DEC")
    assert failed(report) == {}
    assert set(states(world)) == {"available", "accepted", "rejected"}
    assert "no undecided notification" in skipped(report)["DEC-07"]


def test_a_body_that_cannot_publish_is_no_fault_of_the_service(world: Steering, tmp_path: Path) -> None:
    options = replace(
        options_of(world, tmp_path),
        may_decide=True,
        issuer_p12=tmp_path / "issuer.p12",
        issuer_id="EA0041485",
    )
    report = report_on(options, "DEC-01")
    assert skipped(report) == {
        "DEC-01": "the issuing body cannot publish an act for the caller: ISSUING_BODY_UNKNOWN"
    }
    assert report.exit_code == 2


def test_a_proxy_before_a_sandbox_is_asked_at_its_own_address(world: Steering) -> None:
    service = str(world.world()["url"])
    with relaying(service, is_meant=lambda _: False, other=bytes) as address:
        report = report_on(Options(url=address, sandbox=world.base), "ANS", "DEC-01")
    assert failed(report) == {}
    assert skipped(report) == {}
    assert report.subject == address
