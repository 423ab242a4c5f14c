"""What others do: other channels, the issuing body, outages, and those who act for somebody."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from notigateway.client.errors import GatewayFaultError
from notigateway.client.values import Filter
from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import Need, check
from notigateway.conformance.steering import SteeringError
from notigateway.conformance.target import pair_of
from notigateway.law.deadlines import Outage, deadline
from notigateway.wss.freshness import read_instant

if TYPE_CHECKING:
    from datetime import datetime

    from notigateway.client.api import NotificationClient
    from notigateway.client.values import Notification
    from notigateway.conformance.target import Target

_CHANNELS: Final = "docs/lifecycle.md, R6, Other channels; Ley 39/2015 art. 41.7"
_OUTAGES: Final = "docs/lifecycle.md, R7, Outages; Orden ISM/903/2020 art. 8.4"
_BODIES: Final = "docs/lifecycle.md, R8, Issuing bodies"
_POWERS: Final = "docs/lifecycle.md, R14, Who sees what; Orden ISM/903/2020 art. 6.3"
_RED: Final = "docs/lifecycle.md, R12, Who sees what; Orden ISM/903/2020 art. 6.1"
_HOURS_LONG: Final = 13


@check(
    "LAW-12",
    "an earlier event of another channel, told later, takes the place of a decision; both stay on record",
    _CHANNELS,
    Need.CLOCK,
)
def _corrected(target: Target) -> None:
    item, client = target.supply.publish(), target.client()
    target.steering.clock(advance="PT2H")
    client.accept([item.id])
    target.steering.do("correct", notification=item.id, what="rejected", channel="sede", before="PT1H")
    history = client.history(item.id)
    same(history.notification.state, "rejected", "the state after the correction")
    told = [(one.state, one.decisive) for one in history.events if one.state in {"accepted", "rejected"}]
    same(sorted(told), [("accepted", False), ("rejected", True)], "what the history tells as decisive")
    (found,) = client.retrieve([item.id])
    expect(not found.documents, "the content is delivered although the rejection came first")


@check("LAW-13", "a later event of another channel is on record, and decides nothing", _CHANNELS, Need.CLOCK)
def _on_record(target: Target) -> None:
    item, client = target.supply.publish(), target.client()
    client.accept([item.id])
    target.steering.clock(advance="PT1H")
    with suppress(SteeringError):  # the body is told that it was decided before
        target.steering.do("report", notification=item.id, what="rejected", channel="sede")
    history = client.history(item.id)
    same(history.notification.state, "accepted", "the state after the report")
    same([one.decisive for one in history.events if one.state == "rejected"], [False], "what was reported")


@check(
    "LAW-14",
    "the days of an outage of more than 12 hours do not count, and a shorter one moves nothing",
    _OUTAGES,
    Need.CLOCK,
)
def _outage(target: Target) -> None:
    item, steering = target.supply.publish(), target.steering
    steering.clock(advance="P2D")
    before = _standing(target, item.id)
    steering.do("outage", **{"from": "-PT2H", "to": "-PT1H"})
    same(_standing(target, item.id).deadline, before.deadline, "the deadline after an outage of an hour")
    said = steering.do("outage", **{"from": f"-PT{_HOURS_LONG + 24}H", "to": "-PT24H"})
    outage = Outage(read_instant(str(said["started_at"])), read_instant(str(said["ended_at"])))
    days = frozenset(outage.madrid_days(_now(target)))
    wanted = deadline(before.available_at, suspended=days)
    same(_standing(target, item.id).deadline, wanted, f"the deadline after an outage of {_HOURS_LONG} hours")


@check("LAW-15", "the issuing body may extend a deadline that has not passed", _BODIES, Need.CLOCK)
def _extended(target: Target) -> None:
    item = target.supply.publish()
    before = _standing(target, item.id).deadline
    target.steering.do("extend", notification=item.id)
    after = _standing(target, item.id).deadline
    expect(
        before is not None and after is not None and after > before, "an extension does not move the deadline"
    )
    changes = target.client().history(item.id).deadline_changes
    same([(one.previous, one.deadline) for one in changes], [(before, after)], "the history of the deadline")


@check("LAW-16", "what the issuing body withdraws cannot be decided any more", _BODIES, Need.CLOCK)
def _withdrawn(target: Target) -> None:
    item, client = target.supply.publish(), target.client()
    target.steering.do("withdraw", notification=item.id)
    same(_standing(target, item.id).state, "cancelled", "the state of what was withdrawn")
    (outcome,) = client.accept([item.id])
    expect(not outcome.is_done, "what was withdrawn was accepted")
    same(outcome.problem and outcome.problem.code, "NOTIFICATION_CANCELLED", "the problem")


@check(
    "LAW-17",
    "an attorney sees what is undecided while its power has effect, and nothing any more when it has ended",
    _POWERS,
    Need.CLOCK,
    Need.SECOND,
)
def _attorney(target: Target) -> None:
    steering = target.steering
    item = target.supply.publish(addressee="person", addressee_name=None)
    client = target.client(pair_of(target.given.holders["stranger"]))
    expect(item.id not in _listed(client), "who has no power sees somebody else's notification")
    power = steering.do("grant-power", attorney="stranger", accept=True, **{"as": "person"})
    same(_listed(client).get(item.id), "attorney", "the role of who has a power")
    steering.do("end-power", power=power["id"])
    expect(item.id not in _listed(client), "who has no power any more still sees the notification")


@check(
    "LAW-18",
    "a RED person sees what comes while it is assigned; the end takes away only what comes afterwards",
    _RED,
    Need.CLOCK,
)
def _red(target: Target) -> None:
    steering = target.steering
    client = target.client(pair_of(target.given.holders["red"]))
    with suppress(SteeringError):  # a sandbox begins with one
        steering.do("assign-red")
    during = steering.do("publish", addressee="company")
    same(_listed(client).get(str(during["id"])), "red", "the role of the RED person who is assigned")
    steering.do("end-red")
    steering.clock(advance="PT1M")
    afterwards = steering.do("publish", addressee="company")
    listed = _listed(client)
    expect(str(during["id"]) in listed, "the end of the assignment took away what came before it")
    expect(str(afterwards["id"]) not in listed, "who is not assigned any more sees what comes afterwards")


def _standing(target: Target, identifier: str) -> Notification:
    return target.client().history(identifier).notification


def _listed(client: NotificationClient) -> dict[str, str]:
    """Return the role in which somebody sees each notification; none for who is not known."""
    try:
        return {one.id: one.role for one in client.list_notifications(Filter(kind="notification"))}
    except GatewayFaultError as fault:
        if fault.code != "CALLER_UNKNOWN":
            raise
        return {}


def _now(target: Target) -> datetime:
    return read_instant(str(target.steering.clock()["now"]))
