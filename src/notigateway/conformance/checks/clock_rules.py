"""What time does: the term, the lapse, what never lapses, and what comes to be at disposal later.

One story is played once, its last second before the deadline and the time after it; each check looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from notigateway.conformance.expecting import expect, same
from notigateway.conformance.kit import WSCN, Need, check
from notigateway.conformance.verdict import FailedError
from notigateway.conformance.wscn_asking import acuse_of, number, viewed
from notigateway.instants import instant_text
from notigateway.law.deadlines import deadline
from notigateway.wss.freshness import read_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notigateway.client.values import Change, DecisionOutcome, Notification, RetrievedNotification
    from notigateway.conformance.supply import Item
    from notigateway.conformance.target import Target

_TERM: Final = "Ley 39/2015 art. 43.2, 30.3; docs/lifecycle.md, Deadline"
_STORY: Final = "what time does"
_BEFORE: Final = timedelta(seconds=1)
_LATER: Final = timedelta(days=5)
_EVIDENCE: Final = "PT1H"


@dataclass(slots=True)
class _Story:
    """What happened, and what was told before and after the deadline."""

    left: Item
    scheduled_at: datetime
    before: dict[str, Notification] = field(default_factory=dict)
    in_time: DecisionOutcome | None = None
    scheduled_code: str = ""
    after: dict[str, Notification] = field(default_factory=dict)
    late: DecisionOutcome | None = None
    retrieved: RetrievedNotification | None = None
    for_information: RetrievedNotification | None = None
    changes: list[Change] = field(default_factory=list)


@check("LAW-01", "a term of ten natural days: it lapses at 00:00 of D+11 in Madrid", _TERM, Need.CLOCK)
def _term(target: Target) -> None:
    one = _told(target).before["left"]
    same(one.deadline, deadline(one.available_at), "the deadline")


@check("LAW-02", "the last second of the term is in time", _TERM, Need.CLOCK)
def _in_time(target: Target) -> None:
    story = _told(target)
    same(story.before["left"].state, "available", "the state in the last second")
    same(story.in_time and story.in_time.outcome, "decided", "the outcome of accepting in the last second")


@check(
    "LAW-03",
    "from the deadline on lists say lapsed, and every decision is refused",
    "docs/lifecycle.md, R2",
    Need.CLOCK,
)
def _lapsed(target: Target) -> None:
    story = _told(target)
    same(story.after["left"].state, "lapsed", "the state after the deadline")
    same(story.late and story.late.outcome, "lapsed", "the outcome of accepting after the deadline")


@check("LAW-04", "what lapsed is not delivered any more", "docs/lifecycle.md, States", Need.CLOCK)
def _not_delivered(target: Target) -> None:
    found = _told(target).retrieved
    if found is None:
        raise FailedError("what lapsed is not told of")
    expect(not found.documents, "the content of what lapsed is delivered")


@check(
    "LAW-05",
    "a lapse has a sealed receipt, whose instant is the deadline",
    "docs/lifecycle.md, Evidence of a lapse",
    Need.CLOCK,
)
def _receipt(target: Target) -> None:
    story = _told(target)
    (item,) = target.client().receipts([story.left.id])
    lapse = next((one for one in item.receipts if one.state == "lapsed"), None)
    if lapse is None:
        raise FailedError("there is no receipt of the lapse")
    same(lapse.event_time, story.before["left"].deadline, "the instant of the lapse's receipt")


@check(
    "LAW-06",
    "a lapse is a change, dated at the deadline",
    "docs/integration.md, Following changes",
    Need.CLOCK,
)
def _change(target: Target) -> None:
    story = _told(target)
    told = [(one.state, one.at) for one in story.changes if one.notification.id == story.left.id]
    same(told, [("lapsed", story.before["left"].deadline)], "the changes of what lapsed")


@check(
    "LAW-07",
    "what lapsed may be read for information, and stays lapsed",
    "docs/lifecycle.md, R1b",
    Need.CLOCK,
)
def _information(target: Target) -> None:
    found = _told(target).for_information
    expect(found is not None and found.documents, "what lapsed cannot be read for information")
    state = target.client().history(_told(target).left.id).notification.state
    same(state, "lapsed", "the state after reading")


@check("LAW-08", "a communication has no term, and never lapses", "docs/lifecycle.md, R11", Need.CLOCK)
def _communication(target: Target) -> None:
    story = _told(target)
    same(story.before["communication"].deadline, None, "the deadline of a communication")
    same(
        story.after["communication"].state, "available", "the state of a communication after its eleventh day"
    )


@check(
    "LAW-09",
    "what is published for later does not exist before its time, and then is at disposal",
    "docs/lifecycle.md, States",
    Need.CLOCK,
)
def _scheduled(target: Target) -> None:
    story = _told(target)
    same(story.scheduled_code, "NOTIFICATION_UNKNOWN", "the problem of what is published for later")
    found = story.after.get("scheduled")
    if found is None:
        raise FailedError("what was published for later does not appear when its time has come")
    same(found.available_at, story.scheduled_at, "when it was put at disposal")


@check("LAW-10", "what was decided in time stays decided", "docs/lifecycle.md, One decision", Need.CLOCK)
def _stands(target: Target) -> None:
    same(_told(target).after["in time"].state, "accepted", "the state of what was accepted in time")


@check(
    "LAW-11",
    "what lapsed is 137 in the Social Security's contract",
    "docs/errors.md, WSCN",
    Need.CLOCK,
    contracts=WSCN,
)
def _wscn(target: Target) -> None:
    steering, item = target.steering, target.supply.publish()
    steering.clock(to="after-deadline", notification=item.id)
    same(number(acuse_of(target, item.code)), 137, "the number for deciding what lapsed")
    same(number(viewed(target, item.code)), 137, "the number for viewing what lapsed")


def _told(target: Target) -> _Story:
    if _STORY not in target.stories:
        target.stories[_STORY] = _play(target)
    story: _Story = target.stories[_STORY]
    return story


def _play(target: Target) -> _Story:
    """Publish, stop the clock in the last second of the term, act; let the term pass, look and act again."""
    steering, supply, client = target.steering, target.supply, target.client()
    scheduled_at = read_instant(str(steering.clock()["now"])) + _LATER
    items = {
        "left": supply.publish(),
        "in time": supply.publish(),
        "communication": supply.publish(kind="communication"),
        "scheduled": supply.publish(available_at=instant_text(scheduled_at)),
    }
    story = _Story(items["left"], scheduled_at)
    (unborn,) = client.retrieve([items["scheduled"].id])
    story.scheduled_code = unborn.problem.code if unborn.problem is not None else "none"
    story.before = _standing(target, items)
    until = story.before["left"].deadline
    if until is None:
        raise FailedError("a notification for the caller has no deadline")
    steering.clock(freeze=instant_text(until - _BEFORE))
    story.before |= _standing(target, items)
    (story.in_time,) = client.accept([items["in time"].id])
    since = client.changes_page(from_now=True).next_cursor
    steering.clock(to="after-deadline", notification=items["left"].id)
    story.after = _standing(target, items)
    (story.late,) = client.accept([items["left"].id])
    (story.retrieved,) = client.retrieve([items["left"].id])
    # evidence waits for decisions that were received in time and are still being taken
    steering.clock(advance=_EVIDENCE)
    story.changes = list(client.list_changes(since))
    (story.for_information,) = client.retrieve([items["left"].id], for_information=True)
    steering.clock(thaw=True)
    return story


def _standing(target: Target, items: Mapping[str, Item]) -> dict[str, Notification]:
    """Return how notifications stand, those that the caller sees."""
    names = {item.id: name for name, item in items.items()}
    found = target.client().retrieve(list(names))
    return {names[one.id]: one.notification for one in found if one.notification is not None}
